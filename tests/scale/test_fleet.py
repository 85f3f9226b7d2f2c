"""The fleet that the large measurements are made of is as described, and the same every time."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.scale.fleet import HAS_A_RARE_KEY, KEYS, MOST_UNITS, ON_A_RESOURCE, YEAR, generate

COUNT = 30_000


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return pl.read_parquet(generate(COUNT, tmp_path_factory.mktemp("fleet")))


def test_a_seed_makes_the_same_files(tmp_path: Path, events: pl.DataFrame) -> None:
    again = generate(COUNT, tmp_path)
    assert pl.read_parquet(again).equals(events)
    assert generate(COUNT, tmp_path) == again


def test_every_event_of_the_year_is_there_once(events: pl.DataFrame) -> None:
    assert events["id"].n_unique() == events.height == COUNT
    assert events["id"].str.contains(r"^evt-\d{12}$").all()
    assert set(events["time"].dt.year()) == {YEAR}
    assert events["time"].is_sorted()
    assert events["units"].is_between(1, MOST_UNITS).all()
    late = (events["received"] - events["time"]).dt.total_milliseconds()
    assert late.is_between(100, 3000).all()


def test_the_laws_hold_but_for_chance(events: pl.DataFrame) -> None:
    def share(is_so: pl.Expr) -> float:
        held: float = events.select(is_so.mean()).item()
        return held

    largest = share(pl.col("customer") == "customer-00001")
    assert largest == pytest.approx(0.102, abs=0.01)
    assert share(pl.col("resource").is_not_null()) == pytest.approx(ON_A_RESOURCE, abs=0.01)
    assert share(pl.col("rest").map.len() > 0) == pytest.approx(HAS_A_RARE_KEY, abs=0.01)
    for key, (_, _, held) in KEYS.items():
        assert share(pl.col(key).is_not_null()) == pytest.approx(held, abs=0.01)


def test_the_late_day_has_events_of_its_own(tmp_path: Path, events: pl.DataFrame) -> None:
    generate(COUNT, tmp_path)
    late = pl.read_parquet(tmp_path / "late.parquet")
    assert late.height == COUNT // 365
    assert set(late["time"].dt.date()) == {date(YEAR, 6, 15)}
    assert not set(late["id"]) & set(events["id"])
