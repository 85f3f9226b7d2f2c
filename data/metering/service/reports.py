"""What was reported: checked, given an id, rated where it can be, and written to the queue."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid4, uuid5

from data.credits.amounts import CREDITS_LIMIT, AmountError, to_credits, to_units
from data.credits.dimensions import KEY, dimension_text
from data.metering.service.faults import Fault, bad_input
from data.metering.service.state import Owner, PoolKey, State
from data.metering.service.store import Writer

DEDUPE_FOR = timedelta(days=7)
MOST_DIGITS = 400
SEEN = """
select seen_key from seen_keys
where seen_at > $since and seen_key in (select unnest($keys))
"""


@dataclass(slots=True)
class Report:
    """One thing reported. Raw events have an `event_name` and are rated when they settle."""

    event_id: str
    dedupe_key: str | None
    customer_id: str
    resource_id: str | None
    occurred_at: datetime
    dimensions: dict[str, str]
    event_name: str | None = None
    feature_id: str | None = None
    currency_id: str | None = None
    units: Decimal | None = None
    credits: Decimal | None = None

    @property
    def pool(self) -> PoolKey | None:
        if self.currency_id is None:
            return None
        return (self.customer_id, self.currency_id, self.resource_id)


def event(given: Mapping[str, object], now: datetime) -> Report:
    """A raw event; the same time, customer, resource, name and key is the same event."""
    same = ("timestamp", "customerId", "resourceId", "eventName", "idempotencyKey")
    key = json.dumps(["event", *(str(given.get(name) or "") for name in same)])
    return Report(
        event_id=str(uuid5(NAMESPACE_URL, key)),
        dedupe_key=key,
        customer_id=identifier(given, "customerId"),
        resource_id=optional_identifier(given, "resourceId"),
        occurred_at=_time(given, "timestamp", now),
        dimensions=dimension_texts(given.get("dimensions")),
        event_name=identifier(given, "eventName"),
    )


def measurement(
    state: State, given: Mapping[str, object], now: datetime, used: Callable[[Owner], Decimal]
) -> Report:
    """A calculated usage; SET turns into the difference to what was `used` so far."""
    customer_id = identifier(given, "customerId")
    resource_id = optional_identifier(given, "resourceId")
    feature_id = identifier(given, "featureId")
    check_customer(state, customer_id)
    check_feature(state, feature_id)
    if state.features[feature_id]["meter_type"] == "None":
        raise Fault("MeteringNotAvailableForFeatureType", f"Feature {feature_id!r} is not metered.")
    try:
        units = to_units(given["value"])  # type: ignore[arg-type]  # Float! gives a Decimal
    except AmountError as error:
        raise Fault("UsageMeasurementDiffOutOfRangeError", str(error)) from None
    if given.get("updateBehavior") == "SET":
        units -= used((customer_id, resource_id, feature_id))
    dimensions = dimension_texts(given.get("dimensions"))
    rate = state.rate(customer_id, resource_id, feature_id)
    event_id, key = _identity("usage", given, customer_id, resource_id, feature_id)
    return Report(
        event_id=event_id,
        dedupe_key=key,
        customer_id=customer_id,
        resource_id=resource_id,
        occurred_at=_time(given, "createdAt", now),
        dimensions=dimensions,
        feature_id=feature_id,
        currency_id=rate.currency_id if rate else None,
        units=units,
        credits=rate.charge(units, dimensions) if rate else None,
    )


def consumption(state: State, given: Mapping[str, object], now: datetime) -> Report:
    """Credits taken directly from a pool."""
    customer_id = identifier(given, "customerId")
    resource_id = optional_identifier(given, "resourceId")
    currency_id = identifier(given, "currencyId")
    check_customer(state, customer_id)
    check_currency(state, currency_id)
    try:
        amount = to_credits(given["amount"])  # type: ignore[arg-type]  # Float! gives a Decimal
    except AmountError as error:
        raise bad_input(str(error)) from None
    event_id, key = _identity("direct", given, customer_id, resource_id, currency_id)
    return Report(
        event_id=event_id,
        dedupe_key=key,
        customer_id=customer_id,
        resource_id=resource_id,
        occurred_at=_time(given, "createdAt", now),
        dimensions=dimension_texts(given.get("dimensions")),
        currency_id=currency_id,
        units=Decimal(1),
        credits=amount,
    )


def check_debt(state: State, reports: Sequence[Report]) -> None:
    """Usage is never rejected for lack of credits, only where no number could hold the debt."""
    more: dict[PoolKey, Decimal] = defaultdict(Decimal)
    for report in reports:
        if report.pool is None or report.credits is None:
            continue
        more[report.pool] += report.credits
        pool = state.pools.get(report.pool)
        owed = (pool.owed if pool else 0) + state.pending.get(report.pool, Decimal(0))
        if owed + more[report.pool] >= CREDITS_LIMIT:
            raise bad_input(
                f"{report.credits} credits more would bring the pool to owe 10^12 or more."
            )


def not_seen(writer: Writer, reports: Sequence[Report], now: datetime) -> list[Report]:
    """Those whose key was not seen in the last 7 days, each key once."""
    keys = [report.dedupe_key for report in reports if report.dedupe_key]
    known = writer.rows(SEEN, {"since": now - DEDUPE_FOR, "keys": keys}) if keys else []
    seen = {row["seen_key"] for row in known}
    fresh = []
    for report in reports:
        if report.dedupe_key is None or report.dedupe_key not in seen:
            fresh.append(report)
            seen.add(report.dedupe_key or "")
    return fresh


def enqueue(state: State, writer: Writer, reports: Sequence[Report], now: datetime) -> None:
    """Write reports to the queue and count them as pending."""
    rows = []
    for report in reports:
        ensure_resource(state, writer, report.customer_id, report.resource_id, now)
        rows.append(
            (state.next_queue_seq, report.event_id, report.customer_id, report.resource_id,
             report.event_name, report.feature_id, report.currency_id, report.occurred_at, now,
             report.units, report.credits, json.dumps(report.dimensions))
        )  # fmt: skip
        state.next_queue_seq += 1
        if report.pool and report.credits:
            state.pending[report.pool] += report.credits
        if report.feature_id and report.units:
            state.totals[report.customer_id, report.resource_id, report.feature_id] += report.units
    writer.add("queue", rows)
    writer.mark_seen([(report.dedupe_key, now) for report in reports if report.dedupe_key])


def ensure_resource(
    state: State, writer: Writer, customer_id: str, resource_id: str | None, now: datetime
) -> None:
    """A resource exists from the first time that something of a known customer names it."""
    known = resource_id is None or (customer_id, resource_id) in state.resources
    if known or customer_id not in state.customers:
        return
    row = {"customer_id": customer_id, "resource_id": resource_id, "created_at": now}
    writer.add("resources", [tuple(row.values())])
    state.resources[customer_id, resource_id or ""] = row


def dimension_texts(given: object) -> dict[str, str]:
    """A flat map of texts from a flat map of texts, numbers and booleans; nulls are left out."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise bad_input("dimensions must be an object of key and value.")
    texts = {}
    for key, value in given.items():
        if not KEY.fullmatch(str(key)):
            raise bad_input(
                f"The dimension key {key!r} is not allowed: letters, digits, _, $ and - are."
            )
        if value is None:
            continue
        if not isinstance(value, str | bool | int | float | Decimal):
            raise bad_input(f"The dimension {key!r} must be a text, a number or a boolean.")
        if isinstance(value, int | float | Decimal) and not _can_be_written(value):
            raise bad_input(f"The dimension {key!r} must be a finite number of up to 400 digits.")
        texts[str(key)] = dimension_text(value)
    return texts


