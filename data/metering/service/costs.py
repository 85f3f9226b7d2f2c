"""What usage would cost before it is reported; nothing is stored."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from data.metering.offers import Meter
from data.metering.service import reports
from data.metering.service.effective import used_now
from data.metering.service.service import Service
from data.metering.service.settlement import ADDITIVE, feeds, rated
from data.metering.service.state import State
from data.metering.service.store import Row

Given = Mapping[str, Any]


def of_usage(service: Service, given: Given) -> Row:
    """A measurement, charged as reportUsage would."""
    with service.reading() as state:
        reports.check_customer(state, given["customerId"])
        if given["featureId"] not in state.features:
            return _estimation(state, given, {}, ["FEATURE_NOT_FOUND"])
        resource_id = reports.optional_identifier(given, "resourceId")
        if state.rate(given["customerId"], resource_id, given["featureId"]) is None:
            return _estimation(state, given, {}, ["FEATURE_NOT_CREDIT_BASED"])
        now = service.clock()
        used = partial(used_now, state, service.store, now)
        report = reports.measurement(state, given, now, used)
        assert report.currency_id is not None
        item = _item(report.feature_id, report.credits)
        return _estimation(state, given, {report.currency_id: [item]}, [])


def of_event(service: Service, given: Given) -> Row:
    """A raw event, charged as settlement would: once for each meter that it feeds."""
    event, items = reports.event(given, service.clock()), defaultdict(list)
    with service.reading() as state:
        reports.check_customer(state, given["customerId"])
        named = [meter for meter in service.meters if meter.event_name == event.event_name]
        fed = [meter for meter in named if feeds(meter, event)]
        for meter in fed:
            charge = rated(state, meter, event, {})
            if charge.credits is not None and charge.currency_id is not None:
                items[charge.currency_id].append(_metered(meter, charge.credits))
        warnings = [] if items else ["FEATURE_NOT_CREDIT_BASED" if fed else "FEATURE_NOT_FOUND"]
        return _estimation(state, given, items, warnings)


def _metered(meter: Meter, credits: Decimal) -> Row:
    """What one more event adds to a maximum, say, only the meter's whole period can tell."""
    if meter.aggregation not in ADDITIVE:
        return _item(meter.feature_id, Decimal(0), "UNSUPPORTED_AGGREGATION")
    return _item(meter.feature_id, credits)


def _item(feature_id: str | None, cost: Decimal | None, warning: str | None = None) -> Row:
    return {"featureId": feature_id, "cost": cost, "warningCode": warning}


def _estimation(
    state: State, given: Given, items: Mapping[str, list[Row]], warnings: list[str]
) -> Row:
    """The items by currency, against the balances of the pools that they would burn from."""
    customer_id, resource_id = given["customerId"], given.get("resourceId") or None
    active = state.subscriptions.get(customer_id, [])
    if resource_id is None and any(s["resource_id"] and s["status"] == "ACTIVE" for s in active):
        warnings = [*warnings, "RESOURCE_SCOPED_SUBSCRIPTION_EXISTS"]
    estimates = []
    for currency_id, breakdown in items.items():
        granted, consumed = state.wallet((customer_id, currency_id, resource_id))
        cost = sum((item["cost"] for item in breakdown), Decimal(0))
        after = granted - consumed - cost
        estimates.append(
            {
                "balanceAfterEstimate": after,
                "breakdown": breakdown,
                "currencyId": currency_id,
                "currentBalance": granted - consumed,
                "estimatedCost": cost,
                "wouldOverdraft": after < 0,
            }
        )
    return {"estimates": estimates, "warnings": warnings}
