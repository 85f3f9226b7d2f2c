"""What can be picked from: customers, resources, currencies, features and subscriptions."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from data.metering.service.filters import matches
from data.metering.service.paging import By, connection, paging
from data.metering.service.reports import check_customer
from data.metering.service.service import Service
from data.metering.service.store import Row

Given = Mapping[str, Any]
Sorting = list[Given] | None
LIST_PAGE = 10
ENVIRONMENT_ID = str(uuid5(NAMESPACE_URL, "local"))
NEWEST = [{"field": "createdAt", "direction": "DESC"}]

CUSTOMER_COLUMNS = {"customerId": "customer_id", "name": "name", "email": "email"}
RESOURCE_COLUMNS = {"resourceId": "resource_id"}
FEATURE_COLUMNS = {"refId": "feature_id", "displayName": "display_name"}
SUBSCRIPTION_COLUMNS = {
    "customerId": "customer_id",
    "resourceId": "resource_id",
    "status": "status",
    "productId": "product_id",
}


def order_of(sorting: Sorting, columns: Mapping[str, str], *ids: str) -> list[By]:
    """The order asked for, newest first unless told; the ids make it one of its kind."""
    asked = [
        By(
            columns.get(one["field"], "created_at"),
            one["direction"] == "DESC",
            one["nulls"] == "NULLS_LAST" if one.get("nulls") else None,
        )
        for one in sorting or NEWEST
    ]
    return asked + [By(column) for column in ids]


def customers(service: Service, filter: Given, paging_: Given, sorting: Sorting) -> Row:
    chosen = [row for row in list(service.state.customers.values()) if _is_customer(row, filter)]
    order = order_of(sorting, CUSTOMER_COLUMNS, "customer_id")
    return connection(chosen, paging(paging_, order, default=LIST_PAGE), customer)


def _is_customer(row: Row, filter: Given | None) -> bool:
    searched = " ".join(row[column] or "" for column in CUSTOMER_COLUMNS.values())
    return matches(row | {"search": searched}, filter, CUSTOMER_COLUMNS | {"searchQuery": "search"})


def customer_by_id(service: Service, given: Given) -> Row:
    check_customer(service.state, given["customerId"])
    return customer(service.state.customers[given["customerId"]])


def customer(row: Row) -> Row:
    return {
        "customerId": row["customer_id"],
        "name": row["name"],
        "email": row["email"],
        "createdAt": row["created_at"],
    }


def resources(service: Service, filter: Given, paging_: Given, sorting: Sorting) -> Row:
    owners = service.state.customers
    columns = RESOURCE_COLUMNS | {
        "customer": lambda row, wanted: _is_customer(owners[row["customer_id"]], wanted)
    }
    chosen = [r for r in list(service.state.resources.values()) if matches(r, filter, columns)]
    order = order_of(sorting, RESOURCE_COLUMNS, "customer_id", "resource_id")
    page = paging(paging_, order, default=LIST_PAGE)
    return connection(chosen, page, lambda row: resource(service, row))


def resource(service: Service, row: Row) -> Row:
    return {
        "resourceId": row["resource_id"],
        "createdAt": row["created_at"],
        "customer": customer(service.state.customers[row["customer_id"]]),
    }


def currencies(service: Service, given: Given | None) -> list[Row]:
    wanted = (given or {}).get("status") or ["ACTIVE"]
    return [currency(r) for r in service.state.currencies.values() if r["status"] in wanted]


def currency(row: Row) -> Row:
    return {
        "currencyId": row["currency_id"],
        "displayName": row["display_name"],
        "symbol": row["symbol"],
        "units": {"singular": row["unit_singular"], "plural": row["unit_plural"]},
        "status": row["status"],
    }


def features(service: Service, filter: Given, paging_: Given, sorting: Sorting) -> Row:
    chosen = [r for r in service.state.features.values() if matches(r, filter, FEATURE_COLUMNS)]
    order = order_of(sorting, FEATURE_COLUMNS, "feature_id")
    return connection(chosen, paging(paging_, order, default=LIST_PAGE), feature)


def feature(row: Row) -> Row:
    return {
        "refId": row["feature_id"],
        "displayName": row["display_name"],
        "featureType": row["feature_type"],
        "meterType": row["meter_type"],
        "featureUnits": row["unit_singular"],
        "featureUnitsPlural": row["unit_plural"],
        "createdAt": row["created_at"],
    }


def subscriptions(service: Service, filter: Given, paging_: Given, sorting: Sorting) -> Row:
    """Of all customers; they were created when they started, as far as is known."""
    plans = service.state.plans
    chosen = []
    for held in list(service.state.subscriptions.values()):
        for row in held:
            product_id = plans.get(row["plan_id"], {}).get("product_id")
            if matches(row | {"product_id": product_id}, filter, SUBSCRIPTION_COLUMNS):
                chosen.append(row)
    columns = SUBSCRIPTION_COLUMNS | {"createdAt": "started_at"}
    order = order_of(sorting, columns, "subscription_id")
    page = paging(paging_, order, default=LIST_PAGE)
    return connection(chosen, page, lambda row: subscription(service, row))


def active_subscriptions(service: Service, given: Given) -> list[Row]:
    check_customer(service.state, given["customerId"])
    held = service.state.subscriptions.get(given["customerId"], [])
    resource_id = given.get("resourceId") or None
    return [
        subscription(service, row)
        for row in held
        if row["status"] == "ACTIVE" and resource_id in (None, row["resource_id"])
    ]


def subscription(service: Service, row: Row) -> Row:
    plan = service.state.plans.get(row["plan_id"], {"display_name": row["plan_id"]})
    owned = service.state.resources.get((row["customer_id"], row["resource_id"] or ""))
    return {
        "subscriptionId": row["subscription_id"],
        "status": row["status"],
        "startDate": row["started_at"],
        "plan": {"refId": row["plan_id"], "displayName": plan["display_name"]},
        "customer": customer(service.state.customers[row["customer_id"]]),
        "resource": resource(service, owned) if owned else None,
    }
