"""The grants of a pool."""

from dataclasses import dataclass

import polars as pl

from data.tables import CREDITS, TIME, ColumnTypes
from queries.question import check_customer, check_id

COLUMNS: ColumnTypes = {
    "grant_id": pl.String,
    "display_name": pl.String,
    "grant_type": pl.String,
    "status": pl.String,
    "amount": CREDITS,
    "consumed_amount": CREDITS,
    "cost_amount": CREDITS,
    "cost_currency": pl.String,
    "priority": pl.Int32,
    "payment_collection": pl.String,
    "effective_at": TIME,
    "expire_at": TIME,
    "voided_at": TIME,
    "created_at": TIME,
    "comment": pl.String,
    "is_recharge": pl.Boolean,
}
SCHEMA = pl.Schema(COLUMNS)


@dataclass(frozen=True, slots=True)
class Grants:
    """Every grant of one pool, newest first; columns as in `SCHEMA`.

    `cost_amount` is the money for the whole grant; `is_recharge` marks what a recharge bought.
    """

    customer_id: str
    currency_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)
