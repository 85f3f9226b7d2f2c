"""What can be asked of a pool of credits: its grants, usage as series, ledger and balance."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from data.credits.dimensions import KEY
from data.metering.service import recharge
from data.metering.service.faults import bad_input
from data.metering.service.grants import uuid_of
from data.metering.service.paging import (
    By,
    Paging,
    Place,
    connection,
    cursor,
    foreign,
    page_info,
    page_of,
    paging,
)
from data.metering.service.pickers import ENVIRONMENT_ID, currency, customer, feature
from data.metering.service.reports import check_currency, check_customer, check_resource
from data.metering.service.service import Service
from data.metering.service.store import Row, sql

Given = Mapping[str, Any]
MOST_KEYS = 3
FEATURE_KEY = "featureId"
CREDIT_PAGE = 20
GRANT_ORDER = (By("created_at", descending=True), By("grant_id"))
LEDGER_ORDER = (By("ledger_seq"),)
SERIES_ORDER = (
    By("credits", descending=True), By("tag_1"), By("tag_2"), By("tag_3"), By("feature_id"),
)  # fmt: skip
HOURLY_UP_TO = timedelta(hours=48)
DAILY_UP_TO = timedelta(days=92)
PRESETS = {
    "LAST_DAY": (timedelta(days=1), "hour"),
    "LAST_WEEK": (timedelta(days=7), "day"),
    "LAST_MONTH": (timedelta(days=30), "day"),
    "LAST_YEAR": (timedelta(days=365), "month"),
}


@dataclass(frozen=True, slots=True)
class _Scope:
    customer_id: str
    currency_id: str | None
    resource_id: str | None

    def parameters(self) -> Row:
        return {
            "customer_id": self.customer_id,
            "currency_id": self.currency_id,
            "resource_id": self.resource_id,
        }


def grants(service: Service, given: Given) -> Row:
    scope = _scope(service, given)
    parameters = scope.parameters() | {"currency_id": given.get("currencyId")}
    rows = service.store.rows(sql("grants"), parameters)
    return connection(rows, paging(given.get("paging"), GRANT_ORDER, default=CREDIT_PAGE), grant)


def grant_by_id(service: Service, grant_id: str) -> Row:
    return grant(
        service.store.rows("from grants where grant_id = $grant_id", {"grant_id": grant_id})[0]
    )


def grant(row: Row) -> Row:
    return {
        "grantId": row["grant_id"],
        "id": uuid_of(row["grant_id"]),
        "amount": row["amount"],
        "consumedAmount": row["consumed_amount"],
        "comment": row["comment"],
        "cost": {"amount": row["cost_amount"], "currency": row["cost_currency"]},
        "createdAt": row["created_at"],
        "currencyId": row["currency_id"],
        "customerId": row["customer_id"],
        "displayName": row["display_name"],
        "effectiveAt": row["effective_at"],
        "expireAt": row["expire_at"],
        "grantType": row["grant_type"],
        "paymentCollection": row["payment_collection"],
        "priority": row["priority"],
        "resourceId": row["resource_id"],
        "status": row["status"],
        "updatedAt": row["updated_at"],
        "voidedAt": row["voided_at"],
        "additionalMetaData": row["additional_metadata"] and json.loads(row["additional_metadata"]),
        "automaticRechargeConfigurationId": recharge_id(row["customer_id"], row["currency_id"])
        if row["is_recharge"]
        else None,
        "sourceType": "PLAN_ENTITLEMENT" if row["grant_type"] == "RECURRING" else None,
        **_invoice(row),
    }


def _invoice(row: Row) -> Row:
    """The open invoice of a grant that waits for its payment."""
    if row["payment_collection"] != "PROCESSING":
        return {"invoiceId": None, "latestInvoice": None}
    cost, invoice_id = row["cost_amount"], f"invoice-{row['grant_id']}"
    return {
        "invoiceId": invoice_id,
        "latestInvoice": {
            "amountDue": cost,
            "attemptCount": 0,
            "billingId": invoice_id,
            "billingReason": "MANUAL",
            "createdAt": row["created_at"],
            "currency": row["cost_currency"],
            "requiresAction": False,
            "status": "CANCELED" if row["status"] == "VOIDED" else "OPEN",
            "subTotal": cost,
            "subTotalExcludingTax": cost,
            "total": cost,
            "totalExcludingTax": cost,
            "updatedAt": row["updated_at"],
        },
    }


def recharge_settings(service: Service, given: Given) -> Row:
    with service.reading() as state:
        row = recharge.settings(state, given["customerId"], given["currencyId"], service.clock())
        return recharge_node(service, row)


def recharge_node(service: Service, row: Row) -> Row:
    """Settings as the wire has them; those that were never saved have no id."""
    state, customer_id, currency_id = service.state, row["customer_id"], row["currency_id"]
    return {
        "id": row["created_at"] and recharge_id(customer_id, currency_id),
        "customerId": customer_id,
        "customer": customer(state.customers[customer_id]),
        "currencyId": currency_id,
        "customCurrency": currency(state.currencies[currency_id]),
        "environmentId": ENVIRONMENT_ID,
        "isEnabled": row["is_enabled"],
        "thresholdType": row["threshold_type"],
        "thresholdValue": row["threshold_value"],
        "targetBalance": row["target_balance"],
        "maxSpendLimit": row["max_spend_limit"],
        "grantExpirationPeriod": row["grant_expiration_period"],
        "currentMonthlySpend": row["current_monthly_spend"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "validationConfig": recharge.validation_config(state, customer_id, currency_id),
    }


def recharge_id(customer_id: str, currency_id: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"recharge/{customer_id}/{currency_id}"))


def usage(service: Service, given: Given) -> Row:
    """Series largest first; paging runs over the series."""
    scope = _scope(service, given)
    keys, by_feature = _group_by(given.get("groupBy"))
    start, end, grain = window(given, service.clock())
    parameters = scope.parameters() | key_parameters(keys) | {
        "by_feature": by_feature, "since": start, "until": end,
    }  # fmt: skip
    page = paging(given.get("paging"), SERIES_ORDER, default=CREDIT_PAGE)
    rows = service.store.rows(sql("usage"), parameters | {"grain": grain})
    points = _points(rows)
    groups = [row for row in rows if row["bucket"] is None]
    chosen, has_next, has_previous = page_of(groups, page)
    currency_row = service.state.currencies.get(scope.currency_id or "")
    return {
        "currency": currency(currency_row) if currency_row else None,
        "pageInfo": page_info(chosen, page, has_next, has_previous),
        "series": [_series(service, row, keys, points[_group(row)]) for row in chosen],
    }


def _points(rows: list[Row]) -> dict[tuple[object, ...], list[Row]]:
    points: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["bucket"] is not None:
            points[_group(row)].append(
                {
                    "timestamp": row["bucket"],
                    "value": row["credits"],
                    "eventCount": row["events"],
                }
            )
    return points


def _group(row: Row) -> tuple[object, ...]:
    return row["tag_1"], row["tag_2"], row["tag_3"], row["feature_id"]


def _series(service: Service, row: Row, keys: list[str], points: list[Row]) -> Row:
    feature_id = row["feature_id"] or None
    named = service.state.features.get(feature_id or "")
    tags = [{"key": key, "value": row[f"tag_{n}"]} for n, key in enumerate(keys, start=1)]
    return {
        "featureId": feature_id,
        "featureName": named["display_name"] if named else None,
        "totalCredits": row["credits"],
        "eventCount": row["events"],
        "tags": tags or None,
        "points": points,
    }


def _group_by(given: list[str] | None) -> tuple[list[str], bool]:
    """(dimension keys, whether by feature too); no groupBy at all is by feature."""
    keys = keys_of([key for key in given or [] if key != FEATURE_KEY])
    return keys, not keys or FEATURE_KEY in (given or [])


def keys_of(given: list[str]) -> list[str]:
    """The dimension keys as given; raises BadUserInput for too many and for other characters."""
    if len(given) > MOST_KEYS:
        raise bad_input(f"groupBy takes up to {MOST_KEYS} keys beside featureId, not {len(given)}.")
    for key in given:
        if not KEY.fullmatch(key):
            raise bad_input(f"{key!r} cannot be a groupBy key: letters, digits, _, $ and - can.")
    return given


def key_parameters(keys: list[str]) -> Row:
    return {f"key{n}": key for n, key in zip((1, 2, 3), [*keys, None, None, None], strict=False)}


def window(given: Given, now: datetime) -> tuple[datetime, datetime, str]:
    """(start, end, grain) of a usage question: exact dates beat the preset."""
    if not given.get("startDate"):
        length, grain = PRESETS[given.get("timeRange") or "LAST_MONTH"]
        return now - length, now, grain
    start, end = given["startDate"], given.get("endDate") or now
    if end < start:
        raise bad_input("endDate must not be before startDate.")
    if end - start <= HOURLY_UP_TO:
        return start, end, "hour"
    return start, end, "day" if end - start <= DAILY_UP_TO else "month"


def fields(service: Service, given: Given) -> Row:
    parameters = _scope(service, given).parameters() | {"search": given.get("search") or ""}
    return {"fields": [row["field"] for row in service.store.rows(sql("fields"), parameters)]}


def ledger(service: Service, given: Given) -> Row:
    """Oldest first; a cursor is a row's own number, so it holds while rows are added."""
    scope = _scope(service, given)
    page = paging(given.get("paging"), LEDGER_ORDER, default=CREDIT_PAGE)
    parameters = scope.parameters() | {"types": given.get("eventType") or None}
    total = service.store.rows(sql("ledger_total"), parameters)[0]["total"]
    rows, has_next, has_previous = _ledger_page(service, page, parameters)
    return {
        "edges": [
            {"cursor": cursor(row, LEDGER_ORDER), "node": _entry(service, row)} for row in rows
        ],
        "pageInfo": page_info(rows, page, has_next, has_previous),
        "totalCount": total,
    }


