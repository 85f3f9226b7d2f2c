"""Dimension keys from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.extracted import check_scope
from queries.keys import MOST_SHOWN, Keys


def read(question: Keys, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the keys, whether there are more)."""
    scope = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    parameters = scope | {"search": question.search, "most_rows": MOST_SHOWN + 1}
    found = extract.read(document("keys/keys.sql"), parameters)
    return found.head(MOST_SHOWN), found.height > MOST_SHOWN
