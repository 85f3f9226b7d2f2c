"""The fleet's grants and ledger as Parquet, month by month, and an extract that has them too."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from data.extract.build import write
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.tables import SCHEMAS, Tables
from tests.scale.fleet import KEYS, RATES, YEAR

SPARE = Decimal(5)
MOST = 2_000_000
"""More events than this `write` should not be given: it takes frames in memory."""
LAST = datetime(YEAR, 12, 31, 23, 59, 59, 999_999)
"""Up to here the data goes: the last grants have not lapsed yet."""
CREDITS = pl.col("feature").replace_strict(
    {feature: Decimal(amount) for feature, (_, amount) in RATES.items()},
    return_dtype=pl.Decimal(18, 6),
)
"""What a unit of the event's feature costs."""
CURRENCY = pl.col("feature").replace_strict(
    {feature: currency for feature, (currency, _) in RATES.items()}, return_dtype=pl.String
)


def generate(events: list[Path], folder: Path) -> None:
    """`grants-<month>.parquet` and `ledger-<month>.parquet` of the files, in bounded memory."""
    sql, last_seq = Path(__file__).with_suffix(".sql").read_text(), 0
    with duckdb.connect() as connection:
        rates = pl.DataFrame(
            [(feature, *rate) for feature, rate in RATES.items()],
            ["feature", "currency_id", "amount"],
            orient="row",
        ).with_columns(pl.col("amount").cast(pl.Decimal(18, 6)))
        connection.register("rates", rates)
        for month in range(1, 13):
            start, end = datetime(YEAR, month, 1), datetime(YEAR + month // 12, month % 12 + 1, 1)
            files = [str(path) for path in events if f"-{YEAR}-{month:02}-" in path.name]
            given = {
                "files": files, "start": start, "end": end, "is_last": month == 12,
                "spare": SPARE, "last_seq": last_seq,
            }  # fmt: skip
            for statement in connection.extract_statements(sql):
                names = statement.named_parameters
                connection.execute(statement, {name: given[name] for name in names})
            for name in ("grants", "ledger"):
                path = folder / f"{name}-{month:02}.parquet"
                connection.execute(f"copy month_{name} to '{path}' (format parquet)")
            [(last_seq,)] = connection.execute(
                "select max(ledger_seq) from month_ledger"
            ).fetchall()


def load(events: list[Path], made: Path, folder: Path) -> None:
    """Publish an extract with everything: frames in memory, so of up to MOST events."""
    write(_tables(events, made), folder / STAGING, source="a fleet", cut_off=LAST, loaded_at=LAST)
    publish(folder)


def _tables(events: list[Path], made: Path) -> Tables:
    used = _events(events)
    pools = used.select("customer_id", "resource_id").unique()
    frames = {
        "customers": pools.select("customer_id").unique().with_columns(name="customer_id"),
        "resources": pools.filter(pl.col("resource_id").is_not_null()),
        "currencies": pl.DataFrame({"currency_id": sorted({c for c, _ in RATES.values()})}),
        "features": pl.DataFrame({"feature_id": list(RATES)}),
        "grants": pl.read_parquet(made / "grants-*.parquet"),
        "ledger": pl.read_parquet(made / "ledger-*.parquet"),
        "usage_events": used,
    }
    return {name: _fit(name, frame) for name, frame in frames.items()}


def _events(files: list[Path]) -> pl.DataFrame:
    def pair(key: str) -> pl.Expr:
        is_there = pl.col(key).is_not_null()
        return pl.when(is_there).then(pl.struct(key=pl.lit(key), value=pl.col(key)))

    pairs = SCHEMAS["usage_events"]["dimensions"]
    return pl.read_parquet(files).select(
        pl.col("units"),
        event_id="id",
        customer_id="customer",
        resource_id="resource",
        feature_id="feature",
        currency_id=CURRENCY,
        occurred_at="time",
        received_at="received",
        credits=(pl.col("units") * CREDITS).cast(pl.Decimal(18, 6)),
        dimensions=pl.concat_list(
            pl.concat_list(*map(pair, KEYS)).list.drop_nulls(), pl.col("rest").cast(pairs)
        ),
    )


def _fit(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the table's columns; what it lacks is null."""
    held = [
        (pl.col(column) if column in frame.columns else pl.lit(None, kind).alias(column)).cast(kind)
        for column, kind in SCHEMAS[name].items()
    ]
    return frame.select(held)
