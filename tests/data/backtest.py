"""The back-test of the forecast: how often its range held what came later.

Each pool is asked at many past moments, a week apart, with what was known then and nothing else.
"""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import polars as pl

from data.credits.forecast import HISTORY, LEAST, forecasts
from queries.outlook import pools

YEAR = 364
WEEK = 7
AHEAD = (7, 14, 30, 60, 90)
"""Days for which the total is compared."""
POOL = ["customer_id", "resource_id"]


def daily_use(events: pl.DataFrame) -> pl.DataFrame:
    """Use by days of UTC, as `fleet_outlook` takes it, of the events of one currency."""
    return events.group_by(*POOL, bucket=pl.col("occurred_at").dt.truncate("1d")).agg(
        pl.col("credits").cast(pl.Decimal(38, 6)).sum()
    )


def held(events: pl.DataFrame, now: datetime) -> Mapping[int, float]:
    """Days ahead → the share of (pool, moment) whose later use was within the range.

    Counts only where there was a forecast: at least 28 days of use by that moment.
    """
    use = daily_use(events)
    days = pools.daily(use, pools.listed(use), now, YEAR)
    shares = {}
    for ahead in AHEAD:
        counts = []
        for moment in range(YEAR - ahead, HISTORY, -WEEK):
            said = forecasts(days[:, :moment], ahead)
            truth = np.rint(days[:, moment : moment + ahead].sum(axis=1) * 1e6)
            has_held = (said.low[:, -1] <= truth) & (truth <= said.high[:, -1])
            counts.append(has_held[said.days >= LEAST])
        shares[ahead] = float(np.concatenate(counts).mean())
    return shares
