"""JSON lines of warehouse exports as Parquet: each line is parsed once, all values are texts."""

import json
import os
from collections.abc import Collection
from pathlib import Path

import duckdb
import pyarrow as pa

from data.extract.parts import quoted
from data.extract.plain_rows import Source, named
from data.extract.spool import ROW, lines

EXACT = 16
"""A fraction that is written with more characters may be more than a float can hold."""
LARGE = "-?[0-9]{20,}|-?[0-9.]+e[+-]?[0-9]+"


def spooled_json(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    path: Path,
    columns: Collection[str],
    spool: Path,
) -> Source:
    """The file as Parquet, which is there from then on.

    A line that is no JSON object, or has a number that only Python reads exactly, has no values.
    """
    parquet = spool / f"{number}.parquet"
    if not parquet.exists():
        part = parquet.with_name(f"{parquet.name}.part")
        schema = pa.schema([(ROW, pa.int64()), ("line", pa.string())])
        read = pa.RecordBatchReader.from_batches(schema, lines(path, schema))
        connection.register("lines", read)
        try:
            connection.execute(
                f"copy ({_values(columns)}) to {quoted(str(part))} "
                "(format parquet, compression lz4)"
            )
        finally:
            connection.unregister("lines")
        os.replace(part, parquet)
    return Source(number, path, parquet, dict.fromkeys(columns, "VARCHAR"), ROW)


def _values(columns: Collection[str]) -> str:
    shape = quoted(json.dumps(dict.fromkeys(columns, "VARCHAR")))
    exact = " and ".join(f"coalesce({_is_exact(f'told.{named(name)}')}, true)" for name in columns)
    values = ", ".join(
        f"case when is_exact then told.{named(name)} end as {named(name)}" for name in columns
    )
    return (
        f"with parsed as (select {ROW}, case when json_valid(line) and json_type(line) = 'OBJECT' "
        f"then json_transform(line, {shape}) end as told from lines),\n"
        f"checked as (select *, {exact} as is_exact from parsed)\n"
        f"select {ROW}, {values} from checked"
    )


def _is_exact(text: str) -> str:
    """Whether the text, if it was a number, says all of it."""
    return (
        f"(length({text}) <= {EXACT} or not regexp_full_match({text}, '-?[0-9]+[.][0-9]+'))"
        f" and not regexp_full_match({text}, '{LARGE}')"
    )
