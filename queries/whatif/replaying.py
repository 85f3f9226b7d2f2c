"""The past of many pools burned anew, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from data.credits.grants import DEFAULT_PRIORITY, GrantStatus, GrantType
from data.credits.orders import ORDERS
from data.credits.pool import EntryType
from data.credits.recharge import RechargeRule, unit_price
from data.credits.replay import Replay, replay
from data.credits.revenue import released
from data.tables import CREDITS, CREDITS_SUM, TIME
from queries.outlook.asked import use_span
from queries.outlook.fleet import run_outs
from queries.outlook.pools import prices, rules
from queries.outlook.results import Status
from queries.portfolio import POOL
from queries.time import Span
from queries.whatif import MONEY, REPLAYED, Scenario
from queries.whatif.late import in_order

OVERDRAFT = "overdraft"
"""The name that all overdrafts of a pool go by where two ledgers are compared."""
ARRIVAL = timedelta(hours=1)
"""So much later than its event a recharge may be dated, which comes when the event does."""
NOTHING = pl.lit(0).cast(CREDITS_SUM)

Purchases = Sequence[tuple[datetime, Decimal]]


@dataclass(frozen=True, slots=True)
class Past:
    """What an extract holds of the pools of one currency, naive UTC.

    pools: pool, customer_id, resource_id. grants and recharges as the portfolio answers them,
    with `pool` beside the grants'. events: pool, occurred_at, credits, repriced, and known_at
    where any came late, in the order in which each pool learnt of them. written: what the ledger
    holds by pool, grant_id and entry_type: amount, count_rows, first_at. end: where the data ends.
    """

    pools: pl.DataFrame
    grants: pl.DataFrame
    recharges: pl.DataFrame
    events: pl.DataFrame
    written: pl.DataFrame
    span: Span
    end: datetime


def past(
    pools: pl.DataFrame,
    grants: pl.DataFrame,
    recharges: pl.DataFrame,
    events: pl.DataFrame,
    written: pl.DataFrame,
    span: Span,
    end: datetime,
) -> Past:
    """The frames as the documents answer them, made ready to be replayed."""
    named = grants.join(pools, on=list(POOL), nulls_equal=True)
    return Past(pools, _begun(named, written), recharges, _in_order(events), written, span, end)


def _in_order(events: pl.DataFrame) -> pl.DataFrame:
    """With as few columns as it takes, since the rows of every pool are moved together."""
    burned = ["pool", "occurred_at", "credits", "repriced"]
    if events["ledger_seq"].null_count() == events.height:
        return in_order(events.select(burned), "occurred_at")
    known = pl.col("known_at").fill_null(pl.col("occurred_at"))
    placed = events.sort("ledger_seq", maintain_order=True)
    return in_order(placed.select(*burned, known_at=known), "known_at")


def replayed_pools(past: Past, scenario: Scenario) -> pl.DataFrame:
    """The frame that `Replayed` describes."""
    recharging = _recharging(past)
    if scenario.is_baseline:
        credits, grants = "credits", past.grants
        result = replay(grants, _burned(past, credits), until=past.end)
    else:
        credits, grants = "repriced", _without_recharges(past, recharging)
        result = replay(
            grants,
            _burned(past, credits),
            order=ORDERS[scenario.order],
            rules=recharging.rules,
            rules_since=recharging.since,
            until=past.end,
        )
    ended = _ended(result, grants)
    frames = [
        _moved(result, past.span),
        _money(result, ended, past.span),
        _recharged(ended, past.span),
        _standing(result),
        _outlook(past, ended, credits),
        _compared(result, past) if scenario.is_baseline else _uncompared(past),
        _prices(past),
    ]
    found = past.pools
    for frame in frames:
        found = found.join(frame, on="pool", how="left")
    held = found.filter(pl.col("balance").is_not_null())
    sums = [name for name, kind in REPLAYED.items() if kind == CREDITS_SUM]
    return (
        held.with_columns(
            pl.col(sums).fill_null(NOTHING),
            pl.col("recharges", "rows", "difference").fill_null(0),
            is_recharging=pl.col("pool").is_in(
                pl.Series(list(recharging.rules), dtype=pl.Int64).implode()
            ),
        )
        .select(REPLAYED.names())
        .cast(REPLAYED)
    )


def _burned(past: Past, credits: str) -> pl.DataFrame:
    """The events as a replay takes them."""
    return past.events.with_columns(pl.col(credits).alias("credits"))


def _begun(grants: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Grants with the time at which they came: one that awaited payment came when it was paid."""
    granted = written.filter(pl.col("entry_type") == EntryType.GRANTED.value)
    came = granted.select("pool", "grant_id", "first_at")
    is_late = pl.col("first_at") > pl.max_horizontal("effective_at", "created_at")
    return grants.join(came, on=["pool", "grant_id"], how="left").with_columns(
        pl.col("priority").fill_null(DEFAULT_PRIORITY),
        created_at=pl.when(is_late).then("first_at").otherwise("created_at"),
    )


