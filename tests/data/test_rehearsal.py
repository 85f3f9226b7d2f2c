"""A rehearsal buys, owes and ends as the metering API does when the same events are really sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from local_metering import CURRENCY, Answer, LocalApi

from data.credits.grants import Grant, GrantStatus, GrantType
from data.credits.pool import EntryType
from data.credits.recharge import Expiration, RechargeRule, ThresholdType
from data.credits.rehearsal import Rehearsal, Written, below_zero, days_of, rehearse

PRICE = Decimal("0.02")
LEAST = Decimal(100)
APRIL = datetime(2026, 4, 1)
numbers = count(1)

Time = datetime
Rule = dict[str, Any]
RULE: Rule = {"thresholdValue": 500, "targetBalance": 5000}


@dataclass(frozen=True)
class Deed:
    """Something that happens to a pool some hours after the window's start."""

    hours: float
    kind: str
    amount: Decimal = Decimal(0)
    lasts: float | None = None
    """Hours until a grant expires."""


@dataclass
class World:
    """A customer of the local API, and what has really come of the deeds."""

    api: LocalApi
    since: datetime
    customer: str = field(default_factory=lambda: f"customer-{next(numbers)}")
    made: list[str] = field(default_factory=list)

    def begin(self, before: Sequence[Deed]) -> None:
        self.api.clock.now = self.since - timedelta(days=20)
        self.api.provision(self.customer)
        self.play(before)
        self.pass_to(self.since)

    def play(self, deeds: Sequence[Deed]) -> None:
        for deed in sorted(deeds, key=lambda deed: deed.hours):
            self.pass_to(self.since + timedelta(hours=deed.hours))
            self.do(deed)
            self.api.settle()

    def pass_to(self, at: datetime) -> None:
        self.api.clock.now = at
        self.api.settle()

    def do(self, deed: Deed) -> None:
        if deed.kind == "use":
            key = f"use-{next(numbers)}"
            self.api.consume(deed.amount, key, customerId=self.customer)
        elif deed.kind == "void":
            self.void()
        else:
            now = self.api.clock.now
            lasts = None if deed.lasts is None else now + timedelta(hours=deed.lasts)
            given = {"customerId": self.customer, "grantType": deed.kind}
            if lasts:
                given["expireAt"] = f"{lasts.isoformat(timespec='milliseconds')}Z"
            self.made.append(self.api.grant(deed.amount, **given)["grantId"])

    def void(self) -> None:
        """The first grant made by hand that can still be voided."""
        there = {grant["grantId"]: grant["status"] for grant in self.grants()}
        for grant_id in self.made:
            if there[grant_id] in ("ACTIVE", "SCHEDULED"):
                self.api.void(grant_id)
                return

    def save(self, rule: Rule) -> None:
        self.api.save_recharge(customerId=self.customer, **rule)

    def grants(self) -> list[Answer]:
        return self.api.grants(customerId=self.customer)

    def ledger(self) -> list[Answer]:
        """The rows from the window's start on, in the order written."""
        rows = self.api.ledger(customerId=self.customer)
        first = next((n for n, r in enumerate(rows) if _time(r["timestamp"]) >= self.since), None)
        return [] if first is None else rows[first:]

    def balance(self) -> Decimal:
        return sum((Decimal(r["amount"]) for r in self.api.ledger(customerId=self.customer)),
                   Decimal(0))  # fmt: skip


def rehearsed(world: World, rule: Rule, until: datetime) -> Rehearsal:
    rows = [
        Written(_time(r["timestamp"]), EntryType(r["eventType"]), r["creditGrantId"],
                Decimal(r["amount"]), r["eventId"], r["featureId"])
        for r in world.ledger()
    ]  # fmt: skip
    return rehearse([_grant(g) for g in world.grants()], rows, _rule(rule), world.since, until)


def both(
    api: LocalApi, since: datetime, before: Sequence[Deed], deeds: Sequence[Deed], rule: Rule,
    was: Rule | None = None, *, days: float = 40,
) -> Rehearsal:  # fmt: skip
    """The rehearsal, asserted to be what comes of really having had the rule.

    `was`: the rule that the rehearsed pool really had meanwhile.
    """
    until = since + timedelta(days=days)
    past, truth = World(api, since), World(api, since)
    for world, its in ((past, was), (truth, rule)):
        world.begin(before)
        if its:
            world.save(its)
        world.play(deeds)
        world.pass_to(until)
    told = rehearsed(past, rule, until)
    really = [
        (_time(g["createdAt"]), Decimal(g["amount"]), Decimal(g["cost"]["amount"]))
        for g in reversed(truth.grants())
        if g["automaticRechargeConfigurationId"]
    ]
    assert [(b.at, b.credits, b.cost) for b in told.bought] == really
    month = [b.cost for b in told.bought if (b.at.year, b.at.month) == (until.year, until.month)]
    spent = api.recharge(customerId=truth.customer)["currentMonthlySpend"]
    assert sum(month, Decimal(0)) == spent
    assert told.closing == truth.balance()
    assert told.opening + sum((p.amount for p in told.postings), Decimal(0)) == told.closing
    written = [
        (r["eventType"], Decimal(r["amount"]), _time(r["timestamp"])) for r in truth.ledger()
    ]
    assert [(p.entry_type.value, p.amount, p.at) for p in told.postings] == [
        row for row in written if row[2] >= since
    ]
    return told


