"""A pool of credits: what burns first, what it owes, what ends; and that nothing is ever lost."""

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.credits.grants import Grant, GrantStatus, GrantType
from data.credits.pool import EntryType, Pool, Posting, VoidError

MAY = datetime(2026, 5, 1)
JUST_BEFORE = timedelta(microseconds=-1)


def day(number: float) -> datetime:
    """So many days after the first of May."""
    return MAY + timedelta(days=number)


def block(grant_id: str = "a", amount: object = 100, **changes: Any) -> Grant:
    """A paid grant of 100 from the first of May on, without end, unless changed."""
    plain = Grant(grant_id, GrantType.PAID, Decimal(str(amount)), effective_at=MAY, created_at=MAY)
    return replace(plain, **changes)


def pool_of(*grants: Grant, now: datetime = MAY) -> Pool:
    pool = Pool("pool")
    for one in grants:
        pool.add(one, now)
    return pool


def parts(postings: Iterable[Posting]) -> list[tuple[str, str, Decimal]]:
    """(entry type without its prefix, grant, amount)"""
    return [(p.entry_type.removeprefix("CREDITS_"), p.grant_id, p.amount) for p in postings]


def values(pool: Pool) -> dict[str, dict[str, object]]:
    return {grant_id: asdict(g) | {"rank": ()} for grant_id, g in pool.grants.items()}


def burned_first(*grants: Grant) -> str:
    """The grant that a credit comes from, when all of them have begun and none has ended."""
    shortly_before = day(0.95)
    pool = pool_of(*deepcopy(grants), now=shortly_before)
    return pool.burn(Decimal(1), shortly_before)[0].grant_id


CRITERIA = [
    pytest.param(
        block("b", priority=10, expire_at=None, grant_type=GrantType.PAID),
        block("a", priority=11, expire_at=day(1), grant_type=GrantType.PROMOTIONAL),
        id="the lower priority, whatever else",
    ),
    pytest.param(
        block("b", expire_at=day(8), grant_type=GrantType.PAID),
        block("a", expire_at=day(9), grant_type=GrantType.PROMOTIONAL),
        id="the sooner expiry, whatever its type",
    ),
    pytest.param(
        block("b", expire_at=day(3650)),
        block("a", expire_at=None, grant_type=GrantType.PROMOTIONAL),
        id="what expires before what never does",
    ),
    pytest.param(
        block("b", grant_type=GrantType.PROMOTIONAL, effective_at=day(0.5)),
        block("a", grant_type=GrantType.PAID),
        id="promotional before paid, even when later effective",
    ),
    pytest.param(
        block("b", grant_type=GrantType.PROMOTIONAL),
        block("a", grant_type=GrantType.RECURRING),
        id="promotional before recurring",
    ),
    pytest.param(
        block("b", effective_at=day(0.1), created_at=day(0.9), grant_type=GrantType.PAID),
        block("a", effective_at=day(0.2), created_at=day(0.1), grant_type=GrantType.RECURRING),
        id="the earlier effective; recurring ranks with paid",
    ),
    pytest.param(
        block("b", created_at=day(0.1)),
        block("a", created_at=day(0.2)),
        id="the older",
    ),
    pytest.param(block("a"), block("b"), id="the lower id, so that the order is total"),
]


@pytest.mark.parametrize(("first", "second"), CRITERIA)
def test_grants_burn_by_priority_expiry_type_effect_age_and_id(first: Grant, second: Grant) -> None:
    assert burned_first(first, second) == burned_first(second, first) == first.grant_id


@pytest.mark.parametrize("order", list(permutations("ABC")), ids="".join)
def test_a_cost_spills_over_in_burn_order_with_one_row_for_each_grant(
    order: tuple[str, ...],
) -> None:
    """The contract's own check, section 3."""
    september, august = datetime(2026, 9, 1), datetime(2026, 8, 15)
    promo = GrantType.PROMOTIONAL
    grants = {
        "A": block("A", 50, priority=1, expire_at=september),
        "B": block("B", 20, priority=1, expire_at=september, grant_type=promo),
        "C": block("C", 100, priority=2, expire_at=august, grant_type=promo),
    }
    pool = pool_of(*(grants[name] for name in order))
    assert parts(pool.burn(Decimal(60), MAY)) == [("CONSUMED", "B", -20), ("CONSUMED", "A", -40)]
    assert {name: grant.remaining for name, grant in pool.grants.items()} == {
        "A": 10,
        "B": 0,
        "C": 100,
    }


