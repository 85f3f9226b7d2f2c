"""A fleet's year as an extract, ledger and all, made to any size: what the bench prices anew."""

from datetime import timedelta

import numpy as np
import polars as pl

from data.credits.replay import Replay, replay
from data.tables import SCHEMAS, Tables
from tests import fleets

CURRENCY, FEATURE, KEY = "ai-tokens", "chat", "model"
END = fleets.START + timedelta(days=365)
MODELS = 12


def tables(count: int, pools: int) -> Tables:
    """`count` events of so many customers, each with its model and tokens, burned as charged."""
    rng = np.random.default_rng(1)
    granted, burned = fleets.grants(pools, rng), fleets.events(count, pools, rng)
    result = replay(granted, burned, until=END)
    customers = pl.DataFrame({"customer_id": pl.int_range(pools, eager=True)})
    return {
        "customers": _fit("customers", customers.select(pl.format("customer-{}", "customer_id"))),
        "currencies": _fit("currencies", pl.DataFrame({"currency_id": [CURRENCY]})),
        "features": _fit("features", pl.DataFrame({"feature_id": [FEATURE]})),
        "grants": _fit("grants", _grants(result, granted)),
        "ledger": _fit("ledger", _ledger(result)),
        "usage_events": _fit("usage_events", _events(burned, rng)),
    }


def model(number: int) -> str:
    return f"model-{number}"


def _grants(result: Replay, granted: pl.DataFrame) -> pl.DataFrame:
    """As they ended; a paid credit cost two cents."""
    kept = granted.select("grant_id", "priority", "created_at")
    is_paid = pl.col("grant_type") == "PAID"
    return result.grants.join(kept, on="grant_id", how="left", maintain_order="left").with_columns(
        pl.col("created_at").fill_null(pl.col("effective_at")),
        pl.lit("USD").alias("cost_currency"),
        _customer(),
        cost_amount=pl.when(is_paid).then(pl.col("amount") / 50),
        currency_id=pl.lit(CURRENCY),
    )


def _ledger(result: Replay) -> pl.DataFrame:
    is_use = pl.col("event").is_not_null()
    return result.ledger.with_row_index("ledger_seq").with_columns(
        _customer(),
        pl.when(is_use).then(pl.format("event-{}", "event")).alias("event_id"),
        pl.when(is_use).then(pl.lit(FEATURE)).alias("feature_id"),
        result.grants["grant_id"].gather(result.ledger["grant"]),
        currency_id=pl.lit(CURRENCY),
        event_type=pl.col("entry_type").cast(pl.String),
    )


def _events(burned: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    models = pl.Series(rng.zipf(1.5, burned.height).clip(max=MODELS) - 1)
    tokens = pl.Series(rng.integers(1, 4000, burned.height)).cast(pl.String)
    return burned.with_row_index("event").select(
        _customer(),
        "occurred_at",
        "credits",
        event_id=pl.format("event-{}", "event"),
        feature_id=pl.lit(FEATURE),
        currency_id=pl.lit(CURRENCY),
        received_at=pl.col("occurred_at"),
        units=pl.lit(1),
        dimensions=pl.concat_list(
            pl.struct(key=pl.lit(KEY), value=pl.format("model-{}", models)),
            pl.struct(key=pl.lit("input_tokens"), value=tokens),
        ),
    )


def _customer() -> pl.Expr:
    return pl.format("customer-{}", "pool").alias("customer_id")


def _fit(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the table's columns; what it lacks is null."""
    held = [
        (pl.col(column) if column in frame.columns else pl.lit(None, kind).alias(column)).cast(kind)
        for column, kind in SCHEMAS[name].items()
    ]
    return frame.select(held)