# Recharges


@dataclass(frozen=True, slots=True)
class Recharging:
    """The rules that a scenario follows, by pool, and since when each has been in force."""

    rules: Mapping[Any, RechargeRule]
    since: Mapping[Any, datetime]


def _recharging(past: Past) -> Recharging:
    """The rules that buy, burning what was charged, just what was bought.

    Where a rule buys something else than the ledger has, another was in force at the time, and
    what was bought stays as it is.
    """
    saved = _saved(past)
    names = list(saved.rules)
    own = pl.col("pool").is_in(pl.Series(names, dtype=pl.Int64).implode())
    real = past.grants.filter(own, _is_bought_by(saved))
    made = replay(
        past.grants.filter(own, ~_is_bought_by(saved)),
        _burned(past, "credits").filter(own),
        rules=saved.rules,
        rules_since=saved.since,
        until=past.end,
    ).grants.filter("is_recharge")
    bought = _purchases(made), _purchases(real)
    same = [name for name in names if _is_same(*(each.get(name, []) for each in bought))]
    return Recharging({name: saved.rules[name] for name in same}, saved.since)


def _saved(past: Past) -> Recharging:
    """The rules as they are, from the period's start or from when they were last saved."""
    found = rules(past.recharges, past.grants, past.pools.select(*POOL, "pool"))
    saved = dict(
        past.pools.join(past.recharges, on="customer_id").select("pool", "updated_at").iter_rows()
    )
    priced = {pool: rule for pool, rule in found if rule is not None}
    since = {pool: max(past.span.start, saved[pool] or past.span.start) for pool in priced}
    return Recharging(priced, since)


def _is_bought_by(recharging: Recharging) -> pl.Expr:
    """Bought since the pool's rule came into force."""
    since = pl.col("pool").replace_strict(recharging.since, default=None, return_dtype=TIME)
    return (pl.col("is_recharge") & (pl.col("effective_at") >= since)).fill_null(False)


def _purchases(grants: pl.DataFrame) -> dict[Any, list[tuple[datetime, Decimal]]]:
    bought: dict[Any, list[tuple[datetime, Decimal]]] = {}
    for pool, *purchase in (
        grants.select("pool", "effective_at", "amount").sort("effective_at").iter_rows()
    ):
        bought.setdefault(pool, []).append(tuple(purchase))
    return bought


def _is_same(made: Purchases, real: Purchases) -> bool:
    """Whether as much was bought at the same times, but for what an event takes to arrive."""
    return len(made) == len(real) and all(
        amount == paid and abs(at - then) <= ARRIVAL
        for (at, amount), (then, paid) in zip(made, real, strict=True)
    )


def _without_recharges(past: Past, recharging: Recharging) -> pl.DataFrame:
    is_followed = pl.col("pool").is_in(pl.Series(list(recharging.rules), dtype=pl.Int64).implode())
    return past.grants.filter(~(is_followed & _is_bought_by(recharging)))


# What came of it


def _ended(result: Replay, grants: pl.DataFrame) -> pl.DataFrame:
    """The grants as they ended, with what a replay does not carry; `grant` is the replay's row."""
    kept = grants.select(
        "pool",
        "grant_id",
        "created_at",
        "priority",
        "cost_currency",
        real_cost="cost_amount",
        was_recharge="is_recharge",
    )
    made = result.grants.with_row_index("grant")
    return made.join(kept, on=["pool", "grant_id"], how="left", maintain_order="left").with_columns(
        pl.col("created_at").fill_null(pl.col("effective_at")),
        pl.col("priority").fill_null(DEFAULT_PRIORITY),
        pl.col("cost_currency").fill_null(pl.lit("USD")),
        cost_amount=pl.coalesce("real_cost", "cost_amount"),
        is_recharge=pl.col("is_recharge") | pl.col("was_recharge").fill_null(False),
    )


def _within(span: Span, column: str = "occurred_at") -> pl.Expr:
    return (pl.col(column) >= span.start) & (pl.col(column) < span.end)


def _of(*entries: EntryType) -> pl.Expr:
    amount = pl.col("amount").cast(CREDITS_SUM)
    return -amount.filter(pl.col("entry_type").is_in([entry.value for entry in entries])).sum()


def _moved(result: Replay, span: Span) -> pl.DataFrame:
    return (
        result.ledger.filter(_within(span))
        .group_by("pool")
        .agg(credits=_of(EntryType.CONSUMED), expired=_of(EntryType.EXPIRED))
    )


def _money(result: Replay, ended: pl.DataFrame, span: Span) -> pl.DataFrame:
    """What the paid grants of each pool earned in the period, by the currency they cost."""
    paid = ended.filter(pl.col("cost_amount") > 0, pl.col("amount") > 0)
    runs = _runs(result.ledger.join(paid, on="grant", how="semi"), span)
    terms = paid.select("grant", "pool", "amount", "cost_amount", "cost_currency")
    return (
        released(runs.join(terms, on="grant"))
        .group_by("pool", currency="cost_currency")
        .agg(pl.col("recognised", "breakage").sum())
        .sort("pool", "currency")
        .group_by("pool", maintain_order=True)
        .agg(money=pl.struct(*MONEY))
    )


