"""What an extract knows of entitlements: those granted beside the plans."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.entitlements import (
    FEATURE_SCHEMA,
    PROMOTION_SCHEMA,
    Entitleable,
    InForce,
    Planned,
    Promotions,
)
from queries.extracted import check_scope
from queries.question import CannotAnswer

NOT_HERE = (
    "An extract holds what was granted beside the plans, and not what the plans entitle to: what "
    "is in force all in all, the live source tells."
)


def promotions(question: Promotions, extract: Extract) -> pl.DataFrame:
    check_scope(extract, question.customer_id)
    given = {"customer_id": question.customer_id, "as_of": extract.cut_off}
    return extract.read(document("entitlements/promotions.sql"), given).cast(PROMOTION_SCHEMA)


def in_force(_question: InForce, _extract: Extract) -> pl.DataFrame:
    raise CannotAnswer(NOT_HERE)


def planned(_question: Planned, _extract: Extract) -> pl.DataFrame:
    raise CannotAnswer(NOT_HERE)


def features(_question: Entitleable, extract: Extract) -> pl.DataFrame:
    return extract.read(document("entitlements/features.sql"), {}).cast(FEATURE_SCHEMA)
