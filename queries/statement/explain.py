"""A statement explained: the lines that lead from one balance to another, and what they open to.

Every amount is signed as it enters the balance, so that the lines of any row, and the rows of any
column, simply add up: opening + granted + consumed + expired + voided + updated = closing.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from data.credits.grants import NONE
from data.tables import CREDITS_SUM
from queries.statement import BUCKET, BUCKET_TEXT, SPENT, Statement

MOVES = ("granted", "consumed", "expired", "voided", "updated")
LINES = ("opening", *MOVES, "closing")
MOVE_OF = {
    "CREDITS_GRANTED": "granted",
    "CREDITS_CONSUMED": "consumed",
    "CREDITS_CONSUMPTION_TRANSFER_SOURCE": "consumed",
    "CREDITS_CONSUMPTION_TRANSFER_TARGET": "consumed",
    "CREDITS_EXPIRED": "expired",
    "CREDITS_VOIDED": "voided",
}
"""Ledger type → line; whatever else changes a balance is `updated`."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One balance out of another, in Decimals; `since` is what happened after the span."""

    opening: Decimal
    granted: Decimal
    consumed: Decimal
    expired: Decimal
    voided: Decimal
    updated: Decimal
    since: Decimal

    @property
    def closing(self) -> Decimal:
        return self.opening + sum((self.amount_of(move) for move in MOVES), NONE)

    @property
    def now(self) -> Decimal:
        """The sum of the whole ledger."""
        return self.closing + self.since

    def amount_of(self, line: str) -> Decimal:
        amount: Decimal = getattr(self, line)
        return amount


def explain(statement: pl.DataFrame, question: Statement) -> Explanation:
    """The lines of the whole pool."""
    [row] = _lines(statement, question, []).to_dicts() or [dict.fromkeys(LINES, NONE)]
    since = _sum(statement.filter(pl.col("bucket") == question.span.end))
    return Explanation(**{line: row[line] for line in ("opening", *MOVES)}, since=since)


def by_grant(statement: pl.DataFrame, question: Statement) -> pl.DataFrame:
    """`grant_id` and the lines, one row per grant that has any but zeros."""
    lines = _lines(statement, question, ["grant_id"])
    return lines.filter(pl.any_horizontal(pl.col(LINES) != 0)).sort("grant_id")


def by_bucket(
    statement: pl.DataFrame, question: Statement, grant_id: str | None = None
) -> pl.DataFrame:
    """`bucket` and the lines, one row per bucket, of the pool or of one grant.

    A row's opening is the closing of the row before it.
    """
    if grant_id is not None:
        statement = statement.filter(pl.col("grant_id") == grant_id)
    opening = _sum(statement.filter(pl.col("bucket").is_null()))
    within = _within(statement, question)
    moved = within.group_by("bucket").agg(_moves())
    starts = pl.DataFrame({"bucket": question.cuts}, {"bucket": pl.Datetime("us")})
    filled = starts.join(moved, on="bucket", how="left").sort("bucket")
    filled = filled.with_columns(pl.col(MOVES).fill_null(0).cast(CREDITS_SUM))
    net = pl.sum_horizontal(MOVES).cast(CREDITS_SUM)
    closing = (net.cum_sum() + pl.lit(opening, CREDITS_SUM)).cast(CREDITS_SUM)
    closed = filled.with_columns(closing=closing)
    return closed.with_columns(opening=(pl.col("closing") - net).cast(CREDITS_SUM)).select(
        "bucket", *LINES
    )