def _runs(ledger: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Each grant's rows of the period as runs: grant, held when it began, consumed, expired.

    A late row interrupts a run, and rounding begins anew where it does.
    """
    amount = pl.col("amount").cast(CREDITS_SUM)
    is_source = pl.col("entry_type") == EntryType.TRANSFER_SOURCE.value
    runs = (
        ledger.sort("grant", maintain_order=True)
        .with_columns(is_in=_within(span))
        .with_columns(run=pl.struct("grant", "is_in").rle_id())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("grant", "is_in").first(),
            moved=amount.filter(~is_source).sum(),
            granted=-_of(EntryType.GRANTED),
            consumed=_of(EntryType.CONSUMED, EntryType.TRANSFER_TARGET),
            expired=_of(EntryType.EXPIRED),
        )
    )
    before = pl.col("moved").cum_sum().over("grant") - pl.col("moved")
    return runs.with_columns(held=before + pl.col("granted")).filter("is_in")


def _recharged(ended: pl.DataFrame, span: Span) -> pl.DataFrame:
    bought = ended.filter("is_recharge", _within(span, "effective_at"))
    cost = pl.col("cost_amount").cast(CREDITS_SUM).sum()
    return bought.group_by("pool").agg(recharges=pl.len(), recharge_cost=cost)


def _standing(result: Replay) -> pl.DataFrame:
    owes = (pl.col("grant_type") == GrantType.OVERDRAFT.value) & (
        pl.col("status") == GrantStatus.ACTIVE.value
    )
    owing = result.grants.filter(owes).select("pool", overdraft_since="effective_at")
    return result.balances.select("pool", "balance").join(owing, on="pool", how="left")


def _outlook(past: Past, ended: pl.DataFrame, credits: str) -> pl.DataFrame:
    """When each pool runs out from the end of the data on, by the same method as everywhere."""
    span = use_span(past.end)
    names = past.pools.select("pool", *POOL)
    use = (
        past.events.filter(_within(span))
        .group_by("pool", bucket=pl.col("occurred_at").dt.truncate("1d"))
        .agg(pl.col(credits).cast(CREDITS_SUM).sum().alias("credits"))
        .join(names, on="pool")
        .drop("pool")
    )
    is_out = pl.col("status").is_in([Status.OUT.value, Status.OVERDRAFT.value])
    granted = ended.with_columns(pl.col("amount", "consumed_amount").cast(CREDITS))
    found = run_outs(use, granted.join(names, on="pool").drop("pool"), past.recharges, now=past.end)
    return found.join(names, on=list(POOL), nulls_equal=True).select(
        "pool", "status", runs_out=pl.when(is_out).then(past.end).otherwise("expected")
    )


def _compared(result: Replay, past: Past) -> pl.DataFrame:
    """pool, rows (of the ledger), difference (rows of grants of which the replay wrote others)."""
    kinds = result.grants.select(
        name=pl.when(pl.col("grant_type") == GrantType.OVERDRAFT.value)
        .then(pl.lit(OVERDRAFT))
        .otherwise("grant_id")
    )["name"]
    mine = result.ledger.group_by("pool", "grant", "entry_type").agg(
        pl.col("amount").cast(CREDITS_SUM).sum(), count_rows=pl.len()
    )
    named = mine.with_columns(
        pl.col("entry_type").cast(pl.String), grant_id=kinds.gather(mine["grant"])
    )
    keys = ["pool", "grant_id", "entry_type"]
    sums = [pl.col("amount").cast(CREDITS_SUM).sum(), pl.col("count_rows").cast(pl.Int64).sum()]
    # That a grant's terms were changed moves nothing; what they were before, no extract says.
    moved = past.written.filter(pl.col("entry_type") != EntryType.UPDATED.value)
    both = (
        moved.group_by(keys)
        .agg(sums)
        .join(
            named.group_by(keys).agg(sums), on=keys, how="full", coalesce=True, suffix="_replayed"
        )
    )
    rows = pl.col("count_rows").fill_null(0)
    again = pl.col("count_rows_replayed").fill_null(0)
    differs = (rows != again) | pl.col("amount").ne_missing(pl.col("amount_replayed"))
    return both.group_by("pool").agg(
        rows=rows.sum(), difference=pl.max_horizontal(rows, again).filter(differs).sum()
    )


def _prices(past: Past) -> pl.DataFrame:
    """What each pool's customer last paid for a credit, in US dollars."""
    paid = prices(past.grants)
    price = [unit_price(*purchase) for purchase in paid.select("paid", "bought").iter_rows()]
    return paid.select("pool", price=pl.Series(price, dtype=REPLAYED["price"]))


def _uncompared(past: Past) -> pl.DataFrame:
    return past.pools.select("pool", rows=pl.lit(0), difference=pl.lit(0))
