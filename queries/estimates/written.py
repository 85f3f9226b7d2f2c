"""An estimate as people write it: the texts of a form read into a question."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from queries.estimates import (
    BillingPeriod,
    EstimateChange,
    EstimateNew,
    EventCost,
    Quantities,
    UsageCost,
    check_period,
    check_quantity,
    check_reduction,
)
from queries.grants.written import WHOLE
from queries.question import QuestionError, check_country, check_id
from queries.reports.checks import (
    Dimensions,
    DimensionValue,
    check_dimensions,
    check_text,
    check_time,
    check_value,
)
from queries.reports.measurements import UpdateBehavior, check_behavior
from queries.written import Cells, Problem, plain_number

UNIT, ADDON = "unit.", "addon."
"""What the names of columns begin with that hold a quantity; the id follows."""
REPLACED, KEPT = "replace", "keep"
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
FLAGS = {"true": True, "false": False}

Value = TypeVar("Value")
Read = tuple[Value | None, tuple[Problem, ...]]
"""(the question, or None; everything that is wrong with the texts)"""


@dataclass(frozen=True, slots=True)
class Sold:
    """What may be said of one plan: the periods it is sold by, the units, the add-ons."""

    name: str
    periods: tuple[str, ...]
    units: Mapping[str, str]
    """feature_id → its name"""
    addons: Mapping[str, str]
    """addon_id → its name"""
    most: Mapping[str, int]
    """addon_id → how many there can be at most, of those that have a bound"""


def sold(plan: Mapping[str, Any]) -> Sold:
    """Of a plan as `Paywall` answers it."""
    prices = plan["prices"]
    addons = plan["addons"]
    return Sold(
        plan["display_name"],
        tuple(dict.fromkeys(price["billing_period"] for price in prices)),
        {p["feature_id"]: p["feature_name"] for p in prices if p["feature_id"]},
        {addon["addon_id"]: addon["display_name"] for addon in addons},
        {a["addon_id"]: a["max_quantity"] for a in addons if a["max_quantity"] is not None},
    )


def read_new(
    cells: Cells,
    customer_id: str,
    resource_id: str | None,
    plans: Mapping[str, Sold],
    coupons: Mapping[str, str],
) -> Read[EstimateNew]:
    """`plans` are those on sale, `coupons` all there are with their status."""
    problems: list[Problem] = []
    read = partial(_read, problems, cells)
    plan = _plan(problems, cells, plans)
    given = {
        "customer_id": customer_id,
        "plan_id": cells.get("plan", ""),
        "billing_period": read("period", partial(_period, plan)),
        "features": _features(problems, cells, plan),
        "addons": _addons(problems, cells, plan),
        "start": read("start", _start),
        "country": read("country", _country),
        "resource_id": resource_id,
        **_reduction(problems, cells, coupons),
    }
    if plan is not None:
        problems += _missing_units(cells, plan)
    return _built(problems, EstimateNew, given)


def read_change(
    cells: Cells, plan: Sold | None, coupons: Mapping[str, str]
) -> Read[EstimateChange]:
    """`plan` is the one of the subscription, None where what it is sold by is not known."""
    problems: list[Problem] = []
    if not cells.get("subscription"):
        problems.append(Problem("subscription", "Choose a subscription.", is_missing=True))
    is_replaced = _read(problems, cells, "addons", _is_replaced)
    given = {
        "subscription_id": _read(problems, cells, "subscription", _subscription),
        "features": _features(problems, cells, plan),
        "addons": _addons(problems, cells, plan) if is_replaced else None,
        **_reduction(problems, cells, coupons),
    }
    return _built(problems, EstimateChange, given)


def read_usage(
    cells: Cells, customer_id: str, resource_id: str | None, features: Mapping[str, str]
) -> Read[UsageCost]:
    """`features` are those there are, by id."""
    problems = _missing(cells, {"feature": "Choose a feature.", "value": "How much is used?"})
    read = partial(_read, problems, cells)
    given = {
        "customer_id": customer_id,
        "feature_id": read("feature", partial(_feature, features)),
        "value": read("value", _value),
        "behavior": read("behavior", _behavior) or UpdateBehavior.DELTA,
        "dimensions": read("dimensions", read_dimensions) or (),
        "resource_id": resource_id,
    }
    return _built(problems, UsageCost, given)


def read_event(cells: Cells, customer_id: str, resource_id: str | None) -> Read[EventCost]:
    problems = _missing(cells, {"event": "Which event? Give its name."})
    read = partial(_read, problems, cells)
    given = {
        "customer_id": customer_id,
        "event_name": read("event", _event_name),
        "dimensions": read("dimensions", read_dimensions) or (),
        "resource_id": resource_id,
    }
    return _built(problems, EventCost, given)


def read_dimensions(text: str) -> Dimensions:
    """Of lines `key = value`. A number is a number, true and false are flags, unless in quotes."""
    read: dict[str, DimensionValue] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not key or not value:
            raise QuestionError(f"{line!r} is not a line such as model = gemini.")
        if key in read:
            raise QuestionError(f"The dimension {key!r} is named twice; give it once.")
        read[key] = _dimension(value)
    check_dimensions(tuple(read.items()))
    return tuple(read.items())


def _dimension(text: str) -> DimensionValue:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if NUMBER.fullmatch(text) and text.isascii():
        return Decimal(text)
    return FLAGS.get(text, text)


def _built(
    problems: Sequence[Problem], question: Callable[..., Value], given: Mapping[str, Any]
) -> Read[Value]:
    if problems:
        return None, tuple(problems)
    try:
        return question(**given), ()
    except QuestionError as error:
        return None, (Problem("", str(error)),)


def _read(
    problems: list[Problem], cells: Cells, column: str, reader: Callable[[str], Value]
) -> Value | None:
    """What the text says; None where it is empty, or wrong, which is added to the problems."""
    text = cells.get(column, "")
    if not text:
        return None
    try:
        return reader(text)
    except QuestionError as error:
        problems.append(Problem(column, str(error)))
        return None


def _missing(cells: Cells, wanted: Mapping[str, str]) -> list[Problem]:
    return [
        Problem(column, sentence, is_missing=True)
        for column, sentence in wanted.items()
        if not cells.get(column)
    ]


def _plan(problems: list[Problem], cells: Cells, plans: Mapping[str, Sold]) -> Sold | None:
    problems += _missing(cells, {"plan": "Choose a plan."})
    return _read(problems, cells, "plan", partial(_one_plan, plans))


def _one_plan(plans: Mapping[str, Sold], plan_id: str) -> Sold:
    if plan_id not in plans:
        raise QuestionError(f"There is no plan {plan_id!r} on sale; choose one of the list.")
    return plans[plan_id]


def _missing_units(cells: Cells, plan: Sold) -> list[Problem]:
    return [
        Problem(
            f"{UNIT}{feature_id}",
            f"{plan.name} is priced per unit of {name}: how many?",
            is_missing=True,
        )
        for feature_id, name in plan.units.items()
        if not cells.get(f"{UNIT}{feature_id}")
    ]


def _features(problems: list[Problem], cells: Cells, plan: Sold | None) -> Quantities:
    def checked(feature_id: str, text: str) -> int:
        check_id("feature", feature_id)
        if plan is not None and feature_id not in plan.units:
            raise QuestionError(
                f"{plan.name} is not sold by units of {feature_id!r}: empty this field."
            )
        return _quantity(text, least=0)

    return _quantities(problems, cells, UNIT, checked)


def _addons(problems: list[Problem], cells: Cells, plan: Sold | None) -> Quantities:
    def checked(addon_id: str, text: str) -> int:
        check_id("add-on", addon_id)
        if plan is not None and addon_id not in plan.addons:
            raise QuestionError(
                f"{plan.name} does not take the add-on {addon_id!r}: empty this field."
            )
        quantity = _quantity(text, least=1)
        if plan is not None and quantity > plan.most.get(addon_id, quantity):
            raise QuestionError(f"{quantity} are too many: at most {plan.most[addon_id]}.")
        return quantity

    return _quantities(problems, cells, ADDON, checked)


def _quantities(
    problems: list[Problem], cells: Cells, prefix: str, checked: Callable[[str, str], int]
) -> Quantities:
    read = {
        column.removeprefix(prefix): _read(
            problems, cells, column, partial(checked, column.removeprefix(prefix))
        )
        for column in cells
        if column.startswith(prefix)
    }
    return tuple((name, quantity) for name, quantity in read.items() if quantity is not None)


def _quantity(text: str, *, least: int) -> int:
    if not WHOLE.fullmatch(text) or not text.isascii():
        raise QuestionError(f"{text!r} is no quantity: a whole number from {least} is.")
    check_quantity(int(text), least=least)
    return int(text)


def _reduction(
    problems: list[Problem], cells: Cells, coupons: Mapping[str, str]
) -> dict[str, str | None]:
    code = _read(problems, cells, "code", _code)
    coupon = _read(problems, cells, "coupon", partial(_coupon, coupons))
    try:
        check_reduction(code, coupon)
    except QuestionError as error:
        problems.append(Problem("coupon", str(error)))
    return {"promotion_code": code, "coupon_id": coupon}


def _coupon(coupons: Mapping[str, str], coupon_id: str) -> str:
    if coupon_id not in coupons:
        raise QuestionError(f"There is no coupon {coupon_id!r}; choose one of the list.")
    if coupons[coupon_id] != "ACTIVE":
        raise QuestionError(f"The coupon {coupon_id!r} is archived: it can no longer be given.")
    return coupon_id


def _code(text: str) -> str:
    check_text("A promotion code", text)
    return text


def _country(text: str) -> str:
    check_country(text.upper())
    return text.upper()


def _period(plan: Sold | None, text: str) -> str | None:
    """None for a plan that is not sold by the period."""
    check_period(text)
    if plan is None or not plan.periods:
        return None
    if text not in plan.periods:
        names = " and ".join(PERIODS[period] for period in plan.periods)
        raise QuestionError(f"{plan.name} is sold {names}, not {PERIODS[text]}.")
    return text


def _start(text: str) -> datetime:
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.tzinfo is not None:
        raise QuestionError(f"{text!r} is not a moment such as 2026-05-22T14:30.")
    check_time(start)
    return start


def _is_replaced(text: str) -> bool:
    if text not in (REPLACED, KEPT):
        raise QuestionError(f"{text!r} does not say what becomes of the add-ons; choose it.")
    return text == REPLACED


def _subscription(text: str) -> str:
    check_id("subscription", text)
    return text


def _feature(features: Mapping[str, str], feature_id: str) -> str:
    if feature_id not in features:
        raise QuestionError(f"There is no feature {feature_id!r}; choose one of the list.")
    return feature_id


def _value(text: str) -> Decimal:
    value = plain_number(text)
    check_value(value)
    return value


def _behavior(text: str) -> str:
    check_behavior(text)
    return text


def _event_name(text: str) -> str:
    check_text("An event name", text)
    return text


PERIODS: dict[str, str] = {BillingPeriod.MONTHLY: "monthly", BillingPeriod.ANNUALLY: "annually"}
