"""Billing periods: whole months counted from an anchor, and what part of one is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from data.credits.money import part
from data.credits.months import add_months

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end), naive UTC."""

    start: datetime
    end: datetime

    def seconds_left(self, at: datetime) -> int:
        """Whole seconds of it that have not begun at `at`."""
        elapsed = (min(max(at, self.start), self.end) - self.start) // SECOND
        return self.seconds - elapsed

    @property
    def seconds(self) -> int:
        return (self.end - self.start) // SECOND

    def rest(self, amount: Decimal, at: datetime) -> Decimal:
        """The part of a whole period's amount that the time from `at` on costs, by the second."""
        return part(amount, self.seconds_left(at), self.seconds)


def first_period(anchor: datetime, months: int) -> Period:
    return Period(anchor, add_months(anchor, months))


def period_at(anchor: datetime, months: int, at: datetime) -> Period:
    """The period that `at` lies in, of those that begin at the anchor; the first before it."""
    passed = (at.year - anchor.year) * 12 + at.month - anchor.month
    number = max(passed // months, 0)
    if number and add_months(anchor, number * months) > at:
        number -= 1
    return Period(add_months(anchor, number * months), add_months(anchor, (number + 1) * months))
