"""Auto-recharge: a customer's settings for a currency, and the rule that they make (2.13)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from data.credits.amounts import AmountError, to_credits
from data.credits.recharge import Expiration, RechargeRule, ThresholdType
from data.metering.offers import RechargeLimits
from data.metering.service import grants, reports
from data.metering.service.faults import bad_input
from data.metering.service.state import State
from data.metering.service.store import Row, Writer

Given = Mapping[str, Any]
AMOUNTS = {
    "thresholdValue": "threshold_value",
    "targetBalance": "target_balance",
    "maxSpendLimit": "max_spend_limit",
}
CHOICES = {"thresholdType": "threshold_type", "grantExpirationPeriod": "grant_expiration_period"}


def settings(state: State, customer_id: str, currency_id: str, now: datetime) -> Row:
    """The stored row, or the defaults where nothing was saved; with this month's spend."""
    reports.check_customer(state, customer_id)
    reports.check_currency(state, currency_id)
    pool = state.pools.get((customer_id, currency_id, None))
    stored = state.recharges.get((customer_id, currency_id)) or _defaults(customer_id, currency_id)
    return stored | {"current_monthly_spend": pool.spent(now) if pool else Decimal(0)}


def save(state: State, writer: Writer, given: Given, now: datetime) -> Row:
    """Keep what is given and leave the rest as it was; an enabled rule may buy at once."""
    customer_id, currency_id = given["customerId"], given["currencyId"]
    row = settings(state, customer_id, currency_id, now) | _given(given)
    row |= {"created_at": row["created_at"] or now, "updated_at": now}
    rule = rule_of(state, row)
    if rule is not None:
        _check(row, rule, limits(state, customer_id, currency_id))
    key = (customer_id, currency_id, None)
    writer.replace_recharge(tuple(row.values()))
    state.recharges[customer_id, currency_id] = row
    grants.record(state, writer, key, state.pool(key).set_rule(rule, now), now)
    return settings(state, customer_id, currency_id, now)


def follow(state: State) -> None:
    """Give the pools their rules, as they were saved."""
    for (customer_id, currency_id), row in state.recharges.items():
        state.pool((customer_id, currency_id, None)).follow(rule_of(state, row))


def rule_of(state: State, row: Row) -> RechargeRule | None:
    """The rule that settings make; None while they are not enabled."""
    if not row["is_enabled"]:
        return None
    sold = state.sold(row["customer_id"], None, row["currency_id"])
    return RechargeRule(
        threshold=row["threshold_value"],
        target=row["target_balance"],
        unit_price=(sold.unit_price if sold else None) or Decimal(0),
        threshold_type=ThresholdType(row["threshold_type"]),
        monthly_cap=row["max_spend_limit"],
        expiration=Expiration(row["grant_expiration_period"]),
        least_amount=limits(state, row["customer_id"], row["currency_id"]).min_grant_amount
        or Decimal(0),
    )


def limits(state: State, customer_id: str, currency_id: str) -> RechargeLimits:
    """Those of the plan that sells the customer its credits."""
    sold = state.sold(customer_id, None, currency_id)
    return sold.recharge_limits if sold else RechargeLimits()


def validation_config(state: State, customer_id: str, currency_id: str) -> Row:
    given = asdict(limits(state, customer_id, currency_id))
    return {_camel(name): value for name, value in given.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _defaults(customer_id: str, currency_id: str) -> Row:
    return {
        "customer_id": customer_id,
        "currency_id": currency_id,
        "is_enabled": False,
        "threshold_type": ThresholdType.CREDITS.value,
        "threshold_value": Decimal(0),
        "target_balance": Decimal(0),
        "max_spend_limit": None,
        "grant_expiration_period": Expiration.YEAR.value,
        "current_monthly_spend": Decimal(0),
        "created_at": None,
        "updated_at": None,
    }


def _given(given: Given) -> Row:
    """What the input says, by the names of the columns; a null limit is no limit."""
    row: Row = {"is_enabled": given["isEnabled"]}
    for field, column in AMOUNTS.items():
        if field == "maxSpendLimit" and field in given and given[field] is None:
            row[column] = None
        elif given.get(field) is not None:
            row[column] = _amount(given[field], field)
    for field, column in CHOICES.items():
        if given.get(field) is not None:
            row[column] = given[field]
    return row


def _amount(value: Any, field: str) -> Decimal:
    try:
        amount = to_credits(value)
    except AmountError as error:
        raise bad_input(f"{field}: {error}") from None
    if amount < 0:
        raise bad_input(f"{field} must not be below 0.")
    return amount


def _check(row: Row, rule: RechargeRule, allowed: RechargeLimits) -> None:
    """Refuse an enabled rule that contradicts itself or the plan."""
    if not rule.unit_price:
        raise bad_input(
            f"No plan of {row['customer_id']!r} sells {row['currency_id']!r}: "
            "auto-recharge needs a price."
        )
    if rule.floor() >= rule.target:
        raise bad_input("targetBalance must be worth more than thresholdValue.")
    bounds = [
        (rule.target < (allowed.min_target_balance or 0), "targetBalance", "at least",
         allowed.min_target_balance),
        (_is_over(rule.target, allowed.max_target_balance), "targetBalance", "at most",
         allowed.max_target_balance),
        (_is_over(rule.target, allowed.max_credit_pool_size), "targetBalance", "at most",
         allowed.max_credit_pool_size),
        (_is_over(rule.threshold, allowed.max_threshold_amount), "thresholdValue", "at most",
         allowed.max_threshold_amount),
    ]  # fmt: skip
    for is_wrong, field, relation, bound in bounds:
        if is_wrong:
            raise bad_input(f"{field} must be {relation} {bound:f}, as the plan says.")
    if rule.monthly_cap is None and not allowed.allow_unlimited_spend_limit:
        raise bad_input("The plan asks for a maxSpendLimit.")


def _is_over(value: Decimal, bound: Decimal | None) -> bool:
    return bound is not None and value > bound
