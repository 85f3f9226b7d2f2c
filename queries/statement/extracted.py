"""Statements from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.extracted import check_scope
from queries.statement import (
    EVENTS,
    MOST_EVENTS,
    MOST_NARROWED,
    MOST_VALUES,
    SCHEMA,
    SPENT,
    Spent,
    SpentEvents,
    Statement,
)


def statement(question: Statement, extract: Extract) -> pl.DataFrame:
    parameters = _pool(question, extract) | {"cuts": [*question.cuts, question.span.end]}
    return extract.read(document("statement/statement.sql"), parameters).cast(SCHEMA)


def spent(question: Spent, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `Spent` describes, whether values were cut off)."""
    parameters = _narrowed(question, extract) | {
        "key": question.by,
        "cuts": question.cuts,
        "most_rows": MOST_VALUES + 1,
    }
    found = extract.read(document("statement/spent.sql"), parameters).cast(SPENT)
    return found.head(MOST_VALUES), found.height > MOST_VALUES


def events(question: SpentEvents, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `SpentEvents` describes, whether events were cut off)."""
    parameters = _narrowed(question, extract) | {"most_rows": MOST_EVENTS + 1}
    found = extract.read(document("statement/events.sql"), parameters).cast(EVENTS)
    return found.head(MOST_EVENTS), found.height > MOST_EVENTS


def _pool(question: Statement | Spent | SpentEvents, extract: Extract) -> dict[str, object]:
    check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    return {
        "customer_id": question.customer_id,
        "currency_id": question.currency_id,
        "resource_id": question.resource_id,
    }


def _narrowed(question: Spent | SpentEvents, extract: Extract) -> dict[str, object]:
    parameters = _pool(question, extract) | {
        "since": question.span.start,
        "until": question.span.end,
        "grant_id": question.grant_id,
    }
    only = [*question.only, *[(None, None)] * MOST_NARROWED][:MOST_NARROWED]
    for n, (key, value) in enumerate(only, start=1):
        parameters |= {f"only_{n}": key, f"value_{n}": value}
    return parameters
