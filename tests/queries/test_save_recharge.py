"""Auto-recharge is saved, read back and rehearsed, in this process and over HTTP alike."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from local_metering import CURRENCY, NOON, LocalApi, ServedApi

from dashboard.activity.store import ActivityFile
from data.metering.errors import NotFound
from queries.activity import Outcome, read
from queries.answer import answer
from queries.command import Actor, ChangedSince, NotPermitted, Role, new_key
from queries.perform import perform
from queries.question import Live
from queries.recharge import Recharge, RechargeLimits
from queries.recharge.commands import SaveRecharge, saved
from queries.recharge.past import gather
from queries.recharge.rehearse import balances, bought_frame, rehearsal_of
from queries.recharge.terms import Terms, limits_of, price_of, rule_of, terms_of
from queries.time import Grain

BOB, SUE = Actor("bob", Role.BILLING), Actor("sue", Role.SUPPORT)
TERMS = Terms("CreditAmount", Decimal(500), Decimal(5000), Decimal(200), "OneMonth")
numbers = count(1)


@pytest.fixture(scope="module", params=[LocalApi, ServedApi], ids=["inside", "http"])
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalApi]:
    api = request.param(tmp_path_factory.mktemp("api") / "store")
    yield api
    api.close()


@pytest.fixture(autouse=True)
def _time_is_the_api_s(monkeypatch: pytest.MonkeyPatch, api: LocalApi) -> None:
    api.clock.now = NOON
    for asks in ("queries.answer", "queries.perform"):
        monkeypatch.setattr(f"{asks}.utc_now", api.clock)


@pytest.fixture
def customer(api: LocalApi) -> str:
    customer_id = f"customer-{next(numbers)}"
    api.provision(customer_id)
    return customer_id


@pytest.fixture
def activity(tmp_path: Path) -> ActivityFile:
    return ActivityFile(tmp_path / "activity.sqlite")


def test_what_is_saved_is_answered_and_its_before_and_after_recorded(
    api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    command = SaveRecharge(customer, CURRENCY, TERMS, key=new_key())
    perform(command, BOB, api.client, activity)
    found = answer(Recharge(customer, CURRENCY), Live(api.client)).frame
    assert terms_of(found) == TERMS
    last = activity.last(command.key)
    assert last is not None
    assert last.fact.outcome is Outcome.DONE
    assert read(last.fact.before or "")["targetBalance"] == 0
    assert read(last.fact.after or "")["saveAutoRechargeSettings"]["targetBalance"] == 5000


def test_switching_off_and_on_again_keeps_the_numbers(
    api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    for terms, seen in ((TERMS, None), (None, NOON)):
        command = SaveRecharge(customer, CURRENCY, terms, seen=seen, key=new_key())
        perform(command, BOB, api.client, activity)
    found = answer(Recharge(customer, CURRENCY), Live(api.client)).frame
    assert (found["is_enabled"].item(), terms_of(found)) == (False, TERMS)


def test_support_is_refused_and_nothing_is_sent(
    api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    command = SaveRecharge(customer, CURRENCY, TERMS, key=new_key())
    with pytest.raises(NotPermitted, match="takes the role billing, and yours is support"):
        perform(command, SUE, api.client, activity)
    assert answer(Recharge(customer, CURRENCY), Live(api.client)).frame.height == 0


def test_settings_that_were_changed_since_the_form_saw_them_are_left_as_they_are(
    api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    def saved_at() -> datetime | None:
        found = answer(Recharge(customer, CURRENCY), Live(api.client)).frame
        at: datetime | None = found["updated_at"].item() if found.height else None
        return at

    first = SaveRecharge(customer, CURRENCY, TERMS, seen=saved_at(), key=new_key())
    perform(first, BOB, api.client, activity)
    stale = replace(first, terms=replace(TERMS, target=Decimal(6000)), key=new_key())
    with pytest.raises(ChangedSince, match=r"changed since, on 20 May 2026 12:00 UTC"):
        perform(stale, BOB, api.client, activity)
    last = activity.last(stale.key)
    assert last is not None
    assert last.fact.outcome is Outcome.REFUSED
    found = answer(Recharge(customer, CURRENCY), Live(api.client)).frame
    assert terms_of(found) == TERMS
    perform(replace(stale, seen=saved_at(), key=new_key()), BOB, api.client, activity)
    found = answer(Recharge(customer, CURRENCY), Live(api.client)).frame
    assert found["target_balance"].item() == 6000


def test_settings_are_found_again_by_comparing_them(
    api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    command = SaveRecharge(customer, CURRENCY, TERMS, key=new_key())
    off = SaveRecharge(customer, CURRENCY, None, key=new_key())
    assert command.read_back(api.client) is None
    assert off.read_back(api.client) is None
    perform(command, BOB, api.client, activity)
    assert command.read_back(api.client) is not None
    given = read(activity.last(command.key).change.given)  # type: ignore[union-attr]  # it was recorded
    assert saved(given, command.key, api.client) is not None
    for changed in (
        replace(TERMS, cap=None), replace(TERMS, cap=Decimal(201)),
        replace(TERMS, threshold=Decimal("500.1")), replace(TERMS, expiration="OneYear"),
    ):  # fmt: skip
        assert replace(command, terms=changed).read_back(api.client) is None
    assert off.read_back(api.client) is None


def test_the_plan_tells_its_limits_and_its_price_of_a_credit(api: LocalApi, customer: str) -> None:
    limits = limits_of(answer(RechargeLimits(customer, CURRENCY), Live(api.client)).frame)
    assert (limits.unit_price, limits.min_grant_amount) == (Decimal("0.02"), 100)
    assert (limits.max_target_balance, limits.max_threshold_amount) == (1_000_000, 500_000)
    assert (limits.min_target_balance, limits.max_credit_pool_size) == (None, None)
    assert limits.allow_unlimited_spend_limit


def test_without_a_plan_there_is_no_price_and_without_a_customer_no_answer(api: LocalApi) -> None:
    api.provision("customer-loose", plan=None)
    asked = RechargeLimits("customer-loose", CURRENCY)
    assert limits_of(answer(asked, Live(api.client)).frame).unit_price is None
    with pytest.raises(NotFound):
        answer(RechargeLimits("nobody", CURRENCY), Live(api.client))


def test_a_rehearsal_on_what_the_api_answers(api: LocalApi, customer: str) -> None:
    """Below zero for 6 of 10 days; two recharges would have kept it above, the cap a third off."""
    api.grant(1000, customerId=customer)
    for days, amount in ((1, 600), (2, 700), (4, 4500), (6, 4600)):
        api.clock.now = NOON + timedelta(days=days)
        api.consume(amount, f"use-{next(numbers)}", customerId=customer)
        api.settle()
    api.clock.now = NOON + timedelta(days=8)
    api.settle()
    source = Live(api.client)
    past = gather(customer, CURRENCY, source, lambda *_: None)
    assert past is not None
    assert (past.since, past.until, past.rows.height) == (NOON, api.clock.now, 6)
    limits = limits_of(answer(RechargeLimits(customer, CURRENCY), source).frame)
    price = price_of(limits, past.grants)
    assert price is not None
    told = rehearsal_of(past, rule_of(TERMS, price.amount, limits.min_grant_amount))
    assert bought_frame(told.rehearsed.bought).rows() == [
        (NOON + timedelta(days=4), Decimal(5200), Decimal(104)),
        (NOON + timedelta(days=1), Decimal(4600), Decimal(92)),
    ]
    assert told.rehearsed.money == 196
    assert (told.really.money, told.really.closing) == (0, Decimal(-9400))
    assert told.really.below_zero == timedelta(days=6)
    assert told.rehearsed.below_zero == timedelta()
    assert told.rehearsed.closing == 400
    assert told.rehearsed.capped_days == 3
    by_day = balances(told, Grain.DAY, "UTC")
    assert by_day["recharges"].sum() == 2
    assert by_day["really"][-1] == -9400
    assert by_day["rehearsed_lowest"].min() == 400


def test_a_pool_without_grants_has_no_past(api: LocalApi, customer: str) -> None:
    assert gather(customer, CURRENCY, Live(api.client), lambda *_: None) is None
