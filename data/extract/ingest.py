"""Event files become a staged extract: the published one, and the events it did not have."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from data.extract.duckdb import check
from data.extract.errors import ExtractError, MappingError
from data.extract.folder import only_writer
from data.extract.fresh import Reading, Report
from data.extract.incoming import make_incoming, months_of
from data.extract.layout import laid, together
from data.extract.mapping import NOTHING, EventMapping
from data.extract.metadata import read_metadata, write_metadata
from data.extract.parts import held_usage, read_parts, write_parts
from data.extract.promotion import promote
from data.extract.publish import settle
from data.extract.rating import Rater, Subscriptions
from data.extract.spool import opened
from data.extract.statements import statement
from data.extract.sync.store import STORE
from data.extract.work import (
    MEMORY,
    PROGRESS,
    PROMOTION,
    SPOOL,
    at_work,
    begun_at,
    identity,
    in_room,
    is_there,
)
from data.metering.catalogue import Catalogue

REJECTS = "rejects.csv"
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
    *,
    memory: str = MEMORY,
    report: Report = lambda _: None,
) -> Ingested:
    """Add the events of the files to a copy of the published extract, and leave that staged.

    What was staged before is replaced: give all files at once, or publish in between. `now` is
    naive UTC. A run that was killed, or found no room, goes on when it is called again with the
    same files, and then counts as made when it began. `memory` is what DuckDB may use, `report`
    takes lines about the progress. Raises ExtractError, MappingError or EventsError, and then
    leaves what is published and staged as it was.
    """
    _check_names(events, mapping)
    with only_writer(folder):
        check_not_synced(folder)
        published = settle(folder)
        if published is not None:
            check(published)
        run = identity(events, mapping, catalogue, published)
        with in_room(folder):
            began = begun_at(folder, run, published, now)
            with at_work(folder, memory) as connection:
                rater = _rater(connection, catalogue)
                rater.check(mapping)
                sources = [
                    opened(connection, number, path, mapping, folder / SPOOL)
                    for number, path in enumerate(events)
                ]
                reading = Reading(sources, mapping, rater, folder / SPOOL / REJECTS, report)
                counts = _survey(connection, folder, reading)
                if is_there(connection, PROGRESS):
                    _lay_all(connection, folder, reading, began)
                if reading.rejects.exists():
                    os.replace(reading.rejects, folder / REJECTS)
    return Ingested(*counts, folder / REJECTS)


def _rater(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Rater:
    """The rules of the catalogue, which the extract takes over, for the customers it has."""
    for name, table in catalogue.tables.items():
        connection.register(f"given_{name}", table)
    connection.execute(statement("merge_catalogue"))
    return Rater(catalogue, _subscriptions(connection))


def _survey(
    connection: duckdb.DuckDBPyConnection, folder: Path, reading: Reading
) -> tuple[int, int, int, int]:
    """Find out about the files, unless an earlier run did; return the counts of Ingested."""
    connection.execute(statement("time"))
    ended = (
        "from spool.ended "
        "select count_read, count_added, count_usages - count_added, count_rejected"
    )
    if not (is_there(connection, "ended") and connection.execute(ended).fetchone()):
        with held_usage(connection, folder):
            reading.survey(connection)
    [counts] = connection.execute(ended).fetchall()
    return counts


def _lay_all(
    connection: duckdb.DuckDBPyConnection, folder: Path, reading: Reading, began: datetime
) -> None:
    """Lay the months that are not laid yet, each in one step, and say how far the events reach."""
    done = _done(connection)
    if PROMOTION not in done:
        promote(connection, folder, reading)
    metadata = read_metadata(connection)
    keys = metadata.promoted_keys
    [(added,)] = connection.execute("select count_added from spool.ended").fetchall()
    for months in together(months_of(connection)) if added else ():
        if months.until in done:
            continue
        make_incoming(connection, reading, months, keys, began)
        parts = laid(connection, folder, keys, read_parts(connection))
        connection.execute("begin")
        write_parts(connection, parts)
        connection.execute(
            f"insert into {PROGRESS} select ?, max(last_at) from arrivals", [months.until]
        )
        connection.execute("commit")
        reading.report(f"{months.events:,} events laid")
    [(last,)] = connection.execute(f"select max(last_at) from {PROGRESS}").fetchall()
    cut_off = max(metadata.cut_off, last + TICK) if last else metadata.cut_off
    connection.execute("begin")
    write_metadata(connection, replace(metadata, cut_off=cut_off, loaded_at=began))
    connection.execute(f"drop table {PROGRESS}")
    connection.execute("commit")


def _done(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """The months that are laid, by the slots that end them, and PROMOTION if that is done."""
    return {step for (step,) in connection.execute(f"select step from {PROGRESS}").fetchall()}


def check_not_synced(folder: Path) -> None:
    """Raise ExtractError if the folder's extract is kept by a sync."""
    if (folder / STORE).exists():
        raise ExtractError(
            f"The extract in {folder} is kept by a sync, and the next one would leave these "
            f"events out: choose another folder with EXTRACT_DIR, or delete {STORE} there if it "
            "is to be synced no more."
        )


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
