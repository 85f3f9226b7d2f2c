"""Reports to a real metering API over HTTP, and what ledger and balance say of them afterwards."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import stamina
from faulty_wire import Wire, answer_lost, dropped
from local_metering import CURRENCY, GROWTH, NOON, PROVISION, SEATS, ServedApi

from dashboard.activity.store import ActivityFile
from data.metering.client import Answer
from data.metering.errors import NotFound, Refused
from queries.activity import Outcome
from queries.answer import answer
from queries.balance import Standings
from queries.balance.optimistic import News
from queries.command import Actor, Command, NotPermitted, Role, Unsettled
from queries.ledger import WrittenSince
from queries.perform import perform
from queries.question import CannotAnswer, Live
from queries.reports import Event, ReportEvents
from queries.reports.counted import Counted, Measured, measured
from queries.reports.followed import Owner, Pool, Since, stand, stood
from queries.reports.intent import intent_of
from queries.reports.measurements import Measurement, ReportUsage, ReportUsageBulk

SUE, EVE = Actor("sue", Role.SUPPORT), Actor("eve", Role.VIEWER)
API_CREDITS = "api-credits"
SEAT = 25
"""Credits that a seat costs on the growth plan."""
numbers = count(1)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    api = ServedApi(tmp_path_factory.mktemp("served") / "store")
    yield api
    api.close()


@pytest.fixture
def live(api: ServedApi) -> Live:
    return Live(api.client)


@pytest.fixture
def activity(tmp_path: Path) -> ActivityFile:
    return ActivityFile(tmp_path / "activity.sqlite")


@pytest.fixture
def customer(api: ServedApi) -> str:
    """One on the growth plan, with 1000 credits of each kind."""
    customer_id = f"customer-{next(numbers)}"
    api.provision(customer_id)
    for currency in (CURRENCY, API_CREDITS):
        api.grant(1000, customerId=customer_id, currencyId=currency)
    return customer_id


def seats(customer: str, value: object, **given: Any) -> Measurement:
    asked = {"idempotency_key": f"key-{next(numbers)}"} | given
    return Measurement(customer, SEATS, Decimal(str(value)), **asked)


def call(customer: str, **given: Any) -> Event:
    asked = {"idempotency_key": f"key-{next(numbers)}", "timestamp": NOON} | given
    return Event(customer, "api_call", **asked)


def made(command: Command, live: Live, activity: ActivityFile) -> Answer:
    return perform(command, SUE, live.client, activity)


def one(found: Measurement, live: Live, activity: ActivityFile) -> Measured:
    return measured(found, made(ReportUsage(found), live, activity)["reportUsage"])


def since(
    customer: str, before: dict[Pool, Any], live: Live, *, sent_at: tuple[Any, ...] = ()
) -> dict[str, Since]:
    owner = Owner(customer, None)
    return {s.pool.currency_id: s for s in stand([owner], before, {}, sent_at, live)}


def moved(api: ServedApi, customer: str, currency: str = CURRENCY) -> list[Decimal]:
    """What the ledger says was taken."""
    rows = api.ledger(customerId=customer, currencyId=currency)
    return [Decimal(row["amount"]) for row in rows if row["eventId"]]


def test_a_measurement_answers_the_optimistic_balance_which_then_settles(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    before = stood([Owner(customer, None)], live)
    found = one(seats(customer, 2), live, activity)
    assert (found.counted, found.taken, found.usage) == (Counted.TAKEN, 2 * SEAT, 2)
    assert found.news is not None
    assert found.news.balance == 950
    waiting = since(customer, before, live)[CURRENCY]
    assert (waiting.moved, waiting.is_settled) == (0, False)
    api.settle()
    settled = since(customer, before, live)[CURRENCY]
    assert (settled.before, settled.settled, settled.moved) == (1000, 950, -50)
    assert settled.is_settled
    assert moved(api, customer) == [-50]


def test_a_bulk_is_answered_row_by_row_and_a_repeat_takes_nothing(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    sent = (seats(customer, 1), seats(customer, 3, idempotency_key="k"), seats(customer, -1))
    sent = (*sent, seats(customer, 3, idempotency_key="k"))
    nodes = made(ReportUsageBulk(sent), live, activity)["reportUsageBulk"]
    found = [measured(m, node) for m, node in zip(sent, nodes, strict=True)]
    assert [m.taken for m in found] == [25, 75, -25, 0]
    assert [m.usage for m in found] == [1, 4, 3, 3]
    assert found[-1].counted is Counted.BEFORE
    api.settle()
    assert sum(moved(api, customer)) == -75


def test_a_bulk_with_one_wrong_measurement_counts_none(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    sent = (seats(customer, 1), Measurement(customer, "nothing", Decimal(1), "k"))
    with pytest.raises(NotFound, match="no feature 'nothing'"):
        made(ReportUsageBulk(sent), live, activity)
    api.settle()
    assert moved(api, customer) == []


def test_events_are_followed_by_the_ledger_rows_they_cause(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    owner = Owner(customer, None)
    times = tuple(NOON + timedelta(microseconds=n) for n in range(250))
    before = stood([owner], live)
    batch = ReportEvents(tuple(call(customer, timestamp=at) for at in times))
    assert made(batch, live, activity) == {"reportEvent": None}
    assert since(customer, before, live, sent_at=times)[API_CREDITS].event_ids == frozenset()
    api.settle()
    settled = since(customer, before, live, sent_at=times)
    assert len(settled[API_CREDITS].event_ids) == 250
    assert settled[API_CREDITS].moved == -250
    assert settled[CURRENCY].moved == 0
    again = stood([owner], live)
    made(ReportEvents(batch.events), live, activity)
    api.settle()
    repeated = since(customer, again, live, sent_at=times)[API_CREDITS]
    assert (repeated.moved, repeated.event_ids) == (0, frozenset())


def test_one_event_with_dimensions_costs_what_its_numbers_say(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    numbers_in_it = (("input_tokens", 1000), ("output_tokens", Decimal("100.5")), ("model", "x"))
    event = Event(customer, "llm_request", "k", NOON, numbers_in_it)
    before = stood([Owner(customer, None)], live)
    made(ReportEvents((event,)), live, activity)
    api.settle()
    settled = since(customer, before, live, sent_at=(NOON,))[CURRENCY]
    assert settled.moved == -(Decimal("0.002") * 1000 + Decimal("0.006") * Decimal("100.5"))
    assert len(settled.event_ids) == 1


def test_events_of_others_at_other_times_are_not_taken_for_ones_own(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    before = stood([Owner(customer, None)], live)
    made(
        ReportEvents((call(customer), call(customer, timestamp=NOON - timedelta(1)))),
        live,
        activity,
    )
    api.settle()
    assert len(since(customer, before, live, sent_at=(NOON,))[API_CREDITS].event_ids) == 1


def test_a_pool_that_never_had_a_row_is_followed_from_its_first(
    api: ServedApi, live: Live, activity: ActivityFile
) -> None:
    customer = f"customer-{next(numbers)}"
    api.provision(customer)
    before = stood([Owner(customer, None)], live)
    made(ReportEvents((call(customer),)), live, activity)
    api.settle()
    settled = since(customer, before, live, sent_at=(NOON,))[API_CREDITS]
    assert (settled.moved, len(settled.event_ids)) == (-1, 1)
    rows = answer(WrittenSince(customer, API_CREDITS, None), live).frame
    assert list(rows["amount"]) == [-1]


def test_a_set_that_is_retried_under_its_key_does_not_undo_what_others_reported_since(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    to_ten = seats(customer, 10, update_behavior="SET")
    assert one(to_ten, live, activity).usage == 10
    assert one(seats(customer, 5), live, activity).usage == 15
    again = one(to_ten, live, activity)
    assert (again.counted, again.taken, again.usage) == (Counted.BEFORE, 0, 15)
    anew = one(seats(customer, 10, update_behavior="SET"), live, activity)
    assert (anew.counted, anew.taken, anew.usage) == (Counted.TAKEN, -5 * SEAT, 10)
    same = one(seats(customer, 10, update_behavior="SET"), live, activity)
    assert (same.counted, same.usage) == (Counted.UNCHANGED, 10)
    api.settle()
    assert sum(moved(api, customer)) == -10 * SEAT


@pytest.mark.parametrize("mode", ["DELTA", "SET"])
def test_a_measurement_whose_answer_was_lost_counts_once_when_sent_again(
    api: ServedApi, activity: ActivityFile, customer: str, mode: str
) -> None:
    wire = Wire(api)
    report = seats(customer, 4, update_behavior=mode)
    intent = intent_of(report.identity, wire.client.url, activity)
    assert (intent.done, intent.is_open) == (None, False)
    with stamina.set_testing(True, attempts=2):
        wire.fail("ReportUsage", answer_lost, dropped)
        with pytest.raises(Unsettled, match="safe to do it again"):
            perform(ReportUsage(report, intent.key), SUE, wire.client, activity)
    again = intent_of(report.identity, wire.client.url, activity)
    assert (again.key, again.is_open) == (intent.key, True)
    found = perform(ReportUsage(report, again.key), SUE, wire.client, activity)
    assert measured(report, found["reportUsage"]).usage == 4
    api.settle()
    assert moved(api, customer) == [-4 * SEAT]
    last = activity.last(intent.key)
    assert last is not None
    assert last.fact.outcome is Outcome.DONE
    third = intent_of(report.identity, wire.client.url, activity)
    assert third.key != intent.key
    assert third.done == last
    wire.client.close()


def test_a_viewer_reports_nothing(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    for command in (
        ReportUsage(seats(customer, 1)),
        ReportUsageBulk((seats(customer, 1),)),
        ReportEvents((call(customer),)),
    ):
        with pytest.raises(NotPermitted, match="it takes the role support"):
            perform(command, EVE, live.client, activity)
    api.settle()
    assert moved(api, customer) + moved(api, customer, API_CREDITS) == []


def test_what_the_api_cannot_count_is_refused_by_it_too(
    api: ServedApi, live: Live, activity: ActivityFile
) -> None:
    customer, most = f"customer-{next(numbers)}", 2**53 - 1
    api.provision(customer, plan=None)
    unpriced = one(seats(customer, most), live, activity)
    assert (unpriced.counted, unpriced.usage) == (Counted.UNPRICED, most)
    with pytest.raises(Refused, match="out of range"):
        one(seats(customer, most), live, activity)


def test_only_a_metering_api_knows_what_has_not_settled(told: Any) -> None:
    for question in (Standings("customer-0001"), WrittenSince("customer-0001", "ai-tokens", None)):
        with pytest.raises(CannotAnswer, match="choose the live source"):
            answer(question, told.extracted)


def test_older_news_of_a_pool_do_not_replace_newer_ones(live: Live, customer: str) -> None:
    owner = Owner(customer, None)
    ahead = News(NOON + timedelta(days=1), Decimal(1000), Decimal(300))
    heard = {Pool(owner, CURRENCY): ahead}
    found = {s.pool.currency_id: s for s in stand([owner], {}, heard, (), live)}
    standing = found[CURRENCY].standing
    assert standing is not None
    assert (standing.news, standing.waiting) == (ahead, -300)


def test_a_resource_has_a_pool_of_its_own(
    api: ServedApi, live: Live, activity: ActivityFile, customer: str
) -> None:
    plan = {"planId": GROWTH, "resourceId": "workspace"}
    api.tell(PROVISION, input={"customerId": customer, "subscriptionParams": plan})
    api.grant(100, customerId=customer, resourceId="workspace")
    owner = Owner(customer, "workspace")
    before = stood([owner], live)
    report = seats(customer, 1, resource_id="workspace")
    found = one(report, live, activity)
    assert found.news is not None
    api.settle()
    [settled] = [s for s in stand([owner], before, {}, (), live) if s.moved]
    assert settled.pool == Pool(owner, CURRENCY)
    assert since(customer, stood([Owner(customer, None)], live), live)[CURRENCY].settled == 1000