def test_usage_beyond_the_credits_is_owed_and_never_refused() -> None:
    pool = pool_of(block("a", 10))
    assert parts(pool.burn(Decimal(25), day(1))) == [
        ("CONSUMED", "a", -10),
        ("CONSUMED", "overdraft-pool-1", -15),
    ]
    assert pool.balance == -15
    assert pool.owed == 15
    debt = pool.grants["overdraft-pool-1"]
    assert (debt.grant_type, debt.amount, debt.consumed) == (GrantType.OVERDRAFT, 0, 15)
    assert (debt.status, debt.effective_at, debt.created_at) == (
        GrantStatus.ACTIVE,
        day(1),
        day(1),
    )


def test_a_pool_without_any_grant_can_be_used() -> None:
    pool = Pool("pool")
    pool.burn(Decimal(3), MAY)
    pool.burn(Decimal(4), day(1))
    assert (pool.balance, pool.granted, pool.consumed) == (-7, 0, 7)
    assert len(pool.grants) == 1


def test_a_new_grant_settles_the_overdraft_first() -> None:
    """15 owed and a grant of 50 leave 35, the consumption moved over (contract, section 3)."""
    pool = pool_of(block("a", 10))
    pool.burn(Decimal(25), day(1))
    postings = pool.add(block("b", 50, effective_at=day(2)), day(2))
    assert parts(postings) == [
        ("GRANTED", "b", 50),
        ("CONSUMPTION_TRANSFER_SOURCE", "overdraft-pool-1", 15),
        ("CONSUMPTION_TRANSFER_TARGET", "b", -15),
    ]
    assert (pool.grants["b"].consumed, pool.balance, pool.owed) == (15, 35, 0)
    debt = pool.grants["overdraft-pool-1"]
    assert (debt.status, debt.voided_at, debt.remaining) == (GrantStatus.VOIDED, day(2), 0)


def test_a_grant_too_small_for_the_overdraft_shrinks_it_and_is_spent() -> None:
    pool = Pool("pool")
    pool.burn(Decimal(15), MAY)
    pool.add(block("b", 10), MAY)
    assert (pool.balance, pool.owed, pool.grants["b"].remaining) == (-5, 5, 0)
    assert parts(pool.burn(Decimal(1), MAY)) == [("CONSUMED", "overdraft-pool-1", -1)]


def test_a_grant_of_exactly_the_debt_leaves_nothing_on_either_side() -> None:
    pool = Pool("pool")
    pool.burn(Decimal(15), MAY)
    pool.add(block("b", 15), MAY)
    assert (pool.balance, pool.owed, pool.overdraft) == (0, 0, None)
    assert parts(pool.burn(Decimal(1), MAY)) == [("CONSUMED", "overdraft-pool-2", -1)]


def test_there_is_one_overdraft_at_a_time_and_a_settled_one_is_not_used_again() -> None:
    pool = Pool("pool")
    pool.burn(Decimal(1), MAY)
    pool.burn(Decimal(2), MAY)
    pool.add(block("a", 5), MAY)
    pool.burn(Decimal(9), MAY)
    statuses = {name: grant.status for name, grant in pool.grants.items()}
    assert statuses == {
        "overdraft-pool-1": GrantStatus.VOIDED,
        "a": GrantStatus.ACTIVE,
        "overdraft-pool-2": GrantStatus.ACTIVE,
    }
    assert pool.balance == -7


