"""Expected use run through a pool: expiries, scheduled grants and recharges count, exactly."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.credits.fleet import exact, microseconds, time_of
from data.credits.grants import Grant, GrantStatus, GrantType
from data.credits.outlook import Course, Flow, course
from data.credits.pool import Pool
from data.credits.recharge import Expiration, RechargeRule
from data.credits.renewals import renewals

NOON = datetime(2026, 5, 1, 12)
MIDNIGHT = datetime(2026, 5, 2)


def day(number: float) -> datetime:
    """So many days after NOON."""
    return NOON + timedelta(days=number)


def flow(daily: Sequence[int]) -> Flow:
    """Whole credits for the rest of today and for each day after it."""
    ends = [MIDNIGHT + timedelta(days=number) for number in range(len(daily))]
    used = [0]
    for credits in daily:
        used.append(used[-1] + credits * 10**6)
    return Flow([microseconds(at) for at in (NOON, *ends)], used)


def steady(credits: int = 10, days: int = 30) -> Flow:
    return flow([credits // 2, *[credits] * (days - 1)])


def grant(name: str, amount: int = 100, **changes: Any) -> Grant:
    given = {"effective_at": day(-9), "created_at": day(-9), "status": GrantStatus.ACTIVE}
    return Grant(name, GrantType.PAID, Decimal(amount), **(given | changes))


def scheduled(name: str, starts: float, amount: int = 100) -> Grant:
    return grant(name, amount, effective_at=day(starts), status=GrantStatus.SCHEDULED)


def rule(**changes: Any) -> RechargeRule:
    given = {"threshold": Decimal(20), "target": Decimal(100), "unit_price": Decimal("0.1")}
    return RechargeRule(**(given | changes))


def fared(*grants: Grant, use: Flow | None = None, by: RechargeRule | None = None) -> Course:
    return course(Pool("pool", grants, rule=by), use or steady())


def test_credits_run_out_when_as_much_is_used_as_there_is() -> None:
    found = fared(grant("first"))
    assert found.ran_out == day(10)
    assert list(found.left())[:2] == [95, 85]


def test_what_ends_before_it_is_used_lapses_and_brings_the_end_forward() -> None:
    found = fared(grant("short", expire_at=day(3)), grant("long", 50))
    assert found.lapsed == {"short": 70}
    assert found.ran_out == day(8)


def test_a_pool_is_out_when_its_last_grant_ends() -> None:
    assert fared(grant("only", expire_at=day(3))).ran_out == day(3)


def test_a_scheduled_grant_puts_the_end_off_if_it_comes_in_time() -> None:
    in_time = fared(grant("first"), scheduled("next", 9))
    assert (in_time.ran_out, in_time.started) == (day(20), 100)
    too_late = fared(grant("first"), scheduled("next", 11))
    assert too_late.ran_out == day(10)
    assert list(too_late.left())[-1] == 200 - 295


def test_a_recharge_keeps_a_pool_from_running_out() -> None:
    found = fared(grant("first"), by=rule())
    assert found.ran_out is None
    assert [bought.at.date() for bought in found.bought] == [day(d).date() for d in (8, 16, 24)]
    assert all(80 < bought.credits < 81 for bought in found.bought)


def test_a_cap_stops_recharges_until_the_next_month() -> None:
    found = fared(grant("first"), use=steady(days=60), by=rule(monthly_cap=Decimal(20)))
    assert [bought.at.month for bought in found.bought][:2] == [5, 5]
    assert found.ran_out is not None
    assert found.ran_out.date() == day(26).date()
    assert all(bought.at.month == 6 for bought in found.bought[2:])


def test_what_this_months_recharges_have_cost_counts_towards_the_cap() -> None:
    spent = grant("before", 1, consumed=Decimal(1), is_recharge=True, cost=Decimal(15))
    spent.created_at = NOON
    found = fared(grant("first"), spent, by=rule(monthly_cap=Decimal(20)))
    assert (found.bought, found.ran_out) == ((), day(10))


def test_bought_credits_that_last_a_month_may_lapse_in_turn() -> None:
    given = rule(target=Decimal(1000), expiration=Expiration.MONTH)
    found = fared(grant("first"), use=steady(days=60), by=given)
    assert found.bought[0].at.date() == day(8).date()
    assert sum(found.lapsed.values()) > 600


def test_a_pool_that_is_out_already_was_so_from_the_start() -> None:
    debt = Grant("debt", GrantType.OVERDRAFT, Decimal(0), day(-1), day(-1), consumed=Decimal(7))
    debt.status = GrantStatus.ACTIVE
    found = fared(debt)
    assert (found.ran_out, next(found.left())) == (NOON, -12)


def test_without_use_nothing_runs_out_but_what_ends() -> None:
    assert fared(grant("first"), use=flow([0] * 9)).ran_out is None
    assert fared(grant("first", expire_at=day(4)), use=flow([0] * 9)).ran_out == day(4)


@pytest.mark.parametrize(
    ("window", "ends"),
    [
        ("2026-01-31 2026-02-28", "2026-03-31 2026-04-30 2026-05-31"),
        ("2026-01-15 2026-04-15", "2026-07-15"),
        ("2026-05-01 2026-05-11", "2026-05-21 2026-05-31"),
        ("2026-01-01 2026-07-01", ""),
    ],
)
def test_a_recurring_grant_comes_again_for_as_long_as_it_was(window: str, ends: str) -> None:
    start, end = map(datetime.fromisoformat, window.split())
    found = list(renewals(start, end, until=datetime(2026, 5, 30)))
    assert " ".join(f"{until:%Y-%m-%d}" for _, until in found) == ends
    assert [begin for begin, _ in found] == [end, *(until for _, until in found)][: len(found)]


GRANTS = st.lists(
    st.builds(
        lambda amount, consumed, start, length, priority: {
            "amount": amount,
            "consumed": Decimal(min(amount, consumed) if start <= 0 else 0),
            "effective_at": day(start),
            "expire_at": None if length is None else max(day(start + length), day(0.1)),
            "priority": priority,
            "status": GrantStatus.ACTIVE if start <= 0 else GrantStatus.SCHEDULED,
        },
        amount=st.integers(1, 300),
        consumed=st.integers(0, 300),
        start=st.one_of(st.just(-3), st.floats(0.1, 40)),
        length=st.none() | st.floats(0.5, 60),
        priority=st.integers(1, 3),
    ),
    max_size=6,
)
USES = st.lists(st.integers(0, 40), min_size=1, max_size=45)
RULES = st.none() | st.builds(
    rule,
    threshold=st.integers(0, 60).map(Decimal),
    target=st.integers(61, 200).map(Decimal),
    monthly_cap=st.none() | st.integers(0, 40).map(Decimal),
    expiration=st.sampled_from(Expiration),
)


def made(given: list[dict[str, Any]]) -> list[Grant]:
    return [grant(f"grant-{number}", **each) for number, each in enumerate(given)]


@given(GRANTS, USES, RULES)
def test_nothing_is_lost(
    grants: list[dict[str, Any]], daily: list[int], by: RechargeRule | None
) -> None:
    use = flow(daily)
    pool = Pool("pool", made(grants), rule=by)
    held = pool.balance
    found = course(pool, use)
    bought = sum(each.credits for each in found.bought)
    lapsed, used = sum(found.lapsed.values()), exact(use.used[-1])
    assert list(found.left())[-1] == pool.balance == pool.remaining
    assert held + found.started + bought - used - lapsed == pool.balance
    starting = [g["amount"] for g in grants if day(0) < g["effective_at"] <= time_of(use.times[-1])]
    assert found.started == sum(starting)


@given(GRANTS, USES)
def test_it_is_what_a_pool_does_that_is_asked_hour_by_hour(
    grants: list[dict[str, Any]], daily: list[int]
) -> None:
    """The grants' own moments among the hours, so that no use is on their wrong side."""
    use = flow(daily)
    found = course(Pool("pool", made(grants)), use)
    end = time_of(use.times[-1])
    hours = {NOON + timedelta(hours=n) for n in range(0, (len(daily) + 1) * 24)}
    edges = {at for g in grants for at in (g["effective_at"], g["expire_at"]) if at}
    moments = sorted(at for at in hours | edges | {end} if NOON <= at <= end)
    pool, lapsed, ran_out, left = Pool("pool", made(grants)), Decimal(0), None, {}
    for at, until in zip(moments, [*moments[1:], end], strict=True):
        lapsed -= sum(p.amount for p in pool.advance(at) if p.entry_type == "CREDITS_EXPIRED")
        left[at] = pool.balance
        if pool.balance <= 0 and ran_out is None:
            ran_out = at
        pool.burn(exact(use.by(microseconds(until)) - use.by(microseconds(at))), at)
    assert [left[time_of(at)] for at in use.times[1:]] == list(found.left())
    assert lapsed == sum(found.lapsed.values())
    if ran_out is None or found.ran_out is None:
        assert ran_out == found.ran_out
    else:
        assert timedelta(0) <= ran_out - found.ran_out <= timedelta(hours=1)
