"""Customers, resources and subscriptions from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.customers import MOST_SHOWN, Customers, Resources, Subscriptions
from queries.documents import document
from queries.extracted import check_scope


def customers(question: Customers, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the customers, whether there are more)."""
    parameters = {"search": question.search, "most_rows": MOST_SHOWN + 1}
    found = extract.read(document("customers/customers.sql"), parameters)
    return found.head(MOST_SHOWN), found.height > MOST_SHOWN


def resources(question: Resources, extract: Extract) -> pl.DataFrame:
    check_scope(extract, question.customer_id)
    given = {"customer_id": question.customer_id}
    return extract.read(document("customers/resources.sql"), given)


def subscriptions(question: Subscriptions, extract: Extract) -> pl.DataFrame:
    check_scope(extract, question.customer_id)
    given = {"customer_id": question.customer_id}
    return extract.read(document("customers/subscriptions.sql"), given)
