"""What can be asked about entitlements: the promotions given, and what a customer may use."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from data.credits.rates import Rate
from data.credits.resets import Reset, ResetPeriod
from data.metering.service.effective import (
    Entitled,
    entitled,
    has_ended,
    period_of,
    reset_of,
    used,
)
from data.metering.service.filters import matches
from data.metering.service.paging import connection, paging
from data.metering.service.pickers import (
    ENVIRONMENT_ID,
    LIST_PAGE,
    Sorting,
    customer,
    feature,
    order_of,
)
from data.metering.service.service import Service
from data.metering.service.state import State
from data.metering.service.store import Row

Given = Mapping[str, Any]
PROMOTION_COLUMNS = {
    "customerId": "customer_id",
    "featureId": "feature_id",
    "status": "status",
    "startDate": "started_at",
    "endDate": "ends_at",
}
CONFIGURATIONS = {
    ResetPeriod.WEEK: ("WeeklyResetPeriodConfig", "weeklyAccordingTo"),
    ResetPeriod.MONTH: ("MonthlyResetPeriodConfig", "monthlyAccordingTo"),
    ResetPeriod.YEAR: ("YearlyResetPeriodConfig", "yearlyAccordingTo"),
}


def promotions(service: Service, filter: Given, paging_: Given, sorting: Sorting) -> Row:
    """Those of all customers, the ended ones too."""
    now = service.clock()
    with service.reading() as state:
        held = [row for rows in state.promotions.values() for row in rows.values()]
    rows = [row | {"status": _status(row, now)} for row in held]
    chosen = [row for row in rows if matches(row, filter, PROMOTION_COLUMNS)]
    order = order_of(sorting, PROMOTION_COLUMNS, "promotional_entitlement_id")
    page = paging(paging_, order, default=LIST_PAGE)
    return connection(chosen, page, lambda row: promotion(service, row))


def _status(row: Row, now: datetime) -> str:
    return "Expired" if has_ended(row, now) else row["status"]


def promotion(service: Service, row: Row) -> Row:
    given_feature = service.state.features[row["feature_id"]]
    reset = reset_of(row)
    return {
        "id": row["promotional_entitlement_id"],
        "createdAt": row["created_at"],
        "customer": customer(service.state.customers[row["customer_id"]]),
        "description": row["description"],
        "endDate": row["ends_at"],
        "enumValues": row["enum_values"],
        "environmentId": ENVIRONMENT_ID,
        "feature": feature(given_feature),
        "featureId": str(uuid5(NAMESPACE_URL, row["feature_id"])),
        "hasSoftLimit": row["has_soft_limit"],
        "hasUnlimitedUsage": row["has_unlimited_usage"],
        "isVisible": row["is_visible"],
        "period": row["period"],
        "resetPeriod": row["reset_period"],
        "resetPeriodConfiguration": _configuration(reset),
        "startDate": row["started_at"],
        "status": _status(row, service.clock()),
        "unlimited": row["has_unlimited_usage"],
        "updatedAt": row["updated_at"],
        "usageLimit": row["usage_limit"],
    }


def _configuration(reset: Reset | None) -> Row | None:
    if reset is None or reset.period not in CONFIGURATIONS:
        return None
    name, field = CONFIGURATIONS[reset.period]
    return {"__typename": name, field: reset.according_to}


def state_of(service: Service, query: Given) -> Row:
    """Everything the customer, or its resource, may use; a reason where that is nothing."""
    customer_id, resource_id = query["customerId"], query.get("resourceId") or None
    now = service.clock()
    with service.reading() as state:
        reason = _stranger(state, customer_id, resource_id)
        if reason:
            return {"accessDeniedReason": reason, "entitlements": [], "entitlementsV2": []}
        found = entitled(state, customer_id, resource_id, now)
        held = [_held(service, state, (customer_id, resource_id), one, now) for one in
                found.values()]  # fmt: skip
        wallets = _wallets(state, customer_id, resource_id, found, now)
    has_any = found or state.active(customer_id, resource_id)
    return {
        "accessDeniedReason": None if has_any else "NoActiveSubscription",
        "entitlements": held,
        "entitlementsV2": wallets + held,
    }


def entitlement(service: Service, query: Given) -> Row:
    """One feature's; what denies access is told as its reason, not as an error."""
    customer_id, resource_id = query["customerId"], query.get("resourceId") or None
    feature_id, now = query["featureId"], service.clock()
    with service.reading() as state:
        reason = _stranger(state, customer_id, resource_id)
        if not reason and feature_id not in state.features:
            reason = "FeatureNotFound"
        if reason:
            return _denied(state, feature_id, reason)
        found = entitled(state, customer_id, resource_id, now).get(feature_id)
        if found is None:
            is_subscribed = state.active(customer_id, resource_id)
            reason = (
                "NoFeatureEntitlementInSubscription" if is_subscribed else "NoActiveSubscription"
            )
            return _denied(state, feature_id, reason)
        options = query.get("options") or {}
        return _held(service, state, (customer_id, resource_id), found, now, options)