# The situations, each by itself


def use(hours: float, amount: object) -> Deed:
    return Deed(hours, "use", Decimal(str(amount)))


def test_a_balance_already_below_the_threshold_buys_at_the_window_s_start(api: LocalApi) -> None:
    told = both(api, APRIL, [Deed(-5, "PAID", Decimal(100))], [use(3, 4600)], RULE)
    assert [(b.at, b.credits, b.cost) for b in told.bought] == [
        (APRIL, 4900, 98), (APRIL + timedelta(hours=3), 4600, 92)
    ]  # fmt: skip


def test_the_cap_is_reached_mid_month_and_the_next_month_buys_again(api: LocalApi) -> None:
    deeds = [use(24 * 9, 600), use(24 * 10, 4600), use(24 * 15, 700)]
    rule = RULE | {"maxSpendLimit": 100}
    told = both(api, APRIL, [Deed(-5, "PAID", Decimal(1000))], deeds, rule)
    assert [(b.at, b.cost) for b in told.bought] == [(APRIL + timedelta(days=9), 92)]
    assert told.closing == -300
    assert told.stopped == ((APRIL + timedelta(days=10), APRIL + timedelta(days=40)),)
    assert days_of(told.stopped) == 30
    assert below_zero(told.course, APRIL + timedelta(days=40)) == timedelta(days=25)
    raised = both(api, APRIL, [Deed(-5, "PAID", Decimal(1000))], deeds,
                  RULE | {"maxSpendLimit": 120})  # fmt: skip
    assert [b.at for b in raised.bought][1:] == [datetime(2026, 5, 1)]
    assert raised.stopped == ((APRIL + timedelta(days=10), datetime(2026, 5, 1)),)


def test_what_was_owed_before_the_window_is_settled_by_its_first_recharge(api: LocalApi) -> None:
    told = both(api, APRIL, [Deed(-9, "PAID", Decimal(100)), use(-5, 350)], [], RULE)
    assert (told.opening, told.closing) == (-250, 5000)
    assert [b.credits for b in told.bought] == [5250]
    assert below_zero(told.course, APRIL + timedelta(days=1)) == timedelta()


def test_an_overdraft_within_the_window_is_settled_by_the_recharge(api: LocalApi) -> None:
    told = both(api, APRIL, [Deed(-5, "PAID", Decimal(1000))], [use(2, 1700)], RULE)
    kinds = {p.entry_type for p in told.postings}
    assert {EntryType.TRANSFER_SOURCE, EntryType.TRANSFER_TARGET} <= kinds


def test_a_threshold_in_dollars_counts_what_the_credits_are_worth(api: LocalApi) -> None:
    rule = {"thresholdType": "DollarAmount", "thresholdValue": 10, "targetBalance": 5000}
    deeds = [use(2, 500), use(3, "0.000001")]
    told = both(api, APRIL, [Deed(-5, "PAID", Decimal(1000))], deeds, rule)
    assert [(b.at, b.cost) for b in told.bought] == [(APRIL + timedelta(hours=3), 90)]


def test_what_recharges_really_bought_in_the_window_is_left_out(api: LocalApi) -> None:
    was = {"thresholdValue": 900, "targetBalance": 3000, "grantExpirationPeriod": "OneMonth"}
    deeds = [use(2, 700), use(50, 2500), use(24 * 33, 100), use(24 * 35, 4000)]
    told = both(api, APRIL, [Deed(-5, "PAID", Decimal(1000))], deeds, RULE, was)
    assert [b.credits for b in told.bought][:1] == [4700]


def test_recharges_of_before_the_window_stay_and_count_in_the_month_s_spend(api: LocalApi) -> None:
    """The customer's own rule bought for 92 $ in April: of a cap of 150 $ 58 $ are left."""
    past = World(api, APRIL + timedelta(days=10))
    past.begin([Deed(-24 * 10, "PAID", Decimal(1000))])
    past.since = APRIL
    past.pass_to(APRIL + timedelta(days=10))
    past.save(RULE)
    past.since = APRIL + timedelta(days=10)
    past.play([use(1, 600)])
    since = APRIL + timedelta(days=11)
    past.since = since
    past.play([use(1, 4600)])
    until = since + timedelta(days=4)
    past.pass_to(until)
    told = rehearsed(past, RULE | {"maxSpendLimit": 150}, until)
    assert (told.opening, told.bought, told.closing) == (5000, (), 400)
    assert told.stopped == ((since + timedelta(hours=1), until),)


