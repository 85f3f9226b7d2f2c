"""An extract's queries end when they take too long or nobody waits for them."""

import time
from datetime import datetime
from pathlib import Path

import pytest

from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from data.extract.folder import STAGING
from data.extract.patience import while_wanted
from data.extract.publish import publish

ENDLESS = "select sum(a.range * b.range) as n from range(100000000) as a, range(100000000) as b"
SHORT = "select 1 as n"
MAY = datetime(2026, 5, 1)
AT_MOST = 30
"""Seconds that a loaded machine may take to end what would go on for hours."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write({}, tmp_path / STAGING, source="test", cut_off=MAY, loaded_at=MAY)
    publish(tmp_path)
    return tmp_path


def test_a_query_that_takes_too_long_is_given_up_with_what_to_ask_instead(folder: Path) -> None:
    with Extract(folder, most_seconds=0.3) as extract:
        began = time.monotonic()
        with pytest.raises(ExtractError, match=r"within 0\.3 seconds\. Ask for a shorter period"):
            extract.read(ENDLESS, {})
        assert time.monotonic() - began < AT_MOST
        assert extract.read(SHORT, {})["n"].item() == 1


def test_a_query_that_nobody_waits_for_is_given_up_and_the_next_is_answered(folder: Path) -> None:
    with Extract(folder) as extract:
        began = time.monotonic()
        with while_wanted(lambda: False), pytest.raises(ExtractError, match="Nobody waits"):
            extract.read(ENDLESS, {})
        assert time.monotonic() - began < AT_MOST
        assert extract.read(SHORT, {})["n"].item() == 1


def test_an_answer_that_is_waited_for_is_given_whole(folder: Path) -> None:
    with Extract(folder) as extract, while_wanted(lambda: True):
        assert extract.read("select count(*) as n from range(10000000)", {})["n"].item() == 10**7
