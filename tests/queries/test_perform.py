"""Changes pass one door: permitted, recorded before and after, and made once whatever fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import count
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import httpx
import pytest
import stamina
from faulty_wire import (
    Fault,
    Wire,
    answer_lost,
    bad_gateway,
    crash,
    crash_after,
    cut_off_after,
    dropped,
    garbled,
    no_connection,
    too_many,
)
from local_metering import CURRENCY, LocalApi

from dashboard.activity.store import ActivityFile, Wanted
from data.metering.errors import MeteringError, NotFound, NotSent, RateLimited, Refused
from queries.activity import Fact, Outcome, read
from queries.command import (
    Actor,
    AlreadySo,
    ChangeError,
    NotPermitted,
    NotRecorded,
    Role,
    Unsettled,
    new_key,
)
from queries.grants.commands import CreateGrant, VoidGrant
from queries.perform import LATEST_ARRIVAL, perform
from queries.reports import Event, ReportEvents
from queries.settling import settle

SUE, BOB = Actor("sue", Role.SUPPORT), Actor("bob", Role.BILLING)
EVE = Actor("eve", Role.VIEWER)
CREATE, VOID, LIST = "CreateCreditGrant", "VoidCreditGrant", "ChangedCreditGrants"
MADE_ALL_THE_SAME = [answer_lost, bad_gateway, garbled, cut_off_after]

INTENDED, DONE, REFUSED = Outcome.INTENDED, Outcome.DONE, Outcome.REFUSED
UNKNOWN, NOT_DONE = Outcome.UNKNOWN, Outcome.NOT_DONE

numbers = count(1)


class Clock:
    """Stands in for `datetime` where the clock is read."""

    def __init__(self) -> None:
        self.at = datetime(2026, 5, 20, 12)

    def now(self, zone: tzinfo) -> datetime:
        return self.at.replace(tzinfo=zone)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("data.clock.datetime", clock)
    return clock


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    api = LocalApi(tmp_path_factory.mktemp("api") / "store")
    yield api
    api.close()


@pytest.fixture
def wire(api: LocalApi) -> Iterator[Wire]:
    wire = Wire(api)
    yield wire
    wire.client.close()


@pytest.fixture
def activity(tmp_path: Path) -> ActivityFile:
    return ActivityFile(tmp_path / "activity.sqlite")


@pytest.fixture
def customer(api: LocalApi) -> str:
    """One without grants."""
    customer_id = f"customer-{next(numbers)}"
    api.provision(customer_id, plan=None)
    return customer_id


def gift(customer: str, **given: Any) -> CreateGrant:
    asked = {"amount": Decimal(500), "key": new_key()} | given
    return CreateGrant(customer, CURRENCY, None, "PROMOTIONAL", "Welcome", **asked)


@pytest.fixture
def void(api: LocalApi, customer: str) -> VoidGrant:
    """Of a grant with 100 credits."""
    grant = api.grant(100, customerId=customer)
    return VoidGrant(
        grant["grantId"], customer, CURRENCY, None, "Credits", True, "by mistake", new_key()
    )


def held(api: LocalApi, customer: str) -> list[tuple[Decimal, str]]:
    """The grants there really are: (amount, status)."""
    return [(Decimal(g["amount"]), g["status"]) for g in api.grants(customerId=customer)]


def outcomes(activity: ActivityFile, key: str) -> list[tuple[Outcome, bool]]:
    """The facts about a change: (outcome, whether read back)."""
    return [(fact.outcome, fact.is_settled) for fact in activity.facts(key)]


def last_fact(activity: ActivityFile, key: str) -> Fact:
    return activity.facts(key)[-1]


# Permission


def test_a_change_that_the_role_may_not_make_is_never_sent(
    wire: Wire, activity: ActivityFile, customer: str
) -> None:
    """As by a forged session that presses a button it was not shown."""
    with pytest.raises(NotPermitted, match="it takes the role support, and yours is viewer"):
        perform(gift(customer), EVE, wire.client, activity)
    assert wire.sent == []
    [refused] = activity.page(Wanted(), 10).changes
    assert refused.recorded.change.actor == "eve"
    assert refused.recorded.fact.outcome is REFUSED


@pytest.mark.parametrize(
    ("actor", "is_allowed"),
    [(EVE, False), (SUE, False), (BOB, True), (Actor("a", Role.ADMIN), True)],
)
def test_paid_credits_and_voids_take_the_role_billing(
    actor: Actor, is_allowed: bool, customer: str, void: VoidGrant
) -> None:
    paid = replace(gift(customer), grant_type="PAID", cost=Decimal(20))
    assert (actor.role >= paid.needs, actor.role >= void.needs) == (is_allowed, is_allowed)


def test_a_refused_role_leaves_the_change_of_the_key_as_it_is(
    wire: Wire, activity: ActivityFile, customer: str
) -> None:
    """Else the owner's next try would send again what is done."""
    command = gift(customer)
    done = perform(command, SUE, wire.client, activity)
    with pytest.raises(NotPermitted):
        perform(command, EVE, wire.client, activity)
    assert perform(command, SUE, wire.client, activity) == done
    assert wire.count(CREATE) == 1


