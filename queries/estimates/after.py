"""What a period costs once its discount has ended, which the API does not tell: reckoned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from data.credits.discounts import Duration
from data.credits.invoices import Invoice, Tax, invoice, period_price
from data.credits.money import CURRENCIES, NOTHING


@dataclass(frozen=True, slots=True)
class AfterDiscount:
    """A period that begins at `start` or later, where that is told; without the discount.

    All but `sub_total` are None where our arithmetic does not give the tax that the API told of
    the discounted period: then only the amount before tax is known.
    """

    start: datetime | None
    sub_total: Decimal
    total_excluding_tax: Decimal | None = None
    tax: Decimal | None = None
    tax_name: str | None = None
    total: Decimal | None = None


def after_discount(preview: Mapping[str, Any]) -> AfterDiscount | None:
    """Of an estimate as `EstimateNew` has it; None where its discount does not end, or is over."""
    sub_total, off = preview["recurring_sub_total"], preview["recurring_discount_amount"]
    start = preview["recurring_discount_end"]
    is_for_ever = start is None and preview["recurring_discount_duration"] not in (
        Duration.ONCE,
        Duration.REPEATING,
    )
    if not off or is_for_ever:
        return None
    tax = _tax(preview)
    discounted = _invoice(preview, sub_total - off, tax)
    due = _invoice(preview, sub_total, tax)
    if discounted is None or due is None or not _is_borne_out(discounted, preview):
        return AfterDiscount(start, sub_total)
    return AfterDiscount(
        start, sub_total, due.total_excluding_tax, due.tax, preview["recurring_tax_name"], due.total
    )


def _tax(preview: Mapping[str, Any]) -> Tax | None:
    percentage = preview["recurring_tax_percent"]
    if percentage is None:
        return None
    name = preview["recurring_tax_name"] or "Tax"
    return Tax(name, percentage, bool(preview["recurring_is_tax_inclusive"]))


def _invoice(preview: Mapping[str, Any], due: Decimal, tax: Tax | None) -> Invoice | None:
    """Of a period for which that is due; None of what cannot be reckoned."""
    if due < 0 or preview["currency"] not in CURRENCIES:
        return None
    return invoice(period_price(preview["currency"], [due]), tax)


def _is_borne_out(reckoned: Invoice, preview: Mapping[str, Any]) -> bool:
    told = tuple(preview[f"recurring_{name}"] for name in ("total_excluding_tax", "total"))
    is_taxed = reckoned.tax == (preview["recurring_tax"] or NOTHING)
    return is_taxed and told == (reckoned.total_excluding_tax, reckoned.total)
