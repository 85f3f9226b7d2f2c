"""The usage of a pool in cells: as finely as a metering API tells it, and no finer.

It tells no single events, but what was used by hour, feature and up to three keys, where the dates
asked for are at most 48 hours apart. How wide its buckets are is documented for its presets only
(hours, days and months, stamped where they begin). So nothing here depends on it: all windows lie
on one grid, and what is asked again is asked in whole windows.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from data.credits.months import add_months
from data.extract.sync.asking import Asker
from data.extract.sync.store import Pool, Row, Store
from data.metering.client import Answer
from data.metering.wire import time

ROOT = "creditUsage"
FEATURE_KEY = "featureId"
MOST_KEYS = 3
BEGINNING = datetime(2000, 1, 1)
"""Before any usage, and where the grid begins."""
WINDOW = timedelta(hours=48)
WRITTEN_AT_ONCE = 8
"""Windows: to write each alone takes as long as to ask for it."""
PROBED = 46 * WINDOW
"""92 days: what is told by day."""
REREAD = timedelta(hours=48)
"""How late an event may be reported and still be found: what is older is not asked again."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until before `end`."""

    start: datetime
    end: datetime


def read_usage(
    asker: Asker, store: Store, pool: Pool, by: Sequence[str] | None, until: datetime
) -> None:
    """Add what the pool used up to `until`, some windows at a time; raises MeteringError.

    `by` are the keys of the cells; without them those of before, or the first three that the API
    names. Other keys than before mean that all is read anew.
    """
    before = store.usage_cursor(pool)
    keys = _keys(asker, pool, by, before[0] if before else [])
    start = BEGINNING
    if before and before[0] == keys:
        start = on_grid(before[1] - REREAD)
    store.restart_usage(pool, keys, start)
    cells: list[Row] = []
    for number, window in enumerate(_windows(asker, pool, Span(start, until)), start=1):
        pages = asker.pages(ROOT, _given(pool, window, keys), partial(_cells, keys, window.start))
        cells += itertools.chain.from_iterable(pages)
        if number % WRITTEN_AT_ONCE == 0:
            store.add_cells(pool, keys, cells, window.end)
            cells = []
    store.add_cells(pool, keys, cells, until)


def on_grid(moment: datetime) -> datetime:
    """The start of the window that the moment is in."""
    return max(BEGINNING, moment - (moment - BEGINNING) % WINDOW)


def _keys(asker: Asker, pool: Pool, by: Sequence[str] | None, before: list[str]) -> list[str]:
    if by is not None:
        return list(by)
    if before:
        return before
    given = {"customerId": pool.customer_id, "currencyId": pool.currency_id}
    given |= {"resourceId": pool.resource_id} if pool.resource_id else {}
    return asker.ask(
        "creditEventsFields",
        {"input": given},
        lambda answer: sorted(answer["fields"])[:MOST_KEYS],
    )


def _windows(asker: Asker, pool: Pool, span: Span) -> Iterator[Span]:
    """The windows in which something was used, found by asking for wider spans first."""
    for probed in _used(asker, pool, span, PROBED):
        yield from _used(asker, pool, probed, WINDOW)


def _used(asker: Asker, pool: Pool, span: Span, width: timedelta) -> Iterable[Span]:
    """The parts of the span, so wide, that usage falls into; a few are not worth a question."""
    parts = list(_parts(span, width))
    if len(parts) <= 2:
        return parts
    told = set(itertools.chain.from_iterable(asker.pages(ROOT, _given(pool, span, []), _stamps)))
    used = [Span(stamp, _latest_end(stamp)) for stamp in told]
    return [part for part in parts if any(u.start < part.end and part.start < u.end for u in used)]


def _parts(span: Span, width: timedelta) -> Iterator[Span]:
    start = span.start
    while start < span.end:
        end = start - (start - BEGINNING) % width + width
        yield Span(start, min(end, span.end))
        start = end


def _latest_end(stamp: datetime) -> datetime:
    """Where the widest bucket with that stamp ends: a month's if it is the first of a month."""
    midnight = stamp.replace(hour=0, minute=0, second=0, microsecond=0)
    if stamp == midnight and stamp.day == 1:
        return add_months(stamp, 1)
    return midnight + timedelta(days=1)


def _given(pool: Pool, span: Span, keys: Sequence[str]) -> Answer:
    return {
        "input": {
            "customerId": pool.customer_id,
            "currencyId": pool.currency_id,
            "resourceId": pool.resource_id,
            "startDate": span.start,
            "endDate": span.end,
            "groupBy": [*keys, FEATURE_KEY] if keys else None,
        }
    }


def _stamps(page: Answer) -> set[datetime]:
    return {time(point["timestamp"]) for series in page["series"] for point in series["points"]}


def _cells(keys: Sequence[str], start: datetime, page: Answer) -> list[Row]:
    """A bucket that began before the window has in this answer only what is in the window."""
    cells: list[Row] = []
    for series in page["series"]:
        tags = {tag["key"]: tag["value"] for tag in series["tags"] or ()}
        group = {
            "feature_id": series["featureId"],
            "key_values": [tags.get(key, "") for key in keys],
        }
        cells += [
            group
            | {
                "occurred_at": max(time(point["timestamp"]), start),
                "credits": Decimal(point["value"]),
                "events": point["eventCount"],
            }
            for point in series["points"]
        ]
    return cells
