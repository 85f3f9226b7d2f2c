"""Estimates as people write them: each text is read, or its column says what is wrong with it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from queries.estimates import EstimateChange, EstimateNew, EventCost, UsageCost
from queries.estimates.written import (
    Sold,
    read_change,
    read_dimensions,
    read_event,
    read_new,
    read_usage,
)
from queries.question import QuestionError
from queries.reports.measurements import UpdateBehavior

D = Decimal
GROWTH = Sold(
    "Growth",
    ("MONTHLY", "ANNUALLY"),
    {"templates": "Templates"},
    {"campaigns": "10 campaigns", "support": "Priority support"},
    {"campaigns": 10},
)
YEARLY = Sold("Yearly", ("ANNUALLY",), {}, {}, {})
FREE = Sold("Free", (), {}, {}, {})
PLANS = {"growth": GROWTH, "yearly": YEARLY, "free": FREE}
COUPONS = {"half": "ACTIVE", "old": "ARCHIVED"}
WHOLE = {
    "plan": "growth", "period": "MONTHLY", "unit.templates": "2", "addon.campaigns": "1",
    "country": "us", "start": "2026-05-22T14:30", "code": "STIGG50",
}  # fmt: skip


def new(**changes: str) -> tuple[EstimateNew | None, list[tuple[str, str]]]:
    cells = WHOLE | {name.replace("__", "."): text for name, text in changes.items()}
    question, problems = read_new(cells, "acme", "desk", PLANS, COUPONS)
    return question, [(problem.column, problem.sentence) for problem in problems]


def test_a_form_filled_in_is_the_question() -> None:
    question, problems = new()
    assert problems == []
    assert question == EstimateNew(
        "acme",
        "growth",
        "MONTHLY",
        (("templates", 2),),
        (("campaigns", 1),),
        datetime(2026, 5, 22, 14, 30),
        "US",
        "STIGG50",
        None,
        "desk",
    )


def test_what_is_left_empty_is_not_given() -> None:
    question, problems = new(
        code="", country="", start="", addon__campaigns="", unit__templates="0"
    )
    assert problems == []
    assert question == EstimateNew(
        "acme", "growth", "MONTHLY", (("templates", 0),), resource_id="desk"
    )


def test_a_plan_without_prices_is_sold_by_no_period() -> None:
    question, _ = new(plan="free", unit__templates="", addon__campaigns="")
    assert question is not None
    assert question.billing_period is None


@pytest.mark.parametrize(
    ("changes", "column", "sentence"),
    [
        ({"plan": ""}, "plan", "Choose a plan"),
        ({"plan": "gold"}, "plan", "There is no plan 'gold' on sale"),
        ({"period": "WEEKLY"}, "period", "no billing period"),
        ({"plan": "yearly", "unit__templates": "", "addon__campaigns": ""}, "period",
         "Yearly is sold annually, not monthly"),
        ({"unit__templates": ""}, "unit.templates", "per unit of Templates: how many?"),
        ({"unit__templates": "2.5"}, "unit.templates", "'2.5' is no quantity"),
        ({"unit__templates": "-1"}, "unit.templates", "whole number from 0"),
        ({"unit__templates": "two"}, "unit.templates", "'two' is no quantity"),
        ({"unit__templates": "1,000"}, "unit.templates", "'1,000' is no quantity"),
        ({"unit__templates": "٢"}, "unit.templates", "is no quantity"),
        ({"unit__templates": "9" * 12}, "unit.templates", "to 1,000,000,000"),
        ({"unit__seats": "1"}, "unit.seats", "Growth is not sold by units of 'seats'"),
        ({"addon__campaigns": "0"}, "addon.campaigns", "whole number from 1"),
        ({"addon__campaigns": "1.5"}, "addon.campaigns", "'1.5' is no quantity"),
        ({"addon__campaigns": "11"}, "addon.campaigns", "11 are too many: at most 10"),
        ({"addon__early": "1"}, "addon.early", "Growth does not take the add-on 'early'"),
        ({"country": "Germany"}, "country", "two capital letters"),
        ({"start": "tomorrow"}, "start", "'tomorrow' is not a moment"),
        ({"start": "2026-05-22T14:30+02:00"}, "start", "is not a moment"),
        ({"start": "1900-01-01"}, "start", "out of range"),
        ({"code": "x" * 300}, "code", "1 to 255 printable"),
        ({"code": "", "coupon": "none"}, "coupon", "There is no coupon 'none'"),
        ({"code": "", "coupon": "old"}, "coupon", "'old' is archived"),
        ({"coupon": "half"}, "coupon", "'STIGG50' or the coupon 'half', not both"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(
    changes: dict[str, str], column: str, sentence: str
) -> None:
    question, problems = new(**changes)
    assert question is None
    [(where, said)] = problems
    assert where == column
    assert sentence in said


def test_everything_that_is_wrong_is_said_at_once() -> None:
    _, problems = new(unit__templates="x", country="Germany", start="now", coupon="old")
    assert [column for column, _ in problems] == ["unit.templates", "start", "country", "coupon"]


def change(**changes: str) -> tuple[EstimateChange | None, list[tuple[str, str]]]:
    cells = {"subscription": "s-1", "addons": "keep"} | {
        name.replace("__", "."): text for name, text in changes.items()
    }
    question, problems = read_change(cells, GROWTH, COUPONS)
    return question, [(problem.column, problem.sentence) for problem in problems]


def test_add_ons_of_a_change_count_only_where_they_replace_those_there_are() -> None:
    kept, replaced, removed = (
        change(addon__campaigns="2", addons="keep"),
        change(addon__campaigns="2", addons="replace"),
        change(addons="replace"),
    )
    assert kept == (EstimateChange("s-1"), [])
    assert replaced == (EstimateChange("s-1", addons=(("campaigns", 2),)), [])
    assert removed == (EstimateChange("s-1", addons=()), [])


@pytest.mark.parametrize(
    ("changes", "column", "sentence"),
    [
        ({"subscription": ""}, "subscription", "Choose a subscription"),
        ({"subscription": "no id"}, "subscription", "cannot be a subscription id"),
        ({"addons": "some"}, "addons", "'some' does not say"),
        ({"unit__templates": "-3"}, "unit.templates", "whole number from 0"),
        ({"unit__seats": "3"}, "unit.seats", "not sold by units"),
        ({"addons": "replace", "addon__early": "1"}, "addon.early", "does not take the add-on"),
        ({"code": "A", "coupon": "half"}, "coupon", "not both"),
    ],
)
def test_what_is_wrong_with_a_change_is_said_at_its_field(
    changes: dict[str, str], column: str, sentence: str
) -> None:
    question, problems = change(**changes)
    assert question is None
    [(where, said)] = problems
    assert where == column
    assert sentence in said


def test_a_plan_that_is_not_known_leaves_the_check_to_the_api() -> None:
    cells = {"subscription": "s-1", "addons": "keep", "unit.seats": "3"}
    question, problems = read_change(cells, None, COUPONS)
    assert (question, problems) == (EstimateChange("s-1", (("seats", 3),)), ())


@pytest.mark.parametrize(
    ("changes", "column", "sentence"),
    [
        ({"feature": ""}, "feature", "Choose a feature"),
        ({"feature": "b"}, "feature", "There is no feature 'b'"),
        ({"value": ""}, "value", "How much"),
        ({"value": "1e3"}, "value", "not a plain number"),
        ({"value": "9" * 20}, "value", "out of range"),
        ({"behavior": "ADD"}, "behavior", "'ADD' is no update behavior"),
        ({"dimensions": "model"}, "dimensions", "'model' is not a line"),
        ({"dimensions": "a b = 1"}, "dimensions", "cannot be a dimension"),
        ({"dimensions": "a = 1\na = 2"}, "dimensions", "named twice"),
    ],
)
def test_what_is_wrong_with_a_usage_is_said_at_its_field(
    changes: dict[str, Any], column: str, sentence: str
) -> None:
    cells = {"feature": "a", "value": "2.5", "behavior": "SET", "dimensions": "n = 1"}
    question, problems = read_usage(cells, "acme", None, {"a": "A"})
    assert question == UsageCost("acme", "a", D("2.5"), UpdateBehavior.SET, (("n", D(1)),))
    question, problems = read_usage(cells | changes, "acme", None, {"a": "A"})
    assert question is None
    [problem] = problems
    assert problem.column == column
    assert sentence in problem.sentence


def test_an_event_needs_its_name() -> None:
    question, _ = read_event({"event": "chat", "dimensions": "model = x"}, "acme", "desk")
    assert question == EventCost("acme", "chat", (("model", "x"),), "desk")
    question, [problem] = read_event({"event": ""}, "acme", None)
    assert (question, problem.column, problem.is_missing) == (None, "event", True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", D(1000)),
        ("-0.50", D("-0.50")),
        ("007", "007"),
        ("1e3", "1e3"),
        ("+5", "+5"),
        ("٢", "٢"),
        ('"12"', "12"),
        ('""', ""),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("a = b", "a = b"),
        ("gemini 2", "gemini 2"),
    ],
)
def test_a_number_stays_a_number_and_all_else_a_text(text: str, value: object) -> None:
    [(key, read)] = read_dimensions(f"\n  key = {text}  \n\n")
    assert (key, read) == ("key", value)
    assert type(read) is type(value)


@pytest.mark.parametrize("line", ["model", "= gemini", "model =", "="])
def test_a_line_that_is_no_dimension_is_named(line: str) -> None:
    with pytest.raises(QuestionError, match="is not a line such as model = gemini"):
        read_dimensions(f"a = 1\n{line}")
