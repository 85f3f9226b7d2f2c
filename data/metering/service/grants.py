"""Grants as they are made, changed and voided, with every check of the contract (2.7, 2.8)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import simplejson

from data.credits.amounts import AmountError, to_credits
from data.credits.grants import DEFAULT_PRIORITY, Grant, GrantStatus, GrantType
from data.credits.pool import Posting, UpdateError, VoidError
from data.metering.service import reports
from data.metering.service.faults import Fault, bad_input
from data.metering.service.state import PoolKey, State, check_pools, keep_made, ledger_rows
from data.metering.service.store import Row, Writer

Given = Mapping[str, Any]


def create(state: State, writer: Writer, given: Given, now: datetime) -> str:
    """Make a grant; its id. It settles an overdraft first."""
    resource_id = reports.optional_identifier(given, "resourceId")
    key = (given["customerId"], given["currencyId"], resource_id)
    reports.check_customer(state, key[0])
    reports.check_currency(state, key[1])
    grant, row = _grant(key, given, now)
    reports.ensure_resource(state, writer, key[0], key[2], now)
    writer.add("grants", [row])
    state.owners[grant.grant_id] = key
    record(state, writer, key, state.pool(key).add(grant, now), now)
    return grant.grant_id


def update(state: State, writer: Writer, given: Given, now: datetime) -> str:
    """Change what a grant is called, its window, or its place in the order; its id."""
    grant_id, key = _find(state, given["id"])
    pool = state.pools[key]
    grant = pool.grants[grant_id]
    row = _stored(writer, grant_id)
    window = {
        "priority": _priority(given.get("priority", grant.priority)),
        "effective_at": given.get("effectiveAt") or grant.effective_at,
        "expire_at": given.get("expireAt", grant.expire_at),
    }
    if window["expire_at"] != grant.expire_at and _has_expired(grant, now):
        raise Fault(
            "CannotUpdateExpireAtForExpiredCreditGrantError",
            f"Grant {grant_id!r} has expired: its expireAt cannot be changed.",
        )
    _check_window(window["effective_at"], window["expire_at"])
    if any(value != getattr(grant, name) for name, value in window.items()):
        try:
            postings = pool.update(grant_id, now, **window)
        except UpdateError as error:
            raise bad_input(str(error)) from None
        record(state, writer, key, postings, now)
    writer.describe_grant(
        grant_id,
        display_name=_text(given, "displayName", row["display_name"]),
        comment=given.get("comment", row["comment"]),
        additional_metadata=_metadata(given, row["additional_metadata"]),
        updated_at=now,
        **window,
    )
    return grant_id


def void(state: State, writer: Writer, given: Given, now: datetime) -> str:
    """Cancel a grant, given by its readable id or its UUID; its readable id."""
    grant_id, key = _find(state, given["id"])
    pool = state.pools[key]
    try:
        postings = pool.void(grant_id, now)
    except VoidError as error:
        is_voided = pool.grants[grant_id].status is GrantStatus.VOIDED
        is_debt = pool.grants[grant_id].grant_type is GrantType.OVERDRAFT
        already = is_voided and not is_debt
        code = "CreditGrantAlreadyVoided" if already else "CreditGrantCannotBeVoided"
        raise Fault(code, str(error), grantId=grant_id) from None
    record(state, writer, key, postings, now)
    return grant_id


def record(
    state: State, writer: Writer, key: PoolKey, postings: Iterable[Posting], now: datetime
) -> None:
    """Store what one pool's change has come to: its ledger rows, and its grants as they are."""
    writer.add("grants", keep_made(state, key, now))
    writer.add("ledger", ledger_rows(state, key, postings))
    check_pools(state, [key])
    write(state, writer, state.pools[key].grants, now)


def write(state: State, writer: Writer, grant_ids: Iterable[str], now: datetime) -> None:
    """Store what changed on these grants."""
    rows = []
    for grant_id in grant_ids:
        grant = state.pools[state.owners[grant_id]].grants[grant_id]
        status: str = grant.status.value
        rows.append((grant_id, status, grant.consumed, grant.voided_at, now))
    if rows:
        writer.update_grants(rows)


