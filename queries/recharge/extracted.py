"""Auto-recharge settings from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.extracted import check_scope
from queries.recharge import LIMITS, SCHEMA, Recharge, RechargeLimits


def read(question: Recharge, extract: Extract) -> pl.DataFrame:
    check_scope(extract, question.customer_id, question.currency_id)
    given = {"customer_id": question.customer_id, "currency_id": question.currency_id}
    return extract.read(document("recharge/recharge.sql"), given).cast(SCHEMA)


def limits(question: RechargeLimits, extract: Extract) -> pl.DataFrame:
    """An extract holds neither a plan's bounds nor its price of a credit."""
    check_scope(extract, question.customer_id, question.currency_id)
    return LIMITS.to_frame()
