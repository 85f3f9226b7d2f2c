"""The Azure LLM inference traces of 2023 as events: real requests with their token counts."""

from pathlib import Path

import polars as pl

CUSTOMER = "azure-llm"
PLAN = "plan-llm-traces"
CURRENCY = "ai-tokens"
SERVICES = {"code": "llm_code_request", "conv": "llm_conversation_request"}
"""file → the event that its requests are reported as; the catalogue meters each to a feature."""
SIZES = (512, 1024, 2048, 4096)
SIZE_NAMES = ("under 512", "512 to 1023", "1024 to 2047", "2048 to 4095", "4096 and more")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S%.6f"


class TracesError(ValueError):
    """Traces that cannot be read; the message is the sentence to show."""


def read_traces(folder: Path) -> pl.DataFrame:
    """One row per request of `code.csv` and `conv.csv`, in the order of the files.

    Columns: event_id, customer_id, event_name, timestamp (naive UTC), service, size_class (of
    the prompt, in tokens), context_tokens, generated_tokens. Ids are the file and the row.
    """
    return pl.concat(_requests(folder / f"{file}.csv", file) for file in SERVICES)


def _requests(path: Path, file: str) -> pl.DataFrame:
    if not path.exists():
        raise TracesError(f"{path} is missing: the folder must hold code.csv and conv.csv.")
    tokens = pl.col("ContextTokens")
    return (
        pl.read_csv(path)
        .with_row_index("row", offset=1)
        .select(
            pl.format("azure-{}-{}", pl.lit(file), "row").alias("event_id"),
            pl.lit(CUSTOMER).alias("customer_id"),
            pl.lit(SERVICES[file]).alias("event_name"),
            # Seven decimals are written, of which the last is always 0.
            pl.col("TIMESTAMP").str.slice(0, 26).str.to_datetime(TIME_FORMAT).alias("timestamp"),
            pl.lit(file).alias("service"),
            tokens.cut(SIZES, labels=SIZE_NAMES, left_closed=True)
            .cast(pl.String)
            .alias("size_class"),
            tokens.alias("context_tokens"),
            pl.col("GeneratedTokens").alias("generated_tokens"),
        )
    )
