"""Renewals: when a recurring grant may be expected to come again."""

from collections.abc import Iterator
from datetime import datetime

from data.credits.months import add_months

YEAR = 12


def renewals(
    effective_at: datetime, expire_at: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The windows that follow a grant's own, each as long as it, that begin before `until`.

    A window of whole months goes on in months from its first day, any other in the same time.
    """
    months = range(1, YEAR + 1)
    whole = next((count for count in months if add_months(effective_at, count) == expire_at), 0)
    length, number, start = expire_at - effective_at, 1, expire_at
    while start < until:
        number += 1
        end = add_months(effective_at, whole * number) if whole else start + length
        yield start, end
        start = end
