"""The terms of a plan in words: prices, credits, what they pay for, and what it entitles to."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dashboard.formats import exact, price

PER_PERIOD = {"MONTHLY": "a month", "ANNUALLY": "a year"}
ADVERBS = {"MONTHLY": "by the month", "ANNUALLY": "by the year"}
RESETS = {
    "HOUR": "an hour", "DAY": "a day", "WEEK": "a week", "MONTH": "a month", "YEAR": "a year",
}  # fmt: skip
CADENCES = {
    "MONTHLY": "a month",
    "BEGINNING_OF_BILLING_PERIOD": "at the start of each billing period",
}
TIERED = {
    "GRADUATED": "each at the price of its own tier",
    "VOLUME": "all at the price of the tier that their number reaches",
}
WITHOUT_PRICE = {"FREE": "Free", "CUSTOM": "By agreement"}
TRIAL_UNITS = {"DAY": "day", "MONTH": "month"}

Row = Mapping[str, Any]
"""A plan, or a part of it, as `queries.plans.SCHEMA` has it."""


def headline(plan: Row, period: str) -> tuple[str, str]:
    """(the price that is seen first, what it is for)."""
    point = next((each for each in plan["points"] if each["billing_period"] == period), None)
    if point is not None:
        each = f", for each unit of {point['feature_name']}" if point["feature_name"] else ""
        more = ", and what is listed" if point["has_more"] else ""
        return price(point["amount"], point["currency"]), f"{PER_PERIOD[period]}{each}{more}"
    if plan["pricing_type"] in WITHOUT_PRICE:
        return WITHOUT_PRICE[plan["pricing_type"]], _without_price(plan)
    if plan["points"]:
        return "–", f"not sold {ADVERBS[period]}"
    return "No fee", "only the credits that are bought"


def _without_price(plan: Row) -> str:
    return "its price is agreed upon" if plan["pricing_type"] == "CUSTOM" else "costs nothing"


def price_lines(plan: Row, period: str) -> list[str]:
    """What the headline leaves out: units, tiers, the least that is billed, the trial."""
    mine = [each for each in plan["prices"] if each["billing_period"] == period]
    lines = [unit_price(each) for each in mine if each["feature_id"]]
    lines += [
        f"At least {price(each['amount'], each['currency'])} {PER_PERIOD[period]}"
        for each in plan["minimum_spends"]
        if each["billing_period"] == period and each["currency"] in {p["currency"] for p in mine}
    ]
    return lines + trial(plan)


def unit_price(given: Row) -> str:
    """Templates: 5.00 USD per template a month."""
    per, unit = PER_PERIOD.get(given["billing_period"], ""), given["unit"] or "unit"
    if given["amount"] is not None:
        amount = price(given["amount"], given["currency"])
        return f"{given['feature_name']}: {amount} per {unit} {per}"
    how = TIERED.get(given["tiers_mode"], "in tiers")
    tiers = ", ".join(_tier(tier, given["currency"]) for tier in given["tiers"])
    return f"{given['feature_name']} per {unit} {per}, {how}: {tiers}"


def _tier(tier: Row, currency: str) -> str:
    upto = "beyond" if tier["up_to"] is None else f"up to {exact(tier['up_to'])}"
    flat = f" + {price(tier['flat_price'], currency)} once" if tier["flat_price"] else ""
    return f"{upto} for {price(tier['unit_price'], currency)}{flat}"


def trial(plan: Row) -> list[str]:
    if not plan["trial_length"]:
        return []
    unit = TRIAL_UNITS.get(plan["trial_unit"], "day")
    count = plan["trial_length"]
    return [f"Begins with a free trial of {count} {unit}{'' if count == 1 else 's'}"]


def credits_included(plan: Row) -> list[str]:
    """250 AI tokens a month, for each unit of Seats."""
    lines = []
    for each in plan["credits"]:
        per = f", for each unit of {each['per_unit_of']}" if each["per_unit_of"] else ""
        cadence = CADENCES.get(each["cadence"], each["cadence"])
        lines.append(f"{exact(each['amount'])} {each['currency_name']} {cadence}{per}")
    return lines


def credit_lines(plan: Row, names: Mapping[str, str]) -> list[str]:
    """Credits that come with the plan, and what more of them cost; `names` by currency_id."""
    return credits_included(plan) + [
        f"More {names.get(each['currency_id'], each['currency_id'])}: "
        f"{price(each['amount'], each['currency'])} each"
        for each in plan["credit_prices"]
    ]


def rate(given: Row, names: Mapping[str, str]) -> str:
    """12 AI tokens per image; or the formula over an event's keys."""
    credits = names.get(given["currency_id"], given["currency_id"])
    if given["cost_formula"]:
        return f"{given['cost_formula'].replace('*', ' × ')} {credits}"
    return f"{exact(given['amount'])} {credits} per {given['unit'] or 'unit'}"


def entitlement(given: Row) -> str:
    """API calls: 10,000 calls a month, soft limit."""
    return f"{given['feature_name']}: {limit(given)}"


def limit(given: Row) -> str:
    if given["has_unlimited_usage"] or given["usage_limit"] is None:
        return "no limit"
    count = exact(given["usage_limit"])
    unit = given["unit"] if count == "1" else given["units"]
    is_said = not unit or given["feature_name"].lower() in (given["units"] or "").lower()
    units = "" if is_said else f" {unit}"
    reset = f" {RESETS[given['reset_period']]}" if given["reset_period"] else ""
    soft = ", soft limit" if given["has_soft_limit"] else ""
    return f"{count}{units}{reset}{soft}"


def addon(given: Row, period: str) -> str:
    """10 campaigns: 20.00 USD a month, up to 10 of them."""
    costs = [
        f"{price(each['amount'], each['currency'])} {PER_PERIOD[period]}"
        for each in given["prices"]
        if each["billing_period"] == period and each["amount"] is not None
    ]
    free = "free" if not given["prices"] else f"not sold {ADVERBS[period]}"
    most = at_most(given)
    count = f", {most}" if most else ""
    return f"{given['display_name']}: {' + '.join(costs) or free}{count}"


def at_most(given: Row) -> str:
    most = given["max_quantity"]
    return f"up to {most:,} of them" if most and most > 1 else ""


def duration(months: int | None) -> str:
    if months is None:
        return "Once or for ever"
    return f"{months:,} month{'' if months == 1 else 's'}"


def amounts(moneys: Sequence[Row] | None) -> str:
    return " or ".join(price(Decimal(each["amount"]), each["currency"]) for each in moneys or ())
