"""Frames of many pools as the forecast and the replay take them.

A pool is named by `customer_id` and `resource_id`, and numbered by its row in `listed`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from data.credits.forecast import Floats
from data.credits.grants import DEFAULT_PRIORITY, NONE, Grant, GrantStatus, GrantType
from data.credits.pool import Pool
from data.credits.recharge import Expiration, RechargeRule, ThresholdType, unit_price
from data.credits.renewals import renewals
from queries.outlook.asked import DAY, midnight
from queries.outlook.results import KEYS

GRANT = (
    "grant_id", "grant_type", "amount", "effective_at", "created_at", "expire_at", "priority",
    "consumed_amount", "status", "cost_amount", "is_recharge",
)  # fmt: skip
ID, TYPE, AMOUNT, EFFECTIVE, CREATED, EXPIRE, _, CONSUMED, STATUS = range(9)
Row = tuple[Any, ...]
"""A grant, its values in the order of GRANT."""
TYPES = {kind.value: kind for kind in GrantType}
STATUSES = {status.value: status for status in GrantStatus}


def named(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame of one pool, as one of many has it."""
    return frame.with_columns(
        pl.lit("").alias("customer_id"), pl.lit(None, pl.String).alias("resource_id")
    )


def listed(*frames: pl.DataFrame) -> pl.DataFrame:
    """Every pool in the frames: its keys and `pool`, its number."""
    keys = pl.concat([frame.select(pl.col(key) for key in KEYS) for frame in frames])
    return keys.unique().sort(*KEYS).with_row_index("pool")


