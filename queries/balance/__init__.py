"""The balance of a pool: the settled one, and the one it will be once all has settled."""

from dataclasses import dataclass

import polars as pl

from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.question import check_customer, check_id


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits granted, consumed and left over the active grants of one pool.

    Answer, at most one row: `granted`, `consumed`, `balance` (= granted − consumed, negative in
    overdraft), all Decimal(38, 6).
    """

    customer_id: str
    currency_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)


OPTIMISTIC_COLUMNS: ColumnTypes = {"granted": CREDITS_SUM, "consumed": CREDITS_SUM, "at": TIME}
OPTIMISTIC = pl.Schema(OPTIMISTIC_COLUMNS)


@dataclass(frozen=True, slots=True)
class Optimistic:
    """Credits granted and consumed as if everything reported had settled; only an API knows it.

    Answer, at most one row: `granted`, `consumed`, Decimal(38, 6), and `at`, the credit timestamp
    by which newer news are told from older.
    """

    customer_id: str
    currency_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)


STANDINGS_COLUMNS: ColumnTypes = {
    "currency_id": pl.String,
    "settled": CREDITS_SUM,
    "granted": CREDITS_SUM,
    "consumed": CREDITS_SUM,
    "at": TIME,
}
STANDINGS = pl.Schema(STANDINGS_COLUMNS)


@dataclass(frozen=True, slots=True)
class Standings:
    """The settled balances of a customer, or of its resource, beside what `Optimistic` answers.

    One row per currency, by its id: `settled` is 0 where no grant is active; `granted`, `consumed`
    and `at` are null where the API knows no optimistic balance.
    """

    customer_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("resource", self.resource_id)
