"""Event files become a staged extract: the published one, and the events it did not have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from data.extract.duckdb import check
from data.extract.errors import MappingError
from data.extract.folder import STAGING, only_writer, whole_file
from data.extract.fresh import Reading
from data.extract.layout import MOST_VALUES, PROMOTED, lay
from data.extract.mapping import NOTHING, EventMapping
from data.extract.metadata import Metadata, read_metadata, write_metadata
from data.extract.parts import NO_EVENTS, ROLLUPS, attach, attach_new, read_parts, views
from data.extract.publish import settle
from data.extract.rating import Rater, Subscriptions
from data.extract.statements import schema, statement
from data.metering.catalogue import Catalogue

SOURCE = "event files"
REJECTS = "rejects.csv"
EARLIEST = datetime(1, 1, 1)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of the files: rows read and rejected, usage added and already there.

    A row is rejected, or is one usage of each feature it feeds. `rejects` is a CSV of file, row
    and reason.
    """

    read: int
    added: int
    already_there: int
    rejected: int
    rejects: Path


def ingest(
    events: Sequence[Path],
    mapping: EventMapping,
    catalogue: Catalogue,
    folder: Path,
    now: datetime,
) -> Ingested:
    """Add the events of the files to a copy of the published extract, and leave that staged.

    What was staged before is replaced: give all files at once, or publish in between. `now` is
    naive UTC. Raises ExtractError, MappingError or EventsError, and then leaves what is
    published and staged as it was.
    """
    _check_names(events, mapping)
    with only_writer(folder):
        published = settle(folder)
        if published is not None:
            check(published)
        with whole_file(folder / STAGING, copy_of=published) as connection:
            if published is None:
                connection.execute(schema())
                write_metadata(connection, Metadata(SOURCE, EARLIEST, now))
            rater = _rater(connection, catalogue)
            rater.check(mapping)
            reading = Reading(mapping, rater, folder / REJECTS)
            reading.load(connection, events, now)
            added = _merge(connection, folder, now)
    there = reading.usages - added
    return Ingested(reading.read, added, there, reading.rejected, reading.rejects)


def _rater(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Rater:
    """The rules of the catalogue, which the extract takes over, for the customers it has."""
    for name, table in catalogue.tables.items():
        connection.register(f"given_{name}", table)
    connection.execute(statement("merge_catalogue"))
    return Rater(catalogue, _subscriptions(connection))


def _merge(connection: duckdb.DuckDBPyConnection, folder: Path, now: datetime) -> int:
    """Bring what is new in `fresh` into the extract; return how much that was."""
    metadata = read_metadata(connection)
    keys = metadata.promoted_keys or _most_used(connection)
    connection.execute("set variable promoted = $keys::varchar[]", {"keys": list(keys)})
    named = attach(connection, folder, read_parts(connection))
    if not named:
        attach_new(connection, ":memory:")
        named = {"part": NO_EVENTS}
    connection.execute(views(named, kind="temp view"))
    connection.execute(statement("merge_fresh"))
    for view in ("usage_events", *ROLLUPS):
        connection.execute(f"drop view {view}")
    for name in named:
        connection.execute(f"detach {name}")
    [(added, last)] = connection.execute(
        "select count(*), max(occurred_at) from incoming"
    ).fetchall()
    lay(connection, folder, keys)
    connection.execute("drop table incoming")
    cut_off = max(metadata.cut_off, last + TICK) if added else metadata.cut_off
    write_metadata(
        connection, replace(metadata, cut_off=cut_off, loaded_at=now, promoted_keys=keys)
    )
    return int(added)


def _most_used(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    connection.execute("create or replace temp view given_usage_events as from fresh")
    given = {"most_values": MOST_VALUES, "promoted": PROMOTED}
    found = connection.execute(statement("most_used_keys"), given).fetchall()
    return tuple(key for (key,) in found)


def _check_names(events: Sequence[Path], mapping: EventMapping) -> None:
    """Raise MappingError if rows of two files would be taken for the same event."""
    names = [path.name for path in events]
    twice = next((name for name in names if names.count(name) > 1), None)
    if mapping.event_id is NOTHING and twice is not None:
        raise MappingError(
            f"Two files are named {twice}: without an 'event_id' in the mapping a file's name and "
            "the row's number make one, so the names must differ."
        )


def _subscriptions(connection: duckdb.DuckDBPyConnection) -> Subscriptions:
    found: dict[str, list[tuple[str | None, str]]] = {}
    for customer_id, *subscribed in connection.execute(statement("subscriptions")).fetchall():
        found.setdefault(customer_id, []).append((subscribed[0], subscribed[1]))
    return found
