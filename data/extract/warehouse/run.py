"""Warehouse exports become a staged extract: the published one, and what it did not have."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from data.extract import statements
from data.extract.duckdb import check
from data.extract.errors import ExtractError
from data.extract.folder import only_writer
from data.extract.fresh import REASON_LENGTH, Report
from data.extract.ingest import REJECTS, TICK, check_not_synced
from data.extract.layout import Months, laid, together
from data.extract.ledger_file import NO_LEDGER, held_ledger, lay_ledger, ledger_of
from data.extract.metadata import read_metadata, write_metadata
from data.extract.parts import held_usage, read_parts, write_parts
from data.extract.publish import settle
from data.extract.warehouse.gaps import gaps
from data.extract.warehouse.ledger import order_ledger
from data.extract.warehouse.reading import Export, opened_export, read_export
from data.extract.warehouse.statements import statement
from data.extract.work import (
    MEMORY,
    PROGRESS,
    SOURCE,
    SPOOL,
    at_work,
    begun_at,
    identity,
    in_room,
    is_there,
)
from data.metering.catalogue import Catalogue

BATCH = 10_000
GRANTS = 2**31 - 1
"""The step after the months: the grants are taken."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows, or grants, of a layout; `changed` are grants that were there."""

    added: int
    changed: int
    already_there: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of the files: rows read and rejected, consumption, grants.

    `rejects` is a CSV of file, row and reason; `gaps` are sentences about what the files do not
    tell.
    """

    read: int
    rejected: int
    consumption: Counts
    grants: Counts
    rejects: Path
    gaps: Sequence[str]


def ingest_exports(
    files: Sequence[Path],
    catalogue: Catalogue | None,
    folder: Path,
    now: datetime,
    *,
    memory: str = MEMORY,
    report: Report = lambda _: None,
) -> Exported:
    """Add what the exports tell to a copy of the published extract, and leave that staged.

    The layout of each file is known by its columns. A catalogue gives names and rates to what the
    exports name by ids only. Otherwise as `ingest`: `now` is naive UTC, a run that was killed goes
    on when it is called again with the same files, and after an ExtractError, MappingError or
    EventsError what is published and staged is as it was.
    """
    with only_writer(folder):
        check_not_synced(folder)
        published = settle(folder)
        if published is not None:
            check(published)
        run = identity(files, None, catalogue, published)
        with in_room(folder):
            began = begun_at(folder, run, published, now)
            with at_work(folder, memory) as connection:
                _check_own_ledger(connection, folder)
                connection.execute(statements.statement("time"))
                connection.execute(statement("spool"))
                _read(connection, files, folder, report)
                _know(connection, catalogue)
                connection.execute("set variable loaded_at = ?::timestamp", [began])
                _lay_all(connection, folder, published, report)
                if is_there(connection, PROGRESS):
                    _end(connection, began, report)
                done = _done(connection, folder)
                os.replace(folder / SPOOL / REJECTS, folder / REJECTS)
    return done


def _read(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], folder: Path, report: Report
) -> None:
    """Read the files that are not read yet, and write down what is rejected."""
    exports: list[Export] = [
        opened_export(connection, number, path, folder / SPOOL) for number, path in enumerate(files)
    ]
    found = connection.execute("select file_number from spool.read_files").fetchall()
    done = {number for (number,) in found}
    for export in exports:
        if export.source.number not in done:
            count = read_export(connection, export)
            report(f"{export.source.name}: {count:,} rows of {export.layout.name} read")
    _check_one_environment(connection)
    _write_rejects(connection, [export.source.name for export in exports], folder / SPOOL / REJECTS)


def _write_rejects(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], rejects: Path
) -> None:
    found = connection.execute(statement("rejects"))
    with rejects.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(["file", "row", "reason"])
        while batch := found.fetchmany(BATCH):
            writer.writerows([names[file], row, why[:REASON_LENGTH]] for file, row, why in batch)


def _know(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue | None) -> None:
    """Learn the catalogue, and give keys to the customers and others that the rows name."""
    if catalogue is not None:
        for name, table in catalogue.tables.items():
            connection.register(f"given_{name}", table)
        connection.execute(statements.statement("merge_catalogue"))
    connection.execute(statement("arrivals"))
    connection.execute(statements.statement("arrive"))


def _lay_all(
    connection: duckdb.DuckDBPyConnection, folder: Path, published: Path | None, report: Report
) -> None:
    """Lay what is not laid yet: usage, grants, and the ledger that follows, if anything is new.

    The ledger that was is read from its file, which stays as it is: a run that is killed goes on.
    """
    held = ledger_of(published) if published else NO_LEDGER
    is_new = False
    with held_ledger(connection, folder, held):
        connection.execute(statement("told"))
        if is_there(connection, PROGRESS):
            _lay_months(connection, folder, report)
            _take_grants(connection, report)
            [(is_new,)] = connection.execute(statement("is_new")).fetchall()
        connection.execute(statement("moves"))
        if is_new:
            order_ledger(connection, report)
    if is_new:
        lay_ledger(connection, folder)
        report("ledger written")


def _lay_months(connection: duckdb.DuckDBPyConnection, folder: Path, report: Report) -> None:
    """Lay the usage of the months that are not laid yet, each in one step."""
    keys = read_metadata(connection).promoted_keys
    found = connection.execute(statement("months")).fetchall()
    for months in together([Months(*month) for month in found]):
        if _is_done(connection, months.until):
            continue
        connection.execute("set variable first_slot = ?", [months.first])
        connection.execute("set variable until_slot = ?", [months.until])
        connection.execute(statement("fresh"))
        with held_usage(connection, folder):
            connection.execute(statement("usage"))
        connection.execute(statement("incoming"))
        connection.execute(statement("consumed"))
        parts = laid(connection, folder, keys, read_parts(connection))
        connection.execute("begin")
        write_parts(connection, parts)
        connection.execute(
            f"insert into {PROGRESS} select ?, max(event_timestamp) from usage_rows",
            [months.until],
        )
        connection.execute("commit")
        report(f"{months.events:,} rows of consumption laid")


def _take_grants(connection: duckdb.DuckDBPyConnection, report: Report) -> None:
    """The grants as they are now, unless an earlier run took them: in one step with the word."""
    if _is_done(connection, GRANTS):
        return
    connection.execute(statement("newest_grants"))
    connection.execute("begin")
    connection.execute(statement("take_grants"))
    connection.execute(f"insert into {PROGRESS} values (?, null)", [GRANTS])
    connection.execute("commit")
    report("grants taken")


def _is_done(connection: duckdb.DuckDBPyConnection, step: int) -> bool:
    found = connection.execute(f"select 1 from {PROGRESS} where step = ?", [step])
    return found.fetchone() is not None


def _end(connection: duckdb.DuckDBPyConnection, began: datetime, report: Report) -> None:
    """Say how far the usage reaches; from then on only the staging is left to do."""
    metadata = read_metadata(connection)
    [(last,)] = connection.execute(f"select max(last_at) from {PROGRESS}").fetchall()
    cut_off = max(metadata.cut_off, last + TICK) if last else metadata.cut_off
    connection.execute("begin")
    write_metadata(connection, replace(metadata, cut_off=cut_off, loaded_at=began))
    connection.execute(f"drop table {PROGRESS}")
    connection.execute("commit")
    report("extract complete")


def _done(connection: duckdb.DuckDBPyConnection, folder: Path) -> Exported:
    [counts] = connection.execute(statement("counts")).fetchall()
    read, rejected, valid, added, *of_grants = counts
    return Exported(
        read,
        rejected,
        Counts(added, 0, valid - added),
        Counts(*of_grants),
        folder / REJECTS,
        gaps(connection),
    )


def _check_own_ledger(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    source = read_metadata(connection).source
    if source != SOURCE:
        raise ExtractError(
            f"The extract in {folder} was made from {source} and has a ledger of its own, which "
            "warehouse exports would replace: choose another folder with EXTRACT_DIR."
        )


def _check_one_environment(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(statement("environments")).fetchall()
    if len(found) > 1:
        names = ", ".join(name for (name,) in found)
        raise ExtractError(
            f"The rows are of {len(found)} environments: {names}. An extract holds one: give it "
            "the files, or the rows, of one only."
        )
