"""The replay of whole fleets writes what a pool writes that burns one event after the other."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.credits.amounts import AmountError
from data.credits.grants import Grant, GrantStatus, GrantType
from data.credits.pool import EntryType, Pool, Posting
from data.credits.recharge import Expiration, RechargeRule, ThresholdType
from data.credits.replay import Replay, replay

MAY = datetime(2026, 5, 1)
GRANTS = {
    "pool": pl.String,
    "grant_id": pl.String,
    "grant_type": pl.String,
    "status": pl.String,
    "amount": pl.Decimal(18, 6),
    "priority": pl.Int32,
    "created_at": pl.Datetime("us"),
    "effective_at": pl.Datetime("us"),
    "expire_at": pl.Datetime("us"),
    "voided_at": pl.Datetime("us"),
}
EVENTS = {
    "pool": pl.String,
    "occurred_at": pl.Datetime("us"),
    "known_at": pl.Datetime("us"),
    "credits": pl.Decimal(18, 6),
}
Rules = dict[str, RechargeRule]


class Row(NamedTuple):
    """A ledger row as both write it."""

    pool: str
    entry_type: str
    grant_id: str
    amount: Decimal
    occurred_at: datetime
    event: int | None


def hour(number: float) -> datetime:
    return MAY + timedelta(hours=number)


def grants_frame(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), GRANTS, orient="row")


def events_frame(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), EVENTS, orient="row")


def naive(
    grants: pl.DataFrame,
    events: pl.DataFrame,
    rules: Rules,
    until: datetime,
    since: datetime | None = None,
) -> tuple[dict[str, list[Row]], dict[str, Pool]]:
    """Every event by itself: what was due before it first, then its burn."""
    ledgers: dict[str, list[Row]] = {}
    pools: dict[str, Pool] = {}
    for name in dict.fromkeys([*events["pool"], *grants["pool"], *rules]):
        own = [row for row in grants.iter_rows(named=True) if row["pool"] == name]
        planned, late = made(row for row in own if row["grant_type"] != "OVERDRAFT")
        rule = rules.get(name)
        pool = pools[name] = Pool(name, planned, rule=None if since else rule)
        due = milestones(late, own, pool)
        if rule and since:
            due.append((since, partial(pool.set_rule, rule, since)))
            due.sort(key=lambda milestone: milestone[0])
        write = partial(_write, ledgers.setdefault(name, []), name)
        for number, (owner, occurred_at, known_at, credits) in enumerate(events.iter_rows()):
            if owner != name:
                continue
            now = max(known_at or occurred_at, pool.clock)
            while due and due[0][0] <= now:
                write(due.pop(0)[1]())
            write(pool.advance(now))
            postings = pool.burn(credits, occurred_at)
            burned = [p for p in postings if p.entry_type is EntryType.CONSUMED]
            write(burned, number)
            write(postings[len(burned) :])
        while due and due[0][0] <= until:
            write(due.pop(0)[1]())
        write(pool.advance(until))
    return ledgers, pools


def _write(rows: list[Row], name: str, postings: list[Posting], event: int | None = None) -> None:
    rows += [Row(name, p.entry_type.value, p.grant_id, p.amount, p.at, event) for p in postings]


def made(rows: Iterable[dict[str, Any]]) -> tuple[list[Grant], list[Grant]]:
    """Grants made by the time they begin, and those made later."""
    blocks = [
        Grant(
            row["grant_id"],
            GrantType(row["grant_type"]),
            row["amount"],
            effective_at=row["effective_at"],
            created_at=row["created_at"],
            expire_at=row["expire_at"],
            priority=row["priority"],
            status=GrantStatus.PAYMENT_PENDING
            if row["status"] == "PAYMENT_PENDING"
            else GrantStatus.SCHEDULED,
        )
        for row in rows
    ]
    return (
        [grant for grant in blocks if grant.created_at <= grant.effective_at],
        [grant for grant in blocks if grant.created_at > grant.effective_at],
    )


def milestones(
    late: list[Grant], rows: list[dict[str, Any]], pool: Pool
) -> list[tuple[datetime, Callable[[], list[Posting]]]]:
    """When grants are made late and when grants are voided; what is made comes first."""
    additions = [(g.created_at, partial(pool.add, g, g.created_at)) for g in late]
    voids = [
        (row["voided_at"], partial(pool.void, row["grant_id"], row["voided_at"]))
        for row in rows
        if row["voided_at"] and row["grant_type"] != "OVERDRAFT"
    ]
    return sorted([*additions, *voids], key=lambda milestone: milestone[0])


def written(result: Replay) -> dict[str, list[Row]]:
    grants = result.grants["grant_id"]
    rows: dict[str, list[Row]] = {pool: [] for pool in result.balances["pool"]}
    columns = ("pool", "entry_type", "grant", "amount", "occurred_at", "event")
    for pool, entry, grant, *rest in result.ledger.select(columns).iter_rows():
        rows[pool].append(Row(pool, entry, grants[grant], *rest))
    return rows


HOURS = st.integers(0, 24)
AMOUNTS = st.sampled_from([Decimal(text) for text in ("0", "0.000001", "1", "5", "5", "12.5")])
COSTS = st.sampled_from(
    [Decimal(text) for text in ("0", "0.000001", "0.5", "1", "1", "2", "3", "7", "-1", "-4")]
)


@st.composite
def grant_rows(draw: st.DrawFn) -> tuple[Any, ...]:
    """A grant with ties in every key of the burn order."""
    created, start, lasts = draw(HOURS), draw(HOURS), draw(st.integers(0, 12))
    effective, ends = max(start - 4, 0), max(start - 4, 0) + lasts
    voided = draw(st.sampled_from([None, None, None, 0, 3]))
    at = None if voided is None else max(created, effective) + voided
    return (
        draw(st.sampled_from("ab")),
        "",
        draw(st.sampled_from(["PAID", "PROMOTIONAL", "RECURRING", "OVERDRAFT"])),
        draw(st.sampled_from(["ACTIVE"] * 5 + ["PAYMENT_PENDING"])),
        draw(AMOUNTS),
        draw(st.sampled_from([0, 50, 50])),
        hour(created),
        hour(effective),
        hour(ends) if lasts else None,
        hour(at) if at is not None and (not lasts or at < ends) else None,
    )


@st.composite
def event_rows(draw: st.DrawFn) -> tuple[Any, ...]:
    """An event at the hour, known in that hour, later, or before its time."""
    at, late = draw(HOURS), draw(st.sampled_from([0, 0, 0, 0, 1, 6, -2]))
    return draw(st.sampled_from("ab")), hour(at), hour(at + late), draw(COSTS)


RULES = st.builds(
    RechargeRule,
    threshold=st.sampled_from([Decimal(1), Decimal(3), Decimal("0.5")]),
    target=st.sampled_from([Decimal(2), Decimal(8)]),
    unit_price=st.sampled_from([Decimal("0.3"), Decimal("0.07"), Decimal(0)]),
    threshold_type=st.sampled_from(ThresholdType),
    monthly_cap=st.sampled_from([None, Decimal(1), Decimal("2.1")]),
    expiration=st.sampled_from(Expiration),
    least_amount=st.sampled_from([Decimal(0), Decimal(4)]),
)


@settings(max_examples=2000, deadline=None, derandomize=True, database=None)
@given(
    st.lists(grant_rows(), max_size=10),
    st.lists(event_rows(), max_size=24),
    st.dictionaries(st.sampled_from("ab"), RULES),
    st.sampled_from([None, hour(0), hour(7), hour(30)]),
)
def test_a_replay_writes_what_a_loop_over_the_events_writes(
    blocks: list[tuple[Any, ...]],
    burns: list[tuple[Any, ...]],
    rules: Rules,
    since: datetime | None,
) -> None:
    blocks = [(pool, f"g{n:02}", *rest) for n, (pool, _, *rest) in enumerate(blocks)]
    burns = sorted(burns, key=lambda row: row[2])
    grants, events = grants_frame(blocks), events_frame(burns)
    until = hour(24 * 40)
    by_pool = dict.fromkeys("ab", since) if since else None
    result = replay(grants, events, rules=rules, rules_since=by_pool, until=until)
    ledgers, pools = naive(grants, events, rules, until, since)
    assert written(result) == ledgers
    assert dict(result.balances.select("pool", "balance").iter_rows()) == {
        name: pool.balance for name, pool in pools.items()
    }
    ended = {
        (pool.name, g.grant_id): (g.status.value, g.amount, g.consumed, g.effective_at, g.voided_at)
        for pool in pools.values()
        for g in pool.grants.values()
    }
    columns = ("status", "amount", "consumed_amount", "effective_at", "voided_at")
    assert {
        (row[0], row[1]): row[2:]
        for row in result.grants.select("pool", "grant_id", *columns).iter_rows()
    } == ended


def test_thousands_of_grants_of_one_pool_burn_as_in_a_loop() -> None:
    """Ties everywhere: three priorities, six hours to end at, the same start for all."""
    blocks = [
        ("a", f"g{n:04}", "PAID" if n % 2 else "PROMOTIONAL", "ACTIVE", Decimal(n % 5), n % 3,
         hour(0), hour(n % 4), hour(6 + n % 6), None)
        for n in range(3000)
    ]  # fmt: skip
    burns = [("a", hour(n / 40), None, Decimal(n % 37)) for n in range(480)]
    grants, events = grants_frame(blocks), events_frame(burns)
    result = replay(grants, events, until=hour(20))
    ledgers, _ = naive(grants, events, {}, hour(20))
    assert written(result) == ledgers
    assert sum(result.segments["credits"]) == sum(row[3] for row in burns)


def test_events_of_several_pools_may_come_mixed_and_keep_their_numbers() -> None:
    burns = [(pool, hour(n), None, Decimal(n + 1)) for n, pool in enumerate("abcabcab")]
    ledger = replay(grants_frame([]), events_frame(burns)).ledger
    assert ledger.sort("event")["amount"].to_list() == [-Decimal(n + 1) for n in range(8)]
    assert ledger["event"].to_list() == [0, 3, 6, 1, 4, 7, 2, 5]
    assert ledger["pool"].to_list() == list("aaabbbcc")


def test_another_order_burns_other_grants_and_leaves_the_same_balance() -> None:
    blocks = [
        ("a", name, kind, "ACTIVE", Decimal(10), 50, hour(0), hour(0), None, None)
        for name, kind in (("bought", "PAID"), ("given", "PROMOTIONAL"))
    ]
    burns = [("a", hour(1), None, Decimal(4))]

    def paid_first(grant: Grant) -> tuple[object, ...]:
        return grant.grant_type is not GrantType.PAID, grant.grant_id

    usual = replay(grants_frame(blocks), events_frame(burns))
    other = replay(grants_frame(blocks), events_frame(burns), order=paid_first)
    assert usual.grants["consumed_amount"].to_list() == [0, 4]
    assert other.grants["consumed_amount"].to_list() == [4, 0]
    assert usual.balances.equals(other.balances)


def test_segments_say_what_each_grant_paid_between_its_first_event_and_its_last() -> None:
    blocks = [
        ("a", "first", "PAID", "ACTIVE", Decimal(5), 1, hour(0), hour(0), None, None),
        ("a", "second", "PAID", "ACTIVE", Decimal(9), 2, hour(0), hour(0), None, None),
    ]
    burns = [("a", hour(n), None, Decimal(2)) for n in (1, 2, 3, 4)]
    segments = replay(grants_frame(blocks), events_frame(burns)).segments
    assert segments.rows() == [
        ("a", 0, hour(1), hour(3), Decimal(5)),
        ("a", 1, hour(3), hour(4), Decimal(3)),
    ]


def test_a_fleet_may_add_up_to_more_than_64_bits_and_one_pool_may_not() -> None:
    much = Decimal("999999999999.999999")
    burns = [(pool, hour(n), None, much) for pool in "abcdef" for n in range(4)]
    balances = replay(grants_frame([]), events_frame(burns)).balances
    assert set(balances["balance"]) == {-4 * much}
    with pytest.raises(AmountError, match="The credits of a add up to more than can be counted"):
        replay(grants_frame([]), events_frame([*burns, ("a", hour(9), None, much)]))


def test_each_pools_rule_comes_into_force_at_its_own_time() -> None:
    """The pools are empty and burn nothing: the rule buys at once when it comes."""
    rule = RechargeRule(Decimal(1), Decimal(10), Decimal(1))
    blocks = grants_frame(
        (pool, f"old-{pool}", "PAID", "ACTIVE", Decimal(1), 50, hour(0), hour(0), hour(1), None)
        for pool in "ab"
    )
    nothing = events_frame([])
    both = {"a": rule, "b": rule}
    since = {"a": hour(5), "b": hour(7)}
    result = replay(blocks, nothing, rules=both, rules_since=since, until=hour(9))
    bought = result.grants.filter("is_recharge").select("pool", "effective_at")
    assert dict(bought.iter_rows()) == since


def test_a_balance_back_below_the_threshold_recharges_once_the_month_has_a_new_cap() -> None:
    """10 $ when the rule is met first, 10 $ at the first event: the cap of 25 $ leaves June."""
    rule = RechargeRule(Decimal(1), Decimal(10), Decimal(1), monthly_cap=Decimal(25))
    burns = [("a", hour(24 * n), None, Decimal(10)) for n in range(1, 4)]
    result = replay(grants_frame([]), events_frame(burns), rules={"a": rule}, until=hour(24 * 40))
    bought = result.grants.filter("is_recharge")
    assert bought.select("cost_amount", "effective_at").rows() == [
        (Decimal(10), hour(24)),
        (Decimal(10), hour(24)),
        (Decimal(20), datetime(2026, 6, 1)),
    ]
    assert result.balances["balance"].to_list() == [10]
