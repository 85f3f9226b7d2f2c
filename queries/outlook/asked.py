"""The usage that an outlook is made from: days of UTC, as far back as the method looks."""

from datetime import datetime, timedelta

from data.credits.forecast import HISTORY
from queries.time import Grain, Span
from queries.usage import Usage

HORIZON = 90
"""Days that are looked ahead."""
DAYS_AGO = (7, 14, 30)
"""How long ago the method is asked what it said."""
DAY = timedelta(days=1)


def use_span(now: datetime) -> Span:
    """The whole days of UTC that outlook, hindsight and unusual use look back on."""
    today = midnight(now)
    return Span(today - (HISTORY + max(DAYS_AGO)) * DAY, today)


def daily_use(
    customer_id: str, currency_id: str, now: datetime, resource_id: str | None = None
) -> Usage:
    """The question whose answer `pool_outlook` and `hindsight` take."""
    return Usage(customer_id, currency_id, use_span(now), Grain.DAY, "UTC", resource_id)


def midnight(now: datetime) -> datetime:
    """Where the day of UTC began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
