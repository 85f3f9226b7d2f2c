"""The ledger of a pool, newest first."""

from dataclasses import dataclass

import polars as pl

from data.tables import CREDITS, TIME, ColumnTypes
from queries.question import QuestionError, check_customer, check_id
from queries.time import Span

MOST_ROWS = 1000

COLUMNS: ColumnTypes = {
    "occurred_at": TIME,
    "event_type": pl.String,
    "amount": CREDITS,
    "grant_id": pl.String,
    "feature_id": pl.String,
    "event_id": pl.String,
}
SCHEMA = pl.Schema(COLUMNS)


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """The newest `count` rows of a span, or of all time; columns as in `SCHEMA`.

    The metering API cannot filter by date: there the rows are walked from the newest back until
    the span is left, at most `MOST_WALKED` of them.
    """

    customer_id: str
    currency_id: str
    resource_id: str | None = None
    span: Span | None = None
    count: int = 200

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)
        if not 1 <= self.count <= MOST_ROWS:
            raise QuestionError(f"{self.count} rows were asked for; 1 to {MOST_ROWS} are possible.")
