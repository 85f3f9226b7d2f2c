"""An extract at scale: made, asked every question of the pages, and put beside other engines.

`make bench SCALE=100k|1m|10m|100m`; BENCH_DIR keeps the event files and what the others made of
them. The table is printed, and written to `bench-<scale>.md` in that folder.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tests.scale import facts, fleet, ledger
from tests.scale.ask import KINDS
from tests.scale.engines import ENGINES
from tests.scale.questions import Asked

COPIED = 512 * 1024**2
MB = 1024**2
LEAST_FLOOR = 0.1
"""Milliseconds: below that everything but the reading decides."""
COLUMNS = (
    "question", "whose", "rows", "median ms", "p95 ms", "cold ms", "peak MB", "floor ms",
    "× floor", "Polars ms", "× ours", "chdb ms", "× ours",
)  # fmt: skip
WORDS = (
    "Cold: the first answer of a new process, none of the extract's files in the page cache. "
    "Peak: by how much that process grew at most while it answered. Floor: the bytes that a scan "
    "of only the needed columns of the needed rows has to read (a time or credits 8, a key 4: its "
    "code in a dictionary), by the bandwidth that numpy's copy of half a gigabyte reads with. "
    "Polars: the faster of a lazy scan of Parquet sorted by customer and time, month by month, and "
    "(up to 20 M events) a frame with categoricals. chdb: a MergeTree table on disk in that order, "
    "texts LowCardinality. Rows and sums of credits are equal in all."
)


class Mismatch(AssertionError):
    """Two engines do not agree."""


def main(scale: str) -> None:
    if scale not in fleet.SIZES:
        raise SystemExit(f"SCALE={scale} is none of {', '.join(fleet.SIZES)}.")
    kept = os.environ.get("BENCH_DIR")
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(kept or temporary) / scale
        measure(scale, fleet.SIZES[scale], made)


def measure(scale: str, count: int, made: Path) -> None:
    runs = 5 if count >= 10_000_000 else 15
    started = time.perf_counter()
    events = fleet.generate(count, made)
    tell("event files made", f"{time.perf_counter() - started:.1f} s")
    people = facts.find(events)
    loaded = _load(made, made / "extract", events, count)
    lines = [_machine(), *loaded, *_who(people), ""]
    told = made / "facts.json"
    told.write_text(json.dumps(people))
    others = {name: _run("engines", name, made, told, runs) for name in ENGINES}
    rows = list(_rows("events", made / "extract", told, runs, others))
    lines += _load_ledger(events, made, people)
    rows += _rows("ledger", made / "extract", made / "ledger-facts.json", runs, {})
    lines += _late(made, made / "extract")
    table = "\n".join([*lines, "", *_table(rows), "", WORDS])
    print(table, flush=True)
    (made / f"bench-{scale}.md").write_text(f"{table}\n")


def _load(made: Path, extract: Path, events: list[Path], count: int) -> list[str]:
    """The whole year into a new extract; what that took."""
    shutil.rmtree(extract, ignore_errors=True)
    done = _run("load", made, extract, *events)
    if (done["added"], done["rejected"]) != (count, 0):
        raise Mismatch(f"Of {count:,} events {done['added']:,} were added: {done}")
    size = sum(path.stat().st_size for path in extract.rglob("*") if path.is_file())
    return [
        tell("ingest", f"{count / done['ingest']:,.0f} events/s, {done['ingest']:.1f} s"),
        tell("publish", f"{done['publish']:.2f} s"),
        tell("ingest, largest memory", f"{done['memory'] / MB:,.0f} MB"),
        tell("published", f"{size / count:.1f} bytes an event"),
    ]


def _late(made: Path, extract: Path) -> list[str]:
    done = _run("load", made, extract, made / "late.parquet")
    what = f"{done['ingest'] + done['publish']:.1f} s, {done['memory'] / MB:,.0f} MB"
    return [tell(f"a late day of {done['added']:,} events merged", what)]


def _load_ledger(events: list[Path], made: Path, people: dict[str, Any]) -> list[str]:
    """The year's grants and ledger into the extract of its events; what that took."""
    if not (made / "ledger-12.parquet").exists():
        ledger.generate(events, made)
    facts.places(sorted(made.glob("ledger-*.parquet")), people)
    (made / "ledger-facts.json").write_text(json.dumps(people))
    done = _run("ledger", made, made / "extract")
    count, seconds = done["rows"], done["seconds"]
    return [
        tell("ledger", f"{count / seconds:,.0f} rows/s, {seconds:.1f} s"),
        tell("ledger, largest memory", f"{done['memory'] / MB:,.0f} MB"),
        tell("ledger, published", f"{done['bytes'] / count:.1f} bytes a row"),
    ]


