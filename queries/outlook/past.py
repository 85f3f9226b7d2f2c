"""What the same method said some time ago, and how far off it was."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import polars as pl

from data.credits.fleet import exact
from data.credits.forecast import HISTORY, forecasts
from data.credits.grants import GrantStatus
from data.credits.pool import EntryType
from queries.outlook import pools
from queries.outlook.asked import DAY, DAYS_AGO, HORIZON, midnight
from queries.outlook.coming import UNUSED, why_silent
from queries.outlook.pool import pool_outlook
from queries.outlook.results import Said

BURNED = [
    EntryType.CONSUMED.value,
    EntryType.TRANSFER_SOURCE.value,
    EntryType.TRANSFER_TARGET.value,
]
"""What changes how much of a grant is consumed."""


def hindsight(
    use: pl.DataFrame,
    grants: pl.DataFrame,
    recharge: pl.DataFrame | None,
    movements: pl.DataFrame | None = None,
    *,
    now: datetime,
    days_ago: Sequence[int] = DAYS_AGO,
    horizon: int = HORIZON,
) -> tuple[Said, ...]:
    """For each of `days_ago` what the method said then of the use up to today's midnight of UTC.

    use, grants, recharge, now: as `pool_outlook` takes them. movements: as `Statement` answers by
    days of UTC over `use_span(now)`: `bucket`, `grant_id`, `event_type`, `amount`; without them
    nobody knows what the grants held then, and `Said.run_out` is None. An auto-recharge whose
    settings have changed since is left out of it.
    """
    until = midnight(now)

    def said(days: int) -> Said:
        at = until - days * DAY
        run_out = None
        if movements is not None:
            then, rule = rewound(grants, movements, at), _unchanged(recharge, at)
            run_out = pool_outlook(use, then, rule, now=at, horizon=horizon).run_out
        since = use.filter(pl.col("bucket") >= at, pl.col("bucket") < until)
        actual = Decimal(since["credits"].sum() or 0)
        told = _told(use, grants, at, days)
        if isinstance(told, str):
            return Said(days, at, until, actual, run_out=run_out, sentence=told)
        return Said(days, at, until, actual, *told, run_out=run_out)

    return tuple(said(days) for days in days_ago)


def _told(
    use: pl.DataFrame, grants: pl.DataFrame, at: datetime, days: int
) -> tuple[Decimal, Decimal, Decimal] | str:
    """Low, expected and high use of the days after `at`; or why nothing was said."""
    use, began = pools.named(use), grants["effective_at"].min()
    credits = pools.daily(use, pools.listed(use), at, HISTORY)
    if not len(credits):
        return UNUSED
    said = forecasts(credits, days)
    opened = began if isinstance(began, datetime) else at
    silence = why_silent(int(said.days[0]), opened, at)
    if silence:
        return silence
    low, expected, high = (exact(int(each[0, -1])) for each in (said.low, said.expected, said.high))
    return low, expected, high


def _unchanged(recharge: pl.DataFrame | None, at: datetime) -> pl.DataFrame | None:
    """The auto-recharge of that time, as far as it is known: the settings not changed since."""
    return None if recharge is None else recharge.filter(pl.col("updated_at") <= at)


def rewound(grants: pl.DataFrame, movements: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The grants of a pool as they stood at that time; columns as given.

    grants: as `Grants` answers. movements: as `Statement` answers, with a cut at that time.
    """
    since = pl.col("bucket") >= at
    burned = (
        movements.filter(since, pl.col("event_type").is_in(BURNED))
        .group_by("grant_id")
        .agg(burned=pl.col("amount").sum())
    )
    return (
        grants.filter(pl.col("created_at") < at)
        .join(burned, on="grant_id", how="left", maintain_order="left")
        .with_columns(
            status=_status_at(at),
            consumed_amount=pl.col("consumed_amount") + pl.col("burned").fill_null(0),
        )
        .with_columns(voided_at=pl.when(pl.col("voided_at") < at).then("voided_at"))
        .select(grants.columns)
        .cast(grants.schema)
    )


def _status_at(at: datetime) -> pl.Expr:
    """What is written at that very moment has not been written yet."""
    return (
        pl.when(pl.col("status") == GrantStatus.PAYMENT_PENDING.value)
        .then("status")
        .when(pl.col("voided_at") < at)
        .then(pl.lit(GrantStatus.VOIDED.value))
        .when(pl.col("expire_at") < at)
        .then(pl.lit(GrantStatus.EXPIRED.value))
        .when(pl.col("effective_at") >= at)
        .then(pl.lit(GrantStatus.SCHEDULED.value))
        .otherwise(pl.lit(GrantStatus.ACTIVE.value))
    )
