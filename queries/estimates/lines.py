"""The lines of an estimate, which the API does not tell: reckoned, and borne out by its sum."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from data.credits.money import CURRENCIES, NOTHING, to_money
from data.credits.prices import Tier, TiersMode, per_unit, tiered
from queries.estimates import EstimateNew

Terms = Mapping[str, Any]
"""A plan, or a part of it, as `queries.plans.SCHEMA` has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one price comes to for a whole period; `quantity` None where it is no matter of one."""

    name: str
    quantity: int | None
    amount: Decimal
    is_minimum: bool = False


def lines(question: EstimateNew, plan: Terms, preview: Mapping[str, Any]) -> tuple[Line, ...]:
    """The lines of every period, where they sum to its sub-total to the cent; else none.

    The API does not tell them. They are reckoned from the plan's terms, as `Paywall` answers them
    for the country of the question, and shown only if the API's own sum bears them out.
    """
    currency, period = preview["currency"], question.billing_period
    prices = [price for price in plan["prices"] if price["billing_period"] == period]
    bought = _bought(question, plan, prices)
    known = {addon_id for addon_id, *_ in bought}
    if not known.issuperset(addon_id for addon_id, _ in question.addons) or not all(
        _can_be_reckoned(price, currency) for price in (*prices, *(price for *_, price in bought))
    ):
        return ()
    features = dict(question.features)
    found = [_line(plan["display_name"], price, features) for price in prices]
    found += [Line(name, count, _cost(price, count)) for _, name, count, price in bought]
    lacks = _lacks(plan, period, currency, found)
    if lacks:
        found.append(Line("", None, lacks, is_minimum=True))
    is_borne_out = _sum(found) == preview["recurring_sub_total"]
    return tuple(found) if is_borne_out else ()


def _bought(
    question: EstimateNew, plan: Terms, prices: Sequence[Terms]
) -> list[tuple[str, str, int, Terms]]:
    """(add-on's id, its name, how many, price): at the country that the plan's prices are of."""
    country = next((price["country"] for price in prices if price["country"]), None)
    addons = {addon["addon_id"]: addon for addon in plan["addons"]}
    return [
        (addon_id, addons[addon_id]["display_name"], quantity, price)
        for addon_id, quantity in question.addons
        if addon_id in addons
        for price in _of_country(addons[addon_id]["prices"], question.billing_period, country)
    ]


def _can_be_reckoned(price: Terms, currency: str) -> bool:
    is_told = price["amount"] is not None or (price["tiers"] and price["tiers_mode"])
    return bool(is_told) and price["currency"] == currency and currency in CURRENCIES


def _line(plan: str, price: Terms, features: Mapping[str, int]) -> Line:
    if price["feature_id"] is None:
        return Line(plan, None, _cost(price, 1))
    quantity = features.get(price["feature_id"], 0)
    return Line(price["feature_name"], quantity, _cost(price, quantity))


def _cost(price: Terms, quantity: int) -> Decimal:
    if price["amount"] is not None:
        return to_money(per_unit(Decimal(quantity), price["amount"]), price["currency"])
    tiers = [Tier(t["unit_price"], t["up_to"], t["flat_price"]) for t in price["tiers"]]
    cost = tiered(Decimal(quantity), tiers, TiersMode(price["tiers_mode"]))
    return to_money(cost, price["currency"])


def _of_country(prices: Iterable[Terms], period: str | None, country: str | None) -> list[Terms]:
    of_period = [price for price in prices if price["billing_period"] == period]
    own = [price for price in of_period if country and price["country"] == country]
    return own or [price for price in of_period if price["country"] is None]


def _lacks(plan: Terms, period: str | None, currency: str, found: Iterable[Line]) -> Decimal:
    """What the lines lack to the minimum spend."""
    least = [
        each["amount"]
        for each in plan["minimum_spends"]
        if (each["billing_period"], each["currency"]) == (period, currency)
    ]
    return max(to_money(max(least, default=NOTHING), currency) - _sum(found), NOTHING)


def _sum(found: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in found), NOTHING)
