"""The folder of an extract: its versions, the pointer to the current one, its one writer."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from data.extract.errors import ExtractError

STAGING = "staging.duckdb"
WORK = "work.duckdb"
POINTER = "current"
LOCK = "lock"
VERSION = re.compile(r"extract-(\d+)\.duckdb")


def number(version: Path) -> int:
    """The number in the name of a version, extract-<n>.duckdb."""
    match = VERSION.fullmatch(version.name)
    if not match:
        raise ExtractError(f"{version} is no version of an extract: extract-<n>.duckdb is.")
    return int(match[1])


def versions(folder: Path) -> list[Path]:
    """The versions that the folder holds, oldest first."""
    found = [path for path in folder.iterdir() if VERSION.fullmatch(path.name)]
    return sorted(found, key=number)


def current(folder: Path) -> Path | None:
    """The version that the pointer names, or None as long as nothing was published."""
    try:
        version = folder / (folder / POINTER).read_text().strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ExtractError(f"The pointer {folder / POINTER} cannot be read: {error}.") from None
    number(version)
    return version


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Keep other writers out of the folder, which is made if need be; a killed one lets go."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise ExtractError(f"The folder {folder} cannot be written: {error.strerror}.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ExtractError(
            f"Another ingest or publish, or a sync, is at work in {folder}: try again when it "
            "has ended."
        ) from None
    finally:
        os.close(descriptor)


@contextmanager
def whole_file(path: Path, *, copy_of: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database that becomes `path` in one step, once all went well.

    It is new, or begins as a copy. Until then, and after a failure, `path` is as it was.
    """
    part = path.with_name(f"{path.name}.part")
    discard(part)
    try:
        if copy_of:
            shutil.copyfile(copy_of, part)
        with duckdb.connect(part) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection
            connection.execute("checkpoint")
        sync(part)
        os.replace(part, path)
    except (OSError, duckdb.IOException) as error:
        discard(part)
        raise ExtractError(f"{path} cannot be written: {error}") from None
    except BaseException:
        discard(part)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until the file, or the names in the folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(part: Path) -> None:
    """Remove what a writer that was killed may have left."""
    part.unlink(missing_ok=True)
    part.with_name(f"{part.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(part.with_name(f"{part.name}.tmp"), ignore_errors=True)
