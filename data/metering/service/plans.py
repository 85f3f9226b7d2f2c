"""The paywall, and the lists of products, plans, add-ons and coupons."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from data.credits.money import CURRENCIES, in_minor_units
from data.metering.offers import (
    BillingPeriod,
    PackageStatus,
    Plan,
    Price,
    countries_of,
    prices_in,
)
from data.metering.service import packages, pickers, selling
from data.metering.service.faults import Fault
from data.metering.service.filters import matches
from data.metering.service.paging import connection, paging
from data.metering.service.service import Service
from data.metering.service.store import Row

Given = Mapping[str, Any]


def products(service: Service, filter: Given, paging_: Given, sorting: pickers.Sorting) -> Row:
    nodes = [packages.product(row) for row in service.catalogue.products.values()]
    return _listed(nodes, filter, paging_, sorting)


def plans(service: Service, filter: Given, paging_: Given, sorting: pickers.Sorting) -> Row:
    nodes = [packages.plan(service, row) for row in service.catalogue.plans.values()]
    return _listed(nodes, _by_product(filter), paging_, sorting)


def addons(service: Service, filter: Given, paging_: Given, sorting: pickers.Sorting) -> Row:
    nodes = [packages.addon(service, row) for row in service.catalogue.addons.values()]
    return _listed(nodes, filter, paging_, sorting)


def coupons(service: Service, filter: Given, paging_: Given, sorting: pickers.Sorting) -> Row:
    nodes = [packages.coupon(service, row) for row in service.catalogue.coupons.values()]
    return _listed(nodes, filter, paging_, sorting)


def paywall(service: Service, given: Given) -> Row:
    """The plans on sale, with the prices of the country or else those for all countries."""
    customer, resource, active = _viewer(service, given)
    country = selling.country_of(given)
    shown = [plan for plan in service.catalogue.plans.values() if _is_shown(plan, given)]
    if given.get("productId") and given["productId"] not in service.catalogue.products:
        raise Fault("ProductNotFoundError", f"There is no product {given['productId']!r}.")
    local = {plan.plan_id: _local_prices(plan, country) for plan in shown}
    prices = [price for plan in shown for price in local[plan.plan_id]]
    currency = CURRENCIES[prices[0].currency if prices else selling.DEFAULT_CURRENCY]
    all_countries = given.get("fetchAllCountriesPrices")
    return {
        "activeSubscriptions": active,
        "configuration": None,
        "currency": {"code": currency.code, "symbol": currency.symbol},
        "customer": customer,
        "paywallCalculatedPricePoints": [
            point
            for plan in shown
            for asked in (countries_of(plan.prices) if all_countries else [country])
            for point in _price_points(service, plan, asked)
        ],
        "plans": [
            packages.plan(service, plan, plan.prices if all_countries else local[plan.plan_id])
            for plan in shown
        ],
        "resource": resource,
    }


def _viewer(service: Service, given: Given) -> tuple[Row | None, Row | None, list[Row] | None]:
    """(customer, resource, active subscriptions) of whom the paywall is shown to."""
    customer_id, resource_id = given.get("customerId"), given.get("resourceId")
    if not customer_id:
        return None, None, None
    active = pickers.active_subscriptions(service, given)
    row = service.state.customers[customer_id]
    if not resource_id:
        return pickers.customer(row), None, active
    owned = service.state.resources.get((customer_id, resource_id))
    if owned is None:
        raise Fault(
            "CustomerResourceNotFound",
            f"Customer {customer_id!r} has no resource {resource_id!r}.",
        )
    return pickers.customer(row), pickers.resource(service, owned), active


def _is_shown(plan: Plan, given: Given) -> bool:
    return (
        plan.status is PackageStatus.PUBLISHED
        and (not plan.is_hidden or bool(given.get("includeHiddenPlans")))
        and given.get("productId") in (None, plan.product_id)
    )


def _local_prices(plan: Plan, country: str | None) -> list[Price]:
    """In the file's order."""
    chosen = [
        price for period in BillingPeriod for price in prices_in(plan.prices, period, country)
    ]
    return [price for price in plan.prices if price in chosen]


def _price_points(service: Service, plan: Plan, country: str | None) -> list[Row]:
    """For each period the price that a card shows: the flat fee, else that of one unit."""
    points = []
    for period in plan.periods:
        prices = prices_in(plan.prices, period, country)
        shown = next((price for price in prices if price.feature_id is None), prices[0])
        feature = service.state.features.get(shown.feature_id or "")
        points.append(
            {
                "additionalChargesMayApply": len(prices) > 1,
                "amount": in_minor_units(shown.cost(Decimal(1)), shown.currency),
                "billingCountryCode": country if country in shown.countries else None,
                "billingPeriod": period,
                "currency": shown.currency,
                "feature": pickers.feature(feature) if feature else None,
                "planId": plan.plan_id,
            }
        )
    return points


def _by_product(given: Given | None) -> Row:
    """A plan filter whose `product: {refId: …}` is the plan's own productId."""
    flat: Row = {}
    for field, wanted in (given or {}).items():
        if field in ("and", "or") and wanted is not None:
            flat[field] = [_by_product(part) for part in wanted]
        elif field == "product":
            flat["productId"] = (wanted or {}).get("refId")
        else:
            flat[field] = wanted
    return flat


def _listed(nodes: list[Row], filter: Given, paging_: Given, sorting: pickers.Sorting) -> Row:
    """A page of what passes the filter, the newest first unless sorted."""
    columns = {field: field for node in nodes for field in node}
    chosen = [node for node in nodes if matches(node, filter, columns)]
    order = pickers.order_of(sorting, columns | {"createdAt": "createdAt"}, "refId")
    return connection(chosen, paging(paging_, order, default=pickers.LIST_PAGE), lambda node: node)
