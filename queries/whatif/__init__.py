"""What if: the past priced and burned anew, as it was charged and as a scenario would.

Only an extract can answer, since it takes every single event.
"""

from dataclasses import dataclass

import polars as pl

from data.credits.orders import Order
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.portfolio import POOL, Whom
from queries.question import QuestionError, check_customer, check_id
from queries.time import Grain, Span, check_span
from queries.usage import check_key
from queries.whatif.prices import Price, read_price

MOST_CHANGES = 20
MOST_SCENARIOS = 5
NAME_LENGTH = 60
VALUE_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Change:
    """A new price for a feature's events, or for those with one value of the scenario's key.

    `feature_id` None is every feature, `value` None every value; "" is events without the key.
    Of several changes that say something of an event, one that names its value wins, and then
    one that names its feature.
    """

    feature_id: str | None
    price: str
    value: str | None = None

    def __post_init__(self) -> None:
        check_id("feature", self.feature_id)
        if self.value is not None and len(self.value) > VALUE_LENGTH:
            raise QuestionError(f"A value has up to {VALUE_LENGTH} characters.")
        read_price(self.price)

    @property
    def terms(self) -> Price:
        return read_price(self.price)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Other prices, another burn order, or both.

    `key` is what the values of its changes are values of: a dimension key, or customerId.
    """

    name: str
    changes: tuple[Change, ...] = ()
    key: str | None = None
    order: Order = Order.DOCUMENTED

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= NAME_LENGTH:
            raise QuestionError(f"A scenario has a name of up to {NAME_LENGTH} characters.")
        if len(self.changes) > MOST_CHANGES:
            raise QuestionError(f"A scenario has up to {MOST_CHANGES} changes of prices.")
        if self.key is not None:
            check_key(self.key)
        if self.key is None and any(change.value is not None for change in self.changes):
            raise QuestionError("Choose the key whose values have prices of their own.")
        told = [(change.feature_id, change.value) for change in self.changes]
        twice = next((pair for pair in told if told.count(pair) > 1), None)
        if twice:
            what = twice[0] or "Every feature"
            what += "" if twice[1] is None else f" with {self.key} {twice[1] or 'missing'}"
            raise QuestionError(f"{what} has two prices; keep one of them.")

    @property
    def is_baseline(self) -> bool:
        return not self.changes and self.order is Order.DOCUMENTED


BASELINE = Scenario("As charged")


@dataclass(frozen=True, slots=True)
class _WhatIf:
    """`span` is naive UTC, half-open: its events are priced anew, all others stay as charged."""

    currency_id: str
    span: Span
    scenario: Scenario = BASELINE
    customers: Whom = None

    def __post_init__(self) -> None:
        check_id("currency", self.currency_id)
        check_span(self.span, Grain.WHOLE)
        for customer_id in self.customers or ():
            check_customer(customer_id)


REPRICED_COLUMNS: ColumnTypes = {
    **POOL,
    "events": pl.Int64,
    "changed": pl.Int64,
    "charged": CREDITS_SUM,
    "repriced": CREDITS_SUM,
}
REPRICED = pl.Schema(REPRICED_COLUMNS)


class Repriced(_WhatIf):
    """What the period's events were charged, and what they would be; columns as in `REPRICED`.

    A row for each pool with events in the period, ordered by pool: how many, of how many the
    charge changes, and both sums.
    """

    __slots__ = ()


RATED_COLUMNS: ColumnTypes = {
    "feature_id": pl.String,
    "events": pl.Int64,
    "differing": pl.Int64,
    "charged": CREDITS_SUM,
    "rated": CREDITS_SUM,
}
RATED = pl.Schema(RATED_COLUMNS)


@dataclass(frozen=True, slots=True)
class TodaysRates:
    """What the events were charged, and what today's rates of the plans charge them.

    A row for each feature with events, ordered by it; columns as in `RATED`: how many events, how
    many of them are charged otherwise today, and both sums. What no plan rates stays as charged.
    """

    currency_id: str
    customers: Whom = None

    def __post_init__(self) -> None:
        check_id("currency", self.currency_id)
        for customer_id in self.customers or ():
            check_customer(customer_id)


MONEY: ColumnTypes = {
    "currency": pl.String,
    "recognised": CREDITS_SUM,
    "breakage": CREDITS_SUM,
}
REPLAYED_COLUMNS: ColumnTypes = {
    **POOL,
    "credits": CREDITS_SUM,
    "expired": CREDITS_SUM,
    "money": pl.List(pl.Struct(MONEY)),
    "price": pl.Decimal(38, 12),
    "recharges": pl.Int64,
    "recharge_cost": CREDITS_SUM,
    "is_recharging": pl.Boolean,
    "balance": CREDITS_SUM,
    "overdraft_since": TIME,
    "status": pl.String,
    "runs_out": TIME,
    "rows": pl.Int64,
    "difference": pl.Int64,
}
REPLAYED = pl.Schema(REPLAYED_COLUMNS)


class Replayed(_WhatIf):
    """Every pool's events burned again through its grants, up to the end of the data.

    A row for each pool, ordered by pool; columns as in `REPLAYED`. In the period: `credits`
    consumed, `expired`; in `money`, for each currency that its grants were paid in, what was
    recognised and what was left as breakage; `recharges` and their cost in US dollars.
    At the end of the data: the `balance`, since when the pool is in overdraft, and when it
    `runs_out` within the horizon (at the end of the data where it is out already), with the
    `status` of the outlook. `price` is what the customer last paid for a
    credit, in US dollars. `is_recharging` says that the recharges were bought by the pool's rule;
    else they stay as they were.

    Of `BASELINE`: `rows` of the ledger, and in how many the replay differs from it.
    """

    __slots__ = ()
