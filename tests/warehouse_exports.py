"""Warehouse exports of a company's tables, in the two layouts, as files of each format."""

from pathlib import Path

import polars as pl

from data.tables import Tables


def consumption(tables: Tables) -> pl.DataFrame:
    """A row for each event, feature and grant that paid for it."""
    events = tables["usage_events"].select(
        "event_id", "feature_id", event_timestamp="occurred_at", total_cost="credits"
    )
    paid = tables["ledger"].filter(pl.col("event_type") == "CREDITS_CONSUMED")
    return paid.join(events, on=["event_id", "feature_id"], nulls_equal=True).select(
        "customer_id",
        "resource_id",
        "event_id",
        "feature_id",
        "total_cost",
        "event_timestamp",
        environment_id=pl.lit("production"),
        partial_cost=-pl.col("amount"),
        credit_grant_id="grant_id",
        credit_currency_id="currency_id",
        consumption_timestamp="occurred_at",
        created_at="occurred_at",
    )


def grants(tables: Tables) -> pl.DataFrame:
    """A row for each grant, as it is now."""
    told = tables["grants"].rename({"grant_id": "id", "currency_id": "credit_currency_id"})
    return told.with_columns(
        account_id=pl.lit("account"),
        environment_id=pl.lit("production"),
        updated_at=pl.col("updated_at").fill_null(pl.col("created_at")),
        automatic_recharge_configuration_id=pl.when("is_recharge").then(pl.lit("configuration")),
    ).drop("is_recharge")


def written(frame: pl.DataFrame, path: Path) -> Path:
    """The file, in the format of its suffix."""
    match path.suffix:
        case ".csv":
            frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S%.6f UTC")
        case ".parquet":
            frame.write_parquet(path)
        case ".jsonl":
            times = pl.selectors.datetime()
            frame.with_columns(times.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).write_ndjson(path)
        case ".arrow":
            frame.write_ipc(path)
    return path
