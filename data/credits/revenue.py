"""Revenue of paid credits: what is deferred, recognised by consumption, or left as breakage.

A grant's cost basis is its cost ÷ its amount (contract, section 3). Deferred is what remains ×
the basis, rounded to the currency's smallest unit; what a ledger row takes from deferred is what
it earns. So, to the last unit, cost = deferred + recognised + breakage + voided, at every row.
"""

import polars as pl

from data.credits.grants import GrantStatus
from data.credits.money import CURRENCIES
from data.credits.pool import EntryType

MONEY = pl.Decimal(38, 6)
MILLION = 10**6
EARNED_BY = {
    EntryType.CONSUMED: "recognised",
    EntryType.TRANSFER_TARGET: "recognised",
    EntryType.EXPIRED: "breakage",
    EntryType.VOIDED: "voided",
}


def revenue(grants: pl.DataFrame, ledger: pl.DataFrame, *, decimals: int = 2) -> pl.DataFrame:
    """One row for each ledger row of a grant that cost something, in the ledger's order.

    grants: grant_id, amount, cost_amount. ledger: grant_id, entry_type, amount, in the order
    written. decimals: of the cost's currency. Returns the ledger's columns with, in money,
    `deferred` after the row, and what the row recognised, left as breakage, and voided: one of
    them, the others 0; a row that gives credits back takes from what was recognised.
    """
    priced = grants.filter(pl.col("cost_amount") > 0, pl.col("amount") > 0).select(
        "grant_id",
        size=_whole("amount"),
        cost=_whole("cost_amount") // 10 ** (6 - decimals),
    )
    moved = pl.when(pl.col("entry_type") != EntryType.TRANSFER_SOURCE.value).then(_whole("amount"))
    rows = (
        ledger.lazy()
        .join(priced.lazy(), on="grant_id", how="inner", maintain_order="left")
        .with_columns(remaining=moved.fill_null(0).cum_sum().over("grant_id"))
        .with_columns(owed=_half_up(pl.col("cost") * pl.col("remaining"), pl.col("size")))
        .with_columns(earned=pl.col("owed").shift(1).over("grant_id") - pl.col("owed"))
        .with_columns(deferred=_money("owed", decimals), released=_money("earned", decimals))
    )
    kinds = [_released(kind) for kind in dict.fromkeys(EARNED_BY.values())]
    return rows.select(*ledger.columns, "deferred", *kinds).collect()


def deferred(grants: pl.DataFrame) -> pl.DataFrame:
    """The money that is deferred now: `cost_currency`, `deferred`, a row for each currency.

    grants: status, amount, consumed_amount, cost_amount, cost_currency. Each grant's part is
    rounded to its currency's smallest unit, as `revenue` does.
    """
    is_held = pl.col("status") == GrantStatus.ACTIVE.value
    held = grants.filter(is_held, pl.col("cost_amount") > 0, pl.col("amount") > 0).with_columns(
        step=_smallest_unit()
    )
    remaining = _whole("amount") - _whole("consumed_amount")
    owed = _half_up(_whole("cost_amount") // pl.col("step") * remaining, _whole("amount"))
    return (
        held.select("cost_currency", deferred=owed * pl.col("step"))
        .group_by("cost_currency")
        .agg(pl.col("deferred").sum())
        .with_columns(_money("deferred", 6))
        .sort("cost_currency")
    )


def released(moved: pl.DataFrame) -> pl.DataFrame:
    """What runs of rows of paid grants earn: its columns with `recognised` and `breakage`.

    moved: amount, cost_amount, cost_currency of the grant, and in credits what it `held` when the
    run began, or when it was granted in it, and what of that was `consumed` and `expired`. The
    same to the last unit as the sum of what `revenue` says of the rows.
    """
    size, held = _whole("amount"), _whole("held")
    stepped = moved.with_columns(step=_smallest_unit())
    cost = _whole("cost_amount") // pl.col("step")
    left = held - _whole("consumed")
    earned = _half_up(cost * held, size) - _half_up(cost * left, size)
    lapsed = _half_up(cost * _whole("expired"), size)
    return stepped.with_columns(
        recognised=earned * pl.col("step"), breakage=lapsed * pl.col("step")
    ).with_columns(
        _money("recognised", 6).alias("recognised"), _money("breakage", 6).alias("breakage")
    )


def _smallest_unit() -> pl.Expr:
    """Of the cost's currency, in millionths of it."""
    steps = {code: 10 ** (6 - currency.digits) for code, currency in CURRENCIES.items()}
    return pl.col("cost_currency").replace_strict(steps, default=10**4, return_dtype=pl.Int128)


def _released(kind: str) -> pl.Expr:
    entries = [entry.value for entry, earns in EARNED_BY.items() if earns == kind]
    is_of_kind = pl.col("entry_type").cast(pl.String).is_in(entries)
    return pl.when(is_of_kind).then(pl.col("released").fill_null(0)).otherwise(0).alias(kind)


def _whole(column: str) -> pl.Expr:
    """Millionths, in 128 bits: a cost times an amount takes up to 121."""
    return (pl.col(column).cast(MONEY) * MILLION).cast(pl.Int128)


def _half_up(dividend: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    """Rounded half away from zero; neither is negative."""
    rounded: pl.Expr = (2 * dividend + divisor) // (2 * divisor)
    return rounded


def _money(column: str, decimals: int) -> pl.Expr:
    money: pl.Expr = pl.col(column).cast(pl.Decimal(38, 0)).cast(MONEY) / 10**decimals
    return money
