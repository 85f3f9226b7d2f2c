"""What an outlook says: typed results, and the columns of its frames."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import polars as pl

from data.tables import CREDITS_SUM, TIME, ColumnTypes

KEYS: ColumnTypes = {"customer_id": pl.String, "resource_id": pl.String}

DAYS_COLUMNS: ColumnTypes = {
    "ends_at": TIME,
    "use_low": CREDITS_SUM,
    "use": CREDITS_SUM,
    "use_high": CREDITS_SUM,
    "balance_low": CREDITS_SUM,
    "balance": CREDITS_SUM,
    "balance_high": CREDITS_SUM,
}
DAYS = pl.Schema(DAYS_COLUMNS)
LAPSES_COLUMNS: ColumnTypes = {
    "grant_id": pl.String,
    "expire_at": TIME,
    "remaining": CREDITS_SUM,
    "lapse_low": CREDITS_SUM,
    "lapse": CREDITS_SUM,
    "lapse_high": CREDITS_SUM,
}
LAPSES = pl.Schema(LAPSES_COLUMNS)
RECHARGES_COLUMNS: ColumnTypes = {
    "use": pl.String,
    "bought_at": TIME,
    "credits": CREDITS_SUM,
    "cost": CREDITS_SUM,
}
RECHARGES = pl.Schema(RECHARGES_COLUMNS)
POOLS = pl.Schema(
    {
        **KEYS,
        "balance": CREDITS_SUM,
        "status": pl.String,
        "earliest": TIME,
        "expected": TIME,
        "latest": TIME,
        "lapse_low": CREDITS_SUM,
        "lapse": CREDITS_SUM,
        "lapse_high": CREDITS_SUM,
        "recharges": pl.Int64,
        "recharge_cost": CREDITS_SUM,
        "sentence": pl.String,
    }
)
UNUSUAL = pl.Schema(
    {
        **KEYS,
        "since": TIME,
        "until": TIME,
        "credits": CREDITS_SUM,
        "usual": CREDITS_SUM,
        "usual_low": CREDITS_SUM,
        "usual_high": CREDITS_SUM,
        "times": pl.Float64,
    }
)


class Status(StrEnum):
    """Whether and when a pool runs out: reaches a balance of zero or less."""

    OUT = "out"
    """Nothing is left now."""
    OVERDRAFT = "in overdraft"
    WITHIN = "within the horizon"
    """With at least the high use; `expected` and `latest` may still lie beyond it."""
    BEYOND = "not within the horizon"
    UNKNOWN = "no forecast"


@dataclass(frozen=True, slots=True)
class RunOut:
    """When a pool runs out, naive UTC: with high, expected and low use; None beyond the horizon.

    `sentence` says why there is no forecast, or what it rests on where that is not plain; ''
    where there is nothing to say.
    """

    status: Status
    balance: Decimal
    earliest: datetime | None = None
    expected: datetime | None = None
    latest: datetime | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class PoolOutlook:
    """What is to be expected of a pool.

    days: a row for each coming day of UTC, the rest of today first: `ends_at`; `use_low`, `use`,
    `use_high` from now to then; `balance_low`, `balance`, `balance_high` then. As in `DAYS`.
    lapses: a row for each grant with something left that ends within the horizon, soonest first:
    `grant_id`, `expire_at`, `remaining` now (all of it where it is scheduled), and what of it
    is expected to lapse: `lapse_low`, `lapse`, `lapse_high`. As in `LAPSES`.
    recharges: what auto-recharge would buy: `use` (low, expected or high), `bought_at`,
    `credits`, `cost` in US dollars. As in `RECHARGES`.
    recharge_note: why recharges are left out although they are switched on; '' where they are not.
    renewal_note: how many renewals of recurring grants are counted in; '' where there are none.

    All three frames are empty where there is no forecast; `run_out.sentence` says why.
    """

    run_out: RunOut
    days: pl.DataFrame
    lapses: pl.DataFrame
    recharges: pl.DataFrame
    recharge_note: str = ""
    renewal_note: str = ""

    @property
    def has_forecast(self) -> bool:
        return self.days.height > 0


@dataclass(frozen=True, slots=True)
class Said:
    """What the method said at `at`, so many `days_ago`, of the use up to `until`; and the truth.

    `actual` is what was used since; `run_out` what it said then, None where the grants of that
    time are not known. Without a forecast then, `low`, `expected` and `high` are None and
    `sentence` says why.
    """

    days_ago: int
    at: datetime
    until: datetime
    actual: Decimal
    low: Decimal | None = None
    expected: Decimal | None = None
    high: Decimal | None = None
    run_out: RunOut | None = None
    sentence: str = ""

    @property
    def error(self) -> Decimal | None:
        """Said − used: above zero where too much was expected."""
        return None if self.expected is None else self.expected - self.actual

    @property
    def error_ratio(self) -> float | None:
        """The error as a part of what was used; None without use."""
        if self.error is None or not self.actual:
            return None
        return float(self.error) / float(self.actual)

    @property
    def has_held(self) -> bool | None:
        """Whether the range held the truth."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.actual <= self.high
