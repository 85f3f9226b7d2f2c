"""What the same method said some time ago, and how far off it was."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from queries.outlook.asked import DAYS_AGO, HORIZON
from queries.outlook.results import Said


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
    nobody knows what the grants held then, and `Said.run_out` is None.
    """
    raise NotImplementedError


def rewound(grants: pl.DataFrame, movements: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The grants of a pool as they stood at that time; columns as given.

    grants: as `Grants` answers. movements: as `Statement` answers, with a cut at that time.
    """
    raise NotImplementedError
