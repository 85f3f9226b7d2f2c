"""Grants as the demo company makes them, with what they are sold for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from data.credits.grants import DEFAULT_PRIORITY, NONE, GrantType
from data.credits.money import to_money
from data.demo.customers import PAY_AS_YOU_GO
from data.demo.sold import catalogue

DISCOUNTS = ((100_000, Decimal("0.7")), (20_000, Decimal("0.8")), (5_000, Decimal("0.9")))
"""From so many credits on, the part of the price that is charged."""


@dataclass(frozen=True, slots=True)
class PlannedGrant:
    """A grant as the demo company makes it, before any of it has burned; `cost` in US dollars."""

    display_name: str
    grant_type: GrantType
    amount: Decimal
    created_at: datetime
    effective_at: datetime | None = None
    expire_at: datetime | None = None
    voided_at: datetime | None = None
    cost: Decimal = NONE
    priority: int = DEFAULT_PRIORITY
    payment_collection: str = "NOT_REQUIRED"
    comment: str | None = None


def cost_of(amount: Decimal, currency_id: str) -> Decimal:
    """What so many credits are sold for, larger lots at a discount."""
    part = next((part for size, part in DISCOUNTS if amount >= size), Decimal(1))
    return to_money(amount * _price(currency_id) * part, "USD")


@cache
def _price(currency_id: str) -> Decimal:
    """US dollars a credit: what a customer without any other fee pays."""
    sold = catalogue().plans[PAY_AS_YOU_GO].credits
    return next(
        each.unit_price
        for each in sold
        if each.currency_id == currency_id and each.unit_price is not None
    )


def paid(
    name: str, amount: Decimal, currency_id: str, at: datetime, lasts: timedelta | None = None
) -> PlannedGrant:
    """Credits that a customer buys; without `lasts` they never expire."""
    return PlannedGrant(
        name,
        GrantType.PAID,
        amount,
        created_at=at,
        expire_at=at + lasts if lasts else None,
        cost=cost_of(amount, currency_id),
    )


def promotion(
    name: str, amount: Decimal, at: datetime, lasts: timedelta, comment: str | None = None
) -> PlannedGrant:
    """Credits given for nothing, that expire."""
    return PlannedGrant(
        name, GrantType.PROMOTIONAL, amount, at, expire_at=at + lasts, comment=comment
    )