@pytest.mark.parametrize(
    ("when", "is_covered"),
    [
        (day(2) + JUST_BEFORE, False),
        (day(2), True),
        (day(4) + JUST_BEFORE, True),
        (day(4), False),
    ],
    ids=["just before it starts", "as it starts", "just before it ends", "as it ends"],
)
def test_a_window_holds_its_start_and_not_its_end(when: datetime, is_covered: bool) -> None:
    pool = pool_of(block("a", effective_at=day(2), expire_at=day(4)))
    pool.advance(when)
    assert (pool.burn(Decimal(1), when)[0].grant_id == "a") is is_covered


def test_what_is_left_at_expiry_leaves_the_balance() -> None:
    pool = pool_of(block("a", 100, expire_at=day(3)))
    pool.burn(Decimal(30), day(1))
    assert pool.next_change() == day(3)
    assert parts(pool.advance(day(5))) == [("EXPIRED", "a", -70)]
    ended = pool.grants["a"]
    assert (ended.status, ended.consumed, ended.remaining) == (GrantStatus.EXPIRED, 30, 0)
    assert (pool.balance, pool.granted, pool.consumed) == (0, 0, 0)
    assert pool.next_change() is None
    assert pool.advance(day(9)) == []


def test_a_spent_grant_expires_without_a_row() -> None:
    pool = pool_of(block("a", 100, expire_at=day(3)))
    pool.burn(Decimal(100), day(1))
    assert pool.advance(day(3)) == []
    assert pool.grants["a"].status is GrantStatus.EXPIRED


def test_changes_are_dated_when_they_were_due_and_come_in_that_order() -> None:
    pool = pool_of(
        block("a", 10, expire_at=day(4)),
        block("b", 20, effective_at=day(2)),
        block("c", 30, effective_at=day(4)),
        block("d", 40, effective_at=day(6), expire_at=day(7)),
    )
    postings = pool.advance(day(9))
    assert [(p.entry_type, p.grant_id, p.at) for p in postings] == [
        (EntryType.GRANTED, "b", day(2)),
        (EntryType.EXPIRED, "a", day(4)),  # at one moment endings come first
        (EntryType.GRANTED, "c", day(4)),
        (EntryType.GRANTED, "d", day(6)),
        (EntryType.EXPIRED, "d", day(7)),
    ]


def test_an_ending_that_meets_a_start_cannot_pay_what_the_start_pays() -> None:
    """The debt arose at the ending's own moment, so the new grant settles it."""
    pool = pool_of(block("a", 10, expire_at=day(4)), block("b", 20, effective_at=day(4)))
    pool.burn(Decimal(12), day(3))
    pool.advance(day(4))
    assert (pool.grants["a"].status, pool.grants["b"].consumed) == (GrantStatus.EXPIRED, 2)


def test_a_scheduled_grant_counts_from_its_start_and_settles_the_overdraft_then() -> None:
    pool = pool_of(block("later", 50, effective_at=day(10)))
    assert (pool.balance, pool.grants["later"].status) == (0, GrantStatus.SCHEDULED)
    assert pool.next_change() == day(10)
    pool.burn(Decimal(15), day(1))
    assert (pool.balance, pool.advance(day(10) + JUST_BEFORE)) == (-15, [])
    assert [entry for entry, _, _ in parts(pool.advance(day(10)))] == [
        "GRANTED",
        "CONSUMPTION_TRANSFER_SOURCE",
        "CONSUMPTION_TRANSFER_TARGET",
    ]
    assert pool.balance == 35


def test_a_grant_that_awaits_payment_counts_for_nothing() -> None:
    pending = block("a", status=GrantStatus.PAYMENT_PENDING)
    pool = pool_of(pending)
    assert (pool.balance, pool.next_change(), pool.advance(day(99))) == (0, None, [])
    assert parts(pool.burn(Decimal(1), day(1)))[0][1] == "overdraft-pool-1"


