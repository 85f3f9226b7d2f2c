"""The outlook of all pools at once."""

from datetime import datetime
from decimal import Decimal

import polars as pl

from data.credits.grants import NONE
from queries.outlook.asked import HORIZON
from queries.outlook.coming import Coming, coming, spread
from queries.outlook.pools import ID
from queries.outlook.results import KEYS, POOLS, Status


def fleet_outlook(
    use: pl.DataFrame,
    grants: pl.DataFrame,
    recharges: pl.DataFrame,
    *,
    now: datetime,
    horizon: int = HORIZON,
) -> pl.DataFrame:
    """When each pool runs out and what of it lapses, as `pool_outlook` says it one by one.

    All frames are of one currency. use: `customer_id`, `resource_id` (null for the customer-level
    pool), `bucket` (days of UTC in `use_span(now)`), `credits`. grants: `customer_id`,
    `resource_id`, and of what `Grants` answers at least `grant_id`, `grant_type`, `status`,
    `amount`, `consumed_amount`, `cost_amount`, `cost_currency`, `priority`, `effective_at`,
    `expire_at`, `created_at`, `is_recharge`. recharges: `customer_id` and the columns of
    `Recharge`.

    Answer, a row for each pool with grants or use, as in `results.POOLS`: `customer_id`,
    `resource_id`, `balance`, `status` (the values of `Status`), `earliest`, `expected`, `latest`
    (null beyond the horizon), `lapse_low`, `lapse`, `lapse_high` (credits that lapse within the
    horizon; null without a forecast), `recharges`, `recharge_cost` (with expected use),
    `sentence`. Soonest expected first: those out or in overdraft, then by `expected`, `earliest`.
    """
    found = pl.DataFrame(
        [_row(pool) for pool in coming(use, grants, recharges, now, horizon)], POOLS, orient="row"
    )
    is_out = pl.col("status").is_in([Status.OUT.value, Status.OVERDRAFT.value])
    owed = pl.when(is_out).then("balance")
    return found.sort(~is_out, owed, "expected", "earliest", *KEYS, nulls_last=True)


def run_outs(
    use: pl.DataFrame, grants: pl.DataFrame, recharges: pl.DataFrame, *, now: datetime
) -> pl.DataFrame:
    """When each pool runs out with the expected use: the keys, `status` and `expected` of it.

    Frames as `fleet_outlook` takes them, which tells of the range too.
    """
    found = coming(use, grants, recharges, now, HORIZON, is_expected_only=True)
    rows = [(*pool.key, pool.run_out.status.value, pool.run_out.expected) for pool in found]
    schema = {name: POOLS[name] for name in (*KEYS, "status", "expected")}
    return pl.DataFrame(rows, schema, orient="row")


def _row(pool: Coming) -> tuple[object, ...]:
    run_out = pool.run_out
    lapses: tuple[Decimal | None, ...] = (None,) * 3
    if pool.courses:
        ids = [row[ID] for row in pool.rows]
        lost = [sum((each.lapsed.get(name, NONE) for name in ids), NONE) for each in pool.courses]
        lapses = spread(lost)
    bought = pool.courses[1].bought if pool.courses else ()
    return (
        *pool.key,
        run_out.balance,
        run_out.status.value,
        run_out.earliest,
        run_out.expected,
        run_out.latest,
        *lapses,
        len(bought),
        sum((each.cost for each in bought), NONE),
        " ".join(filter(None, (run_out.sentence, pool.recharge_note))),
    )
