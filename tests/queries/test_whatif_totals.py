"""What-if totals: sums in the extract are what each event charged by itself sums up to."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest

from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.tables import SCHEMAS
from queries.answer import answer
from queries.question import Extracted, QuestionError
from queries.time import Span
from queries.whatif import Change, Replayed, Repriced, Scenario

NOW = datetime(2026, 3, 1)
YEAR = Span(datetime(2025, 3, 1), NOW)
STEP = Decimal("0.000001")
CREDITS = [
    "0", "0.000001", "-0.000003", "-0.5", "1.000001", "999.999999", "1000", "1000.000001",
    "999999.999999", "1000000", "1176470.588235", "-1176471", "999999999.999999",
]  # fmt: skip
UNITS = [
    "0", "0.00001", "-2.5", "9.99999", "10", "10.00001", "100000000.00001", "-500000001",
    "34359738367.99999", "99999999999", "100000000001", "9007199254740991",
]  # fmt: skip
FACTORS = ["x0", "x1", "x2", "x999", "+10 %", "-15 %", "x0.333333", "x0.000001", "x999.999999"]
PER_UNIT = ["0", "0.000001", "0.0001", "0.000111", ".5*missing + 1.0000005"]
ROWS = [(Decimal(c), Decimal(UNITS[n % len(UNITS)])) for n, c in enumerate(CREDITS)]
"""Of the customer "c": credits and units, at the ends of what 64 bits hold and beyond."""
MEASURED = [(Decimal("1.5"), Decimal(u)) for u in UNITS if not u.startswith("-")]
"""Of "measured": units of nothing and more."""


def of(customer_id: str, resource_id: str | None, rows: Any) -> list[tuple[Any, ...]]:
    """An event a day, of "f", "g" and no feature by turns; every fourth without the key "kind"."""
    made = []
    for n, (credits, units) in enumerate(rows):
        kind = [] if n % 4 == 0 else [{"key": "kind", "value": f"k{n % 4}"}]
        at = NOW - timedelta(days=1 + n)
        feature = (None, "f", "g")[n % 3]
        name = f"{customer_id}-{resource_id}-{n}"
        made.append((name, customer_id, resource_id, feature, "t", at, NOW, units, credits, kind))
    return made


EVENTS = [
    *of("c", None, ROWS),
    *of("c", "r", ROWS[::-1]),
    *of("measured", None, MEASURED),
    *of("rich", None, [(Decimal(10**11), Decimal(1))] * 3),
]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extracted]:
    made: dict[str, list[tuple[Any, ...]]] = {
        "customers": [(name, name, None, NOW) for name in ("c", "measured", "rich")],
        "resources": [("c", "r", NOW)],
        "currencies": [("t", "T", None, None, None, "ACTIVE")],
        "features": [(name, name, "NUMBER", "Incremental", None, None, NOW) for name in "fg"],
        "usage_events": EVENTS,
    }
    frames = {
        name: pl.DataFrame(given, SCHEMAS[name], orient="row") for name, given in made.items()
    }
    staged = tmp_path_factory.mktemp("wide") / STAGING
    write(frames, staged, source="wide", cut_off=NOW, loaded_at=NOW)
    publish(staged.parent)
    with Extract(staged.parent) as extract:
        yield Extracted(extract)


def charge(event: tuple[Any, ...], scenario: Scenario) -> Decimal:
    """By hand: the value's own price, or that of the feature, or what it was."""
    feature, units, credits, dimensions = event[3], *event[7:]
    kind = dimensions[0]["value"] if dimensions else ""
    prices = {(change.feature_id, change.value): change.terms for change in scenario.changes}
    told = [prices[at] for at in ((feature, kind), (feature, None)) if at in prices]
    if not told or feature is None:
        return Decimal(credits)
    if told[0].formula:
        return Decimal("1.000001")
    exact = told[0].per_credit * credits + told[0].per_unit * units
    return exact.quantize(STEP, ROUND_HALF_UP)


