"""Importing the Azure traces: reported to the metering API, ingested into the extract, compared."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from dashboard.access import LOCAL_USER
from dashboard.activity.store import ActivityFile
from dashboard.settings import Settings
from dashboard.sources import fill_with_demo, inside, open_local
from data.clock import utc_now
from data.demo.sold import CATALOGUE
from data.demo.traces import CURRENCY, CUSTOMER, PLAN, read_traces
from data.extract.duckdb import Extract
from data.extract.ingest import ingest
from data.extract.mapping import read_mapping
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from data.metering.client import MeteringClient
from queries.answer import answer
from queries.perform import perform
from queries.question import Extracted, Live, Source
from queries.reports import LARGEST_BATCH, Event, ProvisionCustomer, ReportEvents
from queries.time import Grain, Span
from queries.usage import Usage
from queries.usage.shape import Total, total

MAPPING = Path(__file__).parent.parent / "data" / "demo" / "traces_mapping.json"
SETTLED_WITHIN = 60.0
DIMENSIONS = ("service", "size_class", "context_tokens", "generated_tokens")


def import_traces(folder: Path, settings: Settings) -> None:
    """Report and ingest every request, and print what both sources count.

    Safe to repeat and to interrupt: idempotency keys and event ids are the file and the row.
    """
    requests = read_traces(folder)
    print(f"{requests.height:,} requests read from {folder}.", flush=True)
    with_api(requests, settings)
    with_extract(requests, settings)


def with_api(requests: pl.DataFrame, settings: Settings) -> None:
    """Report to the metering API that is configured, else to the local one."""
    if settings.metering_api_url is not None:
        client = MeteringClient(settings.metering_api_url, settings.metering_api_key or "")
        _report(requests, client, ActivityFile(settings.activity))
        client.close()
        return
    service = open_local(settings.store, settings.catalogue)
    try:
        fill_with_demo(service, settings.extract_dir)
        _report(requests, inside(service), ActivityFile(settings.activity))
    finally:
        service.close()


def with_extract(requests: pl.DataFrame, settings: Settings) -> None:
    """Ingest into the extract and publish it."""
    events = settings.extract_dir.parent / "traces" / "events.parquet"
    events.parent.mkdir(parents=True, exist_ok=True)
    requests.write_parquet(events)
    mapping, catalogue = read_mapping(MAPPING), read_catalogue(CATALOGUE)
    done = ingest([events], mapping, catalogue, settings.extract_dir, utc_now())
    print(f"Extract: {done.added:,} added, {done.already_there:,} were there.", flush=True)
    publish(settings.extract_dir)
    with Extract(settings.extract_dir) as extract:
        _say("Extract", count(requests, Extracted(extract)))


def count(requests: pl.DataFrame, source: Source) -> Total:
    """What the source has of the traces: their credits and events."""
    times: list[datetime] = requests["timestamp"].sort().to_list()
    span = Span(times[0], times[-1] + timedelta.resolution)
    return total(answer(Usage(CUSTOMER, CURRENCY, span, Grain.WHOLE), source).frame)


def _report(requests: pl.DataFrame, client: MeteringClient, activity: ActivityFile) -> None:
    customer = ProvisionCustomer(CUSTOMER, "Azure LLM services", PLAN)
    perform(customer, LOCAL_USER, client, activity)
    sent = 0
    for events in _batches(requests):
        perform(ReportEvents(events), LOCAL_USER, client, activity)
        sent += len(events)
        print(f"Metering API: {sent:,} events sent", flush=True)
    _say("Metering API", _settled(requests, Live(client)))


def _batches(requests: pl.DataFrame) -> Iterator[tuple[Event, ...]]:
    for batch in requests.iter_slices(LARGEST_BATCH):
        yield tuple(
            Event(
                row["customer_id"],
                row["event_name"],
                row["event_id"],
                row["timestamp"],
                tuple((name, row[name]) for name in DIMENSIONS),
            )
            for row in batch.iter_rows(named=True)
        )


def _settled(requests: pl.DataFrame, source: Source) -> Total:
    """What is counted once everything has settled, or after a minute."""
    give_up = time.monotonic() + SETTLED_WITHIN
    counted = count(requests, source)
    while counted.events < requests.height and time.monotonic() < give_up:
        time.sleep(0.5)  # the service settles every second
        counted = count(requests, source)
    return counted


def _say(source: str, counted: Total) -> None:
    credits: Decimal = counted.credits
    print(f"{source}: {counted.events:,} events counted, {credits:,f} credits.", flush=True)
