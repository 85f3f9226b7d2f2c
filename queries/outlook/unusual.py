"""Use that lies outside of what was usual before."""

from datetime import datetime

import polars as pl

from data.credits.fleet import exact
from data.credits.forecast import HISTORY, LEAST, Whole, forecasts
from data.tables import CREDITS_SUM
from queries.outlook import pools
from queries.outlook.asked import DAY, midnight
from queries.outlook.results import KEYS, UNUSUAL

SURE = 0.99
"""A range of 80 of 100 would call every fifth pool unusual."""


def unusual(use: pl.DataFrame, *, now: datetime, days: int = 7) -> pl.DataFrame:
    """Pools whose use of the last `days` whole days of UTC the method would not have believed.

    use: as `fleet_outlook` or, of one pool without the first two columns, `pool_outlook` takes
    it. The range is that of the forecast made before those days, widened to hold the truth 99
    times of 100, so that of 100 pools one stands here by chance.

    Answer, the furthest outside first, as in `results.UNUSUAL`: `customer_id`, `resource_id`,
    `since`, `until`, `credits`, `usual` (expected), `usual_low`, `usual_high`, `times` (credits ÷
    usual, null where nothing was usual).
    """
    until = midnight(now)
    use = use if "customer_id" in use.columns else pools.named(use)
    names = pools.listed(use)
    credits, usual = pl.col("credits").cast(pl.Float64), pl.col("usual").cast(pl.Float64)
    width = pl.col("usual_high").cast(pl.Float64) - usual
    return (
        _ranges(use, names, until - days * DAY, days)
        .join(_used(use, names, until - days * DAY, until), on="pool", how="left")
        .with_columns(pl.col("credits").fill_null(0))
        .filter(~pl.col("credits").is_between("usual_low", "usual_high"))
        .with_columns(
            since=until - days * DAY, until=until, times=pl.when(usual > 0).then(credits / usual)
        )
        .sort((credits - usual).abs() / width, *KEYS, descending=[True, False, False])
        .select(UNUSUAL.names())
        .cast(UNUSUAL)
    )


def _ranges(use: pl.DataFrame, names: pl.DataFrame, since: datetime, days: int) -> pl.DataFrame:
    """What the method said at that time of each pool of which it could say anything."""
    said = forecasts(pools.daily(use, names, since, HISTORY), days, claim=SURE)
    ranges = names.with_columns(
        _credits("usual", said.expected[:, -1]),
        _credits("usual_low", said.low[:, -1]),
        _credits("usual_high", said.high[:, -1]),
    )
    return ranges.filter(pl.Series(said.days >= LEAST))


def _used(use: pl.DataFrame, names: pl.DataFrame, since: datetime, until: datetime) -> pl.DataFrame:
    is_within = (pl.col("bucket") >= since) & (pl.col("bucket") < until)
    used = pools.numbered(use.filter(is_within), names)
    return used.group_by("pool").agg(pl.col("credits").sum())


def _credits(name: str, millionths: Whole) -> pl.Series:
    return pl.Series(name, map(exact, millionths.tolist()), CREDITS_SUM)