def spent_by(
    statement: pl.DataFrame,
    question: Statement,
    by: str,
    *,
    grant_id: str | None = None,
    feature_id: str | None = None,
    bucket: datetime | None = None,
) -> pl.DataFrame:
    """What was consumed, by a column of the statement; as `Spent` answers.

    Of one grant: what it took over from an overdraft counts, with a null feature.
    """
    rows = _within(statement, question)
    if grant_id is None and by != "grant_id":
        rows = rows.filter(pl.col("event_type") == "CREDITS_CONSUMED")
    else:
        rows = rows.filter(_line() == "consumed")
    if grant_id is not None:
        rows = rows.filter(pl.col("grant_id") == grant_id)
    if feature_id is not None:
        rows = rows.filter(pl.col("feature_id") == feature_id)
    if bucket is not None:
        rows = rows.filter(pl.col("bucket") == bucket)
    value = pl.col(by).dt.strftime(BUCKET_TEXT) if by == BUCKET else pl.col(by)
    summed = rows.group_by(value.alias("value")).agg(credits=-pl.col("amount").sum())
    found = summed.cast(SPENT).filter(pl.col("credits") != 0)
    return found.sort(["credits", "value"], descending=[True, False], nulls_last=True)


@dataclass(frozen=True, slots=True)
class Segment:
    """One grant's part of the balance: what remained of it at the end of each bucket."""

    grant_id: str
    remaining: tuple[Decimal, ...]
    exhausted_at: datetime | None
    """When its last credit was consumed, where that was within the span."""


def burn_down(statement: pl.DataFrame, question: Statement) -> list[Segment]:
    """The grants that held or owed credits within the span; at each bucket they sum to the balance.

    `remaining` has one amount more than there are buckets: the first is the opening.
    """
    cuts = question.cuts
    place = {None: 0} | {cut: n for n, cut in enumerate(cuts, start=1)}
    known = statement.filter(pl.col("bucket").is_null() | (pl.col("bucket") < question.span.end))
    net = known.group_by("grant_id", "bucket").agg(
        pl.col("amount").sum(), _consumed_at().max().alias("consumed_at")
    )
    moves: dict[str, list[Decimal]] = {}
    consumed_at: dict[str, list[datetime | None]] = {}
    for grant_id, bucket, amount, at in net.iter_rows():
        row = moves.setdefault(grant_id, [NONE] * (len(cuts) + 1))
        row[place[bucket]] = amount
        times = consumed_at.setdefault(grant_id, [None] * (len(cuts) + 1))
        times[place[bucket]] = at
    found = []
    for grant_id, row in sorted(moves.items()):
        remaining = tuple(itertools.accumulate(row))
        if any(remaining):
            found.append(Segment(grant_id, remaining, _exhausted(remaining, consumed_at[grant_id])))
    return found


def _exhausted(
    remaining: Sequence[Decimal], consumed: Sequence[datetime | None]
) -> datetime | None:
    """When the last of it was consumed: at the last fall to zero that a consumption brought."""
    for n in range(len(remaining) - 1, 0, -1):
        if remaining[n] != 0:
            return None
        if remaining[n - 1] > 0:
            return consumed[n]
    return None


def _consumed_at() -> pl.Expr:
    return pl.col("last_at").filter(_line() == "consumed")


def _lines(statement: pl.DataFrame, question: Statement, by: list[str]) -> pl.DataFrame:
    is_before = pl.col("bucket").is_null()
    is_within = pl.col("bucket") < question.span.end
    moves = [
        pl.col("amount").filter(is_within & (_line() == move)).sum().alias(move) for move in MOVES
    ]
    summed = [pl.col("amount").filter(is_before).sum().alias("opening"), *moves]
    grouped = statement.group_by(by).agg(summed) if by else statement.select(summed)
    exact = grouped.with_columns(pl.col("opening", *MOVES).cast(CREDITS_SUM))
    closing = pl.sum_horizontal("opening", *MOVES).cast(CREDITS_SUM)
    return exact.with_columns(closing=closing)


def _moves() -> list[pl.Expr]:
    return [pl.col("amount").filter(_line() == move).sum().alias(move) for move in MOVES]


def _line() -> pl.Expr:
    return pl.col("event_type").replace_strict(MOVE_OF, default="updated")


def _within(statement: pl.DataFrame, question: Statement) -> pl.DataFrame:
    return statement.filter(pl.col("bucket") < question.span.end)


def _sum(rows: pl.DataFrame) -> Decimal:
    return Decimal(rows["amount"].sum() or 0)