def _ledger_page(service: Service, page: Paging, parameters: Row) -> tuple[list[Row], bool, bool]:
    """One row more than asked for tells whether there are more on that side."""
    after, before = _number_at(page.after, 0), _number_at(page.before, 2**62)
    bounds = {"after": after, "before": before, "newest_first": page.backward}
    rows = service.store.rows(sql("ledger"), parameters | bounds | {"count": page.count + 1})
    has_more, rows = len(rows) > page.count, rows[: page.count]
    if page.backward:
        return rows[::-1], page.before is not None, has_more
    return rows, has_more, page.after is not None


def _number_at(place: Place | None, default: int) -> int:
    if place is None:
        return default
    (number,) = place
    if not isinstance(number, int) or not 0 <= number < 2**63:
        raise foreign(place)
    return number


def _entry(service: Service, row: Row) -> Row:
    named = service.state.features.get(row["feature_id"] or "")
    return {
        "amount": row["amount"],
        "creditCurrencyId": row["currency_id"],
        "creditGrantId": row["grant_id"],
        "customerId": row["customer_id"],
        "eventId": row["event_id"],
        "eventType": row["event_type"],
        "feature": feature(named) if named else None,
        "featureId": row["feature_id"],
        "grant": lambda _: grant_by_id(service, row["grant_id"]),
        "resourceId": row["resource_id"],
        "timestamp": row["occurred_at"].isoformat(timespec="milliseconds") + "Z",
    }


