"""The command `extract ingest`: files of events, or warehouse exports, into a staged extract."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dashboard.settings import Settings
from data.clock import utc_now
from data.extract.event_files import files_of
from data.extract.ingest import ingest
from data.extract.mapping import read_mapping
from data.extract.warehouse.run import ingest_exports
from data.metering.catalogue import read_catalogue


def ingest_events(
    given: Sequence[Path], mapping: Path, catalogue: Path, settings: Settings
) -> None:
    """Stage the events; progress and rejects are told on stderr."""
    done = ingest(
        files_of(given),
        read_mapping(mapping),
        read_catalogue(catalogue),
        settings.extract_dir,
        utc_now(),
        report=_tell,
    )
    print(f"{done.read:,} rows read: {done.added:,} added, {done.already_there:,} were there.")
    _tell_rejects(done.rejected, done.rejects)


def ingest_warehouse(given: Sequence[Path], catalogue: Path | None, settings: Settings) -> None:
    """Stage what the exports tell; what they do not tell is told on stderr."""
    done = ingest_exports(
        files_of(given),
        read_catalogue(catalogue) if catalogue else None,
        settings.extract_dir,
        utc_now(),
        report=_tell,
    )
    consumption, grants = done.consumption, done.grants
    print(
        f"{done.read:,} rows read. Consumption: {consumption.added:,} rows added, "
        f"{consumption.already_there:,} were there. Grants: {grants.added:,} added, "
        f"{grants.changed:,} changed, {grants.already_there:,} were there."
    )
    _tell_rejects(done.rejected, done.rejects)
    for gap in done.gaps:
        _tell(gap)


def _tell_rejects(count: int, rejects: Path) -> None:
    if count:
        _tell(f"{count:,} rows were rejected; {rejects} says why.")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
