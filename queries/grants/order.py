"""The order in which the grants of a pool burn."""

import polars as pl

from data.credits.grants import Grant, GrantStatus, GrantType, burn_order


def burn_ranks(grants: pl.DataFrame) -> dict[str, int]:
    """grant_id → its place in the burn order, over all grants as `Grants` answers."""
    ranked = sorted(grants.iter_rows(named=True), key=lambda row: burn_order(as_grant(row)))
    return {row["grant_id"]: place for place, row in enumerate(ranked)}


def as_grant(row: dict[str, object]) -> Grant:
    """A row as `Grants` answers, as the pool's arithmetic knows it."""
    known = ("grant_id", "amount", "effective_at", "created_at", "expire_at", "priority")
    return Grant(
        **{name: row[name] for name in known},  # type: ignore[arg-type]
        grant_type=GrantType(str(row["grant_type"])),
        status=GrantStatus(str(row["status"])),
        consumed=row["consumed_amount"],  # type: ignore[arg-type]
        voided_at=row["voided_at"],  # type: ignore[arg-type]
        is_recharge=bool(row["is_recharge"]),
    )
