"""What was reported: checked, given an id, rated where it can be, and written to the queue."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from uuid import uuid4

from data.credits.amounts import CREDITS_LIMIT, WHOLE_UNITS_LIMIT, AmountError, to_credits, to_units
from data.credits.dimensions import KEY, dimension_text
from data.metering.service.faults import Fault, bad_input
from data.metering.service.state import Owner, PoolKey, Report, State
from data.metering.service.store import Writer

DEDUPE_FOR = timedelta(days=7)
FORGET_EVERY = timedelta(hours=1)
MOST_DIGITS = 400
LARGEST_EVENT = 2**20


def event(given: Mapping[str, object], now: datetime) -> Report:
    """A raw event; the same time, customer, resource, name and key is the same event."""
    customer_id = identifier(given, "customerId")
    resource_id = optional_identifier(given, "resourceId")
    event_name = identifier(given, "eventName")
    time, dimensions = given.get("timestamp"), dimension_texts(given.get("dimensions"))
    if sum(map(len, dimensions)) + sum(map(len, dimensions.values())) > LARGEST_EVENT:
        raise bad_input(f"An event has at most {LARGEST_EVENT} bytes of dimensions.")
    return Report(
        _key("event", str(time), customer_id, resource_id, event_name, given.get("idempotencyKey")),
        customer_id,
        resource_id,
        time if isinstance(time, datetime) else now,
        dimensions,
        event_name,
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
    _check_total(state.totals[customer_id, resource_id, feature_id], units)
    dimensions = dimension_texts(given.get("dimensions"))
    rate = state.rate(customer_id, resource_id, feature_id)
    own = given.get("idempotencyKey")
    return Report(
        key=_key("usage", customer_id, resource_id, feature_id, own) if own else None,
        customer_id=customer_id,
        resource_id=resource_id,
        occurred_at=_time(given, "createdAt", now),
        dimensions=dimensions,
        feature_id=feature_id,
        currency_id=rate.currency_id if rate else None,
        units=units,
        credits=rate.charge(units, dimensions) if rate else None,
    )


def _check_total(total: Decimal, units: Decimal) -> None:
    if abs(units) > WHOLE_UNITS_LIMIT:
        raise Fault(
            "UsageMeasurementDiffOutOfRangeError",
            f"The change of {units} is out of range: it reaches to ±(2^53 − 1).",
        )
    if abs(total + units) > WHOLE_UNITS_LIMIT:
        raise Fault(
            "EntitlementUsageOutOfRangeError",
            f"{units} more would bring the usage of {total} out of range: ±(2^53 − 1).",
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
    own = given["idempotencyKey"]
    return Report(
        key=_key("direct", customer_id, resource_id, currency_id, own) if own else None,
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


def not_seen(state: State, reports: Sequence[Report], now: datetime) -> list[Report]:
    """Those whose key was not seen in the last 7 days, each key once; all get their event's id."""
    since, fresh, met = now - DEDUPE_FOR, [], set()
    for report in reports:
        key = report.key
        if key is None:
            report.event_id = str(uuid4())
            fresh.append(report)
            continue
        seen_at = state.seen.get(key)
        if seen_at is not None and seen_at > since:
            report.event_id = _event_id(key, seen_at)
            continue
        report.event_id = _event_id(key, now)
        if key not in met:
            met.add(key)
            fresh.append(report)
    return fresh


def enqueue(state: State, writer: Writer, reports: Sequence[Report], now: datetime) -> None:
    """Write reports to the queue and count them as pending."""
    for customer_id, resource_id in dict.fromkeys((r.customer_id, r.resource_id) for r in reports):
        ensure_resource(state, writer, customer_id, resource_id, now)
    keys = [report.key for report in reports if report.key]
    rows = []
    for report in reports:
        report.queue_seq, report.received_at = state.next_queue_seq, now
        state.next_queue_seq += 1
        rows.append(_queue_row(report))
        if report.pool and report.credits:
            state.pending[report.pool] += report.credits
        if report.feature_id and report.units:
            state.totals[report.customer_id, report.resource_id, report.feature_id] += report.units
    for key in keys:
        state.seen.pop(key, None)  # so that a key which counts again stands last
        state.seen[key] = now
    state.queue.extend(reports)
    writer.add("queue", rows)
    writer.add("seen_keys", [(key, now) for key in keys])


def forget(state: State, writer: Writer, now: datetime) -> None:
    """Drop the keys that count again, an hour's worth at a time."""
    since = now - DEDUPE_FOR
    if not state.seen or next(iter(state.seen.values())) > since - FORGET_EVERY:
        return
    writer.forget_keys(since)
    state.seen = {key: seen_at for key, seen_at in state.seen.items() if seen_at > since}


def _queue_row(report: Report) -> tuple[object, ...]:
    return (
        report.queue_seq, report.event_id, report.customer_id, report.resource_id,
        report.event_name, report.feature_id, report.currency_id, report.occurred_at,
        report.received_at, report.units, report.credits, list(report.dimensions.items()),
    )  # fmt: skip


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
        if isinstance(value, str):
            texts[str(key)] = value
        elif value is not None:
            texts[str(key)] = _text(key, value)
    return texts


def _text(key: object, value: object) -> str:
    if type(value) is int and abs(value) < 10**15:
        return str(value)
    if not isinstance(value, bool | int | float | Decimal):
        raise bad_input(f"The dimension {key!r} must be a text, a number or a boolean.")
    if not _can_be_written(value):
        raise bad_input(f"The dimension {key!r} must be a finite number of up to 400 digits.")
    return dimension_text(value)


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


def _key(*parts: object) -> bytes:
    return blake2b(repr(parts).encode(), digest_size=16).digest()


def _event_id(key: bytes, accepted_at: datetime) -> str:
    """A UUID (version 8): the same for repeats, another once the key counts again."""
    text = blake2b(key + accepted_at.isoformat().encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"


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
