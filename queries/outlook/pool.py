"""The outlook of one pool."""

from datetime import datetime

import polars as pl

from data.credits.fleet import exact, time_of
from data.credits.grants import NONE
from queries.outlook.asked import HORIZON
from queries.outlook.coming import NO_GRANTS, Coming, coming, spread
from queries.outlook.pools import GRANT, named
from queries.outlook.results import DAYS, LAPSES, RECHARGES, PoolOutlook, RunOut, Status
from queries.recharge import SCHEMA as SETTINGS

USES = ("low", "expected", "high")
NOTHING = Coming(("", None), RunOut(Status.UNKNOWN, NONE, sentence=NO_GRANTS), [])


def pool_outlook(
    use: pl.DataFrame,
    grants: pl.DataFrame,
    recharge: pl.DataFrame | None,
    *,
    now: datetime,
    horizon: int = HORIZON,
) -> PoolOutlook:
    """Daily use as expected, with its band, run through the pool's grants as they stand now.

    use: the answer of `daily_use(...)`, with or without a row for a day without use: `bucket`,
    `credits`. grants: as `Grants` answers. recharge: as `Recharge` answers; None where the pool
    can have none (a resource's). now: the time of the data (`Answer.as_of`), naive UTC.
    """
    settings = SETTINGS.to_frame() if recharge is None else recharge
    prospects = coming(named(use), named(grants), named(settings), now, horizon)
    pool = next(prospects, NOTHING)
    return PoolOutlook(
        pool.run_out,
        _days(pool),
        _lapses(pool),
        _recharges(pool),
        pool.recharge_note,
        _renewal_note(pool),
    )


def _renewal_note(pool: Coming) -> str:
    if not pool.courses or not pool.renewals:
        return ""
    counted = f"{pool.renewals} renewals are" if pool.renewals > 1 else "one renewal is"
    return (
        "Recurring grants are expected to come again unchanged when they end: "
        f"{counted} counted in."
    )


def _days(pool: Coming) -> pl.DataFrame:
    if not pool.courses:
        return DAYS.to_frame()
    times = pool.courses[0].flow.times[1:]
    uses = zip(*(each.flow.used[1:] for each in pool.courses), strict=True)
    lefts = zip(*(each.left() for each in pool.courses), strict=True)
    rows = [
        (time_of(at), *map(exact, used), *spread(left))
        for at, used, left in zip(times, uses, lefts, strict=True)
    ]
    return pl.DataFrame(rows, DAYS, orient="row")


def _lapses(pool: Coming) -> pl.DataFrame:
    if not pool.courses:
        return LAPSES.to_frame()
    end = time_of(pool.courses[0].flow.times[-1])
    grants = [dict(zip(GRANT, row, strict=True)) for row in pool.rows]
    rows = [
        (
            grant["grant_id"],
            grant["expire_at"],
            grant["amount"] - grant["consumed_amount"],
            *pool.lapses(grant["grant_id"]),
        )
        for grant in grants
        if grant["expire_at"] is not None and grant["expire_at"] <= end
    ]
    return pl.DataFrame(rows, LAPSES, orient="row").sort("expire_at", "grant_id")


def _recharges(pool: Coming) -> pl.DataFrame:
    rows = [
        (use, bought.at, bought.credits, bought.cost)
        for use, each in zip(USES, pool.courses, strict=False)
        for bought in each.bought
    ]
    return pl.DataFrame(rows, RECHARGES, orient="row")
