"""The demo company as tables: 200 customers and their year of credits up to a given moment."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import polars as pl

from data.demo.customers import FREE, GROWTH, SCALE, Customer, ordinary
from data.demo.pools import burn_pools
from data.demo.situations import NAMED
from data.demo.sold import catalogue
from data.demo.usage import usage_events
from data.tables import SCHEMAS, Tables

CUSTOMERS = 200
SEED = 20_260_522
SHOWCASE_SUBSCRIPTION = "subscription-plan-revvenu-growth-da6324"

Rows = list[tuple[object, ...]]


def build(now: datetime) -> Tables:
    """Every table of data/tables.py; the same `now` (naive UTC, to the second) gives the same rows.

    The story ends at `now` and begins 365 days before it: another day, another year's rows.
    """
    now = now.replace(microsecond=0)
    rng = np.random.default_rng(SEED)
    sold = catalogue()
    customers = (*NAMED, *ordinary(CUSTOMERS - len(NAMED), rng))
    events = usage_events(now, customers, sold, rng)
    rows = {
        "customers": _customers(customers, now),
        "resources": _resources(customers, now),
        "subscriptions": _subscriptions(customers, now),
        "promotional_entitlements": _promotional_entitlements(now),
    }
    return (
        dict(sold.tables)
        | {name: pl.DataFrame(given, SCHEMAS[name], orient="row") for name, given in rows.items()}
        | {"usage_events": events}
        | burn_pools(now, customers, events, rng)
    )


def _customers(customers: Sequence[Customer], now: datetime) -> Rows:
    return [
        (customer.customer_id, customer.name, customer.email, customer.created_at(now))
        for customer in customers
    ]


def _resources(customers: Sequence[Customer], now: datetime) -> Rows:
    return [
        (customer.customer_id, resource, customer.created_at(now) + timedelta(hours=1))
        for customer in customers
        for resource in customer.resources
    ]


def _subscriptions(customers: Sequence[Customer], now: datetime) -> Rows:
    """One for the customer and one for each resource, all to its plan; a few had the free one.

    A resource has no seats of its own.
    """
    rows: Rows = []
    for number, customer in enumerate(customers):
        joined = customer.created_at(now)
        for resource in (None, *customer.resources):
            subscription = f"subscription-{customer.plan_id}-{len(rows):06x}"
            if (customer.customer_id, resource) == ("customer-demo-01", None):
                subscription = SHOWCASE_SUBSCRIPTION
            scope = (customer.customer_id, resource, customer.plan_id)
            terms = _terms(customer, 0 if resource else customer.seats, number)
            rows.append((subscription, *scope, "ACTIVE", joined, *terms))
        if number % 20 == 7 and customer.plan_id != FREE:
            subscription = f"subscription-{FREE}-{len(rows):06x}"
            scope = (customer.customer_id, None, FREE)
            terms = (None, "{}", "{}", None, None)
            rows.append((subscription, *scope, "CANCELED", joined - timedelta(days=60), *terms))
    return rows


def _terms(customer: Customer, seats: int, number: int) -> tuple[str | None, ...]:
    """What a subscription was sold with, as its columns are ordered; a few are German."""
    quantities = {"feature-seats": seats} if seats else {}
    if customer.plan_id not in (GROWTH, SCALE):
        return None, json.dumps(quantities), "{}", None, None
    is_showcase = customer.customer_id == "customer-demo-01"
    quantities["feature-01-templates"] = 2 if is_showcase else 1 + seats // 4
    addons = {"addon-10-campaigns": 1 + number % 3} if number % 4 == 1 else {}
    return (
        "ANNUALLY" if customer.plan_id == SCALE else "MONTHLY",
        json.dumps(quantities),
        json.dumps(addons),
        "DE" if number % 6 == 5 else None,
        {4: "NONPROFIT15", 9: "ANNUAL10"}.get(number % 10),
    )


def _promotional_entitlements(now: datetime) -> Rows:
    """Active with a limit, active without end or limit, and expired."""

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    given: list[tuple[str, str, Decimal | None, str, int, int | None]] = [
        ("customer-demo-01", "feature-01-templates", Decimal(50), "CUSTOM", 20, -10),
        ("customer-demo-01", "feature-seats", Decimal(10), "CUSTOM", 120, 90),
        ("customer-test-id", "feature-seats", None, "LIFETIME", 200, None),
        ("customer-brand-new", "feature-01-templates", Decimal(5), "ONE_WEEK", 2, -5),
    ]
    return [
        (str(uuid5(NAMESPACE_URL, f"{customer_id}/{feature_id}")), customer_id, feature_id,
         "Expired" if ended and ended > 0 else "Active", limit, limit is None, False, True, None,
         period, None, None, None,
         ago(started), None if ended is None else ago(ended), ago(started), ago(started))
        for customer_id, feature_id, limit, period, started, ended in given
    ]  # fmt: skip
