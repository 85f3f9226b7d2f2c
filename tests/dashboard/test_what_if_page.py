"""What-if as a product manager has it: scenarios in the address, their effect, who loses most."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import polars as pl
import pytest
from app_page import AppPage, plain
from usage_page import Chart
from usage_world import Demo

from dashboard import asking
from dashboard.charts.what_if import MOST_BARS, Changed, most_changed, sentence
from dashboard.formats import compact, exact
from dashboard.panels import what_if_shown
from dashboard.sources import Sources
from data.extract.errors import ExtractError

SHOWCASE = "customer-demo-01"
FIRST, LAST = datetime(2026, 1, 1), datetime(2026, 4, 1)
DOUBLE = {"s1.1.value": "=claude", "s1.1.price": "x2"}
PROVEN = "Proven: the same events at today's rates"


class WhatIfPage(AppPage):
    view: ClassVar[str] = "what_if"

    @property
    def cards(self) -> dict[str, str]:
        return {plain(card.label): plain(card.value) for card in self.at.metric}

    @property
    def side_by_side(self) -> dict[str, list[str]]:
        """Each row's name → as charged, and each scenario."""
        rows = self.frame("The scenarios beside")
        return {row[0]: list(row[1:]) for row in rows.itertuples(index=False)}

    @property
    def chart(self) -> Chart:
        [chart] = self.at.get("plotly_chart")
        return Chart(chart.proto)

    @property
    def customers(self) -> Any:
        return self.frame("Customers by how much more")


Visit = Callable[..., WhatIfPage]


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return WhatIfPage


@pytest.fixture
def doubled(visit: Visit) -> WhatIfPage:
    """Every feature's events of one model at twice their charge, over the last quarter."""
    return visit(**DOUBLE)


def used(demo: Demo, **narrowed: Any) -> Decimal:
    return demo.used(None, FIRST, LAST, **narrowed)[()][0]


def test_without_a_price_the_page_proves_its_baseline_and_says_what_to_write(
    visit: Visit, demo: Demo
) -> None:
    page = visit()
    rows = demo.tables["ledger"].filter(currency_id="ai-tokens").height
    assert PROVEN in page.text
    assert f"{rows:,} ledger rows" in page.text
    assert "Write a new price above" in page.text
    assert not page.failures


def test_twice_the_charge_of_a_model_adds_what_that_model_was_charged(
    doubled: WhatIfPage, demo: Demo
) -> None:
    was, more = used(demo), used(demo, only={"model": "claude"})
    assert doubled.side_by_side["Used in the period (tokens)"] == [exact(was), exact(was + more)]
    assert doubled.cards["Tokens used"] == compact(was + more)
    assert sum(doubled.customers["change"]) == more


def test_who_loses_most_stands_first_in_table_and_chart(doubled: WhatIfPage, demo: Demo) -> None:
    by_customer = demo.used(None, FIRST, LAST, by=["customerId"], only={"model": "claude"})
    assert list(doubled.customers["change"]) == sorted(doubled.customers["change"], reverse=True)
    assert doubled.customers["name"].iloc[0] == "Kestrel Robotics"
    assert max(by_customer, key=lambda key: by_customer[key][0]) == (SHOWCASE,)
    assert "those who change most: Kestrel Robotics +" in doubled.chart.alt
    assert doubled.cards["Pay more"] == str(len(by_customer))
    assert doubled.cards["Pay less"] == "0"


def test_another_order_burns_other_grants_and_uses_as_much(visit: Visit) -> None:
    page = visit(**{"s1.order": "oldest-first"})
    table = page.side_by_side
    assert len(set(table["Used in the period (tokens)"])) == 1
    assert len(set(table["Balance at the end of the data (tokens)"])) == 2
    assert "Nobody's use changes" in page.text


def test_five_scenarios_stand_beside_what_was_charged(visit: Visit) -> None:
    prices = {f"s{n}.1.price": f"x{n}" for n in range(2, 7)}
    page = visit(**{"s1.1.price": "+10 %"}, **prices)
    columns = list(page.frame("The scenarios beside").columns)
    assert columns == ["What", "As charged", *(f"Scenario {n}" for n in range(1, 6))]


