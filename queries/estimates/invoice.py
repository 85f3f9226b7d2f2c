"""An estimate as an invoice: its rows, which add up; its lines, where they can be told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import polars as pl

from data.credits.money import CURRENCIES, NOTHING, to_money
from data.credits.prices import Tier, TiersMode, per_unit, tiered
from data.tables import CREDITS_SUM, ColumnTypes
from queries.estimates import EstimateNew


class Part(StrEnum):
    NOW = "due now"
    PERIOD = "every period"
    CREDITS = "credits"


class Item(StrEnum):
    LINE = "line"
    MINIMUM = "minimum spend"
    DEBIT = "proration debit"
    CREDIT = "proration credit"
    NET = "proration net"
    SUB_TOTAL = "sub-total"
    DISCOUNT = "discount"
    EXCLUDING_TAX = "total excluding tax"
    TAX = "tax"
    TOTAL = "total"
    CREDIT_USED = "credit used now"
    CREDIT_LEFT = "credit left"
    CHARGE = "charge"
    COST = "cost"
    BEFORE = "balance before"
    AFTER = "balance after"
    WARNING = "warning"


INVOICE: ColumnTypes = {
    "part": pl.String,
    "item": pl.String,
    "name": pl.String,
    "quantity": pl.Int64,
    "amount": CREDITS_SUM,
    "unit": pl.String,
}
INVOICE_SCHEMA = pl.Schema(INVOICE)
"""`amount` is money in `unit`, or credits of the currency `unit`; what is taken off is negative."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one price comes to for a whole period; `quantity` None where it is no matter of one."""

    name: str
    quantity: int | None
    amount: Decimal
    is_minimum: bool = False


def lines(
    question: EstimateNew, plan: Mapping[str, Any], preview: Mapping[str, Any]
) -> tuple[Line, ...]:
    """The lines of every period, where they sum to its sub-total to the cent; else none.

    The API does not tell them. They are reckoned from the `plan` as `Paywall` answers it for the
    country of the question, and shown only if the API's own sum bears them out.
    """
    currency = preview["currency"]
    period = [p for p in plan["prices"] if p["billing_period"] == question.billing_period]
    if currency not in CURRENCIES or preview["recurring_sub_total"] is None:
        return ()
    local = next((price["country"] for price in period if price["country"]), None)
    found = [
        _line(plan["display_name"], price, dict(question.features), currency) for price in period
    ]
    bought = {addon["addon_id"]: addon for addon in plan["addons"]}
    for addon_id, quantity in question.addons:
        addon = bought.get(addon_id)
        if addon is None:
            return ()
        found += [
            Line(addon["display_name"], quantity, _cost(price, quantity, currency))
            for price in _of_country(addon["prices"], question.billing_period, local)
        ]
    lacks = _lacks(plan, question.billing_period, currency, found)
    if lacks:
        found.append(Line("", None, lacks, is_minimum=True))
    total = sum((line.amount for line in found), NOTHING)
    return tuple(found) if total == preview["recurring_sub_total"] else ()


def _line(plan: str, price: Mapping[str, Any], features: Mapping[str, int], currency: str) -> Line:
    if price["feature_id"] is None:
        return Line(plan, None, _cost(price, 1, currency))
    quantity = features.get(price["feature_id"], 0)
    return Line(price["feature_name"], quantity, _cost(price, quantity, currency))


def _cost(price: Mapping[str, Any], quantity: int, currency: str) -> Decimal:
    if price["amount"] is not None:
        return to_money(per_unit(Decimal(quantity), price["amount"]), currency)
    tiers = [Tier(t["unit_price"], t["up_to"], t["flat_price"]) for t in price["tiers"]]
    return to_money(tiered(Decimal(quantity), tiers, TiersMode(price["tiers_mode"])), currency)


def _of_country(
    prices: Iterable[Mapping[str, Any]], period: str | None, country: str | None
) -> list[Mapping[str, Any]]:
    of_period = [price for price in prices if price["billing_period"] == period]
    own = [price for price in of_period if country and price["country"] == country]
    return own or [price for price in of_period if price["country"] is None]


def _lacks(
    plan: Mapping[str, Any], period: str | None, currency: str, found: Iterable[Line]
) -> Decimal:
    """What the lines lack to the minimum spend."""
    least = [
        each["amount"]
        for each in plan["minimum_spends"]
        if (each["billing_period"], each["currency"]) == (period, currency)
    ]
    total = sum((line.amount for line in found), NOTHING)
    return max(to_money(max(least, default=NOTHING), currency) - total, NOTHING)


