"""Statements from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document, given
from queries.extracted import check_scope, codes_of
from queries.scans import slot
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
    path = "statement/statement.sql"
    parameters = _pool(question, extract) | {"cuts": [*question.cuts, question.span.end]}
    return extract.read(document(path), given(path, parameters)).cast(SCHEMA)


def spent(question: Spent, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `Spent` describes, whether values were cut off)."""
    path = "statement/spent.sql"
    parameters = _narrowed(question, extract) | {
        "key": question.by,
        "cuts": question.cuts,
        "most_rows": MOST_VALUES + 1,
    }
    found = extract.read(document(path), given(path, parameters)).cast(SPENT)
    return found.head(MOST_VALUES), found.height > MOST_VALUES


def events(question: SpentEvents, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `SpentEvents` describes, whether events were cut off)."""
    path = "statement/events.sql"
    parameters = _narrowed(question, extract) | {"most_rows": MOST_EVENTS + 1}
    found = extract.read(document(path), given(path, parameters)).cast(EVENTS)
    return found.head(MOST_EVENTS), found.height > MOST_EVENTS


def _pool(question: Statement | Spent | SpentEvents, extract: Extract) -> dict[str, object]:
    scope = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    return scope | {
        "customer_id": question.customer_id,
        "currency_id": question.currency_id,
        "resource_id": question.resource_id,
    }


def _narrowed(question: Spent | SpentEvents, extract: Extract) -> dict[str, object]:
    parameters = _pool(question, extract) | {
        "since": question.span.start,
        "until": question.span.end,
        "first": slot(question.span.start),
        "until_slot": slot(question.span.end) + 1,
        "grant_id": question.grant_id,
    }
    codes = codes_of(extract, question.only)
    for n in range(1, MOST_NARROWED + 1):
        key, value = question.only[n - 1] if n <= len(question.only) else (None, None)
        parameters |= {
            f"only_{n}": key,
            f"values_{n}": None if value is None else [value],
            f"codes_{n}": key and codes[key],
        }
    return parameters
