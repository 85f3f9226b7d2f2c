"""An estimate as an invoice: its rows, which add up."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import polars as pl

from data.credits.money import NOTHING
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.estimates.after import AfterDiscount, after_discount
from queries.estimates.lines import Line


class Part(StrEnum):
    NOW = "due now"
    NEXT = "next period"
    PERIOD = "every period"
    AFTER = "after the discount"
    CREDITS = "credits"


"""After now comes `PERIOD`, or where a discount ends `NEXT` for as long as it lasts and `AFTER`."""


class Item(StrEnum):
    LINE = "line"
    MINIMUM = "minimum spend"
    MINIMUM_WITHIN = "minimum spend contained"
    DEBIT = "proration debit"
    CREDIT = "proration credit"
    NET = "proration net"
    KEPT = "credit kept for later"
    DISCOUNTED = "discount contained"
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


WITHIN = (Item.MINIMUM_WITHIN, Item.CREDIT_USED, Item.CREDIT_LEFT)
"""Rows that are no addend: parts of amounts that stand in the sum already."""

INVOICE: ColumnTypes = {
    "part": pl.String,
    "item": pl.String,
    "name": pl.String,
    "quantity": pl.Int64,
    "amount": CREDITS_SUM,
    "unit": pl.String,
    "begins_from": TIME,
    "begins_before": TIME,
}
INVOICE_SCHEMA = pl.Schema(INVOICE)
"""`amount` is money in `unit`, or credits of the currency `unit`; what is taken off is negative.

Of which periods it is, where a discount ends: those that begin from, or before, a moment.
"""


def invoice(preview: Mapping[str, Any], told: Sequence[Line] = ()) -> pl.DataFrame:
    """The rows of an estimate of a subscription; columns as in `INVOICE_SCHEMA`.

    In each part lines add up to the sub-total; that and the discount, and tax where it comes on
    top, to the total. What the prorated amounts contain already is no addend: see `WITHIN`.
    """
    is_whole = preview["sub_total"] == preview["recurring_sub_total"]
    is_prorated = preview["proration_net"] is not None
    is_told = told and is_whole and not is_prorated
    now = _lines(Part.NOW, told) if is_told else _prorated(preview)
    rows = [*now, *_due(Part.NOW, preview, ""), *_credit(preview), *_recurring(preview, told)]
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
            *_from_net_to_sub_total(preview),
        ]
    if preview["minimum_spend_adjustment"]:
        rows.append(_row(Part.NOW, Item.MINIMUM_WITHIN, preview["minimum_spend_adjustment"]))
    return rows


def _from_net_to_sub_total(preview: Mapping[str, Any]) -> list[Row]:
    """What lies between the two: credit that is kept, a discount that both amounts are less of.

    Nothing where these do not explain it.
    """
    kept, off = preview["credit_remaining"] or NOTHING, preview["discount_amount"] or NOTHING
    between = preview["sub_total"] - preview["proration_net"]
    if between not in (kept, kept + off):
        return []
    found = {Item.KEPT: kept, Item.DISCOUNTED: between - kept}
    return [_row(Part.NOW, item, amount) for item, amount in found.items() if amount]


def _due(part: Part, preview: Mapping[str, Any], prefix: str) -> list[Row]:
    off, tax = preview[f"{prefix}discount_amount"], preview[f"{prefix}tax"]
    rows = [_row(part, Item.SUB_TOTAL, preview[f"{prefix}sub_total"])]
    if off is not None:
        rows.append(_row(part, Item.DISCOUNT, -off, preview[f"{prefix}discount_name"]))
    rows.append(_row(part, Item.EXCLUDING_TAX, preview[f"{prefix}total_excluding_tax"]))
    if tax is not None:
        rows.append(_row(part, Item.TAX, tax, preview[f"{prefix}tax_name"]))
    return [*rows, _row(part, Item.TOTAL, preview[f"{prefix}total"])]


def _recurring(preview: Mapping[str, Any], told: Sequence[Line]) -> list[Row]:
    if preview["recurring_total"] is None:
        return _lines(Part.PERIOD, told)
    after = after_discount(preview)
    if after is None:
        return [*_lines(Part.PERIOD, told), *_due(Part.PERIOD, preview, "recurring_")]
    discounted = [*_lines(Part.NEXT, told), *_due(Part.NEXT, preview, "recurring_")]
    whole = [*_lines(Part.AFTER, told), *_undiscounted(after)]
    return [
        *(row | {"begins_before": after.start} for row in discounted),
        *(row | {"begins_from": after.start} for row in whole),
    ]


def _undiscounted(after: AfterDiscount) -> list[Row]:
    rows = [_row(Part.AFTER, Item.SUB_TOTAL, after.sub_total)]
    if after.total is not None:
        rows += [
            _row(Part.AFTER, Item.EXCLUDING_TAX, after.total_excluding_tax),
            _row(Part.AFTER, Item.TAX, after.tax, after.tax_name),
            _row(Part.AFTER, Item.TOTAL, after.total),
        ]
    return rows


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


def total_of(rows: pl.DataFrame, part: Part) -> Item:
    """What a part comes to: its total, or where the tax is not known its sub-total."""
    return Item.SUB_TOTAL if rows.filter(part=part, item=Item.TOTAL).is_empty() else Item.TOTAL


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