def test_scenarios_of_one_name_are_told_apart(visit: Visit) -> None:
    names = {"s1.name": "Same", "s2.name": "Same", "s3.name": "As charged"}
    page = visit(**{f"s{n}.1.price": f"x{n + 1}" for n in range(1, 4)}, **names)
    columns = list(page.frame("The scenarios beside").columns)
    assert columns == ["What", "As charged", "Same (1)", "Same (2)", "As charged (3)"]


def test_a_scenario_that_earns_nothing_stands_beside_one_that_does(visit: Visit) -> None:
    page = visit(**{"s1.1.price": "x0", "s2.1.price": "x2"})
    was, free, twice = page.side_by_side["Recognised (USD)"]
    assert free == "0.00"
    assert float(twice.replace(",", "")) > float(was.replace(",", "")) > 0
    swapped = visit(**{"s1.1.price": "x2", "s2.1.price": "x0"})
    assert swapped.side_by_side["Recognised (USD)"] == [was, twice, free]


def test_a_formula_prices_every_event_by_its_own_dimensions(visit: Visit, demo: Demo) -> None:
    page = visit(**{"s1.1.feature": "feature-embeddings", "s1.1.price": "input_tokens*0.001"})
    events = demo.tables["usage_events"].filter(
        pl.col("occurred_at") >= FIRST, pl.col("occurred_at") < LAST,
        currency_id="ai-tokens", feature_id="feature-embeddings",
    )  # fmt: skip
    tokens = sum(
        Decimal(pair["value"])
        for pairs in events["dimensions"]
        for pair in pairs
        if pair["key"] == "input_tokens"
    )
    others = used(demo) - used(demo, only={"featureId": "feature-embeddings"})
    assert page.side_by_side["Used in the period (tokens)"][1] == exact(others + tokens / 1000)


def test_one_some_or_all_customers_are_priced_anew(visit: Visit, demo: Demo) -> None:
    one = visit(customer=SHOWCASE, **DOUBLE)
    some = visit(only=[SHOWCASE, "customer-nearly-out"], **DOUBLE)
    assert set(one.customers["name"]) == {
        "Kestrel Robotics", "Kestrel Robotics · workspace-example-com",
    }  # fmt: skip
    assert len(some.customers) == 3
    table = demo.used(None, FIRST, LAST, by=["customerId"])
    assert one.side_by_side["Used in the period (tokens)"][0] == exact(table[SHOWCASE,][0])


def test_scenarios_and_days_are_in_the_link(doubled: WhatIfPage) -> None:
    assert doubled.link["s1.1.value"] == ["=claude"]
    assert doubled.link["s1.1.price"] == ["x2"]
    assert (doubled.link["from"], doubled.link["to"]) == (["2026-01-01"], ["2026-03-31"])


def test_a_scenario_is_added_as_a_copy_changed_and_removed(doubled: WhatIfPage) -> None:
    doubled.press("Add a scenario")
    assert doubled.address["s2.1.price"] == "x2"
    assert doubled.address["scenario"] == "2"
    doubled.choose("s2.1.price", "x3")
    table = doubled.side_by_side["Used in the period (tokens)"]
    assert len(set(table)) == 3
    doubled.press("Remove it")
    assert "s2.1.price" not in doubled.address
    assert list(doubled.frame("The scenarios beside").columns) == [
        "What",
        "As charged",
        "Scenario 1",
    ]


def test_a_row_is_removed_by_its_button(doubled: WhatIfPage) -> None:
    doubled.at.get_by_key("s1.1.remove").click().run()
    assert not [key for key in doubled.address if key.startswith("s1.")]
    assert "Write a new price above" in doubled.text


