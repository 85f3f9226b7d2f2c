"""Fixtures of the metering tests: an API in this process, and two over HTTP.

What they need is imported when they are asked for: the arithmetic is tested without it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_metering import LocalApi, MeteringProcess


@pytest.fixture
def api(tmp_path: Path) -> Iterator["LocalApi"]:
    """An API in this process with one customer on the growth plan, and a clock of its own."""
    from local_metering import LocalApi

    api = LocalApi(tmp_path / "store")
    api.provision()
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
