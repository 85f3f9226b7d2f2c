"""The events of many pools as arrays, and the frames that a replay of them writes.

Credits are whole millionths in 64 bits here: exact, as long as one pool's stay below 2^62 of them.
"""

from array import array
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from data.credits.amounts import AmountError
from data.credits.grants import Grant
from data.credits.pool import EntryType, Pool

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
MILLIONTH = Decimal("0.000001")
LARGEST_SUM = 2**62
TIME = pl.Datetime("us")
CREDITS = pl.Decimal(18, 6)
SUMS = pl.Decimal(38, 6)
ENTRY = pl.Enum([entry.value for entry in EntryType])
ENTRIES = pl.Series([entry.value for entry in EntryType], dtype=ENTRY)
ENTRY_CODES = {entry: code for code, entry in enumerate(EntryType)}

Whole = npt.NDArray[np.int64]


EXTRA = 7
"""Numbers in a ledger row beside the tiling: before which event it stands, pool, entry, grant,
amount, time, and which event it is (−1 for none)."""
PIECE = 5
"""Numbers in what one grant paid in one stretch: pool, grant, up to where on its pool's running
sum, in which event that is, and whether that event goes on with another grant."""


class Fleet:
    """All pools' events as arrays, one pool behind the other, and what their runs have written."""

    def __init__(self, events: pl.DataFrame) -> None:
        ordered, self.spans = _one_behind_the_other(events)
        known = ordered["occurred_at"]
        if "known_at" in ordered.columns:
            known = ordered["known_at"].fill_null(known)
        self.rows = ordered["event"].to_numpy()
        self.credits = _millionths(ordered["credits"])
        self.occurred: Whole = ordered["occurred_at"].cast(TIME).to_physical().to_numpy()
        self.clock: Whole = known.cast(TIME).to_physical().to_numpy()
        self.sums = np.empty(len(self.credits), np.int64)
        self._make_running()
        # Read one number at a time, a view of memory is several times faster than an array.
        self.clock_at, self.occurred_at = self.clock.data, self.occurred.data
        self.sum_at, self.credits_at = self.sums.data, self.credits.data
        self.pools: list[Pool] = []
        self.names: list[Hashable] = []
        self.grants: list[Grant] = []
        self.owners: list[int] = []
        self.pieces = array("q")
        """What grants paid, PIECE numbers each."""
        self.extras = array("q")
        """Ledger rows beside the tiling, EXTRA numbers each."""

    def _make_running(self) -> None:
        """Per pool: the sum of what its events burn so far, and a clock that never goes back."""
        for pool, (first, last) in self.spans.items():
            burned = np.maximum(self.credits[first:last], 0)
            if burned.sum(dtype=np.float64) >= LARGEST_SUM:
                raise AmountError(f"The credits of {pool} add up to more than can be counted.")
            burned.cumsum(out=self.sums[first:last])
            clock = self.clock[first:last]
            if (clock[1:] < clock[:-1]).any():
                self.clock = self.clock if self.clock.flags.writeable else self.clock.copy()
                np.maximum.accumulate(clock, out=self.clock[first:last])


def _one_behind_the_other(events: pl.DataFrame) -> tuple[pl.DataFrame, dict[Any, tuple[int, int]]]:
    """Events with each pool's together, their rows numbered, and where each pool's are."""
    ordered = events.with_row_index("event")
    runs = ordered["pool"].rle().struct.unnest()
    if runs["value"].n_unique() < runs.height:
        ordered = ordered.sort("pool", maintain_order=True)
        runs = ordered["pool"].rle().struct.unnest()
    ends = runs["len"].cum_sum().to_list()
    return ordered, dict(zip(runs["value"].to_list(), pairwise([0, *ends]), strict=True))


