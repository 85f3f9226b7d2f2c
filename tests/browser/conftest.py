"""A Chromium for the session, and Streamlit scripts served to it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any, Literal

import pytest
from serving import ROOT, free_port, places_in, served, wait_until_healthy

from dashboard.settings import read_settings
from dashboard.sources import connect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, BrowserType, Page, ViewportSize

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
SECONDS_TO_APPEAR = 15
USER, ROLE = "X-Forwarded-User", "X-Forwarded-Role"

Serve = Callable[[Path], str]
NewPage = Callable[..., "Page"]


@pytest.fixture(scope="session")
def chromium() -> Iterator["BrowserType"]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    sync_api.expect.set_options(timeout=SECONDS_TO_APPEAR * 1000)
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def context(
    chromium: "BrowserType", tmp_path_factory: pytest.TempPathFactory
) -> Iterator["BrowserContext"]:
    """One for all pages, with a cache on disk: Streamlit's code is fetched and compiled once."""
    context = chromium.launch_persistent_context(
        tmp_path_factory.mktemp("chromium"),
        executable_path=str(CHROMIUM),
        args=CHROMIUM_ARGUMENTS,
    )
    yield context
    context.close()


@pytest.fixture
def page_of_its_own(chromium: "BrowserType") -> Iterator["Page"]:
    """A page whose clock can be stopped: Playwright stops it for the whole context."""
    browser = chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
    yield browser.new_page()
    browser.close()


@pytest.fixture
def new_page(context: "BrowserContext") -> Iterator[NewPage]:
    """Pages that look as they are told to: `new_page(color_scheme="dark", viewport={…})`."""
    pages: list[Page] = []

    def page_of(
        *,
        color_scheme: "Literal['dark', 'light', 'no-preference'] | None" = None,
        viewport: "ViewportSize | None" = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Page":
        page = context.new_page()
        pages.append(page)
        page.emulate_media(color_scheme=color_scheme)
        if viewport is not None:
            page.set_viewport_size(viewport)
        page.set_extra_http_headers(dict(headers or {}))
        return page

    yield page_of
    for page in pages:
        page.close()


@pytest.fixture
def page(new_page: NewPage) -> "Page":
    return new_page()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """From a Streamlit script to the address it is served at, each script started once."""
    addresses: dict[Path, str] = {}
    processes: list[subprocess.Popen[bytes]] = []

    def address_of(script: Path) -> str:
        if script not in addresses:
            log = tmp_path_factory.mktemp(script.stem) / "streamlit.log"
            port = free_port()
            processes.append(start(script, port, log))
            addresses[script] = f"http://127.0.0.1:{port}"
            wait_until_healthy(addresses[script], processes[-1], log)
        return addresses[script]

    yield address_of
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first `make run` leaves behind, built once and to be copied."""
    folder = tmp_path_factory.mktemp("demo")
    sources = connect(read_settings(places_in(folder)))
    sources.close()
    assert sources.extract is not None
    sources.extract.extract.close()
    return folder


@pytest.fixture(scope="session")
def app(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as `make run` serves it, on a demo of its own."""
    folder = copytree(demo_folder, tmp_path_factory.mktemp("app"), dirs_exist_ok=True)
    with served(folder) as address:
        yield address


@pytest.fixture(scope="session")
def signed_app(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app behind a proxy that signs people in, on a demo of its own."""
    folder = copytree(demo_folder, tmp_path_factory.mktemp("signed"), dirs_exist_ok=True)
    with served(folder, USER_HEADER=USER, ROLE_HEADER=ROLE) as address:
        yield address


@pytest.fixture
def signed_in(new_page: NewPage) -> NewPage:
    """A page whose requests carry what the proxy would add: `signed_in("sue", "support")`."""

    def page_of(user: str, role: str, **look: Any) -> "Page":
        return new_page(headers={USER: user, ROLE: role}, **look)

    return page_of


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
