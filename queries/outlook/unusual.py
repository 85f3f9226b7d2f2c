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
    since = until - days * DAY
    use = use if "customer_id" in use.columns else pools.named(use)
    names = pools.listed(use)
    said = forecasts(pools.daily(use, names, since, HISTORY), days, claim=SURE)
    last = days - 1
    ranges = names.with_columns(
        pl.Series("history", said.days),
        _credits("usual", said.expected[:, last]),
        _credits("usual_low", said.low[:, last]),
        _credits("usual_high", said.high[:, last]),
        since=pl.lit(since),
        until=pl.lit(until),
    )
    sums = (
        pools.numbered(use.filter(pl.col("bucket") >= since, pl.col("bucket") < until), names)
        .group_by("pool")
        .agg(pl.col("credits").sum())
    )
    credits, usual = pl.col("credits").cast(pl.Float64), pl.col("usual").cast(pl.Float64)
    width = pl.col("usual_high").cast(pl.Float64) - usual
    return (
        ranges.join(sums, on="pool", how="left")
        .with_columns(pl.col("credits").fill_null(0))
        .filter(
            pl.col("history") >= LEAST,
            ~pl.col("credits").is_between("usual_low", "usual_high"),
        )
        .with_columns(times=pl.when(usual > 0).then(credits / usual))
        .sort((credits - usual).abs() / width, *KEYS, descending=[True, False, False])
        .select(UNUSUAL.names())
        .cast(UNUSUAL)
    )


def _credits(name: str, millionths: Whole) -> pl.Series:
    return pl.Series(name, map(exact, millionths.tolist()), CREDITS_SUM)
