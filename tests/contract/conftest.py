"""The company of the contract tests, told to both kinds of source once."""

from collections.abc import Iterator

import pytest
from company import Company, told_twice


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    yield from told_twice(tmp_path_factory.mktemp("company"))
