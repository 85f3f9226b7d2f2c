"""Entitlements from a metering API."""

from decimal import Decimal
from typing import Any

import polars as pl

from data.metering.client import Answer, MeteringClient
from data.metering.wire import optional_time, time
from queries.documents import document
from queries.entitlements import (
    FEATURE_SCHEMA,
    IN_FORCE_SCHEMA,
    PLANNED_SCHEMA,
    PROMOTION_SCHEMA,
    Entitleable,
    InForce,
    Planned,
    Promotions,
)


def promotions(question: Promotions, client: MeteringClient) -> pl.DataFrame:
    rows = [promotion(node) for node in promotion_nodes(question.customer_id, client)]
    return pl.DataFrame(rows, PROMOTION_SCHEMA).sort("feature_id")


def promotion(node: Answer) -> Answer:
    """A row of `PROMOTION_SCHEMA` of one that the API tells."""
    return _allowance(node) | {
        "promotion_id": node["id"],
        "status": node["status"],
        "period": node["period"],
        "is_visible": node["isVisible"],
        "started_at": time(node["startDate"]),
        "ends_at": optional_time(node["endDate"]),
        "updated_at": optional_time(node["updatedAt"]),
    }


def promotion_nodes(customer_id: str, client: MeteringClient) -> list[Answer]:
    """As the API tells them; raises MeteringError."""
    return client.ask_nodes(
        document("entitlements/promotions.graphql"),
        {"filter": {"customerId": {"eq": customer_id}}},
        "promotionalEntitlements",
    )


def in_force(question: InForce, client: MeteringClient) -> pl.DataFrame:
    given = {"customerId": question.customer_id, "resourceId": question.resource_id}
    answer = client.ask(document("entitlements/in_force.graphql"), {"query": given})
    rows = [
        _allowance(node)
        | {
            "current_usage": _decimal(node["currentUsage"]),
            "is_granted": node["isGranted"],
            "denied_reason": node["accessDeniedReason"],
            "valid_until": optional_time(node["validUntil"]),
        }
        for node in answer["entitlementsState"]["entitlements"]
        if node["feature"] is not None
    ]
    return pl.DataFrame(rows, IN_FORCE_SCHEMA).sort("feature_id")


def planned(question: Planned, client: MeteringClient) -> pl.DataFrame:
    """Subscriptions of the customer itself hold for each of its resources, too."""
    given = {"customerId": question.customer_id}
    answer = client.ask(document("entitlements/planned.graphql"), {"input": given})
    rows = [
        _allowance(node) | {"plan_name": held["plan"]["displayName"]}
        for held in answer["getActiveSubscriptions"]
        if (held["resource"] or {}).get("resourceId") in (None, question.resource_id)
        for node in _entitled(held["plan"])
    ]
    return pl.DataFrame(rows, PLANNED_SCHEMA).sort("feature_id", "plan_name")


def features(_question: Entitleable, client: MeteringClient) -> pl.DataFrame:
    nodes = client.ask_nodes(document("entitlements/features.graphql"), {}, "features")
    return pl.DataFrame([_feature(node) for node in nodes], FEATURE_SCHEMA).sort("feature_id")


def _entitled(plan: Answer) -> list[Answer]:
    """A plan's own entitlements, those of its base plans, and what it only has a rate for."""
    named = [*(plan["entitlements"] or ()), *plan["inheritedEntitlements"]]
    known = {node["feature"]["refId"] for node in named}
    rated = [
        {"feature": price["feature"], "hasUnlimitedUsage": True}
        for price in plan["prices"] or ()
        if price["creditRate"] and price["feature"] and price["feature"]["refId"] not in known
    ]
    return named + rated


def _allowance(node: Answer) -> Answer:
    reset = node.get("resetPeriodConfiguration") or {}
    return _feature(node["feature"]) | {
        "usage_limit": _decimal(node.get("usageLimit")),
        "has_unlimited_usage": bool(node.get("hasUnlimitedUsage")),
        "has_soft_limit": bool(node.get("hasSoftLimit")),
        "enum_values": node.get("enumValues"),
        "reset_period": node.get("resetPeriod"),
        "reset_according_to": next(iter(reset.values()), None),
    }


def _feature(node: Answer) -> Answer:
    return {
        "feature_id": node["refId"],
        "feature_name": node["displayName"],
        "feature_type": node["featureType"],
        "meter_type": node["meterType"],
        "unit": node["featureUnits"],
        "units": node["featureUnitsPlural"],
    }


def _decimal(number: Any) -> Decimal | None:
    return None if number is None else Decimal(number)
