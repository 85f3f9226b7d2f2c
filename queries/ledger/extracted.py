"""The ledger from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.extracted import check_scope
from queries.ledger import SCHEMA, LedgerRows


def read(question: LedgerRows, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the rows, whether there are more)."""
    check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    parameters = {
        "customer_id": question.customer_id,
        "currency_id": question.currency_id,
        "resource_id": question.resource_id,
        "since": question.span and question.span.start,
        "until": question.span and question.span.end,
        "most_rows": question.count + 1,
    }
    found = extract.read(document("ledger/ledger.sql"), parameters).cast(SCHEMA)
    return found.head(question.count), found.height > question.count
