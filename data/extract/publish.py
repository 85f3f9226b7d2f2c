"""Publishing: the staged extract becomes the next version, and the pointer comes to name it."""

import os
from pathlib import Path

import duckdb

from data.extract.duckdb import check
from data.extract.errors import ExtractError
from data.extract.folder import (
    POINTER,
    STAGING,
    WORK,
    current,
    discard,
    number,
    only_writer,
    sync,
    versions,
)
from data.extract.ledger_file import PATTERN as LEDGERS
from data.extract.ledger_file import ledger_of
from data.extract.parts import PATTERN, parts_of

KEPT = 2
"""The current version and the one before, which a reader may be about to open."""


def publish(folder: Path) -> Path:
    """Make what is staged the current version, and return it; without, the current one.

    A version's file appears by one renaming, and only here: so whatever step a crash came after,
    the newest version is the one to point at, and the next run does that. Raises ExtractError if
    there is nothing to publish, or what is staged is damaged.
    """
    with only_writer(folder):
        return publish_staged(folder)


def publish_staged(folder: Path) -> Path:
    """`publish` for who is the folder's only writer already."""
    newest = settle(folder)
    staging = folder / STAGING
    if staging.exists():
        check(staging)
        sync(staging)
        os.replace(staging, folder / f"extract-{number(newest) + 1 if newest else 1}.duckdb")
        sync(folder)
        newest = settle(folder)
        _sweep(folder)
    if newest is None:
        raise ExtractError(f"There is nothing to publish in {folder}: ingest events first.")
    return newest


def settle(folder: Path) -> Path | None:
    """Finish what a publish began: point at the newest version, remove those before the previous.

    A reader that has an old version open goes on reading it: its file lives until closed. The
    caller is the only writer of the folder. Returns the newest version.
    """
    held = versions(folder)
    if not held:
        return None
    if current(folder) != held[-1]:
        _point(folder, held[-1])
    for old in held[:-KEPT]:
        old.unlink()
    return held[-1]


def _sweep(folder: Path) -> None:
    """Remove the files of events and ledgers that no version names, nor a run that is to go on.

    None, as long as one of these cannot be read: what it names may still be needed.
    """
    naming = [path for path in (*versions(folder), folder / WORK) if path.exists()]
    try:
        named = {part.file for path in naming for part in parts_of(path)}
        named |= {ledger_of(path).file for path in naming}
    except duckdb.Error:
        return
    for path in (*folder.glob(PATTERN), *folder.glob(LEDGERS)):
        if path.name not in named:
            discard(path)


def _point(folder: Path, version: Path) -> None:
    fresh = folder / f"{POINTER}.part"
    fresh.write_text(f"{version.name}\n")
    sync(fresh)
    os.replace(fresh, folder / POINTER)
    sync(folder)
