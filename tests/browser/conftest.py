"""A Chromium for the session, and Streamlit scripts served to it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).parents[2]
SECONDS_TO_START = 30
SECONDS_TO_APPEAR = 15
USER, ROLE = "X-Forwarded-User", "X-Forwarded-Role"

Serve = Callable[[Path], str]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    sync_api.expect.set_options(timeout=SECONDS_TO_APPEAR * 1000)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    """One for all pages, so that Streamlit's own files come out of its cache."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: "BrowserContext") -> Iterator["Page"]:
    page = context.new_page()
    yield page
    page.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """From a Streamlit script to the address it is served at, each script started once."""
    served: dict[Path, str] = {}
    processes: list[subprocess.Popen[bytes]] = []

    def address_of(script: Path) -> str:
        if script not in served:
            log = tmp_path_factory.mktemp(script.stem) / "streamlit.log"
            port = free_port()
            processes.append(start(script, port, log))
            served[script] = f"http://127.0.0.1:{port}"
            wait_until_healthy(served[script], processes[-1], log)
        return served[script]

    yield address_of
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as `make run` serves it, on a demo of its own."""
    with serving(tmp_path_factory.mktemp("app")) as address:
        yield address


@pytest.fixture(scope="session")
def signed_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app behind a proxy that signs people in, on a demo of its own."""
    names = {"USER_HEADER": USER, "ROLE_HEADER": ROLE}
    with serving(tmp_path_factory.mktemp("signed"), **names) as address:
        yield address


@pytest.fixture
def signed_in(browser: "Browser") -> Iterator[Callable[..., "Page"]]:
    """A page whose requests carry what the proxy would add: `signed_in("sue", "support")`."""
    contexts: list[BrowserContext] = []

    def page_of(user: str, role: str, **settings: Any) -> "Page":
        headers = {USER: user, ROLE: role}
        contexts.append(browser.new_context(extra_http_headers=headers, **settings))
        return contexts[-1].new_page()

    yield page_of
    for context in contexts:
        context.close()


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[str]:
    """The app's address, on a demo of its own in the folder."""
    port = free_port()
    places = {"METERING_STORE": str(folder / "metering"), "EXTRACT_DIR": str(folder / "extract")}
    places["ACTIVITY"] = str(folder / "activity.sqlite")
    log = folder / "app.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "serve"],
            cwd=ROOT,
            env=os.environ | places | settings | {"PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    address = f"http://127.0.0.1:{port}"
    wait_until_healthy(address, process, log)
    yield address
    process.terminate()
    process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(script: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    settings = {
        "SERVER_ADDRESS": "127.0.0.1",
        "SERVER_PORT": str(port),
        "SERVER_HEADLESS": "true",
        "SERVER_FILE_WATCHER_TYPE": "none",
        "BROWSER_GATHER_USAGE_STATS": "false",
    }
    environment = os.environ | {f"STREAMLIT_{name}": value for name, value in settings.items()}
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)


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