def balances(service: Service, given: Given) -> Row:
    scope = _scope(service, given)
    parameters = scope.parameters() | {"currency_id": given.get("currencyId")}
    return {
        "customerId": scope.customer_id,
        "resourceId": scope.resource_id,
        "balances": [
            _balance(service, scope, row) for row in service.store.rows(sql("balances"), parameters)
        ],
    }


def _balance(service: Service, scope: _Scope, row: Row) -> Row:
    granted, consumed, until = row["granted"] or 0, row["consumed"] or 0, row["valid_until"]
    return {
        "currency": currency(service.state.currencies[row["currency_id"]]),
        "currencyId": row["currency_id"],
        "currentBalance": granted - consumed,
        "customerId": scope.customer_id,
        "resourceId": scope.resource_id,
        "totalConsumed": consumed,
        "totalGranted": granted,
        "validUntil": until and int(until.replace(tzinfo=UTC).timestamp() * 1000),
    }


def _scope(service: Service, given: Given) -> _Scope:
    """Whose credits are asked for; raises when the customer, resource or currency is unknown."""
    customer_id, resource_id = given["customerId"], given.get("resourceId") or None
    check_customer(service.state, customer_id)
    check_resource(service.state, customer_id, resource_id)
    currency_id = given.get("currencyId")
    if currency_id:
        check_currency(service.state, currency_id)
    else:
        currency_id = service.state.default_currency(customer_id, resource_id)
    return _Scope(customer_id, currency_id, resource_id)
