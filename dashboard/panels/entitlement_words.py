"""Entitlements in words: how much, for how long, and from where it is counted anew."""

from collections.abc import Mapping
from typing import Any

from dashboard.formats import exact, moment
from dashboard.panels import plan_words
from queries.entitlements import FeatureType

PERIODS = {
    "ONE_WEEK": "A week",
    "ONE_MONTH": "A month",
    "SIX_MONTH": "Six months",
    "ONE_YEAR": "A year",
    "LIFETIME": "For ever",
    "CUSTOM": "To a date",
}
RESETS = {
    "": "Never", "HOUR": "Every hour", "DAY": "Every day", "WEEK": "Every week",
    "MONTH": "Every month", "YEAR": "Every year",
}  # fmt: skip
ACCORDING_TO = {
    "SubscriptionStart": "from the start of the subscription",
    "StartOfTheMonth": "from the first of the month",
    **{
        f"Every{day}": f"from {day}"
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    },
}
BRIEFLY = {"SubscriptionStart": "from its start", "StartOfTheMonth": "from the 1st"}
DENIED = {
    "RequestedUsageExceedingLimit": "the limit is used up",
    "InsufficientCredits": "no credits are left",
    "NoActiveSubscription": "there is no active subscription",
    "NoFeatureEntitlementInSubscription": "the subscription does not have it",
    "BudgetExceeded": "the budget is used up",
    "Revoked": "it was revoked",
}

Row = Mapping[str, Any]
"""A row with the columns of `queries.entitlements.ALLOWANCE`."""


def allowance(row: Row | None) -> str:
    """10 seats a month, soft limit; or the values of a choice; or access."""
    if row is None:
        return "nothing"
    if row["feature_type"] == FeatureType.ENUM:
        return ", ".join(row["enum_values"] or ()) or "no value"
    if row["usage_limit"] is None and not row["has_unlimited_usage"]:
        return "access"
    if row["has_unlimited_usage"]:
        return "no limit"
    soft = ", soft limit" if row["has_soft_limit"] else ""
    period = row["reset_period"]
    reset = f" {plan_words.RESETS.get(period, period)}" if period else ""
    return f"{amount(row)}{reset}{soft}"


def amount(row: Row) -> str:
    """The limit with its unit: 10 seats."""
    count = exact(row["usage_limit"])
    unit = (row["unit"] if count == "1" else row["units"]) or "units"
    return f"{count} {unit}"


def odd_limit(row: Row) -> str:
    """What is odd about a limit that can be granted all the same, as a sentence; else empty."""
    limit = row["usage_limit"]
    if limit == 0:
        return "A limit of 0 lets nothing be used."
    if limit is not None and limit != limit.to_integral_value():
        return f"{amount(row)} is not a whole number: are parts of one meant?"
    return ""


def reset(row: Row) -> str:
    """Every week, from Monday."""
    period: str = row["reset_period"] or ""
    every = RESETS.get(period, period)
    start = row["reset_according_to"]
    return f"{every}, {ACCORDING_TO.get(start, start)}" if start else every


def reset_briefly(row: Row) -> str:
    """For the cell of a table: every month, from its start."""
    start = row["reset_according_to"]
    return reset({**row, "reset_according_to": BRIEFLY.get(start, start)})


def lasts(row: Row) -> str:
    period: str = row["period"]
    return PERIODS.get(period, period)


def ends(row: Row, zone: str) -> str:
    return moment(row["ends_at"], zone) if row["ends_at"] else "never"


def denied(row: Row) -> str | None:
    """Why it may not be used all the same."""
    return None if row["is_granted"] else DENIED.get(row["denied_reason"], row["denied_reason"])