# Once


def test_a_change_is_recorded_before_and_after(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str
) -> None:
    command = gift(customer)
    answer = perform(command, SUE, wire.client, activity)
    intended, done = activity.facts(command.key)
    assert (intended.outcome, done.outcome) == (INTENDED, DONE)
    assert intended.request_id == done.request_id != ""
    assert read(done.after or "") == answer
    assert answer["createCreditGrant"]["grantId"] == api.grants(customerId=customer)[0]["grantId"]
    recorded = activity.last(command.key)
    assert recorded is not None
    assert (recorded.change.actor, recorded.change.customer_id) == ("sue", customer)
    assert recorded.change.summary == (
        f"grant 500 promotional {CURRENCY} to {customer} as “Welcome”"
    )


def test_the_intent_is_on_disk_before_anything_is_sent(
    wire: Wire, activity: ActivityFile, customer: str
) -> None:
    command = gift(customer)
    seen = []

    def look(_: httpx.Request, answered: Callable[[], httpx.Response]) -> httpx.Response:
        seen.extend(outcomes(ActivityFile(activity.path), command.key))
        return answered()

    wire.fail(CREATE, look)
    perform(command, SUE, wire.client, activity)
    assert seen == [(INTENDED, False)]


def test_the_same_key_gives_the_recorded_answer_and_sends_nothing(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str
) -> None:
    """The page was reloaded while its dialog was open, and the button pressed again."""
    command = gift(customer)
    first = perform(command, SUE, wire.client, activity)
    before = list(wire.sent)
    again = perform(gift(customer, key=command.key), SUE, wire.client, activity)
    assert again == first
    assert wire.sent == before
    assert held(api, customer) == [(500, "ACTIVE")]


def test_one_key_is_one_change(wire: Wire, activity: ActivityFile, customer: str) -> None:
    command = gift(customer)
    perform(command, SUE, wire.client, activity)
    with pytest.raises(ChangeError, match="This form was used already, to grant 500"):
        perform(replace(command, amount=Decimal(5000)), SUE, wire.client, activity)
    assert wire.count(CREATE) == 1


def test_two_keys_are_two_changes(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str
) -> None:
    perform(gift(customer), SUE, wire.client, activity)
    perform(gift(customer), SUE, wire.client, activity)
    assert held(api, customer) == [(500, "ACTIVE")] * 2


def test_two_threads_with_one_key_make_one_grant(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str
) -> None:
    command = gift(customer)
    results = at_once(
        lambda: perform(command, SUE, wire.client, activity),
        lambda: perform(command, SUE, wire.client, activity),
    )
    assert held(api, customer) == [(500, "ACTIVE")]
    assert wire.count(CREATE) == 1
    answers = [r for r in results if not isinstance(r, Exception)]
    assert answers
    assert all(isinstance(r, Unsettled) for r in results if isinstance(r, Exception))
    assert activity.facts(command.key)[-1].outcome is DONE


