"""The catalogue from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.catalogue import Currencies, Features
from queries.documents import document


def currencies(_question: Currencies, extract: Extract) -> pl.DataFrame:
    return extract.read(document("catalogue/currencies.sql"), {})


def features(_question: Features, extract: Extract) -> pl.DataFrame:
    return extract.read(document("catalogue/features.sql"), {})
