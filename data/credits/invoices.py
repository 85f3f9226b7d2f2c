"""The amounts of an invoice, in the one order in which they are reckoned.

1. Lines: each price times its quantity, rounded to the currency's minor unit.
2. Minimum spend: what the lines lack to it is added. Both together are a period's price.
3. Proration, where a period begins or changes midway: the unused part of what was paid is a
   credit, the remaining part of the new price a debit, each less the discount that the
   subscription was sold with, and rounded. What the credit exceeds the debit by is kept for
   later invoices.
4. Discount: off what that leaves, rounded, never more than it.
5. Tax: on what is due after that; added when exclusive, contained when inclusive.
6. Total.

Rounding is half away from zero, at these points and nowhere between.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from data.credits.discounts import Discount
from data.credits.money import NOTHING, part, to_money
from data.credits.periods import Period


@dataclass(frozen=True, slots=True)
class Tax:
    """Of what is due (`inclusive`: contained in it), in percent."""

    name: str
    percentage: Decimal
    inclusive: bool = False

    def of(self, due: Decimal, currency: str) -> Decimal:
        whole = 100 + self.percentage if self.inclusive else Decimal(100)
        return to_money(part(due, self.percentage, whole), currency)


@dataclass(frozen=True, slots=True)
class PeriodPrice:
    """A whole period's lines and minimum spend, and the discount off them."""

    currency: str
    lines: Decimal
    minimum_spend_adjustment: Decimal
    discount: Decimal

    @property
    def sub_total(self) -> Decimal:
        return self.lines + self.minimum_spend_adjustment

    @property
    def net(self) -> Decimal:
        return self.sub_total - self.discount


def period_price(
    currency: str,
    lines: Iterable[Decimal],
    minimum_spend: Decimal = NOTHING,
    discount: Discount | None = None,
) -> PeriodPrice:
    total = sum((to_money(line, currency) for line in lines), NOTHING)
    adjustment = max(to_money(minimum_spend, currency) - total, NOTHING)
    off = discount.off(total + adjustment, currency) if discount else NOTHING
    return PeriodPrice(currency, total, adjustment, off)


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is due; every amount is at least zero."""

    currency: str
    sub_total: Decimal
    minimum_spend_adjustment: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    total_excluding_tax: Decimal

    def __post_init__(self) -> None:
        assert min(self.sub_total, self.discount, self.tax, self.total_excluding_tax) >= 0
        assert self.total == self.total_excluding_tax + self.tax
        # Exclusive tax comes on top of what the discount leaves, inclusive tax is in it.
        due = self.sub_total - self.discount
        assert due in (self.total_excluding_tax, self.total)


def invoice(price: PeriodPrice, tax: Tax | None = None) -> Invoice:
    """The invoice of one whole period."""
    adjustment = price.minimum_spend_adjustment
    return _invoice(price.currency, price.sub_total, price.discount, adjustment, tax)


@dataclass(frozen=True, slots=True)
class Proration:
    """A period changed midway. Both amounts are positive; `kept` is left for later invoices."""

    credit: Decimal
    debit: Decimal
    at: datetime

    @property
    def net(self) -> Decimal:
        return self.debit - self.credit

    @property
    def kept(self) -> Decimal:
        return max(-self.net, NOTHING)


def unused(price: PeriodPrice, period: Period, at: datetime) -> Decimal:
    """The credit for what was paid and is not used from `at` on."""
    return to_money(period.rest(price.net, at), price.currency)


def change(
    new: PeriodPrice,
    period: Period,
    at: datetime,
    credit: Decimal,
    *,
    discount: Discount | None = None,
    tax: Tax | None = None,
) -> tuple[Proration, Invoice]:
    """The invoice of going over to a new price at `at`, within the new price's period.

    A `discount` given with the change is off what is due for it. Without one the invoice shows
    the discount that the new price has already.
    """

    def rest(amount: Decimal) -> Decimal:
        return to_money(period.rest(amount, at), new.currency)

    proration = Proration(credit, debit=rest(new.net), at=at)
    due = max(proration.net, NOTHING)
    off = discount.off(due, new.currency) if discount else rest(new.discount)
    sub_total = due if discount else due + off
    adjustment = rest(new.minimum_spend_adjustment)
    return proration, _invoice(new.currency, sub_total, off, adjustment, tax)


def _invoice(
    currency: str, sub_total: Decimal, discount: Decimal, adjustment: Decimal, tax: Tax | None
) -> Invoice:
    due = sub_total - discount
    amount = tax.of(due, currency) if tax else NOTHING
    excluding = due - amount if tax and tax.inclusive else due
    return Invoice(
        currency=currency,
        sub_total=sub_total,
        minimum_spend_adjustment=adjustment,
        discount=discount,
        tax=amount,
        total=excluding + amount,
        total_excluding_tax=excluding,
    )
