"""The sources of this process: connected once, shared by every session."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from dashboard.settings import Settings, read_settings
from data.demo.company import build
from data.demo.sold import sells_demo
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.folder import current as published_version
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, respond
from data.metering.service.faults import StoreInUse
from data.metering.service.service import Service
from data.tables import Tables
from queries.question import Extracted, Live, Source


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be asked. `problem` is a sentence about a source that should be here and is not."""

    live: Live | None
    extract: Extracted | None
    is_demo: bool = False
    problem: str | None = None
    service: Service | None = None
    """The local metering API, where this process owns it."""
    close: Callable[[], None] = lambda: None

    def named(self, name: str) -> Source | None:
        return self.live if name == "live" else self.extract


_lock = Lock()
_current: Sources | None = None


def current() -> Sources:
    """The sources, connected at the first call as the environment says."""
    global _current
    with _lock:
        if _current is None:
            _current = connect(read_settings())
        return _current


def use(sources: Sources | None) -> None:
    """Put other sources in their place: tests do; None connects anew at the next call."""
    global _current
    with _lock:
        _current = sources


def connect(settings: Settings) -> Sources:
    """A hosted API as configured, else the local one, which starts as the demo company."""
    if settings.metering_api_url is not None:
        client = MeteringClient(settings.metering_api_url, settings.metering_api_key or "")
        return Sources(Live(client), _extract(settings), close=client.close)
    is_demo = sells_demo(settings.catalogue)
    try:
        service = open_local(settings.store, settings.catalogue)
    except StoreInUse as error:
        return Sources(None, _extract(settings), is_demo=is_demo, problem=str(error))
    if is_demo:
        fill_with_demo(service, settings.extract_dir)
    client = inside(service)
    return Sources(
        Live(client), _extract(settings), is_demo=is_demo, service=service, close=service.close
    )


def open_local(store: Path, catalogue: Path) -> Service:
    """The local metering API on a store; raises StoreInUse when another process has it.

    CatalogueError when the catalogue cannot be used, or not with what the store holds.
    """
    return Service(store, read_catalogue(catalogue))


def inside(service: Service) -> MeteringClient:
    """A client of a local metering API in this process."""
    return MeteringClient.inside(partial(respond, service), SERVER_KEY)


def fill_with_demo(service: Service, extract_dir: Path | None = None) -> Tables | None:
    """Make an empty store the demo company, and publish its extract where none is.

    Returns the company's tables, or None when the store had a company already.
    """
    if not service.store.is_empty():
        return None
    now = service.clock()
    tables = build(now)
    service.fill(tables)
    if extract_dir is not None and published_version(extract_dir) is None:
        extract_dir.mkdir(parents=True, exist_ok=True)
        staged = extract_dir / STAGING
        write(tables, staged, source="the demo company", cut_off=now, loaded_at=now)
        publish(extract_dir)
    return tables


def _extract(settings: Settings) -> Extracted | None:
    if published_version(settings.extract_dir) is None:
        return None
    return Extracted(Extract(settings.extract_dir))
