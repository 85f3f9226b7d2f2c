"""Rows of data/tables.py as a metering API tells them."""

from decimal import Decimal
from typing import Any

import simplejson

from data.extract.sync.store import Row
from data.metering.client import Answer
from data.metering.wire import optional_time, time


def customer(node: Answer) -> Row:
    return {
        "customer_id": node["customerId"],
        "name": node["name"],
        "email": node["email"],
        "created_at": optional_time(node["createdAt"]),
    }


def resource(node: Answer) -> Row:
    return {
        "customer_id": node["customer"]["customerId"],
        "resource_id": node["resourceId"],
        "created_at": optional_time(node["createdAt"]),
    }


def currency(node: Answer) -> Row:
    units = node["units"] or {"singular": None, "plural": None}
    return {
        "currency_id": node["currencyId"],
        "display_name": node["displayName"],
        "symbol": node["symbol"],
        "unit_singular": units["singular"],
        "unit_plural": units["plural"],
        "status": node["status"],
    }


def feature(node: Answer) -> Row:
    return {
        "feature_id": node["refId"],
        "display_name": node["displayName"],
        "feature_type": node["featureType"],
        "meter_type": node["meterType"],
        "unit_singular": node["featureUnits"],
        "unit_plural": node["featureUnitsPlural"],
        "created_at": optional_time(node["createdAt"]),
    }


def plan(node: Answer) -> tuple[Row, list[Row]]:
    """(the plan, what its features cost in credits)."""
    sold = {
        "plan_id": node["refId"],
        "display_name": node["displayName"],
        "product_id": (node["product"] or {}).get("refId"),
    }
    return sold, [
        {
            "plan_id": node["refId"],
            "feature_id": price["feature"]["refId"],
            "currency_id": price["creditRate"]["currencyId"],
            "amount": None
            if price["creditRate"]["costFormula"]
            else Decimal(price["creditRate"]["amount"]),
            "cost_formula": price["creditRate"]["costFormula"],
        }
        for price in node["prices"] or ()
        if price["creditRate"] and price["feature"]
    ]


def subscription(node: Answer) -> Row:
    return {
        "subscription_id": node["subscriptionId"],
        "customer_id": node["customer"]["customerId"],
        "resource_id": (node["resource"] or {}).get("resourceId"),
        "plan_id": node["plan"]["refId"],
        "status": node["status"],
        "started_at": optional_time(node["startDate"]),
    }


def promotion(node: Answer) -> Row:
    reset = node["resetPeriodConfiguration"] or {}
    return {
        "promotional_entitlement_id": node["id"],
        "customer_id": node["customer"]["customerId"],
        "feature_id": node["feature"]["refId"],
        "status": node["status"],
        "usage_limit": _amount(node["usageLimit"]),
        "has_unlimited_usage": node["hasUnlimitedUsage"],
        "has_soft_limit": node["hasSoftLimit"],
        "is_visible": node["isVisible"],
        "enum_values": node["enumValues"],
        "period": node["period"],
        "reset_period": node["resetPeriod"],
        "reset_according_to": next(iter(reset.values()), None),
        "description": node["description"],
        "started_at": optional_time(node["startDate"]),
        "ends_at": optional_time(node["endDate"]),
        "created_at": optional_time(node["createdAt"]),
        "updated_at": optional_time(node["updatedAt"]),
    }


def addon(node: Answer) -> Row:
    return {"addon_id": node["refId"], "display_name": node["displayName"]}


def coupon(node: Answer) -> Row:
    """Without its code and its amounts off, which an extract has no columns for."""
    months = node["durationInMonths"]
    return {
        "coupon_id": node["refId"],
        "display_name": node["name"],
        "percent_off": _amount(node["percentOff"]),
        "duration_in_months": None if months is None else int(months),
        "status": node["status"],
    }


def grant(customer_id: str, resource_id: str | None, node: Answer) -> Row:
    metadata = node["additionalMetaData"]
    return {
        "grant_id": node["grantId"],
        "customer_id": customer_id,
        "currency_id": node["currencyId"],
        "resource_id": resource_id,
        "display_name": node["displayName"],
        "grant_type": node["grantType"],
        "status": node["status"],
        "amount": Decimal(node["amount"]),
        "consumed_amount": Decimal(node["consumedAmount"]),
        "cost_amount": Decimal(node["cost"]["amount"]),
        "cost_currency": node["cost"]["currency"],
        "priority": int(node["priority"]),
        "payment_collection": node["paymentCollection"],
        "effective_at": time(node["effectiveAt"]),
        "expire_at": optional_time(node["expireAt"]),
        "voided_at": optional_time(node["voidedAt"]),
        "created_at": time(node["createdAt"]),
        "updated_at": optional_time(node["updatedAt"]),
        "comment": node["comment"],
        "additional_metadata": None
        if metadata is None
        else simplejson.dumps(metadata, use_decimal=True),
        "is_recharge": node["automaticRechargeConfigurationId"] is not None,
    }


def entry(node: Answer) -> Row:
    """A row of the ledger, but for its pool and its number."""
    return {
        "event_type": node["eventType"],
        "amount": Decimal(node["amount"]),
        "grant_id": node["creditGrantId"],
        "event_id": node["eventId"],
        "feature_id": node["featureId"],
        "occurred_at": time(node["timestamp"]),
    }


def recharge(customer_id: str, currency_id: str, saved: Answer) -> list[Row]:
    """The settings; none where the API answers defaults because nothing was saved."""
    if saved["createdAt"] is None:
        return []
    return [
        {
            "customer_id": customer_id,
            "currency_id": currency_id,
            "is_enabled": saved["isEnabled"],
            "threshold_type": saved["thresholdType"],
            "threshold_value": _amount(saved["thresholdValue"]),
            "target_balance": Decimal(saved["targetBalance"]),
            "max_spend_limit": _amount(saved["maxSpendLimit"]),
            "grant_expiration_period": saved["grantExpirationPeriod"],
            "current_monthly_spend": Decimal(saved["currentMonthlySpend"]),
            "created_at": time(saved["createdAt"]),
            "updated_at": optional_time(saved["updatedAt"]),
        }
    ]


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
