"""The credits that were available during a period, for the line over cumulative usage."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import polars as pl


def available(
    balance: Decimal, consumed: Sequence[Decimal], ends: Sequence[datetime], grants: pl.DataFrame
) -> tuple[Decimal, ...]:
    """At the end of each bucket, all that could have been consumed since the period began.

    `balance` is the balance at the end of the last bucket, `consumed` the running total of the
    period, `grants` as `Grants` answers. The line and the running total are apart by the balance
    of that moment. Walking back from the end, a grant that started later was not there yet, and
    what lapsed later still was.
    """
    line = []
    for spent, end in zip(consumed, ends, strict=True):
        started = _sum(grants.filter(pl.col("effective_at") >= end, _counted()), "amount")
        lapsed = _lapsed_since(grants, end)
        balance_then = balance + (consumed[-1] - spent) - started + lapsed
        line.append(balance_then + spent)
    return tuple(line)


def _counted() -> pl.Expr:
    """Grants that have been part of the balance."""
    return pl.col("status").is_in(["ACTIVE", "EXPIRED", "VOIDED"]) & (
        pl.col("grant_type") != "OVERDRAFT"
    )


def _lapsed_since(grants: pl.DataFrame, at: datetime) -> Decimal:
    """Credits that left the balance unconsumed at or after `at`, by expiry or void."""
    ended_at = (
        pl.when(pl.col("status") == "VOIDED")
        .then(pl.col("voided_at"))
        .when(pl.col("status") == "EXPIRED")
        .then(pl.col("expire_at"))
    )
    ended = grants.filter(ended_at >= at, _counted())
    return _sum(ended, "amount") - _sum(ended, "consumed_amount")


def _sum(frame: pl.DataFrame, column: str) -> Decimal:
    return Decimal(frame[column].sum() or 0)