def test_a_voided_grant_leaves_at_once_with_what_is_left_of_it() -> None:
    pool = pool_of(block("a", 100), block("b", 5))
    pool.burn(Decimal(30), day(1))
    assert parts(pool.void("a", day(2))) == [("VOIDED", "a", -70)]
    voided = pool.grants["a"]
    assert (voided.status, voided.voided_at, voided.consumed) == (GrantStatus.VOIDED, day(2), 30)
    assert pool.balance == 5
    assert parts(pool.burn(Decimal(1), day(2))) == [("CONSUMED", "b", -1)]


@pytest.mark.parametrize("status", [GrantStatus.SCHEDULED, GrantStatus.PAYMENT_PENDING])
def test_a_grant_that_never_counted_is_voided_without_a_row(status: GrantStatus) -> None:
    pool = pool_of(block("a", status=status, effective_at=day(5)))
    assert pool.void("a", day(1)) == []
    assert pool.advance(day(9)) == []
    assert pool.grants["a"].status is GrantStatus.VOIDED


def test_an_overdraft_an_expired_and_a_voided_grant_cannot_be_voided() -> None:
    pool = pool_of(block("old", expire_at=day(1)), block("gone"))
    pool.void("gone", MAY)
    pool.advance(day(2))
    pool.burn(Decimal(1), day(2))
    before = values(pool)
    for grant_id, sentence in [
        ("overdraft-pool-1", "Overdraft credit grants cannot be voided."),
        ("gone", "Grant gone is already voided."),
        ("old", "Grant old has expired and cannot be voided."),
    ]:
        with pytest.raises(VoidError) as refused:
            pool.void(grant_id, day(3))
        assert str(refused.value) == sentence
    assert values(pool) == before


def test_a_late_event_burns_what_was_there_at_its_time_and_still_has_credits() -> None:
    pool = pool_of(
        block("then", 10, expire_at=day(30)),
        block("since", 10, priority=1, effective_at=day(5)),
    )
    pool.advance(day(6))
    assert parts(pool.burn(Decimal(1), day(6)))[0][1] == "since"
    assert parts(pool.burn(Decimal(1), day(2)))[0][1] == "then"


def test_a_late_event_takes_nothing_from_a_grant_that_has_ended_since() -> None:
    pool = pool_of(block("a", 10, expire_at=day(3)), block("b", 10, effective_at=day(3)))
    pool.advance(day(4))
    assert parts(pool.burn(Decimal(1), day(2))) == [("CONSUMED", "overdraft-pool-1", -1)]
    assert pool.balance == 9


def test_giving_back_refills_what_burned_last() -> None:
    pool = pool_of(block("first", 10, priority=1), block("second", 10, priority=2))
    pool.burn(Decimal(15), day(1))
    assert parts(pool.burn(Decimal(-7), day(2))) == [
        ("CONSUMED", "second", 5),
        ("CONSUMED", "first", 2),
    ]
    assert parts(pool.burn(Decimal(3), day(3))) == [
        ("CONSUMED", "first", -2),
        ("CONSUMED", "second", -1),
    ]


def test_giving_back_lessens_a_debt_first_and_closes_it_at_zero() -> None:
    pool = pool_of(block("a", 10))
    pool.burn(Decimal(14), day(1))
    assert parts(pool.burn(Decimal(-1), day(2))) == [("CONSUMED", "overdraft-pool-1", 1)]
    assert parts(pool.burn(Decimal(-5), day(2))) == [
        ("CONSUMED", "overdraft-pool-1", 3),
        ("CONSUMED", "a", 2),
    ]
    assert (pool.balance, pool.overdraft) == (2, None)
    assert pool.grants["overdraft-pool-1"].status is GrantStatus.VOIDED


def test_no_more_is_given_back_than_was_consumed() -> None:
    pool = pool_of(block("a", 10))
    pool.burn(Decimal(4), day(1))
    assert parts(pool.burn(Decimal(-100), day(2))) == [("CONSUMED", "a", 4)]
    assert parts(pool.burn(Decimal(-1), day(2))) == []
    assert pool.balance == 10


def test_burning_nothing_writes_nothing() -> None:
    pool = pool_of(block("a"))
    assert pool.burn(Decimal(0), day(1)) == []


