"""The Usage page when a reader narrows it: a closer look at a row, filters and their chips."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

import pytest
from usage_page import UsagePage
from usage_world import Demo

from dashboard.formats import compact

Visit = Callable[..., UsagePage]

KESTREL = "customer-demo-01"
START = datetime(2026, 4, 23)
SOURCES = ("extract", "live")
BOTH_SOURCES = pytest.mark.parametrize("source", SOURCES)


def sums(rows: Mapping[object, tuple[Decimal, int]]) -> tuple[Decimal, int]:
    credits = sum((credits for credits, _ in rows.values()), Decimal(0))
    return credits, sum(events for _, events in rows.values())


def assert_all_agree(page: UsagePage, credits: Decimal, events: int) -> None:
    assert not page.has_crashed
    assert page.total == (credits, events)
    assert sums(page.rows) == (credits, events)
    assert page.chart.total == pytest.approx(float(credits))
    assert page.cards["Tokens used"][0] == compact(credits)
    assert page.cards["Events"][0] == compact(Decimal(events))


@BOTH_SOURCES
def test_only_this_keeps_the_row_in_chart_table_and_address(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer=KESTREL, source=source, by="model")
    row = page.rows["gemini",]
    page.choose("into", "gemini").press("Only this")
    assert page.address == {
        "customer": KESTREL, "source": source, "by": "model", "only": "model:gemini"
    }  # fmt: skip
    assert page.chart.names == ["gemini"]
    assert page.rows == {("gemini",): row}
    assert_all_agree(page, *row)
    assert page.total == sums(demo.used(KESTREL, START, only={"model": "gemini"}))


@BOTH_SOURCES
def test_without_this_leaves_the_row_out_of_chart_table_and_address(
    visit: Visit, source: str
) -> None:
    page = visit(customer=KESTREL, source=source, by="model")
    rows, (credits, events) = page.rows, page.total
    left_out = rows.pop(("gemini",))
    page.choose("into", "gemini").press("Without this")
    assert page.address["without"] == "model:gemini"
    assert "into" not in page.address
    assert "gemini" not in page.chart.names
    assert page.rows == rows
    assert_all_agree(page, credits - left_out[0], events - left_out[1])


@BOTH_SOURCES
def test_only_this_of_several_keys_keeps_the_values_of_each(visit: Visit, source: str) -> None:
    page = visit(customer=KESTREL, source=source, by=["model", "region"], featureId="on")
    group = next(iter(page.rows))
    row = page.rows[group]
    page.choose("into", " · ".join(group)).press("Only this")
    assert page.rows == {group: row}
    assert page.address["only"][:2] == [f"model:{group[0]}", f"region:{group[1]}"]
    assert_all_agree(page, *row)


@BOTH_SOURCES
def test_removing_a_chip_brings_back_what_it_left_out(visit: Visit, source: str) -> None:
    page = visit(customer=KESTREL, source=source, by="model")
    before = (page.total, page.rows, page.cards, page.chart.traces)
    address = page.address
    page.choose("into", "gemini").press("Without this")
    page.choose("into", "claude").press("Without this")
    assert {"model is not gemini", "model is not claude"} <= set(page.buttons)
    page.press("model is not gemini")
    assert page.address["without"] == "model:claude"
    page.press("model is not claude")
    assert page.address == address
    assert (page.total, page.rows, page.cards, page.chart.traces) == before


def test_events_without_a_key_can_be_kept_and_left_out(visit: Visit, demo: Demo) -> None:
    page = visit(customer=KESTREL, by="team")
    page.choose("into", "(not set)").press("Only this")
    assert "team is (not set)" in page.buttons
    assert page.total == sums(demo.used(KESTREL, START, only={"team": ""}))
    page.press("team is (not set)")
    page.choose("into", "(not set)").press("Without this")
    assert page.total == sums(demo.used(KESTREL, START, without={"team": ""}))


@BOTH_SOURCES
def test_the_breakdown_of_a_row_adds_up_to_the_row(visit: Visit, demo: Demo, source: str) -> None:
    page = visit(customer=KESTREL, source=source, by="model", into="claude")
    credits, events = page.rows["claude",]
    page.choose("nested", "team")
    nested = page.frame("claude by team")
    assert sum(nested["credits"]) == credits
    assert sum(nested["events"]) == events
    assert sum(nested["share"]) == pytest.approx(1)
    used = demo.used(KESTREL, START, by=["team"], only={"model": "claude"})
    assert set(nested["team"]) == {team or "(not set)" for (team,) in used}


def test_several_values_of_a_key_are_kept_together(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model")
    rows = {group: row for group, row in page.rows.items() if group[0] in ("claude", "gpt")}
    page.go(only=["model:claude", "model:gpt"])
    assert page.rows == rows
    assert_all_agree(page, *sums(rows))


def test_only_wins_where_a_key_has_filters_of_both_kinds(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model", only="model:claude", without="model:gpt")
    assert list(page.rows) == [("claude",)]


def test_a_breakdown_by_feature_calls_features_by_their_names(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model", into="claude", nested="featureId")
    assert "Chat completions" in set(page.frame("claude by featureId")["Feature"])


def test_a_breakdown_keeps_the_filters_of_the_page(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model", only="environment:production", without="team:search")
    credits, events = page.rows["claude",]
    page.choose("into", "claude").choose("nested", "team")
    nested = page.frame("claude by team")
    assert (sum(nested["credits"]), sum(nested["events"])) == (credits, events)
    assert "search" not in set(nested["team"])


def test_a_row_that_went_away_is_said_to_be_gone(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="region", into="claude")
    assert "This table has no such row; choose one from the list." in page.text
    assert "Only this" not in page.buttons


def test_a_row_of_three_keys_and_the_feature_can_be_kept_alone(visit: Visit) -> None:
    page = visit(customer=KESTREL, by=["model", "region", "team"], featureId="on")
    group = next(iter(page.rows))
    page.choose("into", " · ".join(group)).press("Only this")
    assert page.failures == []
    assert next(iter(page.rows)) == group


def test_filters_that_nothing_passes_say_so(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model", only="model:abacus")
    assert "No events that pass the filters in 23 Apr – 22 May 2026." in page.text
    assert not page.has_chart
    assert "· total" not in page.text
    page.press("model is abacus")
    assert page.has_chart


def test_a_link_to_a_narrowed_page_opens_it_narrowed(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model").choose("into", "claude").press("Only this")
    again = visit(**page.address)
    assert again.rows == page.rows
    assert again.buttons == page.buttons