def expected(customer_id: str, scenario: Scenario, span: Span = YEAR) -> list[tuple[Any, ...]]:
    rows = []
    for pool in [(customer_id, None), (customer_id, "r")]:
        held = [e for e in EVENTS if e[1:3] == pool and span.start <= e[5] < span.end]
        was, now = [e[8] for e in held], [charge(event, scenario) for event in held]
        changed = sum(a != b for a, b in zip(was, now, strict=True))
        if held:
            rows.append((*pool, len(held), changed, sum(was), sum(now)))
    return rows


def asked(
    wide: Extracted, customer_id: str | None, scenario: Scenario, span: Span = YEAR
) -> list[tuple[Any, ...]]:
    whom = None if customer_id is None else (customer_id,)
    return answer(Repriced("t", span, scenario, whom), wide).frame.rows()


@pytest.mark.parametrize("price", FACTORS)
def test_times_a_charge_is_rounded_for_each_event(wide: Extracted, price: str) -> None:
    scenario = Scenario("S", (Change("f", price), Change("g", price)))
    assert asked(wide, "c", scenario) == expected("c", scenario)


@pytest.mark.parametrize("price", PER_UNIT)
def test_a_price_per_unit_is_rounded_for_each_event(wide: Extracted, price: str) -> None:
    scenario = Scenario("S", (Change("f", price), Change("g", price)))
    assert asked(wide, "measured", scenario) == expected("measured", scenario)


SCENARIOS = {
    "its own": (("f", "x3", "k1"), ("f", "x2", None), ("g", "x5", "k2")),
    "without": (("f", "x3", ""), ("g", "x1.5", None)),
    "of nothing": (("f", "x3", "k9"), ("nothing", "x2", None)),
    "all its own": (("f", "x3", ""), ("f", "+1%", "k1"), ("f", "x4", "k2"), ("f", "x0", "k3")),
}


@pytest.mark.parametrize("changes", SCENARIOS.values(), ids=SCENARIOS)
def test_each_event_has_the_price_that_names_it_best(
    wide: Extracted, changes: tuple[tuple[str, str, str | None], ...]
) -> None:
    scenario = Scenario("S", tuple(Change(*change) for change in changes), "kind")
    assert asked(wide, "c", scenario) == expected("c", scenario)


def test_a_period_within_days_sums_its_own_events(wide: Extracted) -> None:
    scenario = Scenario("S", (Change("f", "x2"), Change("g", "x1.1")))
    span = Span(NOW - timedelta(days=9, hours=-1), NOW - timedelta(days=3, microseconds=-1))
    assert asked(wide, "c", scenario, span) == expected("c", scenario, span)
    free = Scenario("S", (Change("f", "x0"), Change("g", "x0")))
    every = [row for name in ("c", "measured", "rich") for row in expected(name, free, span)]
    assert asked(wide, None, free, span) == every


@pytest.mark.parametrize("price", ["x10", "x10.5", "100000000000*missing + 1000000000000"])
def test_a_total_of_charges_that_no_ledger_can_hold_is_refused(wide: Extracted, price: str) -> None:
    with pytest.raises(QuestionError, match=r"more than|too many"):
        asked(wide, "rich", Scenario("S", (Change("f", price),)))


@pytest.mark.parametrize("price", ["0.02", "999999.999999", "x999.999999"])
def test_a_price_that_takes_any_event_out_of_range_is_refused(wide: Extracted, price: str) -> None:
    scenario = Scenario("S", (Change("f", price), Change("g", price)))
    for question in (Repriced("t", YEAR, scenario), Replayed("t", YEAR, scenario)):
        with pytest.raises(QuestionError, match=r"more than|too many"):
            answer(question, wide)


def test_a_total_of_charges_below_nothing_is_refused(wide: Extracted) -> None:
    for price in ("0.000001", "-1"):
        changes = (Change("f", price), Change("g", price))
        with pytest.raises(QuestionError, match="A price is 0 or more"):
            asked(wide, "c", Scenario("S", changes))
