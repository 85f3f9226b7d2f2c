"""The statement of a pool: what moved its balance, by time, grant and feature."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.question import QuestionError, check_customer, check_id
from queries.time import Grain, Span, check_span, cuts, zone_of
from queries.usage import CUSTOMER, FEATURE, check_key

GRANT = "grantId"
BUCKET = "bucket"
BUCKET_TEXT = "%Y-%m-%dT%H:%M"
MOST_NARROWED = 3
MOST_VALUES = 50_000
MOST_EVENTS = 500

COLUMNS: ColumnTypes = {
    "bucket": TIME,
    "grant_id": pl.String,
    "event_type": pl.String,
    "feature_id": pl.String,
    "amount": CREDITS_SUM,
    "last_at": TIME,
}
SCHEMA = pl.Schema(COLUMNS)


@dataclass(frozen=True, slots=True)
class Statement:
    """All that the ledger of one pool holds, summed; columns as in `SCHEMA`.

    One row per bucket, grant, type of change and feature; `amount` is signed as the ledger signs
    it, `last_at` the time of the last such change. Rows go by when they happened, as known now,
    not by when they were written. `bucket` is null for what happened before the span, and the
    span's end for what happened from there on: so all rows of any span sum to the balance now.
    """

    customer_id: str
    currency_id: str
    span: Span
    grain: Grain = Grain.DAY
    zone: str = "UTC"
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)
        check_span(self.span, self.grain)
        zone_of(self.zone)

    @property
    def cuts(self) -> list[datetime]:
        """The starts of its buckets, naive UTC."""
        return cuts(self.span, self.grain, zone_of(self.zone))


SPENT_COLUMNS: ColumnTypes = {"value": pl.String, "credits": CREDITS_SUM}
SPENT = pl.Schema(SPENT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one pool consumed in a span, by a dimension key, `featureId`, `grantId` or `bucket`.

    `only` narrows to events with these values, (key, value); `grant_id` to what one grant paid.

    Answer, most credits first: `value` ('' where the event has no such key, null for what a grant
    took over from an overdraft, which no event says), `credits` (positive is used). A bucket's
    value is its start, naive UTC, as `BUCKET_TEXT` writes it. Values without credits are left out.
    """

    customer_id: str
    currency_id: str
    span: Span
    by: str
    resource_id: str | None = None
    grant_id: str | None = None
    only: tuple[tuple[str, str], ...] = ()
    grain: Grain = Grain.WHOLE
    zone: str = "UTC"

    def __post_init__(self) -> None:
        _check_narrowed(self)
        _check_dimension(self.by)
        check_span(self.span, self.grain)

    @property
    def cuts(self) -> list[datetime]:
        """The starts of its buckets, naive UTC."""
        return cuts(self.span, self.grain, zone_of(self.zone))


EVENT_COLUMNS: ColumnTypes = {
    "occurred_at": TIME,
    "event_id": pl.String,
    "feature_id": pl.String,
    "grant_id": pl.String,
    "credits": CREDITS_SUM,
    "dimensions": pl.String,
}
EVENTS = pl.Schema(EVENT_COLUMNS)


@dataclass(frozen=True, slots=True)
class SpentEvents:
    """The single events behind what one pool consumed; columns as in `EVENT_COLUMNS`.

    One row per event, feature and grant that paid, the most credits first; cut after
    `MOST_EVENTS`. `dimensions` reads `key=value, …`. Narrowed as `Spent` is; rows that a grant
    took over from an overdraft have no event.
    """

    customer_id: str
    currency_id: str
    span: Span
    resource_id: str | None = None
    grant_id: str | None = None
    only: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _check_narrowed(self)


def _check_narrowed(question: Spent | SpentEvents) -> None:
    check_customer(question.customer_id)
    check_id("currency", question.currency_id)
    check_id("resource", question.resource_id)
    check_id("grant", question.grant_id)
    check_span(question.span, Grain.WHOLE)
    keys = [key for key, _ in question.only]
    for key in keys:
        _check_dimension(key)
    if len(keys) > MOST_NARROWED or len(set(keys)) < len(keys):
        raise QuestionError(
            f"Consumption can be narrowed by {MOST_NARROWED} keys at once, each with one value."
        )


def _check_dimension(key: str) -> None:
    check_key(key)
    if key == CUSTOMER:
        raise QuestionError("One customer cannot be split by customer.")


__all__ = [
    "BUCKET", "BUCKET_TEXT", "COLUMNS", "EVENTS", "FEATURE", "GRANT", "MOST_EVENTS",
    "MOST_NARROWED", "MOST_VALUES", "SCHEMA", "SPENT", "Spent", "SpentEvents", "Statement",
]  # fmt: skip
