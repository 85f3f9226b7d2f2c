"""Settings: read from the environment once, here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.demo.sold import CATALOGUE
from queries.question import QuestionError
from queries.time import zone_of

ROOT = Path(__file__).parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it and says what would be accepted."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be configured.

    METERING_API_URL and METERING_API_KEY: the metering API to ask; without them the local one.
    METERING_STORE: the local metering API's store. METERING_CATALOG: the catalogue that it sells;
    with another than the demo company's, an empty store stays empty.
    EXTRACT_DIR: where extracts are published.
    ACTIVITY: the record of changes, an SQLite file.
    USER_HEADER and ROLE_HEADER: the headers in which a reverse proxy names who asks and in which
    role; without them it is the local user.
    HOST, PORT: where the app listens; loopback only while there is no sign-in.
    DISPLAY_ZONE: the time zone in which days are cut unless a page says otherwise.
    """

    metering_api_url: str | None
    metering_api_key: str | None
    store: Path
    catalogue: Path
    extract_dir: Path
    host: str
    port: int
    zone: str
    activity: Path
    user_header: str | None
    role_header: str | None

    @property
    def is_local(self) -> bool:
        return self.metering_api_url is None


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingsError."""
    url, key = environment.get("METERING_API_URL"), environment.get("METERING_API_KEY")
    if bool(url) != bool(key):
        missing = "METERING_API_KEY" if url else "METERING_API_URL"
        raise SettingsError(f"{missing} is missing: the two are needed together, or neither.")
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError(f"METERING_API_URL must begin with http:// or https://, not {url!r}.")
    if key and not (key.isascii() and key.isprintable()):
        raise SettingsError("METERING_API_KEY holds a character that no API key has.")
    user, role = environment.get("USER_HEADER"), environment.get("ROLE_HEADER")
    if bool(user) != bool(role):
        missing = "ROLE_HEADER" if user else "USER_HEADER"
        raise SettingsError(f"{missing} is missing: the two are needed together, or neither.")
    local = ROOT / "data" / "local"
    return Settings(
        metering_api_url=url or None,
        metering_api_key=key or None,
        store=Path(environment.get("METERING_STORE") or local / "metering"),
        catalogue=Path(environment.get("METERING_CATALOG") or CATALOGUE),
        extract_dir=Path(environment.get("EXTRACT_DIR") or local / "extract"),
        host=_host(environment.get("HOST") or "127.0.0.1"),
        port=_port(environment.get("PORT") or "8501"),
        zone=_zone(environment.get("DISPLAY_ZONE") or "UTC"),
        activity=Path(environment.get("ACTIVITY") or local / "activity.sqlite"),
        user_header=user or None,
        role_header=role or None,
    )


def _zone(text: str) -> str:
    try:
        zone_of(text)
    except QuestionError as error:
        raise SettingsError(f"DISPLAY_ZONE: {error}") from None
    return text


def _host(text: str) -> str:
    if text not in LOOPBACK:
        raise SettingsError(
            f"HOST is {text!r}, but without sign-in the app listens on this machine only "
            f"({', '.join(LOOPBACK)})."
        )
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)
