"""Calendar months: steps that keep the day where the month has it."""

from calendar import monthrange
from datetime import datetime


def add_months(at: datetime, count: int) -> datetime:
    """The same day and time `count` months on, or that month's last day: 31 Jan + 1 = 28 Feb."""
    months = at.year * 12 + at.month - 1 + count
    year, month = months // 12, months % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def month_of(at: datetime) -> datetime:
    """The first instant of the month."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
