"""A customer with a ledger of any length, made at once: what the bench turns the pages of."""

from datetime import datetime

import polars as pl

from data.credits.pool import EntryType
from data.tables import SCHEMAS, Tables

CUSTOMER, CURRENCY = "customer-long", "ai-tokens"
START = datetime(2024, 1, 1)
SECONDS_BETWEEN = 30
PER_GRANT = 10_000
"""Ledger rows of one grant: that it was granted, and the events that used it up."""


def tables(count: int) -> Tables:
    """One customer-level pool with `count` ledger rows and as good as as many events."""
    ledger = _ledger(count)
    return {
        "customers": _frame("customers", [(CUSTOMER, "Long Ledger", None, START)]),
        "currencies": _frame(
            "currencies", [(CURRENCY, "AI Tokens", None, "token", "tokens", "ACTIVE")]
        ),
        "features": _frame(
            "features", [("chat", "Chat", "NUMBER", "Incremental", None, None, START)]
        ),
        "grants": _grants(ledger),
        "ledger": ledger,
        "usage_events": _events(ledger),
    }


def _ledger(count: int) -> pl.DataFrame:
    seq = pl.col("ledger_seq")
    number = (seq - 1) // PER_GRANT
    is_grant = (seq - 1) % PER_GRANT == 0
    used = pl.when(~is_grant)
    return (
        pl.DataFrame({"ledger_seq": pl.int_range(1, count + 1, eager=True)})
        .with_columns(
            customer_id=pl.lit(CUSTOMER),
            currency_id=pl.lit(CURRENCY),
            resource_id=pl.lit(None),
            event_type=used.then(pl.lit(EntryType.CONSUMED.value)).otherwise(
                pl.lit(EntryType.GRANTED.value)
            ),
            amount=used.then(-1).otherwise(PER_GRANT - 1),
            grant_id=pl.format("grant-{}", number),
            event_id=used.then(pl.format("event-{}", seq)),
            feature_id=used.then(pl.lit("chat")),
            occurred_at=START + pl.duration(seconds=seq * SECONDS_BETWEEN),
        )
        .select(SCHEMAS["ledger"].names())
        .cast(SCHEMAS["ledger"])
    )


def _grants(ledger: pl.DataFrame) -> pl.DataFrame:
    granted = pl.col("event_type") == EntryType.GRANTED.value
    began = pl.col("occurred_at").filter(granted).first()
    return _filled(
        "grants",
        ledger.group_by("grant_id", "customer_id", "currency_id", maintain_order=True).agg(
            amount=pl.col("amount").filter(granted).first(),
            consumed_amount=-pl.col("amount").filter(~granted).sum(),
            effective_at=began,
            created_at=began,
            updated_at=began,
            display_name=pl.lit("Top-up"),
            grant_type=pl.lit("PAID"),
            status=pl.lit("ACTIVE"),
            cost_amount=pl.lit(0),
            cost_currency=pl.lit("USD"),
            payment_collection=pl.lit("NOT_REQUIRED"),
            priority=pl.lit(50),
            is_recharge=pl.lit(False),
        ),
    )


def _events(ledger: pl.DataFrame) -> pl.DataFrame:
    used = ledger.filter(pl.col("event_id").is_not_null())
    return _filled(
        "usage_events",
        used.with_columns(
            received_at="occurred_at", units=pl.lit(1), credits=-pl.col("amount")
        ).with_columns(dimensions=pl.lit([], SCHEMAS["usage_events"]["dimensions"])),
    )


def _filled(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of the table, null where the frame has none."""
    schema = SCHEMAS[table]
    missing = [pl.lit(None).alias(name) for name in schema.names() if name not in frame.columns]
    return frame.with_columns(missing).select(schema.names()).cast(schema)


def _frame(table: str, rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, SCHEMAS[table], orient="row")
