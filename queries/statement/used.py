"""What was spent, asked as usage: where a pool's events say it, no ledger has to be read."""

import polars as pl

from queries.statement import BUCKET, BUCKET_TEXT, SPENT, Spent
from queries.time import Grain
from queries.usage import Filter, Usage


def as_usage(question: Spent) -> Usage:
    """The usage that is what `Spent` asks for; of no grant, nor by grant: usage names none."""
    is_by_bucket = question.by == BUCKET
    return Usage(
        question.customer_id,
        question.currency_id,
        question.span,
        question.grain if is_by_bucket else Grain.WHOLE,
        question.zone,
        question.resource_id,
        by=() if is_by_bucket else (question.by,),
        filters=tuple(Filter(key, (value,)) for key, value in question.only),
    )


def of_usage(question: Spent, used: pl.DataFrame) -> pl.DataFrame:
    """The answer to `Spent`, out of that to its usage."""
    is_by_bucket = question.by == BUCKET
    value = pl.col("bucket").dt.strftime(BUCKET_TEXT) if is_by_bucket else pl.col("key_1")
    return most_first(used.select(value=value, credits="credits"))


def most_first(spent: pl.DataFrame) -> pl.DataFrame:
    """`value` and `credits` in the order of the answer, without values of no credits."""
    found = spent.cast(SPENT).filter(pl.col("credits") != 0)
    return found.sort(["credits", "value"], descending=[True, False], nulls_last=True)
