"""Every command that the README shows is run, and every place that it names is there."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()
]
LONGEST = 90.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A copy of the project that shares the installed environment, and has its own data."""
    for name in ("dashboard", "queries", "data", ".streamlit"):
        left_out = shutil.ignore_patterns("local", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def environment(**settings: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("METERING_", "EXTRACT_"))}
    return kept | {"PYTHONPATH": "."} | settings


@contextmanager
def serving(command: str, folder: Path, address: str, **settings: str) -> Iterator[None]:
    """The command, started by a shell, once it answers at the address; ended afterwards."""
    log = folder / "serving.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, shell=True, cwd=folder, env=environment(**settings), stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(address, process, log)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        wait_until_gone(address)


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + LONGEST
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)  # between polls of a server that is starting
    pytest.fail(f"nothing answers at {address}:\n{log.read_text()}")


def wait_until_gone(address: str) -> None:
    """The shell ends before the server that it started has let go of its store."""
    give_up = time.monotonic() + LONGEST
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(address, timeout=2):
                time.sleep(0.1)  # between polls of a server that is ending
        except (URLError, OSError):
            return
    pytest.fail(f"{address} still answers")


def run(command: str, folder: Path, **settings: str) -> str:
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment(**settings), capture_output=True,
        text=True, timeout=LONGEST, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def command(beginning: str) -> str:
    [found] = [line for line in COMMANDS if line.startswith(beginning)]
    return found


def test_every_command_is_run_by_a_test_here() -> None:
    tested = (
        "make run", "make test", "rm -rf data/local", "METERING_API_URL=",
        ".venv/bin/python -m dashboard extract ingest", "make traces",
        ".venv/bin/python -m dashboard extract publish", ".venv/bin/python -m dashboard metering",
    )  # fmt: skip
    assert [line for line in COMMANDS if not line.startswith(tested)] == []


def test_make_run_serves_the_demo_and_deleting_its_data_is_safe(workplace: Path) -> None:
    port = free_port()
    for _ in range(2):
        with serving(
            command("make run"), workplace, f"http://127.0.0.1:{port}/healthz", PORT=str(port)
        ):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                assert json.load(answer) == {"live": True, "extract": True}
            assert f"http://127.0.0.1:{port}" in (workplace / "serving.log").read_text()
        run(command("rm -rf data/local"), workplace)


def test_make_run_asks_the_api_that_the_environment_names(workplace: Path) -> None:
    api, port = free_port(), free_port()
    served = command(".venv/bin/python -m dashboard metering").replace("8700", str(api))
    line = re.sub(
        r"METERING_API_URL=\S+ METERING_API_KEY=\S+",
        f"METERING_API_URL=http://127.0.0.1:{api}/graphql METERING_API_KEY=server-local",
        command("METERING_API_URL="),
    )
    with (
        serving(served, workplace, f"http://127.0.0.1:{api}/healthz"),
        serving(line, workplace, f"http://127.0.0.1:{port}/healthz", PORT=str(port)),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer,
    ):
        assert json.load(answer) == {"live": True, "extract": False}


def test_events_are_ingested_and_published(workplace: Path) -> None:
    event = {"who": "acme", "at": "2026-05-01T10:00:00Z", "model": "gemini"}
    (workplace / "events.jsonl").write_text(json.dumps(event) + "\n")
    shutil.copy(workplace / "data/demo/catalogue.json", workplace / "catalogue.json")
    mapping = {
        "customer": {"column": "who"},
        "time": {"column": "at"},
        "feature": {"constant": "feature-seats"},
        "value": {"constant": 1},
        "plan": {"constant": "plan-revvenu-growth"},
        "dimensions": {"model": {"column": "model"}},
    }
    (workplace / "mapping.json").write_text(json.dumps(mapping))
    assert "1 added" in run(command(".venv/bin/python -m dashboard extract ingest"), workplace)
    assert "extract-1.duckdb" in run(
        command(".venv/bin/python -m dashboard extract pub"), workplace
    )


def test_make_test_runs_the_whole_suite(workplace: Path) -> None:
    """It runs this test, so here only what it would do."""
    assert "-m pytest" in run(f"{command('make test')} --dry-run", workplace)


def test_make_traces_names_the_command_that_test_traces_runs(workplace: Path) -> None:
    line = command("make traces")
    assert "-m dashboard traces ../shared/data/azure-llm-2023" in run(f"{line} -n", workplace)


def test_every_link_of_the_readme_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_setting_is_in_the_readme() -> None:
    source = (ROOT / "dashboard/settings.py").read_text()
    names = set(re.findall(r'environment\.get\("(\w+)"\)', source))
    assert names
    assert {name for name in names if f"`{name}`" not in README} == set()
