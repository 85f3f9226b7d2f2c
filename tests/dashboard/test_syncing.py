"""The command `extract sync`, as a user runs it."""

from pathlib import Path

import pytest
from metered import founded

from dashboard.__main__ import main
from data.extract.duckdb import Extract
from data.extract.folder import current


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a folder with nothing in it yet."""
    for name in ("METERING_API_URL", "METERING_API_KEY", "METERING_CATALOG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("METERING_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("EXTRACT_DIR", str(tmp_path / "extract"))
    return tmp_path


def test_the_local_api_is_read_where_none_is_configured(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    founded(place / "store").close()
    assert main(["extract", "sync", "--by", "model,team"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Published extract-1.duckdb: 5 customers, ")
    assert "5 of 5 customers, " in told.err
    with Extract(place / "extract") as extract:
        assert extract.source.startswith("the local metering API")
        assert set(extract.promoted_keys) == {"model", "team"}


def test_an_api_that_cannot_be_reached_is_said_in_one_sentence(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("METERING_API_URL", "http://127.0.0.1:9/graphql")
    monkeypatch.setenv("METERING_API_KEY", "server-x")
    assert main(["extract", "sync"]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert current(place / "extract") is None
