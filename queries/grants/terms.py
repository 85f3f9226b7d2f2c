"""What is left of each grant, and what a credit of it cost."""

import polars as pl

from data.credits.money import per_credit
from data.tables import CREDITS

PRICE = pl.Decimal(38, 12)
ENDED = ("EXPIRED", "VOIDED")


def with_terms(grants: pl.DataFrame) -> pl.DataFrame:
    """Grants as `Grants` answers, with `remaining`, `share_left` and `cost_per_credit`.

    What has expired or was voided has nothing left; an overdraft owes. Over the active grants
    `remaining` sums to the balance. `share_left` is of the amount, 0 where that is 0.
    """
    is_over = pl.col("status").is_in(ENDED)
    remaining = pl.when(is_over).then(0).otherwise(pl.col("amount") - pl.col("consumed_amount"))
    told = grants.with_columns(remaining=remaining.cast(CREDITS))
    share = pl.col("remaining").cast(pl.Float64) / pl.col("amount").cast(pl.Float64)
    prices = [
        per_credit(cost, amount)
        for cost, amount in grants.select("cost_amount", "amount").iter_rows()
    ]
    return told.with_columns(
        share_left=pl.when(pl.col("amount") > 0).then(share).otherwise(0.0),
        cost_per_credit=pl.Series(prices, dtype=PRICE),
    )


def in_force(grants: pl.DataFrame) -> pl.DataFrame:
    """The grants of which the balance is the sum of what remains."""
    return grants.filter(pl.col("status") == "ACTIVE")
