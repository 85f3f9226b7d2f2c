"""Usage from an extract: one statement."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.extracted import check_scope
from queries.usage import MOST_FILTERS, MOST_KEYS, MOST_ROWS, NOT_DIMENSIONS, Filter, Usage

NO_FILTER = Filter("", ("",))
MOST_COLUMNS = MOST_KEYS + len(NOT_DIMENSIONS)


def read(question: Usage, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `Usage` describes, whether rows were cut off)."""
    check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    keys = [*question.by, *[None] * MOST_COLUMNS][:MOST_COLUMNS]
    filters = [*question.filters, *[NO_FILTER] * MOST_FILTERS][:MOST_FILTERS]
    parameters: dict[str, object] = {
        "customer_id": question.customer_id,
        "currency_id": question.currency_id,
        "resource_id": question.resource_id,
        "since": question.span.start,
        "until": question.span.end,
        "cuts": question.cuts,
        "most_rows": MOST_ROWS + 1,
    }
    parameters |= {f"key_{n}": key for n, key in enumerate(keys, start=1)}
    for n, wanted in enumerate(filters, start=1):
        parameters[f"filter_{n}"] = wanted.key or None
        parameters[f"values_{n}"] = list(wanted.values)
        parameters[f"is_without_{n}"] = wanted.is_without
    found = extract.read(document("usage/usage.sql"), parameters)
    return found.select(question.schema.names()).cast(question.schema).head(MOST_ROWS), (
        found.height > MOST_ROWS
    )
