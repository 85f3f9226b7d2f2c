"""Promotional entitlements: what customers may use beyond their plans, granted and revoked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from data.credits.amounts import AmountError, to_units
from data.credits.months import add_months
from data.credits.resets import ResetPeriod
from data.metering.service.faults import Fault, bad_input
from data.metering.service.reports import check_customer, check_feature
from data.metering.service.state import State
from data.metering.service.store import Row, Writer

Given = Mapping[str, Any]
MONTHS = {"ONE_MONTH": 1, "SIX_MONTH": 6, "ONE_YEAR": 12}
RESETS = {
    ResetPeriod.WEEK: "weeklyResetPeriodConfiguration",
    ResetPeriod.MONTH: "monthlyResetPeriodConfiguration",
    ResetPeriod.YEAR: "yearlyResetPeriodConfiguration",
}
FIELDS_OF_TYPE = {
    "BOOLEAN": (),
    "ENUM": ("enumValues",),
    "NUMBER": ("usageLimit", "hasUnlimitedUsage", "hasSoftLimit", "resetPeriod"),
}


def grant(state: State, writer: Writer, given: Given, now: datetime) -> list[Row]:
    """Grant all or none; each replaces the one that the customer had for the feature."""
    customer_id, asked = given["customerId"], given["promotionalEntitlements"]
    check_customer(state, customer_id)
    rows = {one["featureId"]: _row(state, customer_id, one, now) for one in asked}
    if len(rows) < max(1, len(asked)):
        raise bad_input("Give at least one promotional entitlement, and each feature once.")
    held = state.promotions[customer_id]
    _remove(writer, [held[feature_id] for feature_id in rows if feature_id in held])
    writer.add("promotional_entitlements", [tuple(row.values()) for row in rows.values()])
    held.update(rows)
    return list(rows.values())


def revoke(state: State, writer: Writer, given: Given) -> Row:
    """Take the customer's promotion for one feature away, ended or not."""
    customer_id, feature_id = given["customerId"], given["featureId"]
    check_customer(state, customer_id)
    check_feature(state, feature_id)
    held = state.promotions[customer_id]
    if feature_id not in held:
        raise Fault(
            "PromotionalEntitlementNotFoundError",
            f"Customer {customer_id!r} has no promotional entitlement for {feature_id!r}.",
        )
    _remove(writer, [held[feature_id]])
    return held.pop(feature_id)


def _remove(writer: Writer, rows: list[Row]) -> None:
    writer.remove_promotions(row["promotional_entitlement_id"] for row in rows)


def _row(state: State, customer_id: str, given: Given, now: datetime) -> Row:
    """A row of promotional_entitlements, in the order of its columns."""
    check_feature(state, given["featureId"])
    feature = state.features[given["featureId"]]
    _check_fields(feature, given)
    reset_period, according_to = _reset(feature, given)
    return {
        "promotional_entitlement_id": str(uuid4()),
        "customer_id": customer_id,
        "feature_id": given["featureId"],
        "status": "Active",
        "usage_limit": _limit(given),
        "has_unlimited_usage": bool(given.get("hasUnlimitedUsage")),
        "has_soft_limit": bool(given.get("hasSoftLimit")),
        "is_visible": given.get("isVisible") is not False,
        "enum_values": given.get("enumValues"),
        "period": given["period"],
        "reset_period": reset_period,
        "reset_according_to": according_to,
        "description": None,
        "started_at": now,
        "ends_at": _end(given, now),
        "created_at": now,
        "updated_at": now,
    }


def _check_fields(feature: Row, given: Given) -> None:
    """Each type of feature has values of its own: none, a choice, or a limit."""
    name, kind = feature["feature_id"], feature["feature_type"]
    for field in (field for other in FIELDS_OF_TYPE.values() for field in other):
        is_given = given.get(field) is not None and given[field] is not False
        if is_given and field not in FIELDS_OF_TYPE[kind]:
            raise Fault(
                "UnsupportedFeatureType", f"Feature {name!r} is {kind}: it takes no {field}."
            )
    if kind == "ENUM" and not given.get("enumValues"):
        raise bad_input(f"Feature {name!r} is ENUM: give enumValues.")
    has_limit = given.get("usageLimit") is not None
    if kind == "NUMBER" and has_limit == bool(given.get("hasUnlimitedUsage")):
        raise bad_input(
            f"Feature {name!r} is NUMBER: give either a usageLimit or hasUnlimitedUsage."
        )


def _limit(given: Given) -> Decimal | None:
    if given.get("usageLimit") is None:
        return None
    try:
        limit = to_units(given["usageLimit"])
    except AmountError as error:
        raise bad_input(str(error)) from None
    if limit < 0:
        raise bad_input("A usageLimit must not be below 0.")
    return limit


def _reset(feature: Row, given: Given) -> tuple[str | None, str | None]:
    """(reset period, according to what); from the start of the subscription unless told."""
    period = given.get("resetPeriod")
    own = RESETS.get(period) if period else None
    for name in RESETS.values():
        if given.get(name) and name != own:
            raise Fault(
                "InvalidEntitlementResetPeriod",
                f"{name} does not go with the resetPeriod {period or 'null'}.",
            )
    if period and feature["meter_type"] == "None":
        raise Fault(
            "InvalidEntitlementResetPeriod",
            f"Feature {feature['feature_id']!r} is not metered: there is no usage to reset.",
        )
    if own is None:
        return period, "SubscriptionStart" if period else None
    return period, (given.get(own) or {}).get("accordingTo") or "SubscriptionStart"


def _end(given: Given, now: datetime) -> datetime | None:
    period, custom = given["period"], given.get("customEndDate")
    if (period == "CUSTOM") != (custom is not None):
        raise bad_input("The period CUSTOM needs a customEndDate, and no other period takes one.")
    if custom is not None:
        if custom <= now:
            raise bad_input("customEndDate must be in the future.")
        return custom  # type: ignore[no-any-return]  # DateTime gives a datetime
    if period == "LIFETIME":
        return None
    if period == "ONE_WEEK":
        return now + timedelta(days=7)
    return add_months(now, MONTHS[period])
