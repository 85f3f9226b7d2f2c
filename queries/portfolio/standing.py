"""How the pools of a portfolio stand: totals, ranks, and the lists of those to look after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import polars as pl

from data.credits.grants import NONE, GrantStatus, GrantType
from data.credits.recharge import RechargeRule
from data.credits.revenue import deferred
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.outlook import Status, fleet_outlook, pools, unusual
from queries.portfolio import POOL

SOON = timedelta(days=30)
"""So far ahead somebody should look now."""
NEAR = Decimal("0.8")
"""From this part of a month's cap on a recharge is near it."""


class Flag(StrEnum):
    """Why somebody should look at a pool."""

    OVERDRAFT = "in overdraft"
    OUT = "out of credits"
    SOON = "runs out soon"
    LAPSES = "lapses unused"
    RECHARGE = "recharge"
    UNUSUAL = "unusual use"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a source answered of all pools of one currency, at `now`.

    grants: as `AllGrants` answers. recharges: as `AllRecharges`. history: as `AllUse`, by days of
    UTC over `use_span(now)`. used: as `AllUse`, of the period looked at. before: as `AllUse`, of
    the period before it in one bucket; None where nothing is compared.
    """

    now: datetime
    grants: pl.DataFrame
    recharges: pl.DataFrame
    history: pl.DataFrame
    used: pl.DataFrame
    before: pl.DataFrame | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """How all pools stand, a row for each pool; keys `customer_id`, `resource_id`.

    ranked: as in `RANKED`, most credits first. outlook: as `fleet_outlook` answers. overdrawn: as
    in `OVERDRAWN`, the largest debt first. recharges: as in `RECHARGE`, those stopped first.
    unusual: as `unusual` answers.
    """

    facts: Facts
    ranked: pl.DataFrame
    outlook: pl.DataFrame
    overdrawn: pl.DataFrame
    recharges: pl.DataFrame
    unusual: pl.DataFrame

    @property
    def runs_out(self) -> pl.DataFrame:
        """Those with nothing left, then those expected to run out within `SOON`, soonest first."""
        statuses = [Status.OUT.value, Status.WITHIN.value]
        is_out = pl.col("status") == Status.OUT.value
        is_soon = pl.col("expected") <= self.facts.now + SOON
        return self.outlook.filter(pl.col("status").is_in(statuses), is_out | is_soon)

    @property
    def worth(self) -> dict[str, Decimal]:
        """Currency → the deferred money of what remains, the largest first."""
        rows = deferred(self.facts.grants).sort("deferred", descending=True)
        return dict(rows.iter_rows())

    @property
    def lapsing(self) -> pl.DataFrame:
        """Those of which credits are expected to lapse unused, the most first."""
        lapsing = self.outlook.filter(pl.col("lapse") > 0)
        return lapsing.sort("lapse", *POOL, descending=[True, False, False])


def portfolio(facts: Facts) -> Portfolio:
    outlook = fleet_outlook(facts.history, facts.grants, facts.recharges, now=facts.now)
    odd = unusual(facts.history, now=facts.now)
    stopped = _recharges(facts, outlook)
    ranked = _flagged(_ranked(facts), outlook, odd, stopped, facts.now)
    return Portfolio(facts, ranked, outlook, _overdrawn(facts.grants), stopped, odd)


OUTSTANDING_COLUMNS: ColumnTypes = {"grant_type": pl.String, "credits": CREDITS_SUM}


def outstanding(grants: pl.DataFrame) -> pl.DataFrame:
    """What the active grants hold by `grant_type`: `credits`, most first; an overdraft owes."""
    active = grants.filter(pl.col("status") == GrantStatus.ACTIVE.value)
    left = (pl.col("amount") - pl.col("consumed_amount")).sum().cast(CREDITS_SUM)
    held = active.group_by("grant_type").agg(credits=left)
    return held.sort("credits", "grant_type", descending=[True, False])


def course(held: Decimal, moves: pl.DataFrame, cuts: Sequence[datetime]) -> list[Decimal]:
    """The sum of all balances at the start of the first bucket and at the end of each.

    held: what they come to now, where the last bucket ends. moves: as `AllMoves` answers.
    """
    moved = dict(moves.group_by("bucket").agg(pl.col("amount").sum()).iter_rows())
    ends = [held]
    for cut in reversed(cuts):
        ends.append(ends[-1] - moved.get(cut, NONE))
    return ends[::-1]


def expiring(grants: pl.DataFrame, now: datetime) -> Decimal:
    """Credits held now by grants that end within `SOON`."""
    ends = grants.filter(
        pl.col("status") == GrantStatus.ACTIVE.value, pl.col("expire_at") <= now + SOON
    )
    return Decimal((ends["amount"] - ends["consumed_amount"]).sum() or 0)


RANKED_COLUMNS: ColumnTypes = {
    **POOL,
    "credits": CREDITS_SUM,
    "share": pl.Float64,
    "previous": CREDITS_SUM,
    "change_ratio": pl.Float64,
    "balance": CREDITS_SUM,
    "status": pl.String,
    "earliest": TIME,
    "expected": TIME,
    "latest": TIME,
    "flags": pl.List(pl.String),
}
RANKED = pl.Schema(RANKED_COLUMNS)


def trends(rows: pl.DataFrame, used: pl.DataFrame, cuts: Sequence[datetime]) -> pl.Series:
    """For each of these pools its credits of each bucket, zero where there were none.

    used: as `AllUse` answers, with these cuts.
    """
    keys = list(POOL)
    asked = rows.select(keys).with_row_index("row")
    places = pl.DataFrame({"bucket": cuts}, {"bucket": TIME}).with_row_index("place")
    found = asked.join(used, on=keys, nulls_equal=True).join(places, on="bucket")
    dense = [[0.0] * len(cuts) for _ in range(rows.height)]
    for row, place, credits in found.select("row", "place", "credits").iter_rows():
        dense[row][place] = float(credits)
    return pl.Series("trend", dense, pl.List(pl.Float64))


def _ranked(facts: Facts) -> pl.DataFrame:
    """Use of the period by pool beside that of the period before; pools without use are there."""
    keys = list(POOL)
    used = facts.used.group_by(keys).agg(pl.col("credits").sum())
    ranked = pools.listed(facts.grants, facts.used).drop("pool")
    ranked = ranked.join(used, on=keys, how="left", nulls_equal=True)
    if facts.before is None:
        ranked = ranked.with_columns(previous=pl.lit(None, CREDITS_SUM))
    else:
        before = facts.before.group_by(keys).agg(previous=pl.col("credits").sum())
        ranked = ranked.join(before, on=keys, how="left", nulls_equal=True)
        ranked = ranked.with_columns(pl.col("previous").fill_null(0))
    credits, previous = (pl.col(name).cast(pl.Float64) for name in ("credits", "previous"))
    return ranked.with_columns(pl.col("credits").fill_null(0)).with_columns(
        share=pl.when(pl.col("credits").sum() > 0).then(credits / credits.sum()).otherwise(0.0),
        change_ratio=pl.when(pl.col("previous") > 0).then((credits - previous) / previous),
    )


def _flagged(
    ranked: pl.DataFrame,
    outlook: pl.DataFrame,
    odd: pl.DataFrame,
    stopped: pl.DataFrame,
    now: datetime,
) -> pl.DataFrame:
    keys, status = list(POOL), pl.col("status")
    flagged = {
        Flag.OVERDRAFT: outlook.filter(status == Status.OVERDRAFT.value),
        Flag.OUT: outlook.filter(status == Status.OUT.value),
        Flag.SOON: outlook.filter(status == Status.WITHIN.value, pl.col("expected") <= now + SOON),
        Flag.LAPSES: outlook.filter(pl.col("lapse") > 0),
        Flag.RECHARGE: stopped,
        Flag.UNUSUAL: odd,
    }
    known = outlook.select(*keys, "balance", "status", "earliest", "expected", "latest")
    found = ranked.join(known, on=keys, how="left", nulls_equal=True)
    for flag, rows in flagged.items():
        marked = rows.select(*keys, pl.lit(flag.value).alias(flag.name))
        found = found.join(marked, on=keys, how="left", nulls_equal=True)
    names = [flag.name for flag in flagged]
    flags = pl.concat_list(names).list.drop_nulls()
    order = ["credits", *keys]
    ranked = found.with_columns(flags=flags).select(RANKED.names()).cast(RANKED)
    return ranked.sort(order, descending=[True, False, False])


OVERDRAWN_COLUMNS: ColumnTypes = {**POOL, "owed": CREDITS_SUM, "since": TIME}
OVERDRAWN = pl.Schema(OVERDRAWN_COLUMNS)


def _overdrawn(grants: pl.DataFrame) -> pl.DataFrame:
    """Each pool that owes credits: how many, and since when."""
    debts = grants.filter(
        pl.col("status") == GrantStatus.ACTIVE.value,
        pl.col("grant_type") == GrantType.OVERDRAFT.value,
        pl.col("consumed_amount") > 0,
    )
    found = debts.select(*POOL, owed="consumed_amount", since="effective_at").cast(OVERDRAWN)
    return found.sort("owed", *POOL, descending=[True, False, False])


class Recharging(StrEnum):
    """What is to be said of an auto-recharge."""

    STOPPED = "stopped at its cap"
    OFF = "off, below its threshold"
    NEAR = "near its cap"


RECHARGE_COLUMNS: ColumnTypes = {
    **POOL,
    "state": pl.String,
    "spent": CREDITS_SUM,
    "cap": CREDITS_SUM,
    "used_ratio": pl.Float64,
    "balance": CREDITS_SUM,
    "threshold": CREDITS_SUM,
    "threshold_type": pl.String,
}
RECHARGE = pl.Schema(RECHARGE_COLUMNS)


def _recharges(facts: Facts, outlook: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(list(_looked_at(facts, outlook)), RECHARGE, orient="row")


def _looked_at(facts: Facts, outlook: pl.DataFrame) -> Iterator[tuple[object, ...]]:
    """Rows of `RECHARGE`: those that have stopped, then those switched off, then the near ones."""
    own = outlook.filter(pl.col("resource_id").is_null())
    balances = dict(own.select("customer_id", "balance").iter_rows())
    rules = _rules(facts)
    order = list(Recharging)
    found = []
    for row in facts.recharges.iter_rows(named=True):
        customer_id = row["customer_id"]
        balance = balances.get(customer_id, NONE)
        spent, cap = row["current_monthly_spend"] or NONE, row["max_spend_limit"]
        state = _state(row["is_enabled"], rules.get(customer_id), balance, spent, cap)
        if state is None:
            continue
        ratio = float(spent / cap) if cap else None
        terms = (balance, row["threshold_value"], row["threshold_type"])
        found.append((order.index(state), -(ratio or 0), customer_id, (state.value, spent, cap,
                                                                       ratio, *terms)))  # fmt: skip
    for _, _, customer_id, rest in sorted(found):
        yield (customer_id, None, *rest)


def _rules(facts: Facts) -> dict[str, RechargeRule | None]:
    """customer_id → its rule, as if it were switched on; None where no price is known."""
    names = pools.listed(facts.grants)
    numbers = dict(names.filter(pl.col("resource_id").is_null()).select("pool", "customer_id")
                   .iter_rows())  # fmt: skip
    switched_on = facts.recharges.with_columns(is_enabled=pl.lit(True))
    grants = pools.numbered(facts.grants, names)
    return {numbers[n]: rule for n, rule in pools.rules(switched_on, grants, names)}


def _state(
    is_enabled: bool, rule: RechargeRule | None, balance: Decimal, spent: Decimal,
    cap: Decimal | None,
) -> Recharging | None:  # fmt: skip
    """A purchase that would pass the cap is not made; some APIs then switch the rule off."""
    if rule is not None and balance < rule.floor():
        if not rule.fits(rule.cost(rule.amount(balance)), spent):
            return Recharging.STOPPED
        if not is_enabled:
            return Recharging.OFF
    if not is_enabled or cap is None:
        return None
    if spent >= cap:
        return Recharging.STOPPED
    return Recharging.NEAR if spent >= NEAR * cap else None
