"""The balance from an extract, at its cut-off."""

import polars as pl

from data.extract.duckdb import Extract
from data.tables import CREDITS_SUM
from queries.balance import Balance
from queries.documents import document
from queries.extracted import check_scope


def read(question: Balance, extract: Extract) -> pl.DataFrame:
    check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    parameters = {
        "customer_id": question.customer_id,
        "currency_id": question.currency_id,
        "resource_id": question.resource_id,
    }
    return extract.read(document("balance/balance.sql"), parameters).cast(CREDITS_SUM)
