"""A fleet of pools with a year of grants and events, made to any size: what the bench replays."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2025, 6, 1)
YEAR = 365 * 24 * 3600


def grants(pools: int, rng: np.random.Generator) -> pl.DataFrame:
    """Twelve for each pool, as the demo has: eight periods of a plan, two offers, two purchases."""
    begins = [START + timedelta(days=45 * n) for n in range(9)]
    plan = [("RECURRING", 50, begins[n], begins[n + 1]) for n in range(8)]
    frame = pl.DataFrame(
        [
            (pool, *kind, int(rng.integers(20, 120)))
            for pool in range(pools)
            for kind in (*plan, *_bought(rng))
        ],
        ["pool", "grant_type", "priority", "effective_at", "expire_at", "amount"],
        orient="row",
    )
    return frame.with_columns(
        pl.col("amount").cast(pl.Decimal(18, 6)),
        pl.col("effective_at").alias("created_at"),
        grant_id=pl.format("grant-{}", pl.row_index()),
        status=pl.lit("ACTIVE"),
        voided_at=pl.lit(None, pl.Datetime("us")),
    )


def _bought(rng: np.random.Generator) -> list[tuple[str, int, datetime, datetime | None]]:
    def day() -> datetime:
        return START + timedelta(days=float(rng.uniform(0, 330)))

    promotions = [("PROMOTIONAL", 40, at, at + timedelta(days=60)) for at in (day(), day())]
    return [*promotions, *(("PAID", 50, day(), None) for _ in range(2))]


def events(count: int, pools: int, rng: np.random.Generator) -> pl.DataFrame:
    """Events of a year, few pools with many and many with few, in the order of their time."""
    share = rng.zipf(1.6, pools).clip(max=300).astype(float)
    counts = np.floor(share / share.sum() * count).astype(int)
    counts[: count - counts.sum()] += 1
    pool = np.repeat(np.arange(pools), counts)
    seconds = rng.integers(0, YEAR, len(pool))
    order = np.lexsort((seconds, pool))
    return pl.DataFrame(
        {
            "pool": pool[order],
            "occurred_at": pl.Series(seconds[order] * 1_000_000).cast(pl.Duration("us")) + START,
            "credits": pl.Series(rng.integers(1, 3_000_000, len(pool))).cast(pl.Decimal(18, 0)),
        }
    ).with_columns((pl.col("credits") / 1_000_000).cast(pl.Decimal(18, 6)))
