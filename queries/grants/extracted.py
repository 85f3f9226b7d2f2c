"""Grants from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.extracted import check_scope
from queries.grants import SCHEMA, Grants


def read(question: Grants, extract: Extract) -> pl.DataFrame:
    pool = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    return extract.read(document("grants/grants.sql"), pool).cast(SCHEMA)
