"""A fleet of pools with a year of grants and events, made to any size: what the bench replays.

And the same fleet as it stands at a moment of that year: what the bench looks ahead from.
"""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from queries.recharge import SCHEMA as SETTINGS

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


def standing(
    grants: pl.DataFrame, events: pl.DataFrame, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(use, grants, recharges) as `fleet_outlook` takes them; every tenth pool recharges."""
    named = {
        "customer_id": pl.format("customer-{}", "pool"),
        "resource_id": pl.lit(None, pl.String),
    }
    use = (
        events.filter(pl.col("occurred_at") < now)
        .group_by(**named, bucket=pl.col("occurred_at").dt.truncate("1d"))
        .agg(pl.col("credits").cast(pl.Decimal(38, 6)).sum())
    )
    has_begun = pl.col("effective_at") <= now
    status = (
        pl.when(pl.col("expire_at") <= now)
        .then(pl.lit("EXPIRED"))
        .when(has_begun)
        .then(pl.lit("ACTIVE"))
        .otherwise(pl.lit("SCHEDULED"))
    )
    half = pl.when(has_begun).then(pl.col("amount") / 2).otherwise(0).cast(pl.Decimal(18, 6))
    held = grants.with_columns(
        **named, status=status, consumed_amount=half, cost_amount="amount",
        cost_currency=pl.lit("USD"), is_recharge=pl.lit(False),
    )  # fmt: skip
    return use, held, _recharges(held, now)


def _recharges(grants: pl.DataFrame, now: datetime) -> pl.DataFrame:
    customers = grants["customer_id"].unique(maintain_order=True).gather_every(10)
    rule = (True, "CreditAmount", 20, 100, None, "OneYear", 0, now, now)
    return pl.DataFrame(
        [(customer, *rule) for customer in customers],
        {"customer_id": pl.String, **SETTINGS},
        orient="row",
    )
