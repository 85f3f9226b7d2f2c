"""SIGKILL at the steps of an ingest and of a publish: what is published stays, the next run ends.

A step is a line of data/extract that is about to change a file or a database. The process counts
them as it runs, and kills itself before the one whose number it was given.
"""

import json
import linecache
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb
import pytest

import data.extract
from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from data.extract.folder import POINTER, STAGING, versions
from data.extract.ingest import ingest
from data.extract.mapping import parse_mapping
from data.extract.parts import PATTERN
from data.extract.publish import publish
from data.metering.catalogue import Catalogue, read_catalogue

NOW = datetime(2026, 6, 1)
MOST_STEPS = 200
# Each step is a process: the suite kills at every other one, make soak at each.
STRIDE = 1 if os.environ.get("SOAK") else 2
OURS = str(Path(data.extract.__file__).parent)
STEP = re.compile(r"\b(connect|execute|register|copyfile|open|write\w*|f?sync|replace|unlink)\(")
CATALOGUE = {
    "currencies": [{"currency_id": "ai"}],
    "features": [{"feature_id": "calls"}],
    "plans": [{"plan_id": "p", "rates": [{"feature_id": "calls", "currency_id": "ai"}]}],
}
MAPPING = {
    "event_id": {"column": "id"},
    "customer": {"column": "who"},
    "time": {"column": "at"},
    "feature": {"constant": "calls"},
    "value": {"constant": 1},
    "dimensions": {"*": {"column": "d"}},
}


def ingest_file(folder: Path, file: Path) -> None:
    path = file.with_name("catalogue.json")
    path.write_text(json.dumps(CATALOGUE))
    catalogue: Catalogue = read_catalogue(path)
    ingest([file], parse_mapping(MAPPING), catalogue, folder, NOW)


def publish_folder(folder: Path, _: Path) -> None:
    publish(folder)