# Faults


@pytest.mark.parametrize("fault", MADE_ALL_THE_SAME)
def test_a_grant_made_although_its_answer_was_lost_is_found_and_done(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str, fault: Fault
) -> None:
    wire.fail(CREATE, fault)
    command = gift(customer)
    answer = perform(command, SUE, wire.client, activity)
    assert answer["createCreditGrant"]["amount"] == 500
    assert outcomes(activity, command.key) == [(INTENDED, False), (UNKNOWN, False), (DONE, True)]
    perform(command, SUE, wire.client, activity)
    assert held(api, customer) == [(500, "ACTIVE")]


@pytest.mark.parametrize("fault", MADE_ALL_THE_SAME)
def test_a_void_done_although_its_answer_was_lost_is_found_and_done(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str, void: VoidGrant, fault: Fault
) -> None:
    wire.fail(VOID, fault)
    answer = perform(void, BOB, wire.client, activity)
    assert answer["voidCreditGrant"]["status"] == "VOIDED"
    assert outcomes(activity, void.key) == [(INTENDED, False), (UNKNOWN, False), (DONE, True)]
    assert held(api, customer) == [(100, "VOIDED")]


def test_a_grant_that_got_lost_on_its_way_may_still_arrive_for_a_while(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str, clock: Clock
) -> None:
    wire.fail(CREATE, dropped)
    command = gift(customer)
    with pytest.raises(Unsettled, match=r"may still arrive\. Settle it in Activity after 12:01:00"):
        perform(command, SUE, wire.client, activity)
    with pytest.raises(Unsettled, match="may still arrive"):
        perform(command, SUE, wire.client, activity)
    assert wire.count(CREATE) == 1
    assert last_fact(activity, command.key).outcome is UNKNOWN
    clock.at += LATEST_ARRIVAL
    perform(command, SUE, wire.client, activity)
    assert outcomes(activity, command.key) == [
        (INTENDED, False), (UNKNOWN, False), (NOT_DONE, True), (INTENDED, False), (DONE, False),
    ]  # fmt: skip
    assert held(api, customer) == [(500, "ACTIVE")]


def test_a_grant_that_arrives_late_is_not_made_twice(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str
) -> None:
    late: list[Callable[[], httpx.Response]] = []

    def slow(request: httpx.Request, answered: Callable[[], httpx.Response]) -> httpx.Response:
        late.append(answered)
        raise httpx.ReadTimeout("timed out", request=request)

    wire.fail(CREATE, slow)
    command = gift(customer)
    for _ in range(2):
        with pytest.raises(Unsettled):
            perform(command, SUE, wire.client, activity)
    late[0]()
    perform(command, SUE, wire.client, activity)
    assert outcomes(activity, command.key)[-1] == (DONE, True)
    assert held(api, customer) == [(500, "ACTIVE")]


@pytest.mark.parametrize(("fault", "kind"), [(no_connection, NotSent), (too_many, RateLimited)])
def test_what_was_never_taken_in_is_not_done_and_can_be_sent_at_once(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str, fault: Fault, kind: type
) -> None:
    wire.fail(CREATE, fault)
    command = gift(customer)
    with pytest.raises(kind):
        perform(command, SUE, wire.client, activity)
    assert held(api, customer) == []
    assert outcomes(activity, command.key) == [(INTENDED, False), (NOT_DONE, False)]
    perform(command, SUE, wire.client, activity)
    assert held(api, customer) == [(500, "ACTIVE")]


def test_a_refusal_of_the_api_is_recorded_with_its_sentence_and_trace(
    wire: Wire, activity: ActivityFile, customer: str
) -> None:
    command = replace(gift(customer), currency_id="doubloons")
    with pytest.raises(NotFound) as refused:
        perform(command, SUE, wire.client, activity)
    fact = last_fact(activity, command.key)
    assert fact.outcome is REFUSED
    assert fact.detail == f"{refused.value.sentence} (trace {refused.value.trace_id})"


