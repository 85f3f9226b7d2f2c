"""What is sold, from a metering API."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import polars as pl

from data.credits.money import from_minor_units
from data.metering.client import Answer, MeteringClient
from data.metering.errors import Refused
from queries.documents import document
from queries.plans import (
    COUPON_SCHEMA,
    RATE_SCHEMA,
    SCHEMA,
    Countries,
    Coupons,
    Paywall,
    Rates,
)

ALL_REFUSED = "FetchAllCountriesPricesNotAllowed"


def paywall(question: Paywall, client: MeteringClient) -> pl.DataFrame:
    given = {
        "customerId": question.customer_id,
        "resourceId": question.resource_id,
        "billingCountryCode": question.country,
        "fetchAllCountriesPrices": question.has_all_countries or None,
        "includeHiddenPlans": question.has_hidden or None,
    }
    asked = {name: value for name, value in given.items() if value is not None}
    answer = client.ask(document("plans/paywall.graphql"), {"input": asked})["paywall"]
    held = {each["plan"]["refId"] for each in answer["activeSubscriptions"] or ()}
    points = answer["paywallCalculatedPricePoints"] or ()
    rows = []
    for node in answer["plans"]:
        mine = [_point(each) for each in points if each["planId"] == node["refId"]]
        plan = _plan(node) | {"points": mine, "is_held": node["refId"] in held}
        rows.append(plan if question.has_all_countries else _local(plan, question.country))
    return pl.DataFrame(rows, SCHEMA)


def countries(_question: Countries, client: MeteringClient) -> pl.DataFrame:
    asked = {"input": {"fetchAllCountriesPrices": True}}
    try:
        plans = client.ask(document("plans/countries.graphql"), asked)["paywall"]["plans"]
    except Refused as error:
        if error.code != ALL_REFUSED:
            raise
        plans = []
    found = {price["billingCountryCode"] for plan in plans for price in plan["prices"] or ()}
    return pl.DataFrame({"country": sorted(found - {None})}, {"country": pl.String})


def rates(_question: Rates, client: MeteringClient) -> pl.DataFrame:
    plans = client.ask_nodes(document("plans/rates.graphql"), {}, "plans")
    rows = [
        {"plan_id": plan["refId"], "plan_name": plan["displayName"], **_rate(price)}
        for plan in plans
        for price in _rated(plan["prices"])
    ]
    return pl.DataFrame(rows, RATE_SCHEMA).sort("plan_id", "feature_id")


def coupons(_question: Coupons, client: MeteringClient) -> pl.DataFrame:
    nodes = client.ask_nodes(document("plans/coupons.graphql"), {}, "coupons")
    rows = [
        {
            "coupon_id": node["refId"],
            "display_name": node["name"],
            "promotion_code": None,
            "percent_off": _decimal(node["percentOff"]),
            "amounts_off": [_money(each) for each in node["amountsOff"] or ()] or None,
            "duration_in_months": _whole(node["durationInMonths"]),
            "status": node["status"],
        }
        for node in nodes
    ]
    return pl.DataFrame(rows, COUPON_SCHEMA).sort("coupon_id")


def _local(plan: Answer, country: str | None) -> Answer:
    """With the prices of the country only, also those of its add-ons."""
    addons = [addon | {"prices": _prices_in(addon["prices"], country)} for addon in plan["addons"]]
    return plan | {"prices": _prices_in(plan["prices"], country), "addons": addons}


def _prices_in(prices: list[Answer], country: str | None) -> list[Answer]:
    """Of each billing period those that name the country, else those that name none."""
    local = {each["billing_period"] for each in prices if each["country"] == country}
    return [
        each
        for each in prices
        if each["country"] == (country if each["billing_period"] in local else None)
    ]


def _plan(node: Answer) -> Answer:
    product, base = node["product"] or {}, node["basePlan"] or {}
    trial = node["defaultTrialConfig"] or {}
    return {
        "plan_id": node["refId"],
        "display_name": node["displayName"],
        "description": node["description"],
        "pricing_type": node["pricingType"],
        "product_id": product.get("refId"),
        "product_name": product.get("displayName"),
        "has_many_subscriptions": product.get("multipleSubscriptions", False),
        "base_plan_id": base.get("refId"),
        "base_plan_name": base.get("displayName"),
        "trial_length": _whole(trial.get("duration")),
        "trial_unit": trial.get("units"),
        **_charged(node["prices"] or []),
        "minimum_spends": [
            {"billing_period": each["billingPeriod"], **_money(each["minimum"])}
            for each in node["minimumSpend"] or ()
        ],
        **_packed(node["packageEntitlements"]),
        "inherited": [_entitlement(each) for each in node["inheritedEntitlements"]],
        "addons": [_addon(each) for each in node["compatibleAddons"] or ()],
    }


def _charged(prices: list[Answer]) -> Answer:
    """Money for the plan, money for credits beyond it, and credits for what is used."""
    return {
        "prices": [_price(each) for each in prices if each["creditRate"] is None],
        "credit_prices": [
            {"currency_id": each["creditRate"]["currencyId"], **_money(each["price"])}
            for each in prices
            if each["creditRate"] and each["feature"] is None and each["price"]
        ],
        "rates": [_rate(each) for each in _rated(prices)],
    }


def _packed(entitlements: list[Answer]) -> Answer:
    """Features and credits that come with the plan."""
    return {
        "entitlements": [_entitlement(each) for each in entitlements if "usageLimit" in each],
        "credits": [_included(each) for each in entitlements if "cadence" in each],
    }


def _price(node: Answer) -> Answer:
    feature, money, tiers = node["feature"] or {}, node["price"], node["tiers"] or []
    first: Answer = money or next((each["unitPrice"] for each in tiers if each["unitPrice"]), {})
    return {
        "billing_period": node["billingPeriod"],
        "billing_model": node["billingModel"],
        "country": node["billingCountryCode"],
        "currency": first.get("currency"),
        "amount": None if tiers or money is None else Decimal(money["amount"]),
        "feature_id": feature.get("refId"),
        "feature_name": feature.get("displayName"),
        "unit": feature.get("featureUnits"),
        "tiers_mode": node["tiersMode"],
        "tiers": [
            {
                "up_to": _decimal(tier["upTo"]),
                "unit_price": Decimal((tier["unitPrice"] or {"amount": 0})["amount"]),
                "flat_price": Decimal((tier["flatPrice"] or {"amount": 0})["amount"]),
            }
            for tier in tiers
        ],
    }


def _point(node: Answer) -> Answer:
    return {
        "billing_period": node["billingPeriod"],
        "country": node["billingCountryCode"],
        "currency": node["currency"],
        "amount": from_minor_units(Decimal(node["amount"]), node["currency"]),
        "feature_name": (node["feature"] or {}).get("displayName"),
        "has_more": bool(node["additionalChargesMayApply"]),
    }


def _rated(prices: Iterable[Answer] | None) -> list[Answer]:
    """Those that say what a unit of a feature costs in credits."""
    return [each for each in prices or () if each["creditRate"] and each["feature"]]


def _rate(node: Answer) -> Answer:
    rate = node["creditRate"]
    return {
        "feature_id": node["feature"]["refId"],
        "feature_name": node["feature"]["displayName"],
        "unit": node["feature"]["featureUnits"],
        "currency_id": rate["currencyId"],
        "amount": None if rate["costFormula"] else Decimal(rate["amount"]),
        "cost_formula": rate["costFormula"],
    }


def _entitlement(node: Answer) -> Answer:
    return {
        "feature_id": node["feature"]["refId"],
        "feature_name": node["feature"]["displayName"],
        "unit": node["feature"]["featureUnits"],
        "units": node["feature"]["featureUnitsPlural"],
        "usage_limit": _decimal(node["usageLimit"]),
        "has_unlimited_usage": bool(node["hasUnlimitedUsage"]),
        "has_soft_limit": bool(node["hasSoftLimit"]),
        "reset_period": node["resetPeriod"],
    }


def _included(node: Answer) -> Answer:
    return {
        "currency_id": node["customCurrency"]["currencyId"],
        "currency_name": node["customCurrency"]["displayName"],
        "amount": Decimal(node["amount"]),
        "cadence": node["cadence"],
        "per_unit_of": (node["dependencyFeature"] or {}).get("displayName"),
    }


def _addon(node: Answer) -> Answer:
    return {
        "addon_id": node["refId"],
        "display_name": node["displayName"],
        "description": node["description"],
        "max_quantity": _whole(node["maxQuantity"]),
        "prices": [_price(each) for each in node["prices"] or ()],
    }


def _money(node: Answer) -> Answer:
    return {"amount": Decimal(node["amount"]), "currency": node["currency"]}


def _decimal(number: Any) -> Decimal | None:
    return None if number is None else Decimal(number)


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)