def _ledger(fleet: Fleet) -> pl.DataFrame:
    """All rows, those beside the tiling put where they were written."""
    events, tiled = _tiled(fleet)
    before, beside = _beside(fleet)
    # A row beside goes in front of the first row of the event that it precedes.
    places = events.searchsorted(before) + np.arange(len(before))
    is_tiled = np.ones(len(events) + len(before), bool)
    is_tiled[places] = False
    rows = np.empty(len(is_tiled), np.uint32)
    rows[is_tiled] = np.arange(len(events), dtype=np.uint32)
    rows[places] = np.arange(len(events), len(is_tiled), dtype=np.uint32)
    return pl.concat([tiled, beside]).select(pl.all().gather(rows))


def _tiled(fleet: Fleet) -> tuple[Whole, pl.DataFrame]:
    """The rows that events burn, in their order, and the event that each belongs to.

    Every event has a row that ends with it, and one more for each grant that it used up.
    """
    _, grant, end, last, is_split = _columns(fleet.pieces, PIECE)
    burning = np.flatnonzero(fleet.credits > 0)
    split, until = last[is_split > 0], end[is_split > 0]
    places = burning.searchsorted(split)
    events = np.insert(burning, places, split)
    amounts = fleet.credits[events]
    # Of an event that several grants paid, each pays from where the one before it stopped.
    places += np.arange(len(places))
    goes_on = np.diff(split, prepend=-1) == 0
    since = np.where(goes_on, np.roll(until, 1), fleet.sums[split] - fleet.credits[split])
    amounts[places + 1] = fleet.sums[split] - until
    amounts[places] = until - since
    whole = np.where(is_split, burning.searchsorted(last), burning.searchsorted(last, "right"))
    grants = np.repeat(grant.astype(np.uint32), np.diff(whole + is_split.cumsum(), prepend=0))
    return events, pl.DataFrame(
        {
            "pool": np.array(fleet.owners, np.uint32)[grants],
            "entry_type": pl.repeat(EntryType.CONSUMED.value, len(events), dtype=ENTRY, eager=True),
            "grant": grants,
            "amount": _credits(np.negative(amounts, out=amounts)),
            "occurred_at": pl.Series(fleet.occurred[events]).cast(TIME),
            "event": fleet.rows[events],
        }
    )


def _beside(fleet: Fleet) -> tuple[Whole, pl.DataFrame]:
    """The rows beside the tiling, and the event in front of which each stands."""
    before, owner, entry, grant, amount, at, event = _columns(fleet.extras, EXTRA)
    caused = [None if number < 0 else fleet.rows[number] for number in event.tolist()]
    return before, pl.DataFrame(
        {
            "pool": owner.astype(np.uint32),
            "entry_type": ENTRIES.gather(entry.astype(np.uint32)),
            "grant": grant.astype(np.uint32),
            "amount": _credits(amount),
            "occurred_at": pl.Series(at).cast(TIME),
            "event": pl.Series(caused, dtype=pl.UInt32),
        }
    )


def _balances(fleet: Fleet, ledger: pl.DataFrame) -> pl.DataFrame:
    """The sums of each pool's ledger, by what the rows were for; they must be the pool's own."""

    def total(entry: EntryType) -> pl.Expr:
        return pl.col("amount").filter(pl.col("entry_type") == entry.value).sum()

    sums = (
        ledger.lazy()
        .with_columns(pl.col("amount").cast(SUMS))
        .group_by("pool")
        .agg(
            granted=total(EntryType.GRANTED),
            consumed=-total(EntryType.CONSUMED),
            expired=-total(EntryType.EXPIRED),
            voided=-total(EntryType.VOIDED),
            balance=pl.col("amount").sum(),
        )
    )
    pools = pl.LazyFrame({"pool": range(len(fleet.pools))}, {"pool": pl.UInt32})
    joined = pools.join(sums, on="pool", how="left", maintain_order="left").collect()
    balances = joined.with_columns(pl.col(SUMS).fill_null(0))
    assert balances["balance"].to_list() == [pool.balance for pool in fleet.pools]
    return balances


