"""The Report usage page: its forms and files, and every way in which reporting can go."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
import simplejson
import stamina
from faulty_wire import Wire, answer_lost, dropped, no_connection
from local_metering import CURRENCY, LocalApi
from report_page import ReportPage
from signed_in import sign_in
from usage_world import NOW, Clock, Demo

from dashboard import asking
from dashboard.activity.store import ActivityFile, Wanted
from dashboard.panels.report_settling import LIMIT
from dashboard.sources import Sources, use
from queries.activity import Outcome
from queries.question import Extracted
from queries.reports.bulk import TEMPLATES, Kind

REPORT, BULK, EVENT = "ReportUsage", "ReportUsageBulk", "ReportEvent"
API_CREDITS = "api-credits"
SEATS = "feature-seats"
numbers = count(1)


@pytest.fixture
def customer(local: LocalApi) -> str:
    """One on the growth plan, with 1000 credits of each kind."""
    customer_id = f"customer-{next(numbers)}"
    local.provision(customer_id)
    for currency in (CURRENCY, API_CREDITS):
        local.grant(1000, customerId=customer_id, currencyId=currency)
    local.settle()
    return customer_id


@pytest.fixture
def page(wire: Wire, customer: str) -> ReportPage:  # noqa: ARG001  # the page asks it
    return ReportPage(customer=customer)


@pytest.fixture
def events(wire: Wire, customer: str) -> ReportPage:  # noqa: ARG001  # the page asks it
    return ReportPage(customer=customer, what="event")


def balance(local: LocalApi, customer: str, currency: str = CURRENCY) -> Decimal:
    """The one there really is, once everything has settled."""
    local.settle()
    return Decimal(local.balance(customerId=customer, currencyId=currency)["currentBalance"])


def recorded(activity: ActivityFile) -> list[tuple[str, Outcome]]:
    """(what was asked, what came of it) of every change, the newest first."""
    changes = activity.page(Wanted(), 100).changes
    return [(one.recorded.change.summary, one.recorded.fact.outcome) for one in changes]


def csv(customer: str, *rows: str) -> bytes:
    header = "customer_id,feature_id,value,update_behavior,idempotency_key"
    return "\n".join([header, *(f"{customer},{row}" for row in rows)]).encode()


def calls(customer: str, number: int, **given: Any) -> str:
    """JSON lines of so many events, a microsecond apart."""
    rows = [
        {"customerId": customer, "eventName": "api_call"}
        | {"timestamp": f"{(NOW + timedelta(microseconds=n)).isoformat()}Z"}
        | given
        for n in range(number)
    ]
    return "\n".join(simplejson.dumps(row) for row in rows)


# One measurement


def test_a_measurement_shows_the_optimistic_balance_then_the_settled_one_and_the_difference(
    page: ReportPage, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    page.report(feature=SEATS, value="2")
    assert (
        "Reported: 2 of feature-seats. 50 tokens were taken at once. Its usage is 2." in page.text
    )
    assert "Optimistic balance: 950 tokens. Waiting for it to settle" in page.text
    row = page.balances[CURRENCY]
    assert (row["before"], row["optimistic"], row["settled"]) == (1000, 950, 1000)
    local.settle()
    page.go()
    assert "Settled: −50 tokens since just before it was sent, as the optimistic" in page.text
    row = page.balances[CURRENCY]
    assert (row["settled"], row["difference"], row["off"]) == (950, -50, 0)
    assert "balance :green[**950 tokens**]" in page.text
    assert balance(local, customer) == 950
    assert recorded(activity) == [(f"report 2 of {SEATS} for {customer}", Outcome.DONE)]


def test_the_same_key_again_is_already_counted(
    page: ReportPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    page.report(feature=SEATS, value="2", key="order-1017")
    local.settle()
    page.go().press("Report")
    assert "Already counted: this key was reported before, by local user on 22 May" in page.text
    assert "Settled: the balance is as it was before." in page.text
    assert wire.count(REPORT) == 2
    assert balance(local, customer) == 950


def test_other_contents_have_another_key_where_the_app_made_the_first(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    page.report(feature=SEATS, value="2")
    key = page.address["key"]
    page.report(value="3")
    assert "Reported: 3 of feature-seats. 75 tokens were taken at once." in page.text
    assert page.address["key"] != key
    assert balance(local, customer) == 1000 - 50 - 75


def test_the_same_contents_keep_the_key_that_the_app_made(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    page.report(feature=SEATS, value="2")
    key = page.address["key"]
    reloaded = ReportPage(**page.address).report(value="2.0")
    assert "Already counted: this key was reported before" in reloaded.text
    assert reloaded.address["key"] == key
    assert balance(local, customer) == 950


def test_other_contents_under_a_key_of_the_readers_own_are_said_not_to_be_counted(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    page.report(feature=SEATS, value="2", key="order-5")
    for _ in range(2):
        page.report(value="3")
        [said] = [said for said in page.failures if "Not counted" in said]
        assert "3 of feature-seats" in said
        assert "order-5 was reported before, by local user on 22 May" in said
        assert f"to report 2 of feature-seats for {customer}" in said
        assert not page.at.success or "counted" not in page.at.success[0].value
    page.report(value="2")
    assert "Already counted: this key was reported before" in page.text
    assert balance(local, customer) == 950


def test_an_event_with_other_dimensions_has_another_key_unless_it_is_the_readers_own(
    events: ReportPage, customer: str
) -> None:
    at = f"{NOW.isoformat()}Z"
    events.report(event="api_call", dimensions='{"a": 1}', at=at)
    key = events.address["key"]
    events.report(dimensions='{"a": 2}')
    assert events.address["key"] != key
    assert "Sent: an event api_call." in events.text
    events.report(key="mine").report(dimensions='{"a": 3}')
    [said] = [said for said in events.failures if "Not counted" in said]
    assert "mine was reported before" in said
    assert f"to report an event api_call of {customer}" in said


def test_a_key_that_others_have_used_is_already_counted_by_the_apis_word(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    local.report(2, customerId=customer, featureId=SEATS, idempotencyKey="order-1")
    local.settle()
    page.report(feature=SEATS, value="2", key="order-1")
    assert "Already counted: the API knows the key order-1." in "\n".join(page.failures)
    assert balance(local, customer) == 950


def test_an_answer_lost_and_asked_for_again_at_once_does_not_hide_what_was_taken(
    page: ReportPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    wire.fail(REPORT, answer_lost)
    with stamina.set_testing(True, attempts=2):
        page.report(feature=SEATS, value="2")
    assert wire.count(REPORT) == 2
    assert "The balance has moved by −50 since just before this was sent" in page.text
    assert balance(local, customer) == 950


def test_another_report_has_a_key_of_its_own(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    page.report(feature=SEATS, value="2")
    key = page.address["key"]
    page.press("Another report")
    assert "key" not in page.address
    assert not page.has_frame("Balances of")
    page.press("Report")
    assert page.address["key"] != key
    assert balance(local, customer) == 900


def test_a_usage_is_set_and_what_it_gives_back_is_told(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    local.report(10, customerId=customer, featureId=SEATS)
    page.report(feature=SEATS, value="4", how="SET")
    assert "feature-seats is set to 4. 150 tokens came back at once. Its usage is 4." in page.text
    page.press("Another report").press("Report")
    assert "nothing changed: no tokens were taken. Its usage is 4." in page.text
    assert balance(local, customer) == 900


def test_a_set_that_is_retried_does_not_put_back_what_others_reported(
    page: ReportPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    wire.fail(REPORT, answer_lost)
    page.report(feature=SEATS, value="10", how="SET")
    assert "it is safe to do it again" in "\n".join(page.failures)
    local.report(5, customerId=customer, featureId=SEATS)
    page.press("Report")
    assert "Counted once: it had been counted when its answer got lost." in page.text
    assert "Its usage is 15." in page.text
    assert balance(local, customer) == 1000 - 15 * 25


def test_after_a_lost_answer_and_a_reload_it_still_counts_once(
    page: ReportPage, wire: Wire, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    wire.fail(REPORT, answer_lost)
    page.report(feature=SEATS, value="2")
    assert [outcome for _, outcome in recorded(activity)] == [Outcome.UNKNOWN]
    reloaded = ReportPage(**page.address).press("Report")
    assert "Counted once" in reloaded.text
    assert [outcome for _, outcome in recorded(activity)] == [Outcome.DONE]
    assert balance(local, customer) == 950


def test_what_got_lost_before_it_arrived_is_counted_when_sent_again(
    page: ReportPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    wire.fail(REPORT, dropped)
    page.report(feature=SEATS, value="2").press("Report")
    assert "Reported: 2 of feature-seats." in page.text
    assert balance(local, customer) == 950


def test_a_feature_that_takes_no_credits_says_so(wire: Wire, local: LocalApi) -> None:
    customer = f"customer-{next(numbers)}"
    local.provision(customer, plan=None)
    page = ReportPage(customer=customer).report(feature=SEATS, value="3")
    assert "Its usage is now 3. The answer tells of no credits" in page.text
    assert wire.count(REPORT) == 1


def test_a_value_is_rounded_before_the_readers_eyes(page: ReportPage) -> None:
    page.fill(feature=SEATS, value="1.000005")
    assert "1.000005 is counted as 1.00001" in page.text


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("value", "1,000", "'1,000' is not a plain number"),
        ("value", "9" * 17, "is out of range"),
        ("feature", "nothing", "There is no feature 'nothing'."),
        ("how", "RESET", "'RESET' is no update behavior"),
        ("resource", "a b", "'a b' cannot be a resource id"),
        ("dimensions", "model=x", "cannot be read as JSON"),
        ("dimensions", '{"a": {}}', "The dimension 'a' is a dict"),
        ("at", "yesterday", "'yesterday' is not a date"),
        ("key", "x" * 256, "cannot be an idempotency key"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    page: ReportPage, wire: Wire, field: str, value: str, sentence: str
) -> None:
    page.go(**{"feature": SEATS, "value": "2", field: value})
    page.press("Report")
    assert sentence in page.text
    assert not page.has_crashed
    assert wire.count(REPORT) == 0


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("2031-01-01", "1 Jan 2031 00:00 UTC is in the future"),
        ("1999-12-31", "31 Dec 1999 00:00 UTC is before 2000"),
        (f"{(NOW + timedelta(minutes=4)).isoformat()}Z", ""),
    ],
)
@pytest.mark.parametrize("what", ["usage", "event"])
def test_an_unlikely_time_is_warned_of_and_still_reported(
    page: ReportPage, wire: Wire, what: str, at: str, sentence: str
) -> None:
    page.go(what=what, feature=SEATS, value="2", event="api_call", at=at)
    assert any("UTC is" in said for said in page.failures) == bool(sentence)
    assert sentence in page.text
    page.press("Report")
    assert wire.count(REPORT) + wire.count(EVENT) == 1


def test_a_press_right_after_typing_reports_what_was_typed(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    """The browser does not know the address yet that the typing has made."""
    page.fill(feature=SEATS, value="1").fill(value="2", how="SET")
    page.at.query_params.pop("how")
    page.at.query_params["value"] = "1"
    page.press("Report")
    assert "Reported: feature-seats is set to 2." in page.text
    assert (page.address["value"], page.address["how"]) == ("2", "SET")
    assert balance(local, customer) == 950


def test_what_is_missing_is_said_once_somebody_has_tried(page: ReportPage, wire: Wire) -> None:
    assert "missing" not in page.text
    page.press("Report")
    assert "A feature is missing." in page.text
    assert "A value is missing." in page.text
    assert wire.count(REPORT) == 0


def test_a_customer_that_there_is_not_is_said_so(wire: Wire) -> None:
    page = ReportPage(customer="nobody", feature=SEATS, value="2")
    assert "no customer 'nobody'" in "\n".join(page.failures)
    assert "Report" not in page.buttons
    assert wire.count(REPORT) == 0


def test_an_address_without_a_customer_says_what_to_choose(wire: Wire) -> None:
    page = ReportPage()
    assert "Choose a customer above: this page reports what one customer used." in page.text
    assert "Report" not in page.buttons
    assert not wire.sent.count(REPORT)


@pytest.mark.parametrize("operation", ["CreditBalanceSummary", "OptimisticBalance"])
def test_where_the_balance_before_cannot_be_read_nothing_is_sent(
    page: ReportPage, wire: Wire, operation: str
) -> None:
    page.fill(feature=SEATS, value="2")
    wire.fail(operation, *[lambda _, __: httpx.Response(503)] * 9)
    page.press("Report")
    assert "Nothing was sent: the balance before could not be read." in "\n".join(page.failures)
    assert wire.count(REPORT) == 0


def test_a_source_that_fails_while_it_settles_says_so_and_goes_on(
    page: ReportPage, wire: Wire, local: LocalApi
) -> None:
    page.report(feature=SEATS, value="2")
    wire.fail("OptimisticBalance", lambda _, __: httpx.Response(503))
    page.go()
    assert "The metering API failed on its side" in "\n".join(page.failures)
    assert page.balances[CURRENCY]["optimistic"] == 950
    local.settle()
    assert "Settled: −50 tokens" in page.go().text


def test_what_does_not_settle_in_time_says_so_and_can_be_looked_at_again(
    page: ReportPage, local: LocalApi, clock: Clock
) -> None:
    page.report(feature=SEATS, value="2")
    clock.advance(LIMIT)
    page.go()
    assert "It has not settled within 20 s." in page.text
    local.settle()
    assert "Settled: −50 tokens" in page.press("Look again").text


def test_a_refusal_of_the_api_is_its_sentence(
    page: ReportPage, activity: ActivityFile, customer: str
) -> None:
    page.report(feature="feature-01-templates", value="2")
    assert "is not metered" in "\n".join(page.failures)
    assert [outcome for _, outcome in recorded(activity)] == [Outcome.REFUSED]
    [link] = [one.proto for one in page.at.get("page_link") if "activity" in one.proto.page]
    assert customer in link.query_string


def test_after_a_refusal_the_mended_report_is_another_change(
    page: ReportPage, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    page.report(feature="feature-01-templates", value="2")
    page.fill(feature=SEATS, value="1").press("Report")
    page.fill(value="9" * 15).press("Another report").press("Report")
    assert "10^12" in "\n".join(page.failures)
    page.report(value="2")
    assert "Reported: 2 of feature-seats." in page.text
    assert [outcome for _, outcome in recorded(activity)] == [
        Outcome.DONE, Outcome.REFUSED, Outcome.DONE, Outcome.REFUSED,
    ]  # fmt: skip
    assert balance(local, customer) == 925


def test_while_it_is_not_known_what_came_of_a_report_its_key_takes_no_other(
    page: ReportPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    wire.fail(REPORT, answer_lost)
    page.report(feature=SEATS, value="2").fill(value="3").press("Report")
    assert "This form was used already, to report 2 of feature-seats" in "\n".join(page.failures)
    page.press("Another report").press("Report")
    assert "Reported: 3 of feature-seats." in page.text
    assert balance(local, customer) == 1000 - 5 * 25


# One event


def test_an_event_is_followed_until_it_has_settled(
    events: ReportPage, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    events.report(event="llm_request", dimensions='{"input_tokens": 1000, "output_tokens": 500}')
    assert "Its answer tells of no balance" in events.text
    assert events.address["at"] == "2026-05-22T14:35:20.000Z"
    assert events.balances[CURRENCY]["settled"] == 1000
    local.settle()
    events.go()
    assert "Settled: −5 tokens since just before it was sent." in events.text
    assert list(events.balances) == [CURRENCY]
    assert events.balances[CURRENCY]["difference"] == -5
    assert balance(local, customer) == 995
    assert recorded(activity) == [(f"report an event llm_request of {customer}", Outcome.DONE)]


def test_the_same_event_again_is_already_counted(
    events: ReportPage, local: LocalApi, customer: str, clock: Clock, wire: Wire
) -> None:
    events.report(event="api_call")
    local.settle()
    events.go().press("Report")
    assert "Already counted: the same key and time were reported before, by local" in events.text
    local.settle()
    clock.advance(LIMIT)
    assert "Already counted: nothing more was taken within 20 s." in events.go().text
    assert wire.count(EVENT) == 2
    assert balance(local, customer, API_CREDITS) == 999


def test_an_event_that_feeds_nothing_is_said_to_take_nothing(
    events: ReportPage, local: LocalApi, clock: Clock
) -> None:
    events.report(event="unheard_of")
    local.settle()
    clock.advance(LIMIT)
    assert "It has taken no credits within 20 s: counted already" in events.go().text


def test_an_event_with_something_wrong_is_not_sent(events: ReportPage, wire: Wire) -> None:
    events.press("Report")
    assert "An event name is missing." in events.text
    events.fill(event="chat", at="2200-01-01").press("Report")
    assert "is out of range: from 1970 to 2199 is possible" in events.text
    assert wire.count(EVENT) == 0


def test_an_event_whose_answer_was_lost_counts_once(
    events: ReportPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    wire.fail(EVENT, answer_lost)
    events.report(event="api_call")
    assert "safe to do it again" in "\n".join(events.failures)
    ReportPage(**events.address).press("Report")
    assert balance(local, customer, API_CREDITS) == 999


# Many


def test_a_file_of_measurements_is_shown_whole_then_counted_once_however_often_it_is_sent(
    page: ReportPage, local: LocalApi, customer: str, wire: Wire
) -> None:
    rows = csv(customer, f"{SEATS},1,,", f"{SEATS},1,,", f"{SEATS},-0.5,delta,", f"{SEATS},4,SET,k")
    page.go(what="usages").upload(rows)
    added = page.frame("Totals of the 4 measurements").to_dict("records")
    assert [(row["how"], row["rows"]) for row in added] == [("DELTA", 3), ("SET", 1)]
    assert balance(local, customer) == 1000
    page.press("Report 4 measurements")
    assert page.came == ["Reported"] * 4
    assert list(page.outcomes["credits"]) == [25, 25, Decimal("-12.5"), Decimal("62.5")]
    assert "Optimistic balance: 900 tokens." in page.text
    local.settle()
    assert "Settled: −100 tokens" in page.go().text
    page.press("Report 4 measurements again")
    assert page.came == ["Already counted"] * 4
    assert "Nothing more was counted: the balance is as it was." in page.text
    again = ReportPage(customer=customer, what="usages").upload(rows)
    assert again.press("Report 4 measurements").came == ["Already counted"] * 4
    assert wire.count(BULK) == 1
    assert balance(local, customer) == 900


def test_another_file_with_keys_that_were_counted_says_so_row_by_row(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    first = csv(customer, f"{SEATS},1,,a", f"{SEATS},2,,b")
    page.go(what="usages").upload(first).press("Report 2 measurements")
    other = csv(customer, f"{SEATS},2,,b", f"{SEATS},3,,c", f"{SEATS},1,,a")
    page.upload(other).press("Report 3 measurements")
    assert page.came == ["Already counted", "Reported", "Already counted"]
    assert balance(local, customer) == 1000 - 6 * 25


def test_unlikely_times_in_a_file_are_warned_of_before_anything_is_sent(
    events: ReportPage, customer: str
) -> None:
    rows = [f"{customer},api_call,{at}" for at in ("2026-05-01", "2062-05-01", "1970-01-01")]
    content = "\n".join(["customer_id,event_name,timestamp", *rows]).encode()
    events.go(what="events").upload(content)
    [said] = [said for said in events.failures if "unlikely" in said]
    assert said == (
        "2 rows have an unlikely time, such as line 3: 1 May 2062 00:00 UTC is in the future. They "
        "are sent as they are."
    )
    assert "Report 3 events" in events.buttons


def test_a_repeated_key_is_told_before_anything_is_sent(
    page: ReportPage, wire: Wire, customer: str
) -> None:
    page.go(what="usages").upload(csv(customer, f"{SEATS},1,,a", f"{SEATS},2,,a"))
    assert "1 row repeats the key of an earlier one, such as line 3 that of line 2" in page.text
    assert wire.count(BULK) == 0
    page.press("Report 2 measurements")
    assert page.came == ["Reported", "Already counted"]


def test_a_batch_of_events_from_json_lines_is_followed_and_counted_once(
    events: ReportPage, local: LocalApi, customer: str, wire: Wire
) -> None:
    lines = calls(customer, 1500)
    events.go(what="events").upload(lines.encode(), "events.jsonl").press("Report 1,500 events")
    assert events.came == ["Reported"] * 1000
    assert "1,500 rows: 1,500 reported." in events.text
    assert wire.count(EVENT) == 2
    local.settle()
    assert "Settled: −1,500 credits" in events.go().text
    events.press("Report 1,500 events again")
    assert "1,500 rows: 1,500 already counted." in events.text
    assert wire.count(EVENT) == 2
    assert balance(local, customer, API_CREDITS) == -500


def test_more_events_than_can_be_looked_up_are_told_by_the_balance_alone(
    events: ReportPage, local: LocalApi, customer: str, clock: Clock
) -> None:
    lines = calls(customer, 2500)
    events.go(what="events").upload(lines.encode(), "events.jsonl").press("Report 2,500 events")
    local.settle()
    clock.advance(LIMIT)
    events.go()
    assert "Settled so far: −2,500 credits since just before it was sent." in events.text
    assert "More than 2,000 events are not looked up one by one" in events.text
    assert balance(local, customer, API_CREDITS) == -1500


def test_what_is_pasted_is_read_as_a_file_is(
    events: ReportPage, local: LocalApi, customer: str
) -> None:
    text = f"[{', '.join(calls(customer, 3).splitlines())}]"
    events.go(what="events").paste(text).press("Report 3 events")
    assert events.came == ["Reported"] * 3
    assert balance(local, customer, API_CREDITS) == 997


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        ("Grüße".encode("latin-1"), "not UTF-8"),
        (b"customer_id,event_name,timestamp\n", "The file has no rows"),
        (b"a;b;c\n1;2;3", "separated by commas"),
        (b'[{"customerId": ', "cannot be read as JSON"),
        (b"a,b\n1,2", "misses customer_id, event_name, timestamp"),
        (b"customer_id,event_name,timestamp" + b"\nx,y,2026" * 20_001, "more than 20,000 rows"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    events: ReportPage, wire: Wire, content: bytes, sentence: str
) -> None:
    events.go(what="events").upload(content)
    assert sentence in "\n".join(events.failures)
    assert wire.count(EVENT) == 0


def test_nothing_of_a_file_is_sent_while_a_row_is_wrong(
    page: ReportPage, wire: Wire, customer: str
) -> None:
    page.go(what="usages")
    page.upload(csv(customer, f"{SEATS},1,,", f"{SEATS},x,,", "nothing,1,,", f"{SEATS},1,ADD,"))
    wrong = page.frame("What is wrong with 3 rows")
    assert list(wrong["Line"]) == [3, 4, 5]
    assert list(wrong["Column"]) == ["value", "feature_id", "update_behavior"]
    assert not any(label.startswith("Report ") for label in page.buttons)
    page.upload(csv("nobody", f"{SEATS},1,,"))
    assert list(page.frame("What is wrong")["What is wrong"]) == ["There is no customer 'nobody'."]
    assert wire.count(BULK) == 0


@pytest.mark.parametrize("kind", Kind)
def test_the_template_names_what_is_not_there_as_such(page: ReportPage, kind: Kind) -> None:
    page.go(what={"measurements": "usages"}.get(kind, kind)).upload(TEMPLATES[kind].encode())
    assert "There is no customer 'acme'." in list(page.frame("What is wrong")["What is wrong"])


def test_each_chunk_has_its_own_outcome_and_the_next_run_takes_up_the_rest(
    page: ReportPage, wire: Wire, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    wire.fail(BULK, answer_lost, lambda _, __: httpx.Response(429))
    rows = csv(customer, *[f"{SEATS},0.1,,"] * 250)
    page.go(what="usages").upload(rows).press("Report 250 measurements")
    assert "250 rows: 50 reported, 200 unknown." in page.text
    assert len(recorded(activity)) == 3
    page.press("Report 250 measurements again")
    assert "250 rows: 100 reported, 150 already counted." in page.text
    assert balance(local, customer) == 1000 - 25 * 25
    assert {outcome for _, outcome in recorded(activity)} == {Outcome.DONE}


def test_where_nobody_answers_the_run_ends_and_the_rest_is_not_tried(
    page: ReportPage, wire: Wire, customer: str
) -> None:
    wire.fail(BULK, no_connection)
    page.go(what="usages").upload(csv(customer, *[f"{SEATS},1,,"] * 150))
    page.press("Report 150 measurements")
    assert "150 rows: 100 unknown, 50 not tried." in page.text
    assert wire.count(BULK) == 1


def test_a_file_may_name_many_customers_without_one_in_the_scope(
    wire: Wire, local: LocalApi, customer: str
) -> None:
    others = [f"{customer}-{n}" for n in range(7)]
    for other in others:
        local.provision(other)
    page = ReportPage(what="usages")
    rows = "\n".join(f"{other},{SEATS},1" for other in others)
    page.upload(f"customer_id,feature_id,value\n{rows}".encode()).press("Report 7 measurements")
    assert "5 pools are followed; 2 more are named in the file" in page.text
    assert [balance(local, other) for other in others] == [-25] * 7
    assert wire.count(BULK) == 1


def test_of_events_of_many_customers_those_of_the_followed_are_waited_for(
    wire: Wire, local: LocalApi, customer: str
) -> None:
    others = [f"{customer}-{n}" for n in range(7)]
    for other in others:
        local.provision(other)
    page = ReportPage(what="events")
    lines = "\n".join(calls(other, 2) for other in others)
    page.upload(lines.encode(), "events.jsonl").press("Report 14 events")
    local.settle()
    assert page.go().text.count("−2 credits") == 5
    assert "Settled: −2 credits, " in page.text
    assert wire.count(EVENT) == 1


# Who may, and where


def test_who_may_report_is_not_told_which_role_it_takes(page: ReportPage) -> None:
    assert "takes the role" not in page.text


def test_a_viewer_is_told_which_role_it_takes(
    page: ReportPage, monkeypatch: pytest.MonkeyPatch, customer: str
) -> None:
    sign_in(monkeypatch, "eve", "viewer")
    page.go()
    assert page.is_disabled("Report")
    assert "Reporting usage takes the role support, and yours is viewer." in page.text
    page.go(what="usages").upload(csv(customer, f"{SEATS},1,,"))
    assert page.is_disabled("Report 1 measurement")


def test_a_session_that_lost_its_role_is_refused_at_the_door_and_recorded(
    page: ReportPage, wire: Wire, monkeypatch: pytest.MonkeyPatch, activity: ActivityFile
) -> None:
    sign_in(monkeypatch, "sue", "support")
    page.go().fill(feature=SEATS, value="2")
    sign_in(monkeypatch, "sue", "viewer")
    page.press("Report")
    assert "sue may not report 2 of feature-seats" in "\n".join(page.failures)
    assert wire.count(REPORT) == 0
    assert [outcome for _, outcome in recorded(activity)] == [Outcome.REFUSED]


def test_without_a_metering_api_the_page_says_so(demo: Demo) -> None:
    use(Sources(None, Extracted(demo.extract), problem="Its store is in use."))
    page = ReportPage(customer="customer-demo-01")
    assert "Usage is reported to a metering API, and there is none here. Its store" in page.text
    assert "Report" not in page.buttons
    use(None)


def test_beside_an_extract_the_balance_is_the_apis_own(sources: Sources) -> None:
    assert sources.extract
    page = ReportPage(customer="customer-demo-01", source="extract")
    assert "live, 0 s ago" in page.text
    assert page.link["source"] == ["live"]
    assert "source" not in {box.key for box in page.at.selectbox}
    assert "an extract holds them once it is made anew" in page.text


def test_when_the_source_fails_the_page_says_so(page: ReportPage, wire: Wire) -> None:
    wire.fail("Features", *[lambda _, __: httpx.Response(503)] * 9)
    asking.forget()
    page.go()
    assert "The metering API failed on its side" in "\n".join(page.failures)
    assert "Still shown below, and no longer current: the balance of customer-" in page.text
    assert "Report" not in page.buttons
    assert not page.has_crashed


def test_what_settled_otherwise_than_the_answer_had_said_is_told(
    page: ReportPage, local: LocalApi, customer: str
) -> None:
    page.report(feature=SEATS, value="2")
    local.report(1, customerId=customer, featureId=SEATS)
    local.settle()
    page.go()
    assert "Settled: −75 tokens since just before it was sent, which is not what" in page.text
    row = page.balances[CURRENCY]
    assert (row["optimistic"], row["settled"], row["off"]) == (950, 925, -25)