# Random histories

AMOUNTS = st.decimals(Decimal("0.000001"), Decimal(200), places=6)
HOURS = st.integers(0, 60)
GRANTED = st.tuples(
    st.just("grant"),
    AMOUNTS,
    st.integers(-24, 48),
    st.none() | st.integers(1, 72),
    st.sampled_from([1, 50]),
    st.sampled_from([GrantType.PAID, GrantType.PROMOTIONAL, GrantType.RECURRING]),
    st.booleans(),
)
BURNED = st.tuples(st.just("burn"), AMOUNTS, HOURS)
GIVEN_BACK = st.tuples(st.just("give back"), AMOUNTS, HOURS)
VOIDED = st.tuples(st.just("void"), st.integers(0, 20))
WAITED = st.tuples(st.just("wait"), st.integers(1, 36))
HISTORIES = st.lists(st.one_of(GRANTED, BURNED, BURNED, GIVEN_BACK, VOIDED, WAITED), max_size=25)

Step = tuple[Any, ...]
History = list[Step]


class Story:
    """A pool that lives through a history, step by step."""

    def __init__(self) -> None:
        self.now = MAY
        self.pool = Pool("pool")
        self.postings: list[Posting] = []

    def live(self, step: Step) -> list[Posting]:
        """One step; the rows it wrote."""
        written = self._written(*step)
        self.postings += written
        return written

    def _written(self, what: str, *much: Any) -> list[Posting]:
        if what == "grant":
            return self.pool.add(self._grant(*much), self.now)
        if what == "void":
            return self._void(*much)
        if what == "wait":
            self.now += timedelta(hours=much[0])
            return self.pool.advance(self.now)
        amount, late = much
        sign = 1 if what == "burn" else -1
        return self.pool.burn(sign * amount, self.now - timedelta(hours=late))

    def _grant(
        self,
        amount: Decimal,
        starts: int,
        lasts: int | None,
        priority: int,
        grant_type: GrantType,
        is_paid: bool,
    ) -> Grant:
        effective_at = self.now + timedelta(hours=starts)
        return Grant(
            f"grant-{len(self.pool.grants):02}",
            grant_type,
            amount,
            effective_at=effective_at,
            created_at=self.now,
            expire_at=None if lasts is None else effective_at + timedelta(hours=lasts),
            priority=priority,
            status=GrantStatus.SCHEDULED if is_paid else GrantStatus.PAYMENT_PENDING,
        )

    def _void(self, number: int) -> list[Posting]:
        ids = list(self.pool.grants)
        if not ids:
            return []
        try:
            return self.pool.void(ids[number % len(ids)], self.now)
        except VoidError:
            return []


def total(postings: Iterable[Posting], *types: EntryType) -> Decimal:
    return sum((p.amount for p in postings if not types or p.entry_type in types), Decimal(0))


REPLAY = settings(max_examples=80, deadline=None, derandomize=True, database=None)
DEBT_THEN_GRANTS: History = [
    ("burn", Decimal(20), 0),
    ("grant", Decimal(5), 0, None, 50, GrantType.PAID, True),
    ("grant", Decimal(50), 24, 48, 50, GrantType.PROMOTIONAL, True),
    ("wait", 30),
    ("give back", Decimal(99), 0),
    ("wait", 36),
    ("wait", 36),
]


@REPLAY
@given(HISTORIES)
@example(DEBT_THEN_GRANTS)
def test_the_balance_is_what_remains_and_what_the_ledger_adds_up_to(history: History) -> None:
    story = Story()
    for step in history:
        story.live(step)
        pool, rows = story.pool, story.postings
        granted = total(rows, EntryType.GRANTED)
        consumed = -total(rows, EntryType.CONSUMED)
        expired = -total(rows, EntryType.EXPIRED)
        voided = -total(rows, EntryType.VOIDED)
        moved = total(rows, EntryType.TRANSFER_SOURCE, EntryType.TRANSFER_TARGET)
        remains = sum((grant.remaining for grant in pool.grants.values()), Decimal(0))
        assert pool.balance == remains == total(rows) == pool.granted - pool.consumed
        assert pool.balance == granted - consumed - expired - voided
        assert min(granted, consumed, expired, voided) >= 0 == moved


