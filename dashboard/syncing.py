"""The command `extract sync`: the configured metering API, or the local one, into an extract."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dashboard.settings import Settings
from dashboard.sources import fill_with_demo, inside, open_local
from data.clock import utc_now
from data.demo.sold import sells_demo
from data.extract.sync.asking import LIMITS, Asker
from data.extract.sync.run import sync
from data.metering.client import MeteringClient


def sync_extract(settings: Settings, by: Sequence[str] | None) -> None:
    """Sync and publish; progress and what does not add up go to stderr."""
    with _asker(settings) as (asker, source):
        done = sync(
            asker, settings.extract_dir, source=source, now=utc_now(), by=by, tell=_progress
        )
    print(
        f"Published {done.version.name}: {done.customers:,} customers, {done.added:,} new rows, "
        f"{done.calls.total():,} calls."
    )
    if done.warning:
        print(done.warning, file=sys.stderr)


@contextmanager
def _asker(settings: Settings) -> Iterator[tuple[Asker, str]]:
    """(who asks, the name of what is asked); the local API has no limits."""
    if settings.metering_api_url is not None:
        client = MeteringClient(settings.metering_api_url, settings.metering_api_key or "")
        try:
            yield Asker(client, LIMITS), f"the metering API at {settings.metering_api_url}"
        finally:
            client.close()
        return
    service = open_local(settings.store, settings.catalogue)
    try:
        if sells_demo(settings.catalogue):
            fill_with_demo(service)
        yield Asker(inside(service), None), f"the local metering API of {settings.store}"
    finally:
        service.close()


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
