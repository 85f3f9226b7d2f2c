"""Settings: what can be configured, and the sentence for what cannot."""

from pathlib import Path

import pytest

from dashboard.settings import ROOT, SettingsError, read_settings

API = {"METERING_API_URL": "https://api.example.com/graphql", "METERING_API_KEY": "server-1"}


def test_with_nothing_configured_everything_is_local() -> None:
    settings = read_settings({})
    assert settings.is_local
    assert settings.metering_api_key is None
    assert settings.store == ROOT / "data" / "local" / "metering"
    assert settings.extract_dir == ROOT / "data" / "local" / "extract"
    assert settings.catalogue == ROOT / "data" / "demo" / "catalogue.json"
    assert (settings.host, settings.port, settings.zone) == ("127.0.0.1", 8501, "UTC")
    assert settings.activity == ROOT / "data" / "local" / "activity.sqlite"
    assert (settings.user_header, settings.role_header) == (None, None)


def test_every_setting_is_read() -> None:
    settings = read_settings(
        API
        | {
            "METERING_STORE": "/srv/store",
            "METERING_CATALOG": "/srv/catalogue.json",
            "EXTRACT_DIR": "/srv/extract",
            "HOST": "::1",
            "PORT": "80",
            "DISPLAY_ZONE": "Europe/Berlin",
            "ACTIVITY": "/srv/activity.sqlite",
            "USER_HEADER": "X-User",
            "ROLE_HEADER": "X-Role",
        }
    )
    assert not settings.is_local
    assert settings.metering_api_url == API["METERING_API_URL"]
    assert settings.metering_api_key == API["METERING_API_KEY"]
    assert (settings.store, settings.extract_dir) == (Path("/srv/store"), Path("/srv/extract"))
    assert settings.catalogue == Path("/srv/catalogue.json")
    assert (settings.host, settings.port, settings.zone) == ("::1", 80, "Europe/Berlin")
    assert settings.activity == Path("/srv/activity.sqlite")
    assert (settings.user_header, settings.role_header) == ("X-User", "X-Role")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"METERING_API_URL": "https://api.example.com/graphql"},
            "METERING_API_KEY is missing: the two are needed together, or neither.",
        ),
        (
            {"METERING_API_KEY": "server-1"},
            "METERING_API_URL is missing: the two are needed together, or neither.",
        ),
        (
            API | {"METERING_API_URL": "api.example.com"},
            "METERING_API_URL must begin with http:// or https://, not 'api.example.com'.",
        ),
        (
            {"HOST": "0.0.0.0"},
            "HOST is '0.0.0.0', but without sign-in the app listens on this machine only "
            "(127.0.0.1, localhost, ::1).",
        ),
        (
            {"METERING_API_URL": "https://api/graphql", "METERING_API_KEY": "server-…"},
            "METERING_API_KEY holds a character that no API key has.",
        ),
        (
            {"USER_HEADER": "X-User"},
            "ROLE_HEADER is missing: the two are needed together, or neither.",
        ),
        (
            {"ROLE_HEADER": "X-Role"},
            "USER_HEADER is missing: the two are needed together, or neither.",
        ),
        ({"PORT": "http"}, "PORT must be a number from 1 to 65535, not 'http'."),
        ({"PORT": "0"}, "PORT must be a number from 1 to 65535, not '0'."),
        ({"PORT": "65536"}, "PORT must be a number from 1 to 65535, not '65536'."),
        ({"PORT": "-1"}, "PORT must be a number from 1 to 65535, not '-1'."),
        ({"PORT": "²"}, "PORT must be a number from 1 to 65535, not '²'."),
        (
            {"DISPLAY_ZONE": "Mars/Olympus"},
            "DISPLAY_ZONE: 'Mars/Olympus' is not a time zone. Use a name such as UTC or "
            "Europe/Berlin.",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_what_would_be_accepted(
    environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(environment)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "name",
    [
        "METERING_STORE",
        "METERING_CATALOG",
        "EXTRACT_DIR",
        "HOST",
        "PORT",
        "DISPLAY_ZONE",
        "ACTIVITY",
        "USER_HEADER",
        "ROLE_HEADER",
    ],
)
def test_an_empty_setting_is_none(name: str) -> None:
    assert read_settings({name: ""}) == read_settings({})


def test_the_key_is_in_no_sentence() -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"METERING_API_KEY": "server-secret"})
    assert "server-secret" not in str(refused.value)