def test_a_click_outlives_the_work_that_was_done_for_it(
    doubled: WhatIfPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding a customer works nothing out again."""
    monkeypatch.setattr(what_if_shown, "answer", never)
    doubled.choose("find", "kestrel")
    assert not doubled.failures
    assert len(doubled.customers) == 2


def never(*_: object) -> Any:
    raise AssertionError("worked out again")


def test_a_stop_keeps_what_is_done_and_going_on_does_the_rest(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if_shown, "AT_A_TIME", 50)
    page = visit(**DOUBLE)
    done = page.at.session_state[what_if_shown.WORKED_OUT]
    wanted = list(done)
    assert len(wanted) == 2 + 2 * 4
    page.at.session_state[what_if_shown.WORKED_OUT] = {key: done[key] for key in wanted[:3]}
    page.at.session_state[what_if_shown.STOPPED] = wanted
    page.go()
    assert page.failures == ["Stopped: 3 of 10 parts are worked out. Go on to see the rest."]
    assert "Still shown below" in page.text
    page.press("Go on")
    assert not page.failures
    assert PROVEN in page.text


def test_pieces_add_up_to_the_whole(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = visit(**DOUBLE)
    monkeypatch.setattr(what_if_shown, "AT_A_TIME", 30)
    pieces = visit(**DOUBLE)
    assert pieces.side_by_side == whole.side_by_side
    assert pieces.customers.equals(whole.customers)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"s1.1.price": "twice the price"}, "cannot be read at 'the'"),
        ({"s1.1.price": "x5000"}, "Scenario 1: x5000 cannot be applied"),
        ({"s1.1.price": "x - 1"}, "A price is 0 or more"),
        ({"s1.1.price": "0.002*input_token"}, "No event carries input_token"),
        ({"s1.1.price": "x2", "s1.1.feature": "no-such"}, "No feature is called no-such"),
        (
            {"s1.1.price": "x2", "s1.1.value": "=no-such"},
            "No event of the period has model no-such",
        ),
        ({"s1.1.price": "-150 %"}, "less than nothing"),
        ({"s1.1.price": "x2", "s1.1.feature": "a b"}, "cannot be a feature id"),
        ({"s1.1.price": "x2", "s1.2.price": "x3"}, "has two prices"),
        ({"s1.1.price": "x2", "s1.key": "a;b", "s1.1.value": "=m"}, "cannot be a group-by key"),
        ({"s1.order": "random", "s1.1.price": "x2"}, "not a burn order"),
        ({"s1.1.price": "999999999999*input_tokens"}, "too many"),
        ({"period": "never", **DOUBLE}, "is not a period"),
        ({"only": "nobody here", **DOUBLE}, "cannot be a customer id"),
    ],
)
def test_what_cannot_be_asked_gets_a_sentence(
    visit: Visit, address: dict[str, str], sentence: str
) -> None:
    page = visit(**address)
    assert not page.has_crashed
    assert sentence in " ".join(page.failures)


def test_a_feature_or_value_that_nobody_uses_changes_nobody(visit: Visit) -> None:
    page = visit(**{"s1.1.value": "=no-such-model", "s1.1.price": "x2"})
    assert "Nobody's use changes" in page.text


def test_a_metering_api_says_that_the_extract_can(visit: Visit) -> None:
    page = visit(source="live", **DOUBLE)
    assert "A what-if prices every single event anew" in page.failures[0]
    page.press("Use the extract")
    assert PROVEN in page.text


def test_when_the_extract_fails_what_was_shown_stays(
    doubled: WhatIfPage, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo.extract, "read", damaged)
    asking.forget()
    doubled.choose("s1.1.price", "x4")
    assert "is damaged" in doubled.failures[0]
    assert "Still shown below, and no longer current: all customers" in doubled.text
    assert doubled.cards["Pay less"] == "0"
    asking.forget()


def damaged(*_: object) -> pl.DataFrame:
    raise ExtractError("The extract is damaged.")


def test_a_currency_that_is_not_there_is_said_to_be_missing(visit: Visit) -> None:
    page = visit(currency="no-such-currency", **DOUBLE)
    assert "no currency 'no-such-currency'" in " ".join(page.failures)


def test_bars_are_those_who_change_most_in_both_directions() -> None:
    rows = [Changed(f"c{n}", Decimal(100), Decimal(30 - n)) for n in range(61)]
    most = most_changed(rows)
    assert [row.change for row in most[:2]] == [30, 29]
    assert [row.change for row in most[-2:]] == [-29, -30]
    assert len(most) == 2 * MOST_BARS
    assert sentence(most[:1], "Double", "tokens").endswith("c0 +30.")
    assert sentence([], "Double", "tokens") == "Double changes nobody's credits."