def uuid_of(grant_id: str) -> str:
    return str(uuid5(NAMESPACE_URL, grant_id))


def _find(state: State, given: str) -> tuple[str, PoolKey]:
    grant_id = given
    if grant_id not in state.owners:
        grant_id = next((one for one in state.owners if uuid_of(one) == given.lower()), "")
    if grant_id not in state.owners:
        raise Fault("CreditGrantNotFound", f"There is no credit grant {given!r}.")
    return grant_id, state.owners[grant_id]


def _stored(writer: Writer, grant_id: str) -> Row:
    return writer.rows("from grants where grant_id = $grant_id", {"grant_id": grant_id})[0]


def _grant(key: PoolKey, given: Given, now: datetime) -> tuple[Grant, tuple[object, ...]]:
    """A new grant and its row."""
    amount = _amount(given["amount"])
    if amount <= 0:
        raise bad_input("The amount of a grant must be above 0.")
    cost, currency = _cost(given)
    effective_at, expire_at = given.get("effectiveAt") or now, given.get("expireAt")
    _check_window(effective_at, expire_at)
    awaits = _awaits_payment(given)
    grant = Grant(
        f"cred-grant-{uuid4().hex[:12]}",
        GrantType(given["grantType"]),
        amount,
        effective_at=effective_at,
        created_at=now,
        expire_at=expire_at,
        priority=_priority(given.get("priority")),
        status=GrantStatus.PAYMENT_PENDING if awaits else GrantStatus.SCHEDULED,
        cost=cost,
    )
    status: str = grant.status.value
    return grant, (
        grant.grant_id, *key, _text(given, "displayName", ""), given["grantType"], status,
        amount, Decimal(0), cost, currency, grant.priority,
        "PROCESSING" if awaits else "NOT_REQUIRED",
        effective_at, expire_at, None, now, now, given.get("comment"), _metadata(given, None),
        False,
    )  # fmt: skip


def _awaits_payment(given: Given) -> bool:
    """An invoice is open until it is paid; a charge succeeds at once: there is no bank here."""
    billing = given.get("billingInformation") or {}
    return (
        given.get("paymentCollectionMethod") == "INVOICE"
        and given.get("awaitPaymentConfirmation") is not False
        and not billing.get("isInvoicePaid")
    )


def _cost(given: Given) -> tuple[Decimal, str]:
    cost = given.get("cost") or {}
    amount = _amount(cost.get("amount", Decimal(0)))
    if amount < 0:
        raise bad_input("The cost of a grant must not be below 0.")
    if amount and given["grantType"] == GrantType.PROMOTIONAL:
        raise bad_input("A promotional grant costs nothing: give no cost, or grant it as PAID.")
    return amount, cost.get("currency") or "USD"


def _amount(value: Any) -> Decimal:
    try:
        return to_credits(value)
    except AmountError as error:
        raise bad_input(str(error)) from None


def _priority(given: Decimal | int | None) -> int:
    priority = DEFAULT_PRIORITY if given is None else given
    if not 0 <= priority <= 100 or priority != int(priority):
        raise bad_input("The priority of a grant is a whole number, 0 to 100; lower burns first.")
    return int(priority)


def _check_window(effective_at: datetime, expire_at: datetime | None) -> None:
    if expire_at is not None and expire_at <= effective_at:
        raise Fault(
            "ExpireAtMustBeLaterThanEffectiveAtError", "expireAt must be later than effectiveAt."
        )


def _has_expired(grant: Grant, now: datetime) -> bool:
    ended = grant.expire_at is not None and grant.expire_at <= now
    return grant.status is GrantStatus.EXPIRED or (ended and not grant.has_ended)


def _text(given: Given, name: str, stored: str) -> str:
    return stored if given.get(name) is None else str(given[name])


def _metadata(given: Given, stored: str | None) -> str | None:
    metadata = given.get("additionalMetaData")
    if metadata is None:
        return stored
    if not isinstance(metadata, Mapping):
        raise bad_input("additionalMetaData must be an object of keys and values.")
    return simplejson.dumps(metadata, use_decimal=True)
