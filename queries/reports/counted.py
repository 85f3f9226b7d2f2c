"""What the API's answer to a measurement says: whether it was counted, and what it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from data.metering.wire import time
from queries.balance.optimistic import News
from queries.reports.measurements import Measurement


class Counted(StrEnum):
    TAKEN = "taken"
    BEFORE = "before"
    """Its key is known: it took nothing now. What costs nothing answers the same."""
    UNCHANGED = "unchanged"
    """The usage was what it should be."""
    UNPRICED = "unpriced"
    """The answer tells of no credits."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`usage` is that of the period so far; `taken` are credits, below 0 where they came back."""

    counted: Counted
    usage: Decimal
    taken: Decimal = Decimal(0)
    currency_id: str | None = None
    news: News | None = None


def measured(measurement: Measurement, node: Mapping[str, Any]) -> Measured:
    """Of one measurement's own part of the answer."""
    usage, credit = Decimal(node["currentUsage"] or 0), node["credit"]
    if credit is None:
        return Measured(Counted.UNPRICED, usage)
    taken = Decimal(credit["consumed"])
    news = News(
        time(credit["timestamp"]), Decimal(credit["usageLimit"]), Decimal(credit["currentUsage"])
    )
    return Measured(_counted(measurement, usage, taken), usage, taken, credit["currencyId"], news)


def _counted(measurement: Measurement, usage: Decimal, taken: Decimal) -> Counted:
    """A SET that was dropped as a repeat leaves the usage where others have brought it since."""
    if taken:
        return Counted.TAKEN
    is_so = usage == measurement.units if measurement.is_set else not measurement.units
    return Counted.UNCHANGED if is_so else Counted.BEFORE
