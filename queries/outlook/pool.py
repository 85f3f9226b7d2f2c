"""The outlook of one pool."""

from datetime import datetime

import polars as pl

from queries.outlook.asked import HORIZON
from queries.outlook.results import PoolOutlook


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
    raise NotImplementedError