def _can_be_written(number: int | float | Decimal) -> bool:
    """Whether its digits can be written out: a short 1e999999999 would fill the memory."""
    exact = Decimal(number)
    return exact.is_finite() and abs(exact.adjusted()) <= MOST_DIGITS


def check_currency(state: State, currency_id: str) -> None:
    if currency_id not in state.currencies:
        raise Fault("CustomCurrencyNotFound", f"There is no currency {currency_id!r}.")


def check_customer(state: State, customer_id: str) -> None:
    if customer_id not in state.customers:
        raise Fault("CustomerNotFound", f"There is no customer {customer_id!r}.")


def check_feature(state: State, feature_id: str) -> None:
    if feature_id not in state.features:
        raise Fault("FeatureNotFound", f"There is no feature {feature_id!r}.")


def check_resource(state: State, customer_id: str, resource_id: str | None) -> None:
    if resource_id and (customer_id, resource_id) not in state.resources:
        raise Fault(
            "CustomerResourceNotFound",
            f"Customer {customer_id!r} has no resource {resource_id!r}.",
        )


def _identity(kind: str, given: Mapping[str, object], *scope: str | None) -> tuple[str, str | None]:
    """(event id, dedupe key); the same key gives the same id."""
    own = given.get("idempotencyKey")
    if not own:
        return str(uuid4()), None
    key = json.dumps([kind, *scope, str(own)])
    return str(uuid5(NAMESPACE_URL, key)), key


def identifier(given: Mapping[str, object], name: str) -> str:
    """An id that must be there; raises BadUserInput unless it has 1 to 255 characters."""
    value = str(given[name])
    if not value or len(value) > 255:
        raise bad_input(f"{name} must have 1 to 255 characters.")
    return value


def optional_identifier(given: Mapping[str, object], name: str) -> str | None:
    """An id that may be left out: null or empty."""
    return identifier(given, name) if given.get(name) else None


def _time(given: Mapping[str, object], name: str, now: datetime) -> datetime:
    value = given.get(name)
    return value if isinstance(value, datetime) else now
