"""One question in a process of its own: python -m tests.scale.ask FOLDER FACTS KIND NUMBER RUNS.

It prints JSON: the rows, the sum of the credits, the first answer's ms with none of the extract's
files in the page cache, those of the later ones, and by how much memory grew at most.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from queries.answer import answer
from queries.question import Extracted
from tests.scale.questions import of_events, of_ledger

KINDS: dict[str, Callable[[dict[str, Any]], Any]] = {"events": of_events, "ledger": of_ledger}
LEAST_RUNS, ENOUGH, MOST = 3, 20_000, 60_000
CREDITS = ("credits", "repriced", "amount", "rated")


def main(folder: str, facts: str, kind: str, number: str, runs: str) -> None:
    asked = KINDS[kind](json.loads(Path(facts).read_text()))[int(number)]
    forget(Path(folder))
    with Extract(Path(folder)) as extract:
        source = Extracted(extract)
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        times: list[float] = []
        while is_to_be_asked(times, int(runs)):
            started = time.perf_counter()
            try:
                frames = [answer(question, source).frame for question in asked.questions]
            except ExtractError as error:
                print(json.dumps({"error": str(error)}))
                return
            times.append((time.perf_counter() - started) * 1000)
    told = {
        "rows": sum(frame.height for frame in frames),
        "credits": str(sum(map(credits, frames), Decimal(0))),
        "cold": times[0],
        "median": statistics.median(times[1:]),
        "p95": sorted(times[1:])[-(-95 * (len(times) - 1) // 100) - 1],
        "peak": _memory("VmHWM") - before,
    }
    if "difference" in frames[0].columns:
        told["difference"] = frames[0]["difference"].sum()
    print(json.dumps(told))


def is_to_be_asked(times: list[float], runs: int) -> bool:
    """Whether once more, after answers that took so many milliseconds, the first of them cold.

    As often as is wanted, or until it took ENOUGH, but LEAST_RUNS times; once if it took the MOST.
    """
    done, taken = len(times) - 1, sum(times)
    wanted = runs if taken < ENOUGH else LEAST_RUNS if taken < MOST else 1
    return done < wanted


def forget(folder: Path) -> None:
    """Have the system drop what it keeps of these files."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def credits(frame: pl.DataFrame) -> Decimal:
    """The sum of the column that the answer is about, to compare it by."""
    column = next((name for name in CREDITS if name in frame.columns), None)
    return Decimal(0) if column is None else frame[column].sum() or Decimal(0)


def _memory(name: str) -> int:
    """Bytes, as the system counts them for this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
