"""Discounts: a percentage or a fixed amount, for one invoice, for some months, or for ever."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from data.credits.money import part, to_money
from data.credits.months import add_months
from data.credits.periods import Period


class DiscountType(StrEnum):
    FIXED = "FIXED"
    PERCENTAGE = "PERCENTAGE"


class Duration(StrEnum):
    FOREVER = "FOREVER"
    ONCE = "ONCE"
    REPEATING = "REPEATING"


@dataclass(frozen=True, slots=True)
class Discount:
    """`percent_off`, or without one `amounts_off` by currency for a whole period."""

    percent_off: Decimal | None = None
    amounts_off: Mapping[str, Decimal] = field(default_factory=dict)
    duration: Duration = Duration.FOREVER
    months: int | None = None
    """How long a REPEATING one lasts."""
    name: str | None = None

    @property
    def type(self) -> DiscountType:
        return DiscountType.FIXED if self.percent_off is None else DiscountType.PERCENTAGE

    def value(self, currency: str) -> Decimal:
        """Its percent, or its amount; KeyError for a currency that it has no amount in."""
        return self.amounts_off[currency] if self.percent_off is None else self.percent_off

    def off(self, amount: Decimal, currency: str) -> Decimal:
        """Money taken off an amount: rounded to the minor unit, at most the amount."""
        if self.percent_off is None:
            return min(to_money(self.amounts_off[currency], currency), amount)
        return to_money(part(amount, self.percent_off, 100), currency)


@dataclass(frozen=True, slots=True)
class AppliedDiscount:
    """A discount from a moment on; `end` is None when it never ends."""

    discount: Discount
    start: datetime
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        """Whether a period that begins at `at` is discounted."""
        return self.start <= at and (self.end is None or at < self.end)


def applied(discount: Discount, start: datetime, first: Period) -> AppliedDiscount:
    """ONCE ends with the first period it can cover, REPEATING some months after its start."""
    end = None
    if discount.duration is Duration.ONCE:
        end = max(first.end, start)
    elif discount.duration is Duration.REPEATING:
        end = add_months(start, discount.months or 0)
    return AppliedDiscount(discount, start, end)