def test_what_cannot_be_read_back_stays_unknown_until_it_can(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str
) -> None:
    wire.fail(CREATE, answer_lost)
    wire.fail(LIST, dropped, dropped)
    command = gift(customer)
    with pytest.raises(Unsettled, match="could not be read back"):
        perform(command, SUE, wire.client, activity)
    assert outcomes(activity, command.key) == [(INTENDED, False), (UNKNOWN, False)]
    perform(command, SUE, wire.client, activity)
    assert outcomes(activity, command.key)[-1] == (DONE, True)
    assert held(api, customer) == [(500, "ACTIVE")]


@pytest.mark.parametrize(("fault", "is_made"), [(crash, False), (crash_after, True)])
def test_a_crash_between_intent_and_outcome_is_settled_by_the_next_try(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str, clock: Clock,
    fault: Fault, is_made: bool,
) -> None:  # fmt: skip
    wire.fail(CREATE, fault)
    command = gift(customer)
    with pytest.raises(SystemExit):
        perform(command, SUE, wire.client, activity)
    assert outcomes(activity, command.key) == [(INTENDED, False)]
    clock.at += LATEST_ARRIVAL
    perform(command, SUE, wire.client, activity)
    assert wire.count(CREATE) == (1 if is_made else 2)
    assert last_fact(activity, command.key).is_settled is is_made
    assert held(api, customer) == [(500, "ACTIVE")]


def test_a_void_whose_grant_cannot_be_read_first_is_not_sent(
    wire: Wire, activity: ActivityFile, void: VoidGrant
) -> None:
    wire.fail(LIST, no_connection, no_connection)
    with pytest.raises(MeteringError):
        perform(void, BOB, wire.client, activity)
    assert outcomes(activity, void.key) == [(NOT_DONE, False)]
    assert wire.count(VOID) == 0


