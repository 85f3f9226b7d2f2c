"""A scenario beside the baseline: what it changes for each pool, each customer and everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import polars as pl

from data.credits.amounts import PRECISION
from data.credits.recharge import CENT
from data.tables import CREDITS_SUM

NONE = Decimal(0)
Number = TypeVar("Number", Decimal, float)
BOTH = ("credits", "expired", "money", "recharges", "recharge_cost", "balance", "overdraft_since",
        "status", "runs_out")  # fmt: skip


def compared(baseline: pl.DataFrame, scenario: pl.DataFrame) -> pl.DataFrame:
    """One row for each pool, those that use most more first.

    Both frames as `Replayed` answers them. Beside the keys and each of the scenario's columns,
    what it was as charged (`was_credits` …), `change` in credits, `change_ratio` (null from
    nothing), `worth`, that change in US dollars at what the customer last paid for a credit
    (null where it never paid), and whether it `is_newly_overdrawn`.
    """
    was = baseline.select(
        "customer_id", "resource_id", *(pl.col(n).alias(f"was_{n}") for n in BOTH)
    )
    both = scenario.join(was, on=["customer_id", "resource_id"], nulls_equal=True)
    change = pl.col("credits") - pl.col("was_credits")
    found = both.with_columns(
        change=change,
        change_ratio=_ratio(change, pl.col("was_credits")),
        is_newly_overdrawn=pl.col("overdraft_since").is_not_null()
        & pl.col("was_overdraft_since").is_null(),
    )
    worth = [_worth(*pair) for pair in found.select("change", "price").iter_rows()]
    return found.with_columns(worth=pl.Series(worth, dtype=CREDITS_SUM)).sort(
        "change", "customer_id", "resource_id", descending=[True, False, False]
    )


def _ratio(change: pl.Expr, before: pl.Expr) -> pl.Expr:
    ratio = change.cast(pl.Float64) / before.cast(pl.Float64)
    return pl.when(before > 0).then(ratio)


def _worth(change: Decimal, price: Decimal | None) -> Decimal | None:
    if price is None:
        return None
    return PRECISION.multiply(change, price).quantize(CENT, context=PRECISION)


@dataclass(frozen=True, slots=True)
class Side:
    """Customers who pay more, or less: how many, and by how much, in credits and as a share.

    The middle one and the one at 95 of 100, by nearest rank; a share is None where nobody used
    anything before.
    """

    customers: int
    credits: Decimal
    p50: Decimal
    p95: Decimal
    p50_ratio: float | None
    p95_ratio: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a scenario changes for everybody: pairs are as charged and in the scenario."""

    credits: tuple[Decimal, Decimal]
    expired: tuple[Decimal, Decimal]
    recognised: Mapping[str, tuple[Decimal, Decimal]]
    breakage: Mapping[str, tuple[Decimal, Decimal]]
    """By the currency that grants were paid in."""
    recharge_cost: tuple[Decimal, Decimal]
    balance: tuple[Decimal, Decimal]
    overdrawn: tuple[int, int]
    newly_overdrawn: int
    runs_out: tuple[int, int]
    """Pools that run out within the horizon, or are out."""
    sooner: int
    """Pools that run out sooner than they would have."""
    worth: Decimal
    more: Side
    less: Side
    same: int


def effect(found: pl.DataFrame) -> Effect:
    """The frame of `compared`, summed up."""
    customers = found.group_by("customer_id").agg(pl.col("change", "was_credits").sum())
    more = customers.filter(pl.col("change") > 0)
    less = customers.filter(pl.col("change") < 0)
    return Effect(
        credits=_sums(found, "credits"),
        expired=_sums(found, "expired"),
        recognised=_money(found, "recognised"),
        breakage=_money(found, "breakage"),
        recharge_cost=_sums(found, "recharge_cost"),
        balance=_sums(found, "balance"),
        overdrawn=(_known(found, "was_overdraft_since"), _known(found, "overdraft_since")),
        newly_overdrawn=found.filter("is_newly_overdrawn").height,
        runs_out=(_known(found, "was_runs_out"), _known(found, "runs_out")),
        sooner=found.filter(_is_sooner()).height,
        worth=Decimal(found["worth"].sum() or 0),
        more=_side(more),
        less=_side(less),
        same=customers.height - more.height - less.height,
    )


def _is_sooner() -> pl.Expr:
    later = pl.col("was_runs_out").is_null() | (pl.col("runs_out") < pl.col("was_runs_out"))
    return pl.col("runs_out").is_not_null() & later


def _sums(found: pl.DataFrame, name: str) -> tuple[Decimal, Decimal]:
    return Decimal(found[f"was_{name}"].sum() or 0), Decimal(found[name].sum() or 0)


def _known(found: pl.DataFrame, name: str) -> int:
    return found.height - found[name].null_count()


def _money(found: pl.DataFrame, name: str) -> dict[str, tuple[Decimal, Decimal]]:
    was, now = (_by_currency(found, column, name) for column in ("was_money", "money"))
    return {code: (was.get(code, NONE), now.get(code, NONE)) for code in sorted({**was, **now})}


def _by_currency(found: pl.DataFrame, column: str, name: str) -> dict[str, Decimal]:
    money = found.select(pl.col(column).explode().alias("money")).unnest("money")
    sums = money.drop_nulls("currency").group_by("currency").agg(pl.col(name).sum())
    return dict(sums.iter_rows())


def _side(customers: pl.DataFrame) -> Side:
    changes = sorted(customers["change"].to_list(), key=abs)
    shares = customers.filter(pl.col("was_credits") > 0).select(
        _ratio(pl.col("change"), pl.col("was_credits"))
    )
    ratios: list[float] = sorted(shares.to_series().to_list(), key=abs)
    return Side(
        len(changes),
        sum(changes, NONE),
        _rank(changes, 50) if changes else NONE,
        _rank(changes, 95) if changes else NONE,
        _rank(ratios, 50) if ratios else None,
        _rank(ratios, 95) if ratios else None,
    )


def _rank(ordered: Sequence[Number], percent: int) -> Number:
    """By nearest rank: the least that so many of 100 do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]
