"""Which grants paid for an event, each with the rule that put it first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Any

import polars as pl

from queries.grants.order import next_in_line


class Rule(Enum):
    """Why it was this grant that paid."""

    CAME_BEFORE = auto()
    """It comes before another that had credits too: `Payment.second`."""
    ALONE = auto()
    """No other grant had credits for that time."""
    OVERDRAFT = auto()
    """No grant had credits for that time."""
    GIVEN_BACK = auto()
    """It did not pay: credits came back to it."""
    CHANGED = auto()
    """The terms that decided were changed later; they are not known."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What one row of an event took from a grant; negative where it gave back."""

    grant_id: str
    credits: Decimal
    rule: Rule
    second: Mapping[str, Any] | None = None
    """The grant that would have paid instead, as `Grants` answers."""


def payments(
    rows: pl.DataFrame, grants: pl.DataFrame, left_at: Callable[[str], pl.DataFrame]
) -> list[Payment]:
    """The payments of an event, the first first.

    rows: as `EventRows` answers. grants: as `Grants` does. `left_at` answers `LeftThen` for a
    place; it is asked where rows do not follow on each other, since others were written between.
    """
    found: list[Payment] = []
    left, follows = pl.DataFrame(), None
    for row in rows.iter_rows(named=True):
        if row["balance_after"] != follows:
            left = left_at(row["place"])
        found.append(_payment(row, grants, left))
        left = _before(row, left)
        follows = row["balance_before"]
    return found[::-1]


def _payment(row: Mapping[str, Any], grants: pl.DataFrame, left: pl.DataFrame) -> Payment:
    grant_id, credits = row["grant_id"], -row["amount"]
    own = grants.filter(grant_id=grant_id)
    changed = set(left.filter("is_changed")["grant_id"])
    if credits < 0:
        return Payment(grant_id, credits, Rule.GIVEN_BACK)
    if (own["grant_type"] == "OVERDRAFT").any():
        return Payment(grant_id, credits, Rule.OVERDRAFT)
    if not own.height or grant_id in changed:
        return Payment(grant_id, credits, Rule.CHANGED)
    with_credits = left.filter(pl.col("credits_left") > 0, pl.col("grant_id") != grant_id)
    known = grants.join(with_credits.filter(~pl.col("is_changed")), on="grant_id", how="semi")
    second = next_in_line(known, own.row(0, named=True), row["occurred_at"])
    if second is not None:
        return Payment(grant_id, credits, Rule.CAME_BEFORE, second)
    is_unsure = with_credits["is_changed"].any()
    return Payment(grant_id, credits, Rule.CHANGED if is_unsure else Rule.ALONE)


def _before(row: Mapping[str, Any], left: pl.DataFrame) -> pl.DataFrame:
    """What was left before the row was written; what the row emptied comes back."""
    grant_id = row["grant_id"]
    if not (left["grant_id"] == grant_id).any():
        own = pl.DataFrame([(grant_id, 0, False)], left.schema, orient="row")
        left = pl.concat([left, own])
    is_own = pl.col("grant_id") == grant_id
    amount = pl.lit(row["amount"], left.schema["credits_left"])
    before = pl.when(is_own).then(pl.col("credits_left") - amount).otherwise("credits_left")
    return left.with_columns(credits_left=before).cast(left.schema)
