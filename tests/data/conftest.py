"""Fixtures of the metering tests: an API in this process, and two over HTTP.

What they need is imported when they are asked for: the arithmetic is tested without it.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_metering import LocalApi, MeteringProcess


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the catalogue and one customer on the growth plan, to be copied."""
    from local_metering import LocalApi

    api = LocalApi(tmp_path_factory.mktemp("begun") / "store")
    api.provision()
    api.close()
    return api.store


@pytest.fixture
def api(begun: Path, tmp_path: Path) -> Iterator["LocalApi"]:
    """An API in this process with one customer on the growth plan, and a clock of its own."""
    from local_metering import LocalApi

    api = LocalApi(copytree(begun, tmp_path / "store"))
    yield api
    api.close()


@pytest.fixture(scope="module")
def shared(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["LocalApi"]:
    """One like it for all of a module: for tests that change nothing of each other's."""
    from local_metering import LocalApi

    api = LocalApi(copytree(begun, tmp_path_factory.mktemp("shared") / "store"))
    yield api
    api.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator["MeteringProcess"]:
    """An API over HTTP that started empty; each test makes customers of its own."""
    from local_metering import MeteringProcess

    served = MeteringProcess(tmp_path_factory.mktemp("served") / "store", "--empty")
    yield served
    served.stop()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator["MeteringProcess"]:
    """The demo company over HTTP."""
    from local_metering import MeteringProcess

    demo = MeteringProcess(tmp_path_factory.mktemp("demo") / "store")
    yield demo
    demo.stop()
