"""The ledger of a pool, newest first, and what lies behind one of its rows."""

from dataclasses import dataclass

import polars as pl

from data.credits.pool import EntryType
from data.tables import CREDITS, CREDITS_SUM, TIME, UNITS, ColumnTypes
from queries.question import QuestionError, check_customer, check_id
from queries.time import Span

MOST_ROWS = 50_000
MOST_WALKED = 5000
"""Rows of a metering API that are read for one page."""

COLUMNS: ColumnTypes = {
    "occurred_at": TIME,
    "event_type": pl.String,
    "amount": CREDITS,
    "balance_before": CREDITS_SUM,
    "balance_after": CREDITS_SUM,
    "grant_id": pl.String,
    "feature_id": pl.String,
    "event_id": pl.String,
    "place": pl.String,
}
SCHEMA = pl.Schema(COLUMNS)


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """The newest `count` rows that pass the filters, or those older than `place`.

    Rows go in the order in which they were written, newest first, each with the pool's balance
    before and after it; an event that came late stands where it was written, at the time at which
    it happened. `place` names a row, for a page that begins below it; `Answer.follows` is where
    the next page begins, None at the end. The metering API filters by none but the type: there
    rows are walked, `MOST_WALKED` at a time, so that a page may be short, or empty, and go on.
    """

    customer_id: str
    currency_id: str
    resource_id: str | None = None
    types: tuple[str, ...] = ()
    grant_id: str | None = None
    feature_id: str | None = None
    event_id: str | None = None
    span: Span | None = None
    place: str | None = None
    count: int = 100

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)
        check_id("grant", self.grant_id)
        check_id("feature", self.feature_id)
        if not 1 <= self.count <= MOST_ROWS:
            raise QuestionError(f"{self.count} rows were asked for; 1 to {MOST_ROWS} are possible.")
        for kind in self.types:
            if kind not in EntryType.__members__.values():
                raise QuestionError(f"{kind!r} is no type of ledger row; choose one of the list.")
        if self.span is not None and self.span.end <= self.span.start:
            raise QuestionError("The period ends before it starts. Choose an end after the start.")

    @property
    def is_filtered(self) -> bool:
        narrowed = (self.grant_id, self.feature_id, self.event_id, self.span)
        return bool(self.types) or any(one is not None for one in narrowed)


EVENT_COLUMNS: ColumnTypes = {
    "event_id": pl.String,
    "feature_id": pl.String,
    "currency_id": pl.String,
    "occurred_at": TIME,
    "loaded_at": TIME,
    "units": UNITS,
    "credits": CREDITS,
    "dimensions": pl.String,
}
EVENT = pl.Schema(EVENT_COLUMNS)


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """One event as it was reported, a row for each feature that it fed; only an extract knows it.

    Columns as in `EVENT_COLUMNS`; `dimensions` reads `key=value, …`.
    """

    customer_id: str
    event_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("resource", self.resource_id)


@dataclass(frozen=True, slots=True)
class EventRows:
    """The rows that one event caused in one pool, newest first; columns as in `COLUMNS`.

    `place` is that of one of them. A metering API cannot be asked for an event: there the rows
    around that one are read, for as long as they go on; the answer is cut where the event may
    have rows above them.
    """

    customer_id: str
    currency_id: str
    event_id: str
    place: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)


LEFT_COLUMNS: ColumnTypes = {
    "grant_id": pl.String,
    "credits_left": CREDITS_SUM,
    "is_changed": pl.Boolean,
}
LEFT = pl.Schema(LEFT_COLUMNS)


@dataclass(frozen=True, slots=True)
class LeftThen:
    """What each grant of a pool had left once the row at `place` was written, by its rows.

    One row per grant that had any then, negative is owed, or that is changed: its terms were
    changed later, so that those of that time are not known.
    """

    customer_id: str
    currency_id: str
    place: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)


WRITTEN_COLUMNS: ColumnTypes = {
    "occurred_at": TIME,
    "event_type": pl.String,
    "event_id": pl.String,
    "amount": CREDITS,
}
WRITTEN = pl.Schema(WRITTEN_COLUMNS)


@dataclass(frozen=True, slots=True)
class WrittenSince:
    """The rows of a pool that are newer than the one at `place`, all where that is None.

    Oldest first, columns as in `WRITTEN_COLUMNS`, cut after `MOST_WALKED`; only a metering API
    writes while it is asked.
    """

    customer_id: str
    currency_id: str
    place: str | None
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)


__all__ = [
    "COLUMNS", "EVENT", "LEFT", "MOST_ROWS", "MOST_WALKED", "SCHEMA", "WRITTEN", "EventRows",
    "LedgerEvent", "LedgerPage", "LeftThen", "WrittenSince",
]  # fmt: skip
