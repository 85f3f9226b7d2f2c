"""Orders in which grants may burn: the documented one, and others to compare it with."""

from collections.abc import Mapping
from enum import StrEnum

from data.credits.grants import NEVER, BurnOrder, Grant, GrantType, burn_order


class Order(StrEnum):
    DOCUMENTED = "documented"
    PROMOTIONAL_FIRST = "promotional-first"
    PAID_FIRST = "paid-first"
    SOONEST_FIRST = "soonest-first"
    OLDEST_FIRST = "oldest-first"


def _promotional_first(grant: Grant) -> tuple[object, ...]:
    return (grant.grant_type is not GrantType.PROMOTIONAL, *burn_order(grant))


def _paid_first(grant: Grant) -> tuple[object, ...]:
    return (grant.grant_type is not GrantType.PAID, *burn_order(grant))


def _soonest_first(grant: Grant) -> tuple[object, ...]:
    return (grant.expire_at or NEVER, *burn_order(grant))


def _oldest_first(grant: Grant) -> tuple[object, ...]:
    return (grant.effective_at, *burn_order(grant))


ORDERS: Mapping[Order, BurnOrder] = {
    Order.DOCUMENTED: burn_order,
    Order.PROMOTIONAL_FIRST: _promotional_first,
    Order.PAID_FIRST: _paid_first,
    Order.SOONEST_FIRST: _soonest_first,
    Order.OLDEST_FIRST: _oldest_first,
}
"""What each sorts by first; what is equal in that burns as documented."""
