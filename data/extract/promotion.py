"""Which dimension keys an extract has columns for, and the events it has under other keys."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from data.extract.fresh import Reading
from data.extract.layout import MOST_VALUES, PROMOTED, laid
from data.extract.metadata import read_metadata, write_metadata
from data.extract.parts import Part, held_usage, read_parts, write_parts
from data.extract.plain_rows import pairs_of
from data.extract.statements import statement
from data.extract.work import PROGRESS, PROMOTION

SAMPLE = 1_000_000
"""So many rows tell the most used keys."""


def promote(connection: duckdb.DuckDBPyConnection, folder: Path, reading: Reading) -> None:
    """Choose the keys of a new extract, and anew where more events come than it has.

    Its parts are written anew if the keys change.
    """
    metadata = read_metadata(connection)
    parts = read_parts(connection)
    [(added,)] = connection.execute("select count_added from spool.ended").fetchall()
    keys = metadata.promoted_keys
    if added > sum(part.events for part in parts):
        chosen = tuple(dict.fromkeys([*_most_used(connection, reading), *keys]))[:PROMOTED]
        if set(chosen) != set(keys):
            parts = _relaid(connection, folder, keys, chosen) if parts else []
            keys = chosen
    connection.execute("begin")
    write_parts(connection, parts)
    write_metadata(connection, replace(metadata, promoted_keys=keys))
    connection.execute("drop table if exists held_values")
    connection.execute(f"insert into {PROGRESS} values (?, null)", [PROMOTION])
    connection.execute("commit")


def _most_used(connection: duckdb.DuckDBPyConnection, reading: Reading) -> tuple[str, ...]:
    """The keys of most of the first events of each file, among what the extract has."""
    limit = SAMPLE // max(len(reading.sources), 1)
    samples = [f"select dimensions from spool.odd limit {SAMPLE}"]
    samples += [
        f"select columns('dimensions|key_[0-9]+') from ({reading.plain(source)}) "
        f"where is_plain limit {limit}"
        for source in reading.sources
    ]
    union = " union all by name ".join(f"({sample})" for sample in samples)
    connection.execute(f"create or replace temp table sampled as {union}")
    connection.execute(f"create or replace temp view pairs as {pairs_of(reading.mapping)}")
    given = {"most_values": MOST_VALUES, "promoted": PROMOTED}
    found = connection.execute(statement("count_keys"), given).fetchall()
    connection.execute("drop view pairs")
    connection.execute("drop table sampled")
    return tuple(key for (key,) in found)


def _relaid(
    connection: duckdb.DuckDBPyConnection, folder: Path, old: Sequence[str], new: Sequence[str]
) -> list[Part]:
    """Write all that the extract has anew, with columns for the new keys.

    The table held_values is there as long as the parts are those with the old codes.
    """
    connection.execute("create table if not exists held_values as from dimension_values")
    connection.execute("delete from dimension_values")
    connection.execute("set variable held_keys = $keys::varchar[]", {"keys": list(old)})
    connection.execute("set variable promoted = $keys::varchar[]", {"keys": list(new)})
    with held_usage(connection, folder):
        connection.execute(statement("relay"))
        parts = laid(connection, folder, new, ())
        connection.execute("drop view incoming_values")
        connection.execute("drop view incoming")
    return parts
