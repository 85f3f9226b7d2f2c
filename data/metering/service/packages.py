"""Products, plans, add-ons, prices and coupons as the wire has them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from data.metering.offers import (
    Addon,
    Coupon,
    Entitlement,
    PackageStatus,
    Plan,
    PlanCredits,
    Price,
    Product,
)
from data.metering.service import pickers
from data.metering.service.service import Service
from data.metering.service.store import Row

PRODUCT_SETTINGS = {
    "subscriptionCancellationTime": "IMMEDIATE",
    "subscriptionEndSetup": "CANCEL_SUBSCRIPTION",
    "subscriptionStartSetup": "PLAN_SELECTION",
}
"""How this service behaves."""


def product(row: Product) -> Row:
    return {
        "refId": row.product_id,
        "displayName": row.display_name or row.product_id,
        "description": row.description,
        "status": row.status,
        "multipleSubscriptions": row.multiple_subscriptions,
        "productSettings": PRODUCT_SETTINGS,
        "createdAt": row.created_at,
    }


def plan(service: Service, row: Plan, prices: Sequence[Price] | None = None) -> Row:
    """A plan with all of its prices, or with those given."""
    shown = row.prices if prices is None else prices
    catalogue = service.catalogue
    base = catalogue.plans.get(row.base_plan_id or "")
    sold = catalogue.products.get(row.product_id or "")
    return {
        "refId": row.plan_id,
        "displayName": row.display_name or row.plan_id,
        "description": row.description,
        "pricingType": row.pricing_type,
        "status": row.status,
        "isLatest": True,
        "versionNumber": 1,
        "createdAt": row.created_at,
        "productId": row.product_id,
        "product": product(sold) if sold else None,
        "basePlan": base and {"refId": base.plan_id, "displayName": base.display_name},
        "prices": lambda _: [*_prices(service, shown), *_credit_prices(service, row)],
        "overagePrices": [],
        "minimumSpend": [
            {"billingPeriod": each.billing_period, "minimum": _money(each.amount, each.currency)}
            for each in row.minimum_spends
        ],
        "entitlements": lambda _: _entitlements(service, row.entitlements),
        "packageEntitlements": lambda _: package_entitlements(service, row),
        "inheritedEntitlements": lambda _: _inherited(service, row),
        "compatibleAddons": lambda _: [
            addon(service, catalogue.addons[addon_id]) for addon_id in row.addons
        ],
        "defaultTrialConfig": row.default_trial_days
        and {"duration": row.default_trial_days, "units": "DAY"},
        "additionalMetaData": None,
    }


def plan_by_id(service: Service, plan_id: str) -> Row:
    """The plan of a subscription; one that the catalogue has dropped is archived."""
    known = service.catalogue.plans.get(plan_id)
    return plan(service, known or Plan(plan_id, status=PackageStatus.ARCHIVED))


def addon(service: Service, row: Addon) -> Row:
    return {
        "refId": row.addon_id,
        "displayName": row.display_name or row.addon_id,
        "description": row.description,
        "status": row.status,
        "maxQuantity": row.max_quantity,
        "pricingType": "PAID" if row.prices else "FREE",
        "createdAt": row.created_at,
        "prices": lambda _: _prices(service, row.prices),
        "entitlements": lambda _: _entitlements(service, row.entitlements),
        "packageEntitlements": lambda _: package_entitlements(service, row),
    }


def coupon(service: Service, row: Coupon) -> Row:
    codes = {promotion.code for promotion in row.promotion_codes}
    amounts = [_money(each.amount, each.currency) for each in row.amounts_off]
    discount = row.discount
    return {
        "id": _uuid(row.coupon_id),
        "refId": row.coupon_id,
        "name": row.display_name or row.coupon_id,
        "description": row.description,
        "type": discount.type,
        "percentOff": row.percent_off,
        "amountsOff": amounts or None,
        "discountValue": row.percent_off or row.amounts_off[0].amount,
        "durationInMonths": row.duration_in_months,
        "status": row.status,
        "source": "STIGG",
        "createdAt": row.created_at,
        "updatedAt": row.created_at,
        "environmentId": _uuid("local"),
        "customers": lambda _, filter=None, sorting=None: _users(service, codes, filter, sorting),
    }


def package_entitlements(service: Service, row: Plan | Addon) -> list[Row]:
    """Of features and of credits."""
    features = _entitlements(service, row.entitlements)
    return [
        *({"__typename": "PackageFeatureEntitlement", **each} for each in features),
        *(_credits(service, row, each) for each in row.credits if each.included),
    ]


def _credits(service: Service, row: Plan | Addon, credits: PlanCredits) -> Row:
    return {
        "__typename": "PackageCreditEntitlement",
        "id": _uuid(f"{row.display_name} {credits.currency_id}"),
        "amount": credits.included,
        "cadence": credits.cadence,
        "customCurrency": pickers.currency(service.state.currencies[credits.currency_id]),
        "customCurrencyId": credits.currency_id,
        "dependencyFeature": _feature(service, credits.per_unit_of),
        "hasSoftLimit": credits.has_soft_limit,
    }


def _entitlements(service: Service, rows: Iterable[Entitlement]) -> list[Row]:
    return [
        {
            "id": _uuid(f"{each.feature_id} {each.usage_limit}"),
            "feature": _feature(service, each.feature_id),
            "featureId": each.feature_id,
            "hasSoftLimit": each.has_soft_limit,
            "hasUnlimitedUsage": each.usage_limit is None,
            "resetPeriod": each.reset_period,
            "usageLimit": each.usage_limit,
        }
        for each in rows
    ]


def _inherited(service: Service, row: Plan) -> list[Row]:
    """Those of the plans it is based on, the nearest first, unless it says something else."""
    own = {each.feature_id for each in row.entitlements}
    inherited: list[Entitlement] = []
    base = service.catalogue.plans.get(row.base_plan_id or "")
    while base is not None:
        inherited += [each for each in base.entitlements if each.feature_id not in own]
        own |= {each.feature_id for each in base.entitlements}
        base = service.catalogue.plans.get(base.base_plan_id or "")
    return _entitlements(service, inherited)


def _prices(service: Service, prices: Iterable[Price]) -> list[Row]:
    """One for each country that it names; a price for all countries names none."""
    return [
        _price(service, price, country)
        for price in prices
        for country in price.countries or (None,)
    ]


def _price(service: Service, price: Price, country: str | None) -> Row:
    return {
        "billingModel": price.billing_model,
        "billingPeriod": price.billing_period,
        "billingCadence": "RECURRING",
        "billingCountryCode": country,
        "price": None if price.amount is None else _money(price.amount, price.currency),
        "tiers": [
            {
                "upTo": tier.up_to,
                "unitPrice": _money(tier.unit_price, price.currency),
                "flatPrice": _money(tier.flat_price, price.currency),
            }
            for tier in price.tiers
        ]
        or None,
        "tiersMode": price.tiers_mode,
        "feature": _feature(service, price.feature_id),
    }


def _credit_prices(service: Service, row: Plan) -> list[Row]:
    """What a credit costs in money, and what a unit of each feature costs in credits."""
    common: Row = {"billingModel": "CREDIT_BASED", "billingPeriod": "MONTHLY"}
    sold = [
        common
        | {
            "billingCadence": "ONE_OFF",
            "price": _money(each.unit_price, "USD"),
            "creditGrantCadence": each.cadence,
            "creditRate": {"amount": 1, "currencyId": each.currency_id},
        }
        for each in row.credits
        if each.unit_price is not None
    ]
    rated = [
        common
        | {
            "billingCadence": "RECURRING",
            "feature": _feature(service, rate.feature_id),
            "creditRate": {
                "amount": rate.amount,
                "costFormula": rate.cost_formula,
                "currencyId": rate.currency_id,
            },
        }
        for rate in row.rates
    ]
    return sold + rated


def _feature(service: Service, feature_id: str | None) -> Row | None:
    return pickers.feature(service.state.features[feature_id]) if feature_id else None


def _users(service: Service, codes: set[str], filter: Any, sorting: Any) -> list[Row]:
    """The customers whose active subscriptions were sold with one of the codes."""
    using = {
        row["customer_id"]
        for rows in list(service.state.subscriptions.values())
        for row in rows
        if row["promotion_code"] in codes and row["status"] == "ACTIVE"
    }
    wanted = {"and": [filter or {}, {"customerId": {"in": using}}]}
    edges = pickers.customers(service, wanted, {"first": 100}, sorting)["edges"]
    return [edge["node"] for edge in edges]


def _money(amount: Any, currency: str) -> Row:
    return {"amount": amount, "currency": currency}


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))