def test_grants_expire_start_and_are_voided_as_they_really_were(api: LocalApi) -> None:
    before = [Deed(-50, "PAID", Decimal(2000), lasts=90), Deed(-5, "PROMOTIONAL", Decimal(800))]
    deeds = [use(5, 300), Deed(10, "PAID", Decimal(700)), Deed(20, "void"), use(60, 900)]
    told = both(api, APRIL, before, deeds, RULE)
    kinds = {p.entry_type for p in told.postings}
    assert {EntryType.GRANTED, EntryType.VOIDED} <= kinds
    told = both(api, APRIL, before, [use(5, 300), use(60, 900)], RULE)
    assert EntryType.EXPIRED in {p.entry_type for p in told.postings}


# Whatever happens


amounts = st.decimals(Decimal("0.000001"), Decimal(3000), places=6)
deeds_ = st.builds(
    Deed,
    st.integers(1, 24 * 38 * 4).map(lambda quarter: quarter / 4),
    st.sampled_from(["use"] * 8 + ["PAID", "PROMOTIONAL", "void"]),
    amounts,
    st.none() | st.integers(1, 24 * 30),
)
rules = st.builds(
    lambda kind, below, above, cap, period: {
        "thresholdType": kind,
        "thresholdValue": below if kind == "CreditAmount" else below * PRICE,
        "targetBalance": below + above,
        "maxSpendLimit": cap,
        "grantExpirationPeriod": period,
    },
    st.sampled_from(["CreditAmount", "DollarAmount"]),
    st.integers(1, 2000),
    st.integers(1, 4000),
    st.none() | st.integers(1, 150),
    st.sampled_from(["OneMonth", "OneYear"]),
)


# A failure is shown as it was found: to shrink it would ask the service for minutes.
@settings(
    phases=[Phase.explicit, Phase.generate],
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    before=st.lists(
        st.builds(
            Deed, st.integers(-400, -1), st.sampled_from(["use", "PAID", "PROMOTIONAL"]), amounts,
            st.none() | st.integers(100, 1200),
        ), max_size=4, unique_by=lambda deed: deed.hours,
    ),
    deeds=st.lists(deeds_, max_size=14, unique_by=lambda deed: deed.hours),
    day=st.integers(0, 29),
    rule=rules,
    was=st.none() | rules,
)  # fmt: skip
def test_a_rehearsal_is_what_the_api_does_with_the_same_events(
    shared: LocalApi,
    before: list[Deed],
    deeds: list[Deed],
    day: int,
    rule: Rule,
    was: Rule | None,
) -> None:
    both(shared, APRIL + timedelta(days=day), before, deeds, rule, was)


def test_days_are_counted_once_however_many_stretches_touch_them() -> None:
    hour = timedelta(hours=1)
    assert days_of([(APRIL, APRIL + hour), (APRIL + 2 * hour, APRIL + 3 * hour)]) == 1
    assert days_of([(APRIL + 23 * hour, APRIL + 24 * hour)]) == 1
    assert days_of([(APRIL + 23 * hour, APRIL + 25 * hour)]) == 2


@pytest.mark.parametrize(("left", "hours"), [(0, 3), (-1, 3), (1, 0)])
def test_zero_itself_counts_as_nothing_left(left: int, hours: int) -> None:
    course = [(APRIL, Decimal(5)), (APRIL + timedelta(hours=1), Decimal(left))]
    assert below_zero(course, APRIL + timedelta(hours=4)) == timedelta(hours=hours)


def _rule(rule: Rule) -> RechargeRule:
    cap = rule.get("maxSpendLimit")
    return RechargeRule(
        threshold=Decimal(rule["thresholdValue"]),
        target=Decimal(rule["targetBalance"]),
        unit_price=PRICE,
        threshold_type=ThresholdType(rule.get("thresholdType", "CreditAmount")),
        monthly_cap=None if cap is None else Decimal(cap),
        expiration=Expiration(rule.get("grantExpirationPeriod", "OneYear")),
        least_amount=LEAST,
    )


def _grant(node: Answer) -> Grant:
    return Grant(
        node["grantId"],
        GrantType(node["grantType"]),
        Decimal(node["amount"]),
        effective_at=_time(node["effectiveAt"]),
        created_at=_time(node["createdAt"]),
        expire_at=node["expireAt"] and _time(node["expireAt"]),
        priority=int(node["priority"]),
        consumed=Decimal(node["consumedAmount"]),
        status=GrantStatus(node["status"]),
        voided_at=node["voidedAt"] and _time(node["voidedAt"]),
        cost=Decimal(node["cost"]["amount"]),
        is_recharge=node["automaticRechargeConfigurationId"] is not None,
    )


def _time(text: str) -> Time:
    return datetime.fromisoformat(text.rstrip("Z"))


assert CURRENCY == "ai-tokens"  # sold at PRICE by the plan of every customer here