def _segments(fleet: Fleet) -> pl.DataFrame:
    pool, grant, end, last, is_split = _columns(fleet.pieces, PIECE)
    is_first = np.diff(pool, prepend=-1) != 0
    begins = np.array([first for first, _ in fleet.spans.values()], np.int64)
    # A segment goes on in the event that the one before could not pay whole, or in the next.
    before = np.roll(last + 1 - is_split, 1)
    before[is_first] = begins[pool[is_first]]
    burning = np.flatnonzero(fleet.credits > 0)
    first = burning[burning.searchsorted(before)]
    starts = np.where(is_first, 0, np.roll(end, 1))
    return pl.DataFrame(
        {
            "pool": pool.astype(np.uint32),
            "grant": grant.astype(np.uint32),
            "since": pl.Series(fleet.occurred[first]).cast(TIME),
            "until": pl.Series(fleet.occurred[last]).cast(TIME),
            "credits": _credits(end - starts),
        }
    )


def _grants(fleet: Fleet) -> pl.DataFrame:
    def texts(read: Callable[[Grant], str]) -> pl.Series:
        return pl.Series(map(read, fleet.grants), dtype=pl.String)

    def credits(read: Callable[[Grant], Decimal]) -> pl.Series:
        return _credits(np.array([millionths(read(grant)) for grant in fleet.grants], np.int64))

    def times(read: Callable[[Grant], datetime | None]) -> pl.Series:
        return pl.Series([read(grant) for grant in fleet.grants], dtype=TIME)

    return pl.DataFrame(
        {
            "pool": pl.Series(fleet.owners, dtype=pl.UInt32),
            "grant_id": texts(attrgetter("grant_id")),
            "grant_type": texts(attrgetter("grant_type.value")),
            "status": texts(attrgetter("status.value")),
            "amount": credits(attrgetter("amount")),
            "consumed_amount": credits(attrgetter("consumed")).cast(SUMS),
            "cost_amount": credits(attrgetter("cost")),
            "effective_at": times(attrgetter("effective_at")),
            "expire_at": times(attrgetter("expire_at")),
            "voided_at": times(attrgetter("voided_at")),
            "is_recharge": pl.Series([g.is_recharge for g in fleet.grants], dtype=pl.Boolean),
        }
    )


def _columns(numbers: "array[int]", width: int) -> Whole:
    """The columns of rows that stand one behind the other."""
    rows = np.frombuffer(numbers, np.int64) if numbers else np.empty(0, np.int64)
    return rows.reshape(-1, width).T


def exact(millionths: int) -> Decimal:
    return millionths * MILLIONTH


def millionths(credits: Decimal) -> int:
    return int(credits.scaleb(6))


def time_of(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _millionths(column: pl.Series) -> Whole:
    physical = column.cast(CREDITS).to_physical().cast(pl.Int64)
    numbers: Whole = physical.to_numpy()
    return numbers


def _credits(amounts: Whole) -> pl.Series:
    """Millionths as decimals: 64 bits become 128 by their sign, and nothing is computed."""
    wide = np.empty((len(amounts), 2), np.int64)
    wide[:, 0], wide[:, 1] = amounts, amounts >> 63
    column = pa.Array.from_buffers(pa.decimal128(18, 6), len(wide), [None, pa.py_buffer(wide)])
    return pl.Series(pl.from_arrow(column))


def frames(fleet: Fleet, dtype: pl.DataType) -> tuple[pl.DataFrame, ...]:
    """Ledger, balances, segments and grants, with pools by the names they were given."""
    names = pl.Series("pool", fleet.names, dtype)
    ledger = _ledger(fleet)
    made = (ledger, _balances(fleet, ledger), _segments(fleet), _grants(fleet))
    return tuple(frame.with_columns(names.gather(frame["pool"])) for frame in made)
