"""What a promotion adds to what a customer may use, and what is left without it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from queries.entitlements import Status

Row = Mapping[str, Any]
"""A row with the columns of `ALLOWANCE`."""
NOT_LIMITED = Decimal(-1)


def most_generous(rows: Iterable[Row]) -> Row | None:
    """The one that allows most: without limit before a limit, then the higher, then the soft one.

    Values of several add up. None of none.
    """
    given = list(rows)
    if not given:
        return None
    best = max(given, key=_generosity)
    values = sorted({value for row in given for value in row["enum_values"] or ()})
    return {**best, "enum_values": values or None}


def in_force_without(
    feature_id: str, promotions: pl.DataFrame, planned: pl.DataFrame, in_force: pl.DataFrame
) -> Row | None:
    """What the customer may use of a feature without its promotion; None is nothing.

    Where more is in force than the promotion gives, that stays. Otherwise it is what the plans
    entitle to: what add-ons give is not told.
    """
    mine = promotions.filter(feature_id=feature_id, status=Status.ACTIVE).to_dicts()
    now = in_force.filter(feature_id=feature_id).to_dicts()
    plans = planned.filter(feature_id=feature_id).to_dicts()
    if not mine:
        return now[0] if now else most_generous(plans)
    is_more = bool(now) and not now[0]["enum_values"] and _generosity(now[0]) > _generosity(mine[0])
    return now[0] if is_more else most_generous(plans)


def in_force_with(without: Row | None, promotion: Row) -> Row:
    """What the customer may use of a feature once it has the promotion."""
    best = most_generous([row for row in (without, promotion) if row is not None])
    assert best is not None
    return best


def _generosity(row: Row) -> tuple[bool, Decimal, bool]:
    limit = row["usage_limit"]
    return (
        bool(row["has_unlimited_usage"]),
        NOT_LIMITED if limit is None else limit,
        bool(row["has_soft_limit"]),
    )