def run_until(step: int, act: Callable[[Path, Path], None], folder: Path, file: Path) -> None:
    """Do it, and be killed before call number `step` of those that leave traces."""
    left = step

    def watch(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and STEP.search(line):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return watch

    sys.settrace(watch)
    act(folder, file)


@pytest.fixture(scope="module")
def spawn() -> Iterator[Any]:
    context = multiprocessing.get_context("forkserver")
    # DuckDB and pyarrow look for pandas at their first table: that takes longer than an ingest.
    # This module is imported by each process, and with it what it needs.
    context.set_forkserver_preload(
        ["data.extract.ingest", "data.extract.duckdb", "pandas", "pyarrow.compute", "pytest"]
    )
    return context


def was_killed(spawn: Any, step: int, act: Any, folder: Path, file: Path) -> bool:
    process = spawn.Process(target=run_until, args=(step, act, folder, file))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return bool(process.exitcode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a published extract of three events."""
    folder = tmp_path / "x"
    ingest_file(folder, events(tmp_path, "a", 3, NOW))
    publish(folder)
    return folder


def events(tmp_path: Path, name: str, count: int, first: datetime) -> Path:
    rows = [
        {
            "id": f"{name}-{number}",
            "who": f"c-{number % 3}",
            "at": (first - timedelta(days=number)).isoformat(),
            "d": {f"key-{name}": str(number)},
        }
        for number in range(count)
    ]
    rows.append({"id": "bad", "who": "", "at": "", "d": {}})
    path = tmp_path / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All tables of an extract, those of its parts included.

    By chance are a part's name and, of many rows, their order; that of a part's events is not.
    """
    with duckdb.connect(path, read_only=True) as extract:
        tables = extract.execute("select table_name from duckdb_tables()").fetchall()
        read = {table: extract.execute(f"from {table}").fetchall() for (table,) in tables}
    parts = read.pop("parts")
    held = {table: sorted(rows, key=repr) for table, rows in read.items()}
    held["parts"] = [row[1:] for row in parts]
    for number, (file, *_) in enumerate(parts):
        with duckdb.connect(path.parent / file, read_only=True) as part:
            held[f"events {number}"] = part.execute("from usage_events").fetchall()
    return held


def parts_named(version: Path) -> list[tuple[str]]:
    with duckdb.connect(version, read_only=True) as extract:
        return extract.execute("select file from parts").fetchall()


def others(folder: Path) -> list[str]:
    """The names in the folder, but those of parts."""
    return sorted(path.name for path in folder.iterdir() if not path.match(PATTERN))


def test_an_ingest_killed_at_a_step_harms_nothing_and_the_next_run_ends_the_same(
    tmp_path: Path, folder: Path, spawn: Any
) -> None:
    file = events(tmp_path, "b", 40, NOW - timedelta(days=2))
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(folder, undisturbed)
    ingest_file(undisturbed, file)
    version = folder / "extract-1.duckdb"
    before = version.read_bytes()
    step = 1
    while was_killed(spawn, step, ingest_file, folder, file):
        assert (folder / POINTER).read_text() == "extract-1.duckdb\n"
        assert version.read_bytes() == before
        step += 3 * STRIDE
        assert step < MOST_STEPS
    assert step > 15
    assert everything(folder / STAGING) == everything(undisturbed / STAGING)
    assert (folder / "rejects.csv").read_text() == (undisturbed / "rejects.csv").read_text()
    assert others(folder) == [
        POINTER,
        "extract-1.duckdb",
        "lock",
        "rejects.csv",
        STAGING,
    ]
    publish(folder)
    named = {row[0] for version in versions(folder) for row in parts_named(version)}
    assert {path.name for path in folder.glob(PATTERN)} == named


def ingest_in_little_room(folder: Path, file: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
    with pytest.raises(ExtractError, match=r"Make room and run it again: it goes on where"):
        ingest_file(folder, file)


def test_a_full_disk_harms_nothing_and_the_next_run_ends_the_same(
    tmp_path: Path, folder: Path, spawn: Any
) -> None:
    file = events(tmp_path, "b", 20_000, NOW - timedelta(days=2))
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(folder, undisturbed)
    ingest_file(undisturbed, file)
    before = (folder / "extract-1.duckdb").read_bytes()
    process = spawn.Process(target=ingest_in_little_room, args=(folder, file))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert (folder / "extract-1.duckdb").read_bytes() == before
    assert not (folder / STAGING).exists()
    ingest_file(folder, file)
    assert everything(folder / STAGING) == everything(undisturbed / STAGING)


def test_work_on_other_files_is_forgotten(tmp_path: Path, folder: Path, spawn: Any) -> None:
    file = events(tmp_path, "b", 40, NOW - timedelta(days=2))
    assert was_killed(spawn, 60, ingest_file, folder, file)
    ingest_file(folder, events(tmp_path, "c", 2, NOW))
    assert [row[0] for row in everything(folder / STAGING)["customers"]] == [1, 2, 3]
    assert others(folder) == [POINTER, "extract-1.duckdb", "lock", "rejects.csv", STAGING]


def test_a_publish_killed_at_any_step_shows_one_whole_version_and_the_next_run_ends_it(
    tmp_path: Path, folder: Path, spawn: Any
) -> None:
    for name in ("b", "c"):
        ingest_file(folder, events(tmp_path, name, 5, NOW))
        publish(folder)
    ingest_file(folder, events(tmp_path, "d", 7, NOW))
    whole = (folder / STAGING).read_bytes()
    counts = {3: 13, 4: 20}
    seen = []
    for step in range(1, MOST_STEPS, STRIDE):
        copy = tmp_path / f"copy-{step}"
        shutil.copytree(folder, copy)
        killed = was_killed(spawn, step, publish_folder, copy, tmp_path)
        with Extract(copy) as extract:
            held = extract.read("select count(*) as n from usage_events", {})["n"][0]
            assert held == counts[extract.version]
            seen.append(extract.version)
        assert publish(copy) == copy / "extract-4.duckdb"
        assert (copy / "extract-4.duckdb").read_bytes() == whole
        assert others(copy) == [
            POINTER,
            "extract-3.duckdb",
            "extract-4.duckdb",
            "lock",
            "rejects.csv",
        ]
        if not killed:
            break
    assert seen == sorted(seen)
    assert seen.count(3) > 5
    assert seen.count(4) > 1


def test_an_ingest_after_a_killed_publish_builds_on_what_was_to_be_published(
    tmp_path: Path, folder: Path
) -> None:
    ingest_file(folder, events(tmp_path, "b", 5, NOW))
    (folder / STAGING).rename(folder / "extract-2.duckdb")
    ingest_file(folder, events(tmp_path, "c", 5, NOW))
    publish(folder)
    with Extract(folder) as extract:
        assert extract.version == 3
        assert extract.read("select count(*) as n from usage_events", {})["n"][0] == 13
