"""Which rows of an extract are read for a question about usage: the one place that chooses.

An extract holds its events, and sums of them: `key_slots`, of all customers by quarter of an hour
and one key, and `pool_days`, of each pool by UTC day. Sums are read wherever they answer exactly;
for what they leave over at the ends of a period, and for all else, the events are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from data.extract.duckdb import Extract
from data.extract.parts import EPOCH, SLOT
from queries.time import Grain, Span

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
DAY_SLOTS = 96
WHOLE_SLOTS = 1 << 30
STEPS = {Grain.HOUR: 4, Grain.WEEK: 7 * DAY_SLOTS}
MOST_SPLITS = 4
"""With more cuts than that between the ends of sums, the events are read instead."""


class Table(StrEnum):
    EVENTS = "events"
    KEY_SLOTS = "key_slots"
    POOL_DAYS = "pool_days"


GRANULES = {Table.KEY_SLOTS: SLOT, Table.POOL_DAYS: DAY}


@dataclass(frozen=True, slots=True)
class Scan:
    """One query: the rows of a table from `start` to `end` (naive UTC, half-open).

    Rows are summed by units of `step` slots, counted from the slot `phase`; unit n is in the
    bucket `buckets[n]`, since no bucket begins within a unit.
    """

    table: Table
    start: datetime
    end: datetime
    step: int
    phase: int
    buckets: Sequence[datetime]

    @property
    def slots(self) -> tuple[int, int]:
        """The first slot, and the one after the last."""
        return slot(self.start), slot(self.end - TICK) + 1

    @property
    def parameters(self) -> dict[str, object]:
        """The $names that all documents for scans share."""
        first, until = self.slots
        return {
            "first": first,
            "until": until,
            "first_micro": (self.start - time_of(first)) // TICK,
            "until_micro": (self.end - time_of(until - 1)) // TICK,
            "is_whole": self.step == WHOLE_SLOTS,
            "step": self.step,
            "phase": self.phase,
            "buckets": list(self.buckets),
        }


def slot(moment: datetime) -> int:
    """The quarter of an hour that the moment is in, counted from 1970."""
    return (moment - EPOCH) // SLOT


def time_of(slot: int) -> datetime:
    """When the slot begins."""
    return EPOCH + slot * SLOT


def scans(
    table: Table,
    span: Span,
    cuts: Sequence[datetime],
    grain: Grain,
    extract: Extract,
    *,
    has_many_groups: bool = False,
) -> list[Scan]:
    """What to read of `table`, and of the events beside it, for the buckets that start at `cuts`.

    Together the scans hold each event of the span once. Empty if the extract has none of them.
    Of many groups each month is summed by itself, since its days would be too many rows.
    """
    if has_many_groups and grain is Grain.MONTH:
        return [
            scan
            for start, end in pairwise([*cuts, span.end])
            for scan in scans(table, Span(start, end), [start], Grain.WHOLE, extract)
        ]
    held = extract.events_span
    if held is None or span.end <= held[0] or span.start > held[1]:
        return []
    start, end = max(span.start, held[0]), span.end
    if end > held[1]:
        end = held[1] + TICK + (EPOCH - held[1] - TICK) % DAY
    inner = [cut for cut in cuts if start < cut < end]
    if table is not Table.EVENTS:
        granule = GRANULES[table]
        off = [cut for cut in inner if (cut - EPOCH) % granule]
        if len(off) <= MOST_SPLITS:
            return [
                scan
                for a, b in pairwise([start, *off, end])
                for scan in _around(table, a, b, granule, cuts, grain)
            ]
    return list(_runs(Table.EVENTS, start, end, cuts, grain))


def _around(
    table: Table,
    start: datetime,
    end: datetime,
    granule: timedelta,
    cuts: Sequence[datetime],
    grain: Grain,
) -> Iterator[Scan]:
    """The sums of all whole granules, and the events before and after them."""
    first, last = start + (EPOCH - start) % granule, end - (end - EPOCH) % granule
    if first >= last:
        yield from _runs(Table.EVENTS, start, end, cuts, grain)
        return
    if start < first:
        yield from _runs(Table.EVENTS, start, first, cuts, grain)
    yield from _runs(table, first, last, cuts, grain)
    if last < end:
        yield from _runs(Table.EVENTS, last, end, cuts, grain)


def _runs(
    table: Table, start: datetime, end: datetime, cuts: Sequence[datetime], grain: Grain
) -> Iterator[Scan]:
    """Scans in each of which all buckets begin a whole number of steps apart.

    A time zone whose clocks change begins a new one: there days begin at another slot.
    """
    inner = [cut for cut in cuts if start < cut < end]
    if any((cut - EPOCH) % SLOT for cut in inner):
        for a, b in pairwise([start, *inner, end]):
            yield _scan(table, a, b, WHOLE_SLOTS, slot(a), cuts)
        return
    step = STEPS.get(grain, DAY_SLOTS) if inner else WHOLE_SLOTS
    begins = start
    for number, cut in enumerate(inner):
        phase = slot(cut) % step
        following = inner[number + 1] if number + 1 < len(inner) else None
        if following is None or slot(following) % step != phase:
            ends = following or end
            first = slot(begins) - (slot(begins) - phase) % step
            yield _scan(table, begins, ends, step, first, cuts)
            begins = ends
    if not inner:
        yield _scan(table, start, end, step, slot(start), cuts)


def _scan(
    table: Table, start: datetime, end: datetime, step: int, phase: int, cuts: Sequence[datetime]
) -> Scan:
    """The scan, with the bucket of each unit."""
    buckets, place = [], 0
    for unit in range((slot(end) - phase) // step + 1):
        moment = max(start, time_of(phase + unit * step))
        while place + 1 < len(cuts) and cuts[place + 1] <= moment:
            place += 1
        buckets.append(cuts[place])
    return Scan(table, start, end, step, phase, buckets)
