"""Usage of credits over time, by up to 3 dimension keys and the feature."""

from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from data.credits.dimensions import KEY
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.question import QuestionError, check_customer, check_id
from queries.time import Grain, Span, check_span, cuts, zone_of

MOST_KEYS = 3
MOST_FILTERS = 5
MOST_ROWS = 300_000
FEATURE = "featureId"
CUSTOMER = "customerId"
NOT_DIMENSIONS = (FEATURE, CUSTOMER)


@dataclass(frozen=True, slots=True)
class Filter:
    """Only these values of a key, or all but them. An event without the key has the value ''."""

    key: str
    values: tuple[str, ...]
    is_without: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Credits and events per bucket and group.

    `span` is naive UTC, half-open; `zone` is where days are cut. `by` holds up to 3 dimension
    keys, and beside them `featureId` and, for all customers, `customerId`. `customer_id` None is
    all customers with all their pools; `resource_id` None is the customer-level pool.

    Answer, one row per bucket and group that has events, ordered by both:
    `bucket` (start, naive UTC), `key_1` … `key_n` in the order of `by` ('' where an event has no
    such key), `credits` Decimal(38, 6), `events`. An event that feeds two features counts in
    both: so credits and events add up over any grouping.
    """

    customer_id: str | None
    currency_id: str
    span: Span
    grain: Grain = Grain.DAY
    zone: str = "UTC"
    resource_id: str | None = None
    by: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)
        check_span(self.span, self.grain)
        zone_of(self.zone)
        for key in (*self.by, *(f.key for f in self.filters)):
            check_key(key)
        check_keys(self.by)
        if CUSTOMER in self.by and self.customer_id is not None:
            raise QuestionError("One customer cannot be grouped by customer.")
        filtered = [f.key for f in self.filters]
        if len(filtered) > MOST_FILTERS or len(set(filtered)) < len(filtered):
            raise QuestionError(f"At most {MOST_FILTERS} filters can be set, one for each key.")

    @property
    def cuts(self) -> list[datetime]:
        """The starts of its buckets, naive UTC."""
        return cuts(self.span, self.grain, zone_of(self.zone))

    @property
    def columns(self) -> list[str]:
        return [f"key_{n}" for n in range(1, len(self.by) + 1)]

    @property
    def schema(self) -> pl.Schema:
        keys = dict.fromkeys(self.columns, pl.String)
        columns: ColumnTypes = {"bucket": TIME, **keys, "credits": CREDITS_SUM, "events": pl.Int64}
        return pl.Schema(columns)

    def whole(self, span: Span | None = None) -> "Usage":
        """The same groups as totals over the period, or over another one."""
        return replace(self, span=span or self.span, grain=Grain.WHOLE)


@dataclass(frozen=True, slots=True)
class TopUsage:
    """What is drawn and listed of usage: each group's total, and the largest groups over time.

    Answer, two kinds of rows with the columns of `Usage`. Where `bucket` is null, a group's
    credits and events in the whole span, the most credits first, then by key. Else, ordered by
    bucket and keys, those of the `most` first groups; all other groups together have null for
    their keys, and come last in their bucket. Both add up to the credits and events of `usage`.
    """

    usage: Usage
    most: int

    def __post_init__(self) -> None:
        if self.most < 1:
            raise QuestionError("At least one group must be drawn.")


def check_key(key: str) -> None:
    if not KEY.fullmatch(key):
        raise QuestionError(
            f"{key!r} cannot be a group-by key: letters, digits, _, $ and - are allowed."
        )


def check_keys(by: tuple[str, ...]) -> None:
    dimensions = [key for key in by if key not in NOT_DIMENSIONS]
    if len(dimensions) > MOST_KEYS:
        raise QuestionError(
            f"{len(dimensions)} keys to group by ({', '.join(dimensions)}); "
            f"at most {MOST_KEYS} are possible. Remove {len(dimensions) - MOST_KEYS}."
        )
    if len(set(by)) < len(by):
        raise QuestionError("The same key is there twice; group by each key once.")