def numbered(frame: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """The frame with `pool` beside each row."""
    return frame.join(pools, on=list(KEYS), nulls_equal=True)


def daily(use: pl.DataFrame, pools: pl.DataFrame, now: datetime, days: int) -> Floats:
    """Credits of each pool (row) on each of the last whole days of UTC (column)."""
    today = midnight(now)
    first = today - days * DAY
    sums = (
        numbered(use.filter(pl.col("bucket") >= first, pl.col("bucket") < today), pools)
        .with_columns(day=(pl.col("bucket") - first).dt.total_days())
        .group_by("pool", "day")
        .agg(pl.col("credits").sum().cast(pl.Float64))
    )
    credits = np.zeros((pools.height, days))
    credits[sums["pool"].to_numpy(), sums["day"].to_numpy()] = sums["credits"].to_numpy()
    return credits


class Held:
    """What stands in one pool, and what of it is expected to come again.

    Every run takes grants of its own, since a run changes them.
    """

    __slots__ = ("balance", "is_unpriced", "opened", "renewals", "rows", "rule")

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.renewals: list[Row] = []
        self.balance = NONE
        self.opened: datetime | None = None
        """When it got its first grant; None where it never got any."""
        self.rule: RechargeRule | None = None
        self.is_unpriced = False
        """Whether it has a rule of which nobody knows what a credit costs."""

    def pool(self) -> Pool:
        grants = [_grant(row) for row in (*self.rows, *self.renewals)]
        return Pool("outlook", grants, rule=self.rule)

    def renew(self, until: datetime) -> None:
        """Expect every recurring grant again when it ends, unless another begins within a day.

        One that lasts less than a day is not taken to recur.
        """
        recurring = [row for row in self.rows if row[TYPE] == GrantType.RECURRING.value]
        begin = [row[EFFECTIVE] for row in recurring]
        for row in recurring:
            end = row[EXPIRE]
            if end is None or end - row[EFFECTIVE] < DAY:
                continue
            if not any(end - DAY < at < end + DAY for at in begin):
                self.renewals += _renewed(row, until)


def _renewed(row: Row, until: datetime) -> Iterator[Row]:
    for start, end in renewals(row[EFFECTIVE], row[EXPIRE], until):
        anew = list(row)
        anew[ID] = f"{row[ID]} from {start}"
        anew[EFFECTIVE], anew[CREATED], anew[EXPIRE] = start, start, end
        anew[CONSUMED], anew[STATUS] = NONE, GrantStatus.SCHEDULED.value
        yield tuple(anew)


def held(
    grants: pl.DataFrame,
    recharges: pl.DataFrame,
    pools: pl.DataFrame,
    now: datetime,
    until: datetime,
) -> list[Held]:
    """What stands in each pool now and comes again by `until`, and by what rule it recharges.

    grants: numbered. Active and scheduled ones count with something left, and recurring ones even
    without; those that await payment never do. This month's recharges are kept, whatever is left
    of them, since they count towards the month's cap.
    """
    found = [Held() for _ in range(pools.height)]
    for number, *row in _standing(grants, now).iter_rows():
        found[number].rows.append(tuple(row))
        if row[STATUS] == GrantStatus.ACTIVE.value:
            found[number].balance += row[AMOUNT] - row[CONSUMED]
    first = pl.min_horizontal("effective_at", "created_at").min()
    for number, opened in grants.group_by("pool").agg(first).iter_rows():
        found[number].opened = opened
    for number, rule in rules(recharges, grants, pools):
        found[number].rule, found[number].is_unpriced = rule, rule is None
    for each in found:
        each.renew(until)
    return found


def _standing(grants: pl.DataFrame, now: datetime) -> pl.DataFrame:
    month = midnight(now).replace(day=1)
    stands = pl.col("status").is_in([GrantStatus.ACTIVE.value, GrantStatus.SCHEDULED.value])
    is_left = pl.col("amount") != pl.col("consumed_amount")
    recurs = pl.col("grant_type") == GrantType.RECURRING.value
    is_of_cap = pl.col("is_recharge") & (pl.col("created_at") >= month)
    return (
        grants.filter((stands & (is_left | recurs)) | is_of_cap)
        .with_columns(
            pl.col("priority").fill_null(DEFAULT_PRIORITY), pl.col("is_recharge").fill_null(False)
        )
        .select("pool", *GRANT)
    )


def _grant(row: Row) -> Grant:
    grant_id, kind, amount, effective_at, created_at, expire_at, priority, *rest = row
    grant = Grant(grant_id, TYPES[kind], amount, effective_at, created_at, expire_at, priority)
    grant.consumed, status, cost, grant.is_recharge = rest
    grant.status, grant.cost = STATUSES[status], cost or NONE
    return grant


def rules(
    recharges: pl.DataFrame, grants: pl.DataFrame, pools: pl.DataFrame
) -> Iterator[tuple[int, RechargeRule | None]]:
    """The enabled rules by pool; None for a rule of which nobody knows what a credit costs."""
    enabled = recharges.filter("is_enabled").with_columns(
        pl.lit(None, pl.String).alias("resource_id")
    )
    priced = numbered(enabled, pools).join(prices(grants), on="pool", how="left")
    for row in priced.iter_rows(named=True):
        yield row["pool"], _rule(row) if row["paid"] is not None else None


def prices(grants: pl.DataFrame) -> pl.DataFrame:
    """pool, paid, bought: US dollars and credits of its latest recharge, or latest purchase."""
    was_paid = (
        (pl.col("cost_amount") > 0)
        & (pl.col("amount") > 0)
        & (pl.col("cost_currency") == "USD")
        & (pl.col("grant_type") == GrantType.PAID.value)
    )
    return (
        grants.filter(was_paid)
        .sort("is_recharge", "created_at", "grant_id", descending=[True, True, False])
        .unique("pool", keep="first", maintain_order=True)
        .select("pool", paid="cost_amount", bought="amount")
    )


def _rule(row: dict[str, Any]) -> RechargeRule:
    return RechargeRule(
        threshold=row["threshold_value"],
        target=row["target_balance"],
        unit_price=unit_price(row["paid"], row["bought"]),
        threshold_type=ThresholdType(row["threshold_type"]),
        monthly_cap=row["max_spend_limit"],
        expiration=Expiration(row["grant_expiration_period"]),
    )
