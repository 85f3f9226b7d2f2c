"""The auto-recharge settings of a customer's pool, and what its plan allows them to be."""

from dataclasses import dataclass

import polars as pl

from data.tables import COLUMNS as TABLES
from data.tables import ColumnTypes
from queries.question import check_customer, check_id

COLUMNS = {
    name: kind
    for name, kind in TABLES["recharge_settings"].items()
    if name not in ("customer_id", "currency_id")
}
SCHEMA = pl.Schema(COLUMNS)


@dataclass(frozen=True, slots=True)
class Recharge:
    """The settings of the customer-level pool, one row; none where nothing was ever saved.

    Columns as in `SCHEMA`: `is_enabled`, `threshold_type` (CreditAmount or DollarAmount),
    `threshold_value`, `target_balance`, `max_spend_limit` (US dollars a calendar month, null for
    no limit), `grant_expiration_period` (OneMonth or OneYear), `current_monthly_spend`,
    `created_at`, `updated_at`.
    """

    customer_id: str
    currency_id: str

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)


PRICE = pl.Decimal(38, 12)
LIMIT_COLUMNS: ColumnTypes = {
    "min_grant_amount": PRICE,
    "max_credit_pool_size": PRICE,
    "min_target_balance": PRICE,
    "max_target_balance": PRICE,
    "max_threshold_amount": PRICE,
    "allow_unlimited_spend_limit": pl.Boolean,
    "unit_price": PRICE,
}
LIMITS = pl.Schema(LIMIT_COLUMNS)


@dataclass(frozen=True, slots=True)
class RechargeLimits:
    """What the customer's plan allows the settings to be, one row; none in an extract.

    Columns as in `LIMITS`, null for no limit; `unit_price` is the plan's price of a credit in US
    dollars, null where no plan of the customer sells credits of the currency.
    """

    customer_id: str
    currency_id: str

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
