"""Auto-recharge settings from a metering API, which answers defaults where nothing was saved."""

from decimal import Decimal
from typing import Any

import polars as pl

from data.metering.client import Answer, MeteringClient
from data.metering.wire import optional_time, time
from queries.documents import document
from queries.recharge import LIMITS, SCHEMA, Recharge, RechargeLimits


def read(question: Recharge, client: MeteringClient) -> pl.DataFrame:
    given = {"customerId": question.customer_id, "currencyId": question.currency_id}
    answer = client.ask(document("recharge/recharge.graphql"), {"input": given})
    saved = answer["getAutoRechargeSettings"]
    if saved["createdAt"] is None:
        return SCHEMA.to_frame()
    limit = saved["maxSpendLimit"]
    row = (
        saved["isEnabled"],
        saved["thresholdType"],
        Decimal(saved["thresholdValue"]),
        Decimal(saved["targetBalance"]),
        None if limit is None else Decimal(limit),
        saved["grantExpirationPeriod"],
        Decimal(saved["currentMonthlySpend"]),
        time(saved["createdAt"]),
        optional_time(saved["updatedAt"]),
    )
    return pl.DataFrame([row], SCHEMA, orient="row")


def limits(question: RechargeLimits, client: MeteringClient) -> pl.DataFrame:
    """The plan's bounds, and its price of a credit, which the paywall tells."""
    given = {
        "settings": {"customerId": question.customer_id, "currencyId": question.currency_id},
        "paywall": {"customerId": question.customer_id, "includeHiddenPlans": True},
    }
    answer = client.ask(document("recharge/limits.graphql"), given)
    config = answer["getAutoRechargeSettings"]["validationConfig"]
    row = (
        _amount(config["minGrantAmount"]),
        _amount(config["maxCreditPoolSize"]),
        _amount(config["minTargetBalance"]),
        _amount(config["maxTargetBalance"]),
        _amount(config["maxThresholdAmount"]),
        config["allowUnlimitedSpendLimit"],
        _unit_price(answer["paywall"], question.currency_id),
    )
    return pl.DataFrame([row], LIMITS, orient="row")


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _unit_price(paywall: Answer, currency_id: str) -> Decimal | None:
    """Of the first plan that the customer, not one of its resources, subscribes to and that has it.

    In the local service that is the price which a recharge pays.
    """
    plans = {plan["refId"]: plan["prices"] or () for plan in paywall["plans"]}
    for held in paywall["activeSubscriptions"] or ():
        if held["resource"] is not None:
            continue
        for price in plans.get(held["plan"]["refId"], ()):
            is_credits = price["billingModel"] == "CREDIT_BASED" and price["price"] is not None
            rate = price["creditRate"] or {}
            if is_credits and rate.get("currencyId") == currency_id:
                return Decimal(price["price"]["amount"])
    return None