def _rows(
    kind: str, extract: Path, told: Path, runs: int, others: dict[str, Any]
) -> Iterator[list[str]]:
    people = json.loads(told.read_text())
    bandwidth = _bandwidth()
    for number, asked in enumerate(KINDS[kind](people)):
        found = _run("ask", extract, told, kind, number, runs)
        if "error" in found:
            yield [asked.name, asked.whose, found["error"], *["–"] * (len(COLUMNS) - 3)]
            continue
        if asked.name.endswith("as charged") and found["difference"]:
            raise Mismatch(f"{asked.key}: the replay differs in {found['difference']} rows.")
        read = facts.floor_bytes(asked, people)
        floor = None if read is None else read / bandwidth * 1000
        row = [
            asked.name,
            asked.whose,
            f"{found['rows']:,}",
            *(f"{found[name]:.1f}" for name in ("median", "p95", "cold")),
            f"{found['peak'] / MB:.0f}",
            "–" if floor is None else f"{floor:.2f}",
            "–" if floor is None or floor < LEAST_FLOOR else f"{found['median'] / floor:.1f}",
            *(cell for name in ENGINES for cell in _beside(asked, found, others.get(name, {}))),
        ]
        print(" | ".join(row), flush=True)
        yield row


def _beside(asked: Asked, found: dict[str, Any], others: dict[str, Any]) -> tuple[str, str]:
    other = others.get(asked.key)
    if other is None:
        return "–", "–"
    mine, theirs = ((told["rows"], Decimal(told["credits"])) for told in (found, other))
    if mine != theirs:
        raise Mismatch(f"{asked.key}: {mine} from the extract, {theirs} from another engine.")
    return f"{other['median']:.1f}", f"{other['median'] / found['median']:.1f}"


def _run(module: str, *arguments: object) -> Any:
    """What a module of this package prints, in a process of its own."""
    command = [sys.executable, "-m", f"tests.scale.{module}", *map(str, arguments)]
    return json.loads(subprocess.check_output(command))


def _bandwidth() -> float:
    """Bytes a second that a copy in memory reads."""
    source = np.ones(COPIED // 8)
    target = np.empty_like(source)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - started)
    return COPIED / statistics.median(times)


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    names = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "chdb"))
    return tell(
        "machine",
        f"{os.cpu_count()} cores, {memory:.0f} GB, copies {_bandwidth() / 1e9:.1f} GB/s, "
        f"Python {platform.python_version()}, {names}",
    )


def _who(people: dict[str, Any]) -> list[str]:
    return [
        tell(name, f"{people[name]['customer_id']}, {people[name]['events']:,} events")
        for name in ("largest", "middle", "small")
    ]


def _table(rows: list[list[str]]) -> list[str]:
    aligned = [":--", ":--", *["--:"] * (len(COLUMNS) - 2)]
    return [f"| {' | '.join(row)} |" for row in (COLUMNS, aligned, *rows)]


def tell(name: str, what: str) -> str:
    line = f"- {name}: {what}"
    print(line, flush=True)
    return line


if __name__ == "__main__":
    main(sys.argv[1])
