"""The balance from an extract, at its cut-off."""

import polars as pl

from data.extract.duckdb import Extract
from data.tables import CREDITS_SUM
from queries.balance import Balance, Optimistic, Standings
from queries.documents import document
from queries.extracted import check_scope
from queries.question import CannotAnswer


def read(question: Balance, extract: Extract) -> pl.DataFrame:
    pool = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    return extract.read(document("balance/balance.sql"), pool).cast(CREDITS_SUM)


def optimistic(question: Optimistic | Standings, extract: Extract) -> pl.DataFrame:  # noqa: ARG001  # it has no answer
    raise CannotAnswer(
        "An extract holds what has settled. The optimistic balance is in the metering API: choose "
        "the live source."
    )
