"""The run of an ingest that a crash may end and the next run of the same files goes on with."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from data.extract.errors import ExtractError
from data.extract.folder import STAGING, WORK, discard, sync
from data.extract.mapping import EventMapping
from data.extract.metadata import Metadata, write_metadata
from data.extract.parts import quoted
from data.extract.statements import schema
from data.metering.catalogue import Catalogue

SPOOL = "spool"
PROGRESS = "laid_months"
"""The table of the steps that are done: months, by the slot that ends them; gone after all."""
PROMOTION = -(2**31)
"""The step before them: the keys with columns are chosen."""
SOURCE = "event files"
EARLIEST = datetime(1, 1, 1)
MEMORY = "4GB"


def identity(
    events: Sequence[Path],
    mapping: EventMapping | None,
    catalogue: Catalogue | None,
    published: Path | None,
) -> str:
    """What two runs must have in common for one to go on with the other's work.

    Warehouse exports have no mapping, and need no catalogue.
    """
    files = [(str(path.resolve()), _state(path)) for path in events]
    held = (published.name, _state(published)) if published else None
    what: tuple[object, ...] = (files, mapping, held)
    if catalogue is not None:
        sold = [(name, frame.rows()) for name, frame in catalogue.tables.items()]
        what += (sold, catalogue.meters, list(catalogue.rates.items()))
    return hashlib.sha256(repr(what).encode(errors="backslashreplace")).hexdigest()


def _state(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def begun_at(folder: Path, run: str, published: Path | None, now: datetime) -> datetime:
    """Make the work of the run ready, and return when it began: earlier, if it goes on."""
    file = folder / SPOOL / "run"
    if (folder / WORK).exists() and file.exists():
        known, began = file.read_text().split()
        if known == run:
            return datetime.fromisoformat(began)
    forget(folder)
    (folder / SPOOL).mkdir()
    if published:
        shutil.copyfile(published, folder / WORK)
    with duckdb.connect(folder / WORK) as connection:
        if not published:
            connection.execute(schema())
            write_metadata(connection, Metadata(SOURCE, EARLIEST, now))
        connection.execute(f"create table {PROGRESS} (step integer, last_at timestamp)")
    sync(folder / WORK)
    fresh = file.with_name(f"{file.name}.part")
    fresh.write_text(f"{run}\n{now.isoformat()}\n")
    sync(fresh)
    os.replace(fresh, file)
    sync(folder / SPOOL)
    return now


@contextmanager
def at_work(folder: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the extract in the making and, as `spool`, to what is known of the files.

    Once all went well the extract is staged in one step. After a failure the work is kept.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": str(folder / SPOOL / "spill"),
    }
    with duckdb.connect(folder / WORK, config=settings) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {quoted(str(folder / SPOOL / 'spool.duckdb'))} as spool")
        yield connection
        connection.execute("detach spool")
        connection.execute("checkpoint")
    sync(folder / WORK)
    os.replace(folder / WORK, folder / STAGING)
    sync(folder)
    forget(folder)


@contextmanager
def in_room(folder: Path) -> Iterator[None]:
    """Say what to do where there is no room left, on disk or in memory."""
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise ExtractError(
            f"The events cannot be laid down in {folder}: {error}. Make room and run it again: it "
            "goes on where it ended."
        ) from None


def forget(folder: Path) -> None:
    """Remove what a run left that will not go on."""
    discard(folder / WORK)
    shutil.rmtree(folder / SPOOL, ignore_errors=True)


def is_there(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table of that name is in the work, or in its spool."""
    found = connection.execute("select 1 from duckdb_tables() where table_name = ?", [table])
    return found.fetchone() is not None