def _stranger(state: State, customer_id: str, resource_id: str | None) -> str | None:
    """Why nothing can be told of them."""
    if customer_id not in state.customers:
        return "CustomerNotFound"
    if resource_id and (customer_id, resource_id) not in state.resources:
        return "CustomerResourceNotFound"
    return None


def _denied(state: State, feature_id: str, reason: str) -> Row:
    known = state.features.get(feature_id)
    return {
        "__typename": "FeatureEntitlement",
        "accessDeniedReason": reason,
        "feature": feature(known) if known else None,
        "hasUnlimitedUsage": False,
        "isGranted": False,
    }


def _held(
    service: Service,
    state: State,
    scope: tuple[str, str | None],
    one: Entitled,
    now: datetime,
    options: Given | None = None,
) -> Row:
    """A feature that is entitled to; its limit or an empty wallet can still deny it."""
    customer_id, resource_id = scope
    period = period_of(one, now)
    start, end = period or (None, None)
    units = used(state, service.store, (customer_id, resource_id, one.feature_id), period)
    rate = state.rate(customer_id, resource_id, one.feature_id)
    wallet = state.wallet((customer_id, rate.currency_id, resource_id)) if rate else None
    reason = _reason(one, units, wallet, options or {})
    return {
        "__typename": "FeatureEntitlement",
        "accessDeniedReason": reason,
        "creditRate": _rate(rate),
        "currentUsage": units,
        "entitlementUpdatedAt": one.updated_at,
        "enumValues": sorted(one.enum_values) or None,
        "feature": feature(state.features[one.feature_id]),
        "hasSoftLimit": one.is_soft,
        "hasUnlimitedUsage": one.is_unlimited,
        "isGranted": reason is None,
        "resetPeriod": one.reset.period.value if one.reset else None,
        "resetPeriodConfiguration": _configuration(one.reset),
        "usageLimit": None if one.is_unlimited else one.usage_limit,
        "usagePeriodAnchor": one.anchor if one.reset else None,
        "usagePeriodStart": start,
        "usagePeriodEnd": end,
        "validUntil": min((time for time in (end, one.ends_at) if time), default=None),
    }


def _reason(
    one: Entitled, units: Decimal, wallet: tuple[Decimal, Decimal] | None, options: Given
) -> str | None:
    """What denies access: the values, or a hard limit; unasked, that there is nothing left."""
    if not one.enum_values.issuperset(options.get("requestedValues") or ()):
        return "RequestedValuesMismatch"
    if one.is_soft:
        return None
    if one.usage_limit is not None and not one.is_unlimited:
        requested, left = options.get("requestedUsage"), one.usage_limit - units
        if left <= 0 if requested is None else requested > left:
            return "RequestedUsageExceedingLimit"
    if wallet is not None:
        granted, consumed = wallet
        return "InsufficientCredits" if consumed >= granted else None
    return None


def _rate(rate: Rate | None) -> Row | None:
    if rate is None:
        return None
    return {
        "amount": rate.amount,
        "costFormula": rate.cost_formula,
        "currencyId": rate.currency_id,
        "customCurrencyId": str(uuid5(NAMESPACE_URL, rate.currency_id)),
    }


def _wallets(
    state: State,
    customer_id: str,
    resource_id: str | None,
    found: Mapping[str, Entitled],
    now: datetime,
) -> list[Row]:
    """The wallets that there are, and those that the features would be paid from."""
    rates = [state.rate(customer_id, resource_id, feature_id) for feature_id in found]
    paying = {rate.currency_id for rate in rates if rate}
    wallets = []
    for currency_id, row in state.currencies.items():
        key = (customer_id, currency_id, resource_id)
        if state.has_wallet(key) or currency_id in paying:
            sold = state.sold(customer_id, resource_id, currency_id)
            is_soft = sold is not None and sold.has_soft_limit
            wallet = _wallet(row, *state.wallet(key), is_soft)
            wallets.append(wallet | {"usageUpdatedAt": now})
    return wallets


def _wallet(currency: Row, granted: Decimal, consumed: Decimal, is_soft: bool) -> Row:
    is_granted = is_soft or consumed < granted
    return {
        "__typename": "CreditEntitlement",
        "accessDeniedReason": None if is_granted else "InsufficientCredits",
        "currency": {
            "currencyId": currency["currency_id"],
            "displayName": currency["display_name"],
            "unitPlural": currency["unit_plural"],
            "unitSingular": currency["unit_singular"],
        },
        "currentUsage": consumed,
        "hasSoftLimit": is_soft,
        "isGranted": is_granted,
        "usageLimit": granted,
    }
