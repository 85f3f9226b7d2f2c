"""The portfolio: all customers' pools of one currency at once.

A row names its pool by `customer_id` and `resource_id`, null for the customer-level pool. An
extract answers for everybody in one query. A metering API is asked customer by customer: there
`customers` must name them, a few at a time, so that the reader sees how far it is.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.grants import COLUMNS as GRANT_COLUMNS
from queries.question import check_customer, check_id
from queries.recharge import COLUMNS as RECHARGE_COLUMNS
from queries.time import Grain, Span, check_span, cuts, zone_of

MOST_ROWS = 3_000_000
POOL: ColumnTypes = {"customer_id": pl.String, "resource_id": pl.String}

Whom = tuple[str, ...] | None
"""Whom it is asked of; None is everybody."""

CUSTOMERS = pl.Schema({"customer_id": pl.String, "name": pl.String})


@dataclass(frozen=True, slots=True)
class AllCustomers:
    """Every customer with its name, ordered by id; columns as in `CUSTOMERS`.

    A metering API, which would be asked for each of them, lists the first 1,000.
    """


GRANTS = pl.Schema({**POOL, **GRANT_COLUMNS})


@dataclass(frozen=True, slots=True)
class AllGrants:
    """Every grant; columns as in `GRANTS`, ordered by pool, the newest first."""

    currency_id: str
    customers: Whom = None

    def __post_init__(self) -> None:
        _check(self.currency_id, self.customers)


RECHARGES = pl.Schema({"customer_id": pl.String, **RECHARGE_COLUMNS})


@dataclass(frozen=True, slots=True)
class AllRecharges:
    """The auto-recharge settings that were ever saved; columns as in `RECHARGES`."""

    currency_id: str
    customers: Whom = None

    def __post_init__(self) -> None:
        _check(self.currency_id, self.customers)


@dataclass(frozen=True, slots=True)
class _InBuckets:
    """`span` is naive UTC, half-open; `zone` is where days are cut."""

    currency_id: str
    span: Span
    grain: Grain = Grain.DAY
    zone: str = "UTC"
    customers: Whom = None

    def __post_init__(self) -> None:
        _check(self.currency_id, self.customers)
        check_span(self.span, self.grain)
        zone_of(self.zone)

    @property
    def cuts(self) -> list[datetime]:
        """The starts of its buckets, naive UTC."""
        return cuts(self.span, self.grain, zone_of(self.zone))


USE_COLUMNS: ColumnTypes = {**POOL, "bucket": TIME, "credits": CREDITS_SUM}
USE = pl.Schema(USE_COLUMNS)


class AllUse(_InBuckets):
    """What each pool used in each bucket that had events; columns as in `USE`.

    Cut after `MOST_ROWS`.
    """

    __slots__ = ()


MOVES_COLUMNS: ColumnTypes = {
    "bucket": TIME,
    "move": pl.String,
    "grant_type": pl.String,
    "amount": CREDITS_SUM,
}
MOVES = pl.Schema(MOVES_COLUMNS)


class AllMoves(_InBuckets):
    """What moved the sum of all balances in each bucket; columns as in `MOVES`.

    `move` is granted, consumed, expired, voided or updated; `grant_type` is said of what was
    granted, else null. `amount` is signed as it enters the balance, and never zero: all rows sum
    to the closing balance less the opening one.
    """

    __slots__ = ()


def _check(currency_id: str, customers: Whom) -> None:
    check_id("currency", currency_id)
    for customer_id in customers or ():
        check_customer(customer_id)
