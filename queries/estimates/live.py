"""Estimates from a metering API. Those of subscriptions are mutations there that store nothing."""

from decimal import Decimal
from typing import Any

import polars as pl

from data.metering.client import Answer, MeteringClient
from data.metering.wire import optional_time
from queries.documents import document
from queries.estimates import (
    COST_SCHEMA,
    PREVIEW_SCHEMA,
    EstimateChange,
    EstimateNew,
    EventCost,
    Quantities,
    UsageCost,
)
from queries.reports.checks import Dimensions


def new(question: EstimateNew, client: MeteringClient) -> pl.DataFrame:
    given = _reduced(question) | {
        "customerId": question.customer_id,
        "planId": question.plan_id,
        "billingPeriod": question.billing_period,
        "billableFeatures": _features(question.features) or None,
        "addons": _addons(question.addons) or None,
        "startDate": question.start,
        "billingCountryCode": question.country,
        "resourceId": question.resource_id,
    }
    return _preview(client, "estimates/estimate_new.graphql", "estimateSubscription", given)


def change(question: EstimateChange, client: MeteringClient) -> pl.DataFrame:
    given = _reduced(question) | {
        "subscriptionId": question.subscription_id,
        "billableFeatures": _features(question.features) or None,
        "addons": None if question.addons is None else _addons(question.addons),
    }
    path = "estimates/estimate_change.graphql"
    return _preview(client, path, "estimateSubscriptionUpdate", given)


def usage(question: UsageCost, client: MeteringClient) -> pl.DataFrame:
    given = {
        "customerId": question.customer_id,
        "featureId": question.feature_id,
        "value": question.value,
        "updateBehavior": str(question.behavior),
        "dimensions": _dimensions(question.dimensions),
        "resourceId": question.resource_id,
    }
    return _costs(client, "estimates/usage_cost.graphql", "estimateUsageCost", given)


def event(question: EventCost, client: MeteringClient) -> pl.DataFrame:
    given = {
        "customerId": question.customer_id,
        "eventName": question.event_name,
        "dimensions": _dimensions(question.dimensions),
        "resourceId": question.resource_id,
    }
    return _costs(client, "estimates/event_cost.graphql", "estimateEventCost", given)


def _reduced(question: EstimateNew | EstimateChange) -> dict[str, Any]:
    coupon = question.coupon_id
    return {
        "promotionCode": question.promotion_code,
        "appliedCoupon": None if coupon is None else {"couponId": coupon},
    }


def _features(quantities: Quantities) -> list[Answer]:
    return [{"featureId": name, "quantity": quantity} for name, quantity in quantities]


def _addons(quantities: Quantities) -> list[Answer]:
    return [{"addonId": name, "quantity": quantity} for name, quantity in quantities]


def _dimensions(dimensions: Dimensions) -> Answer | None:
    return dict(dimensions) or None


def _asked(client: MeteringClient, path: str, root: str, given: dict[str, Any]) -> Answer:
    """Only what was given is sent: what is left out, the API decides."""
    sent = {name: value for name, value in given.items() if value is not None}
    answer: Answer = client.ask(document(path), {"input": sent})[root]
    return answer


def _preview(client: MeteringClient, path: str, root: str, given: dict[str, Any]) -> pl.DataFrame:
    found = _asked(client, path, root, given)
    proration, credit = found["proration"] or {}, found["credits"] or {}
    row = _due(found) | {
        "currency": found["total"]["currency"],
        "minimum_spend_adjustment": _amount(found["minimumSpendAdjustment"]),
        "period_start": optional_time(found["billingPeriodRange"]["start"]),
        "period_end": optional_time(found["billingPeriodRange"]["end"]),
        "proration_credit": _amount(proration.get("credit")),
        "proration_debit": _amount(proration.get("debit")),
        "proration_net": _amount(proration.get("netAmount")),
        "prorated_at": optional_time(proration.get("prorationDate")),
        "credit_initial": _amount(credit.get("initial")),
        "credit_used": _amount(credit.get("used")),
        "credit_remaining": _amount(credit.get("remaining")),
        "is_downgrade": bool(found["isPlanDowngrade"]),
        "has_scheduled_updates": bool(found["hasScheduledUpdates"]),
    }
    recurring = _due(found["subscription"]) if found["subscription"] else {}
    row |= {f"recurring_{name}": value for name, value in recurring.items()}
    return pl.DataFrame([row], PREVIEW_SCHEMA)


def _due(node: Answer) -> dict[str, object]:
    """The columns of `DUE`, of what is due now or of every period."""
    discount, tax = node["discount"] or {}, node["taxDetails"] or {}
    months = discount.get("durationInMonths")
    return {
        "sub_total": _amount(node["subTotal"]),
        "discount_amount": _amount(node["discountAmount"]),
        "discount_type": discount.get("type"),
        "discount_value": _decimal(discount.get("value")),
        "discount_duration": discount.get("durationType"),
        "discount_months": None if months is None else int(months),
        "discount_name": discount.get("name"),
        "discount_start": optional_time(discount.get("start")),
        "discount_end": optional_time(discount.get("end")),
        "tax": _amount(node["tax"]),
        "tax_name": tax.get("displayName"),
        "tax_percent": _decimal(tax.get("percentage")),
        "is_tax_inclusive": tax.get("inclusive"),
        "total": _amount(node["total"]),
        "total_excluding_tax": _amount(node["totalExcludingTax"]),
    }


def _costs(client: MeteringClient, path: str, root: str, given: dict[str, Any]) -> pl.DataFrame:
    found = _asked(client, path, root, given)
    rows = [
        {
            "currency_id": one["currencyId"],
            "feature_id": item["featureId"],
            "cost": Decimal(item["cost"]),
            "warning": item["warningCode"],
            "estimated_cost": Decimal(one["estimatedCost"]),
            "balance_before": Decimal(one["currentBalance"]),
            "balance_after": Decimal(one["balanceAfterEstimate"]),
            "would_overdraft": one["wouldOverdraft"],
        }
        for one in found["estimates"]
        for item in one["breakdown"]
    ]
    return pl.DataFrame([*rows, *({"warning": each} for each in found["warnings"])], COST_SCHEMA)


def _amount(money: Answer | None) -> Decimal | None:
    return None if money is None else Decimal(money["amount"])


def _decimal(number: Any) -> Decimal | None:
    return None if number is None else Decimal(number)
