"""Today's rates charge each event as the rate of its plan does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.credits.rates import Rate
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.tables import SCHEMAS
from queries.answer import answer
from queries.question import Extracted, QuestionError
from queries.whatif import TodaysRates

NOW = datetime(2026, 3, 1)
SIZES = [None, "1", "-4", "1e3", "07", "ten", "0.1234567891", "12.5"]
UNITS = [Decimal("2.5"), Decimal("-1"), Decimal("100000000000"), Decimal("0.00001")]
RATES = {
    ("plain", "f"): (Decimal("0.5"), None),
    ("plain", "g"): (Decimal("0.000001"), None),
    ("dear", "f"): (Decimal("9.999999"), None),
    ("by-size", "f"): (Decimal(1), "2*size - 1"),
    ("by-size", "g"): (Decimal(1), "size/3"),
}
PLANS = ["plain", "dear", "by-size"]


def events() -> list[tuple[Any, ...]]:
    """Of each plan's customer, of "f", "g" and no feature, with every size and number of units."""
    cases = [
        (plan, feature, size, units)
        for plan in [*PLANS, "none"]
        for feature in ("f", "g", None)
        for size in SIZES
        for units in UNITS
    ]
    return [
        (f"e{n}", plan, None, feature, "t", NOW - timedelta(hours=9 * n), NOW, units,
         Decimal(n % 7 - 1), [] if size is None else [{"key": "size", "value": size}])
        for n, (plan, feature, size, units) in enumerate(cases, start=1)
    ]  # fmt: skip


@contextmanager
def published(folder: Path, rates: Any, rows: list[tuple[Any, ...]]) -> Iterator[Extracted]:
    made: dict[str, list[tuple[Any, ...]]] = {
        "customers": [(plan, plan, None, NOW) for plan in [*PLANS, "none"]],
        "currencies": [("t", "T", None, None, None, "ACTIVE")],
        "features": [(name, name, "NUMBER", "Incremental", None, None, NOW) for name in "fg"],
        "plans": [(plan, plan, None) for plan in PLANS],
        "rates": [(*of, "t", *rate) for of, rate in rates.items()],
        "subscriptions": [
            (f"s-{plan}", plan, None, plan, "ACTIVE", NOW, *[None] * 5) for plan in PLANS
        ],
        "usage_events": rows,
    }
    frames = {
        name: pl.DataFrame(given, SCHEMAS[name], orient="row") for name, given in made.items()
    }
    write(frames, folder / STAGING, source="rated", cut_off=NOW, loaded_at=NOW)
    publish(folder)
    with Extract(folder) as extract:
        yield Extracted(extract)


def expected(rates: Any, rows: list[tuple[Any, ...]], customer_id: str | None) -> list[Any]:
    sums: dict[str | None, list[Any]] = {}
    for _, plan, _, feature, _, _, _, units, credits, dimensions in rows:
        if customer_id not in (None, plan):
            continue
        charge = credits
        if (plan, feature) in rates:
            amount, formula = rates[plan, feature]
            held = {pair["key"]: pair["value"] for pair in dimensions}
            charge = Rate("", "", amount, formula).charge(units, held)
        found = sums.setdefault(feature, [0, 0, 0, 0])
        for place, more in enumerate((1, charge != credits, credits, charge)):
            found[place] += more
    return [(feature, *sums[feature]) for feature in ("f", "g", None)]


@pytest.mark.parametrize("most_cases", [200_000, 0], ids=["in cases", "as sums"])
def test_each_event_is_rated_by_its_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_cases: int
) -> None:
    """A charge below nothing is one of these rates, too."""
    monkeypatch.setattr("queries.whatif.cases.MOST_CASES", most_cases)
    rows = [row for row in events() if row[1] != "dear" or row[7] < 1000]
    with published(tmp_path, RATES, rows) as rated:
        for customer_id in [None, *PLANS, "none"]:
            whom = None if customer_id is None else (customer_id,)
            found = answer(TodaysRates("t", whom), rated).frame.rows()
            assert found == expected(RATES, rows, customer_id)


def test_a_rate_above_a_million_rates_what_it_can(tmp_path: Path) -> None:
    rates = {**RATES, ("dear", "f"): (Decimal(2 * 10**6), None)}
    rows = [row for row in events() if row[1] != "dear" or row[7] < 1000]
    with published(tmp_path, rates, rows) as rated:
        assert answer(TodaysRates("t"), rated).frame.rows() == expected(rates, rows, None)


def test_a_rate_that_no_ledger_can_hold_is_refused(tmp_path: Path) -> None:
    rates = {**RATES, ("dear", "f"): (Decimal(999_999), None)}
    sentence = "The new price of f: .* credits are too many"
    with published(tmp_path, rates, events()) as rated:
        with pytest.raises(QuestionError, match=sentence):
            answer(TodaysRates("t"), rated)
        assert answer(TodaysRates("t", ("plain",)), rated).frame.height == 3
