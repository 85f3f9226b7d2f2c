"""The Azure traces: every request counted once by both sources, whatever interrupts the import."""

import csv
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRACES = ROOT.parent / "shared" / "data" / "azure-llm-2023"
REQUESTS = 28_185

pytestmark = pytest.mark.skipif(
    not (TRACES / "code.csv").exists(), reason=f"the traces are not in {TRACES}"
)


def start(folder: Path) -> "subprocess.Popen[str]":
    places = {"METERING_STORE": str(folder / "metering"), "EXTRACT_DIR": str(folder / "extract")}
    places["ACTIVITY"] = str(folder / "activity.sqlite")
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard", "traces", str(TRACES)],
        cwd=ROOT,
        env=os.environ | places,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path) -> str:
    with start(folder) as process:
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return output


def kill_after(folder: Path, line: str) -> None:
    """Start the import and kill it as soon as it has printed the line."""
    with start(folder) as process:
        assert process.stdout is not None
        for printed in process.stdout:
            if line in printed:
                break
        process.kill()


def counted(output: str) -> dict[str, str]:
    """source → what it counts"""
    lines = [line for line in output.splitlines() if "events counted" in line]
    return dict(line.split(": ", 1) for line in lines)


def credits_by_hand() -> Decimal:
    total = Decimal(0)
    for name in ("code", "conv"):
        with (TRACES / f"{name}.csv").open() as file:
            for row in csv.DictReader(file):
                total += Decimal("0.0005") * Decimal(row["ContextTokens"])
                total += Decimal("0.0015") * Decimal(row["GeneratedTokens"])
    return total


def test_an_import_that_is_killed_and_repeated_counts_every_request_once(tmp_path: Path) -> None:
    kill_after(tmp_path, "12,000 events sent")
    expected = f"{REQUESTS:,} events counted, {credits_by_hand():,.6f} credits."
    finished = run(tmp_path)
    assert counted(finished) == {"Metering API": expected, "Extract": expected}
    repeated = run(tmp_path)
    assert counted(repeated) == {"Metering API": expected, "Extract": expected}
    assert f"Extract: 0 added, {REQUESTS:,} were there." in repeated


def test_a_folder_without_the_traces_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard", "traces", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "must hold code.csv and conv.csv" in done.stderr
    assert "Traceback" not in done.stderr
