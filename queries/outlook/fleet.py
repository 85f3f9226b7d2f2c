"""The outlook of all pools at once."""

from datetime import datetime

import polars as pl

from queries.outlook.asked import HORIZON


def fleet_outlook(
    use: pl.DataFrame,
    grants: pl.DataFrame,
    recharges: pl.DataFrame,
    *,
    now: datetime,
    horizon: int = HORIZON,
) -> pl.DataFrame:
    """When each pool runs out and what of it lapses, as `pool_outlook` says it one by one.

    use: `customer_id`, `resource_id` (null for the customer-level pool), `bucket` (days of UTC in
    `use_span(now)`), `credits`. grants: `customer_id`, `resource_id`, and of `Grants` `grant_id`,
    `grant_type`, `status`, `amount`, `consumed_amount`, `cost_amount`, `priority`,
    `effective_at`, `expire_at`, `created_at`, `is_recharge`; ended ones may be left out but for
    those that an auto-recharge or a customer paid for last. recharges: `customer_id` and the
    columns of `Recharge`.

    Answer, a row for each pool with grants or use, as in `results.POOLS`: `customer_id`,
    `resource_id`, `balance`, `status` (the values of `Status`), `earliest`, `expected`, `latest`
    (null beyond the horizon), `lapse_low`, `lapse`, `lapse_high` (credits that lapse within the
    horizon; null without a forecast), `recharges`, `recharge_cost` (with expected use),
    `sentence`. Soonest expected first: those out or in overdraft, then by `expected`, `earliest`.
    """
    raise NotImplementedError
