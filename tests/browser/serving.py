"""The app in a process of its own, until it answers."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest

ROOT = Path(__file__).parents[2]
SECONDS_TO_START = 30


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[str]:
    """The app on what lies in a folder, or on a demo where nothing does."""
    port = free_port()
    log = folder / "app.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "serve"],
            cwd=ROOT,
            env=os.environ | places_in(folder) | settings | {"PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait()


def places_in(folder: Path) -> dict[str, str]:
    """Where the app keeps its things, as its settings name them."""
    places = {"METERING_STORE": "metering", "EXTRACT_DIR": "extract", "ACTIVITY": "activity.sqlite"}
    return {setting: str(folder / name) for setting, name in places.items()}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)  # between polls of a server that is starting
    pytest.fail(f"{address} did not start:\n{log.read_text()}")
