"""The periods in which usage counts anew towards a limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data.credits.months import add_months

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEK = timedelta(days=7)


class ResetPeriod(StrEnum):
    """How long usage counts towards one limit; values as the metering API spells them."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True)
class Reset:
    """Usage counts anew each `period`, and whenever a subscription starts (its anchor).

    `according_to` says from where weeks and months are counted: `SubscriptionStart`,
    `StartOfTheMonth` or `EveryMonday` to `EverySunday`. Hours and days are those of UTC.
    """

    period: ResetPeriod
    according_to: str = "SubscriptionStart"

    def around(self, at: datetime, anchor: datetime) -> tuple[datetime, datetime]:
        """[start, end) of the period that `at` is in."""
        start, end = self._on_the_calendar(at, anchor)
        return (max(start, anchor), end) if anchor <= at else (start, min(end, anchor))

    def starts(self, anchor: datetime, since: datetime, until: datetime) -> Iterator[datetime]:
        """The starts of periods in [since, until); `since` is not before the anchor."""
        start, end = self.around(since, anchor)
        if start == since < until:
            yield start
        while end < until:
            yield end
            end = self.around(end, anchor)[1]

    def _on_the_calendar(self, at: datetime, anchor: datetime) -> tuple[datetime, datetime]:
        hour = at.replace(minute=0, second=0, microsecond=0)
        midnight = hour.replace(hour=0)
        match self.period:
            case ResetPeriod.HOUR:
                return hour, hour + timedelta(hours=1)
            case ResetPeriod.DAY:
                return midnight, midnight + timedelta(days=1)
            case ResetPeriod.WEEK:
                start = at - (at - anchor) % WEEK
                if self.according_to.startswith("Every"):
                    weekday = WEEKDAYS.index(self.according_to.removeprefix("Every"))
                    start = midnight - timedelta(days=(at.weekday() - weekday) % 7)
                return start, start + WEEK
            case ResetPeriod.MONTH | ResetPeriod.YEAR:
                months = 1 if self.period is ResetPeriod.MONTH else 12
                first = anchor
                if self.according_to == "StartOfTheMonth":
                    first = midnight.replace(day=1)
                count = (at.year - first.year) * 12 + at.month - first.month
                count -= count % months
                if add_months(first, count) > at:
                    count -= months
                return add_months(first, count), add_months(first, count + months)
