"""The order in which the grants of a pool burn, and why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from data.credits.grants import Grant, GrantStatus, GrantType, burn_order

PROMOTIONAL = GrantType.PROMOTIONAL.value
WHEN = "%-d %b %Y %H:%M UTC"


def burn_ranks(grants: pl.DataFrame) -> dict[str, int]:
    """grant_id → its place in the burn order, over all grants as `Grants` answers."""
    ranked = sorted(grants.iter_rows(named=True), key=lambda row: burn_order(as_grant(row)))
    return {row["grant_id"]: place for place, row in enumerate(ranked)}


def as_grant(row: Mapping[str, Any]) -> Grant:
    """A row as `Grants` answers, as the pool's arithmetic knows it."""
    known = ("grant_id", "amount", "effective_at", "created_at", "expire_at", "priority")
    return Grant(
        **{name: row[name] for name in known},
        grant_type=GrantType(row["grant_type"]),
        status=GrantStatus(row["status"]),
        consumed=row["consumed_amount"],
        voided_at=row["voided_at"],
        is_recharge=row["is_recharge"],
    )


def burns_next(grants: pl.DataFrame) -> pl.DataFrame:
    """The active grants that have credits left, the next to burn first; columns as given."""
    has_credits = (pl.col("status") == "ACTIVE") & (pl.col("amount") > pl.col("consumed_amount"))
    ranks = burn_ranks(grants)
    place = pl.col("grant_id").replace_strict(ranks, default=None, return_dtype=pl.Int64)
    return grants.filter(has_credits).sort(place)


def why_first(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """The rule that puts one grant before another, rows as `Grants` answers, as a sentence's end.

    The rules are those of `data.credits.grants.burn_order`, the first that tells the two apart.
    """
    if first["priority"] != second["priority"]:
        return f"its priority, {first['priority']}, comes before {second['priority']}"
    if first["expire_at"] != second["expire_at"]:
        other = f"on {second['expire_at']:{WHEN}}" if second["expire_at"] else "never"
        return f"it expires sooner: on {first['expire_at']:{WHEN}}, the other {other}"
    if (first["grant_type"] == PROMOTIONAL) != (second["grant_type"] == PROMOTIONAL):
        return f"promotional credits burn before {second['grant_type'].lower()} ones"
    if first["effective_at"] != second["effective_at"]:
        return (
            f"it began earlier: on {first['effective_at']:{WHEN}}, the other on "
            f"{second['effective_at']:{WHEN}}"
        )
    if first["created_at"] != second["created_at"]:
        return f"it is older: made on {first['created_at']:{WHEN}}"
    return "nothing else tells the two apart, and its id comes first"


def next_in_line(
    grants: pl.DataFrame, first: Mapping[str, Any], at: datetime
) -> dict[str, Any] | None:
    """Of `grants`, those that had credits, the one that would have paid next for an event of `at`.

    first: the grant that paid, a row as `Grants` answers; None where no other could have paid.
    """
    covering = grants.filter(
        pl.col("grant_type") != GrantType.OVERDRAFT.value,
        pl.col("effective_at") <= at,
        pl.col("expire_at").is_null() | (pl.col("expire_at") > at),
    )
    rows = sorted(covering.iter_rows(named=True), key=lambda row: burn_order(as_grant(row)))
    own = burn_order(as_grant(first))
    return next((row for row in rows if burn_order(as_grant(row)) > own), None)