def test_without_a_record_nothing_is_sent(wire: Wire, customer: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(NotRecorded, match="No change is made without it"):
        perform(gift(customer), SUE, wire.client, ActivityFile(tmp_path / "file" / "activity"))
    assert wire.sent == []


# Two people


def test_two_people_void_a_grant_at_once_and_both_are_recorded(
    wire: Wire, activity: ActivityFile, api: LocalApi, customer: str, void: VoidGrant
) -> None:
    ann, bob = Actor("ann", Role.BILLING), BOB
    other = replace(void, key=new_key(), reason="by agreement")
    results = at_once(
        lambda: perform(void, ann, wire.client, activity),
        lambda: perform(other, bob, wire.client, activity),
    )
    [refused] = [r for r in results if isinstance(r, Exception)]
    assert isinstance(refused, AlreadySo)
    assert held(api, customer) == [(100, "VOIDED")]
    rows = api.ledger(customerId=customer)
    assert [row["eventType"] for row in rows].count("CREDITS_VOIDED") == 1
    recorded = [listed.recorded for listed in activity.page(Wanted(), 10).changes]
    assert {r.change.actor: r.fact.outcome for r in recorded} in (
        {"ann": DONE, "bob": REFUSED},
        {"ann": REFUSED, "bob": DONE},
    )


def test_a_void_after_another_says_by_whom(
    wire: Wire, activity: ActivityFile, void: VoidGrant
) -> None:
    perform(void, BOB, wire.client, activity)
    with pytest.raises(AlreadySo) as refused:
        perform(replace(void, key=new_key()), Actor("ann", Role.BILLING), wire.client, activity)
    assert str(refused.value) == (
        "The grant “Credits” is voided already, by bob, 20 May 2026 12:00 UTC."
    )


def test_a_void_after_one_from_elsewhere_says_so(
    wire: Wire, activity: ActivityFile, api: LocalApi, void: VoidGrant
) -> None:
    api.void(void.grant_id)
    with pytest.raises(AlreadySo, match="is voided already, and not by this app"):
        perform(void, BOB, wire.client, activity)
    assert last_fact(activity, void.key).outcome is REFUSED


def test_a_lost_void_does_not_take_the_credit_for_another(
    wire: Wire, activity: ActivityFile, void: VoidGrant
) -> None:
    wire.fail(VOID, dropped)
    with pytest.raises(Unsettled):
        perform(void, Actor("ann", Role.BILLING), wire.client, activity)
    perform(replace(void, key=new_key()), BOB, wire.client, activity)
    with pytest.raises(AlreadySo, match="it was so already, by bob"):
        perform(void, Actor("ann", Role.BILLING), wire.client, activity)
    assert outcomes(activity, void.key)[-1] == (NOT_DONE, True)


def test_the_record_holds_the_grant_before_and_after_its_void(
    wire: Wire, activity: ActivityFile, void: VoidGrant
) -> None:
    perform(void, BOB, wire.client, activity)
    intended, done = activity.facts(void.key)
    assert read(intended.before or "")["status"] == "ACTIVE"
    assert read(done.after or "")["voidCreditGrant"]["status"] == "VOIDED"


# Settling from the record


@pytest.mark.parametrize(("fault", "outcome"), [(crash_after, DONE), (crash, NOT_DONE)])
def test_somebody_else_settles_what_was_left_open(
    wire: Wire, activity: ActivityFile, void: VoidGrant, clock: Clock,
    fault: Fault, outcome: Outcome,
) -> None:  # fmt: skip
    wire.fail(VOID, fault)
    with pytest.raises(SystemExit):
        perform(void, BOB, wire.client, activity)
    clock.at += timedelta(days=1)
    left = activity.last(void.key)
    assert left is not None
    assert settle(left, SUE, wire.client, activity) is outcome
    fact = last_fact(activity, void.key)
    assert (fact.outcome, fact.actor, fact.is_settled) == (outcome, "sue", True)
    assert fact.request_id == left.fact.request_id != ""


def test_what_was_sent_to_another_api_is_not_settled_here(
    wire: Wire, activity: ActivityFile, customer: str, api: LocalApi
) -> None:
    wire.fail(CREATE, crash)
    command = gift(customer)
    with pytest.raises(SystemExit):
        perform(command, SUE, wire.client, activity)
    left = activity.last(command.key)
    assert left is not None
    with pytest.raises(ChangeError, match="was sent to http://api/graphql, and the app now asks"):
        settle(left, SUE, api.client, activity)
    assert last_fact(activity, command.key).outcome is INTENDED


# Keyed commands

EVENT = Event("acme", "chat", "key-1", datetime(2026, 5, 1), (("model", "gemini"),))


def test_a_keyed_change_without_an_answer_is_unknown_and_can_be_sent_again(
    wire: Wire, activity: ActivityFile
) -> None:
    wire.fail("ReportEvent", answer_lost, answer_lost)
    command = ReportEvents((replace(EVENT, customer_id="acme"),))
    with pytest.raises(Unsettled, match="safe to do it again"):
        perform(command, SUE, wire.client, activity)
    assert last_fact(activity, command.key).outcome is UNKNOWN
    perform(command, SUE, wire.client, activity)
    assert last_fact(activity, command.key).outcome is DONE


def test_a_keyed_change_that_failed_twice_in_two_ways_may_have_been_made(
    wire: Wire, activity: ActivityFile
) -> None:
    wire.fail("ReportEvent", answer_lost, no_connection)
    command = ReportEvents((EVENT,))
    with pytest.raises(Unsettled):
        perform(command, SUE, wire.client, activity)
    assert last_fact(activity, command.key).outcome is UNKNOWN


def test_a_change_the_api_refuses_leaves_its_key_free(
    wire: Wire, activity: ActivityFile, customer: str
) -> None:
    command = replace(gift(customer), currency_id="doubloons")
    for _ in range(2):
        with pytest.raises(Refused):
            perform(command, SUE, wire.client, activity)
    assert wire.count(CREATE) == 2


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each gave or raised, begun at the same moment in threads of their own."""
    barrier = Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = call()
        except Exception as error:
            results[place] = error

    threads = [Thread(target=run, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