def invoice(preview: Mapping[str, Any], told: Iterable[Line] = ()) -> pl.DataFrame:
    """The rows of an estimate of a subscription; columns as in `INVOICE_SCHEMA`.

    In each part sub-total and discount, and tax where it comes on top, add up to the total.
    """
    is_whole = preview["sub_total"] == preview["recurring_sub_total"]
    is_prorated = preview["proration_net"] is not None
    now = _lines(Part.NOW, told) if is_whole and not is_prorated else _prorated(preview)
    every = [] if preview["recurring_total"] is None else _due(Part.PERIOD, preview, "recurring_")
    rows = [
        *now,
        *_due(Part.NOW, preview, ""),
        *_credit(preview),
        *_lines(Part.PERIOD, told),
        *every,
    ]
    unit = {"unit": preview["currency"]}
    return pl.DataFrame([row | unit for row in rows], INVOICE_SCHEMA)


Row = dict[str, Any]


def _row(part: Part, item: Item, amount: Decimal | None, name: str | None = None) -> Row:
    return {"part": part, "item": item, "name": name, "amount": amount}


def _lines(part: Part, told: Iterable[Line]) -> list[Row]:
    return [
        _row(part, Item.MINIMUM if line.is_minimum else Item.LINE, line.amount, line.name)
        | {"quantity": line.quantity}
        for line in told
    ]


def _prorated(preview: Mapping[str, Any]) -> list[Row]:
    rows = []
    if preview["proration_net"] is not None:
        rows = [
            _row(Part.NOW, Item.DEBIT, preview["proration_debit"]),
            _row(Part.NOW, Item.CREDIT, -preview["proration_credit"]),
            _row(Part.NOW, Item.NET, preview["proration_net"]),
        ]
    if preview["minimum_spend_adjustment"]:
        rows.append(_row(Part.NOW, Item.MINIMUM, preview["minimum_spend_adjustment"]))
    return rows


def _due(part: Part, preview: Mapping[str, Any], prefix: str) -> list[Row]:
    off, tax = preview[f"{prefix}discount_amount"], preview[f"{prefix}tax"]
    rows = [_row(part, Item.SUB_TOTAL, preview[f"{prefix}sub_total"])]
    if off is not None:
        rows.append(_row(part, Item.DISCOUNT, -off, preview[f"{prefix}discount_name"]))
    rows.append(_row(part, Item.EXCLUDING_TAX, preview[f"{prefix}total_excluding_tax"]))
    if tax is not None:
        rows.append(_row(part, Item.TAX, tax, preview[f"{prefix}tax_name"]))
    return [*rows, _row(part, Item.TOTAL, preview[f"{prefix}total"])]


def _credit(preview: Mapping[str, Any]) -> list[Row]:
    """What becomes of the proration's credit, where the API tells."""
    if preview["credit_initial"] is None:
        return []
    return [
        _row(Part.NOW, Item.CREDIT_USED, preview["credit_used"]),
        _row(Part.NOW, Item.CREDIT_LEFT, preview["credit_remaining"]),
    ]


def charges(costs: pl.DataFrame) -> pl.DataFrame:
    """The rows of a cost in credits, as `UsageCost` and `EventCost` answer it."""
    rows: list[Row] = []
    charged = costs.filter(pl.col("currency_id").is_not_null())
    for (currency,), items in charged.group_by("currency_id", maintain_order=True):
        whole = items.row(0, named=True)
        found = [
            _row(Part.CREDITS, Item.CHARGE, one["cost"], one["feature_id"])
            for one in items.iter_rows(named=True)
        ]
        found += [
            _row(Part.CREDITS, Item.COST, whole["estimated_cost"]),
            _row(Part.CREDITS, Item.BEFORE, whole["balance_before"]),
            _row(Part.CREDITS, Item.AFTER, whole["balance_after"]),
        ]
        rows += [row | {"unit": currency} for row in found]
    warned = costs.filter(pl.col("warning").is_not_null())
    rows += [
        _row(Part.CREDITS, Item.WARNING, None, one["warning"]) | {"unit": one["currency_id"]}
        for one in warned.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, INVOICE_SCHEMA)


def difference(first: pl.DataFrame, other: pl.DataFrame, part: Part, item: Item) -> Decimal | None:
    """By how much an amount of another estimate is more; None where they are not of one unit."""
    amounts = [
        frame.filter(part=part, item=item).select("unit", "amount").rows()
        for frame in (first, other)
    ]
    if any(len(rows) != 1 for rows in amounts):
        return None
    ((unit, amount),), ((other_unit, other_amount),) = amounts
    if unit != other_unit or amount is None or other_amount is None:
        return None
    more: Decimal = other_amount - amount
    return more
