"""What a ledger holds, put into the buckets of a statement."""

import polars as pl

from queries.statement import SCHEMA, Statement

BY = [name for name in SCHEMA.names() if name not in ("amount", "last_at")]


def in_buckets(rows: pl.DataFrame, question: Statement) -> pl.DataFrame:
    """The answer to `Statement`, out of rows with its columns but for the bucket.

    `since` says instead when a row was, or began: all of it lies in one bucket.
    """
    starts = pl.DataFrame({"bucket": [*question.cuts, question.span.end]}, {"bucket": pl.Datetime})
    placed = rows.sort("since").join_asof(
        starts.with_columns(since=pl.col("bucket")), on="since", strategy="backward"
    )
    summed = placed.group_by(BY).agg(pl.col("amount").sum(), pl.col("last_at").max())
    return summed.select(SCHEMA.names()).cast(SCHEMA).sort(BY)