@REPLAY
@given(HISTORIES)
@example(DEBT_THEN_GRANTS)
def test_each_grants_rows_add_up_to_what_remains_of_it(history: History) -> None:
    story = Story()
    for step in history:
        story.live(step)
        by_grant: dict[str, Decimal] = defaultdict(Decimal)
        for posting in story.postings:
            by_grant[posting.grant_id] += posting.amount
        assert {name: by_grant[name] for name in story.pool.grants} == {
            name: grant.remaining for name, grant in story.pool.grants.items()
        }


@REPLAY
@given(HISTORIES)
@example(DEBT_THEN_GRANTS)
def test_no_grant_burns_beyond_its_amount_and_at_most_one_overdraft_is_owed(
    history: History,
) -> None:
    story = Story()
    for step in history:
        story.live(step)
        grants = list(story.pool.grants.values())
        debts = [grant for grant in grants if grant.grant_type is GrantType.OVERDRAFT]
        assert all(0 <= g.consumed <= g.amount for g in grants if g not in debts)
        assert all(debt.amount == 0 <= debt.consumed for debt in debts)
        owed = [debt for debt in debts if debt.status is GrantStatus.ACTIVE]
        assert owed == ([story.pool.overdraft] if story.pool.overdraft else [])
        assert all(debt.consumed > 0 for debt in owed)
        assert all(not debt.consumed for debt in debts if debt not in owed)


@REPLAY
@given(HISTORIES)
@example(DEBT_THEN_GRANTS)
def test_a_burn_takes_exactly_its_amount_as_the_naive_loop_would(history: History) -> None:
    story = Story()
    for step in history:
        grants, when = deepcopy(story.pool.grants), story.now
        written = story.live(step)
        if step[0] == "burn":
            when -= timedelta(hours=step[2])
            assert -total(written) == step[1]
            assert parts(written) == naive(grants, step[1], when, story.pool)
        elif step[0] == "give back":
            consumed = sum((g.consumed for g in grants.values() if is_active(g)), Decimal(0))
            assert total(written) == min(step[1], consumed)


def naive(
    grants: dict[str, Grant], amount: Decimal, when: datetime, pool: Pool
) -> list[tuple[str, str, Decimal]]:
    """The burn order of the contract read aloud: try every grant again for each part."""
    rows = []
    while amount:
        usable = [
            g
            for g in grants.values()
            if is_active(g)
            and g.grant_type is not GrantType.OVERDRAFT
            and g.consumed < g.amount
            and g.effective_at <= when
            and (g.expire_at is None or when < g.expire_at)
        ]
        if not usable:
            assert pool.overdraft is not None
            return [*rows, ("CONSUMED", pool.overdraft.grant_id, -amount)]
        first = min(
            usable,
            key=lambda g: (
                g.priority,
                g.expire_at is None,
                g.expire_at or MAY,
                g.grant_type is not GrantType.PROMOTIONAL,
                g.effective_at,
                g.created_at,
                g.grant_id,
            ),
        )
        part = min(amount, first.amount - first.consumed)
        first.consumed += part
        amount -= part
        rows.append(("CONSUMED", first.grant_id, -part))
    return rows


def is_active(grant: Grant) -> bool:
    return grant.status is GrantStatus.ACTIVE


@REPLAY
@given(HISTORIES)
@example(DEBT_THEN_GRANTS)
def test_a_pool_read_back_from_its_grants_goes_on_as_if_it_had_never_stopped(
    history: History,
) -> None:
    story, stopped = Story(), Story()
    for step in history:
        stopped.pool = Pool("pool", deepcopy(list(stopped.pool.grants.values())))
        assert stopped.live(step) == story.live(step)
    assert values(stopped.pool) == values(story.pool)
    assert stopped.pool.next_change() == story.pool.next_change()
