"""A whole extract in one file, from the frames of data/tables.py."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from data.extract.errors import ExtractError
from data.extract.folder import whole_file
from data.extract.layout import MOST_VALUES, PROMOTED, lay
from data.extract.ledger_file import lay_ledger
from data.extract.metadata import Metadata, write_metadata
from data.extract.statements import schema, statement
from data.tables import SCHEMAS, Tables, empty


def write(
    tables: Tables, path: Path, *, source: str, cut_off: datetime, loaded_at: datetime
) -> None:
    """Make `path` an extract of the tables; a table that is left out is empty.

    Times are naive UTC; an event without `received_at` counts as loaded at `loaded_at`. `path`
    appears, or is replaced, in one step; the files of its events and its ledger are beside it.
    Raises ExtractError if a row names a customer, resource, feature or currency that its table
    lacks, or lacks what it must have.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as connection:
        _fill(connection, path.parent, tables, Metadata(source, cut_off, loaded_at))


def _fill(
    connection: duckdb.DuckDBPyConnection, folder: Path, tables: Tables, metadata: Metadata
) -> None:
    connection.execute(schema())
    for name in SCHEMAS:
        connection.register(f"given_{name}", _frame(name, tables, metadata.loaded_at))
    try:
        keys = _most_used(connection)
        connection.execute("set variable promoted = $keys", {"keys": list(keys)})
        for name in ("known", "load", "fill_grants"):
            connection.execute(statement(name))
        lay(connection, folder, keys)
        if not tables.get("ledger", empty("ledger")).is_empty():
            lay_ledger(connection, folder)
    except duckdb.Error as error:
        raise ExtractError(f"The tables do not make an extract: {error}") from None
    write_metadata(connection, replace(metadata, promoted_keys=keys))


def _most_used(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    given = {"most_values": MOST_VALUES, "promoted": PROMOTED}
    found = connection.execute(statement("most_used_keys"), given).fetchall()
    return tuple(key for (key,) in found)


def _frame(name: str, tables: Tables, loaded_at: datetime) -> pl.DataFrame:
    frame = tables.get(name, empty(name))
    if name != "usage_events":
        return frame
    if "events" not in frame.columns:
        frame = frame.with_columns(events=pl.lit(1))
    return frame.with_columns(pl.col("received_at").fill_null(loaded_at))
