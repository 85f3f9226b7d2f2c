"""The Usage page when it cannot answer: a sentence, and the last good answer beside it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from app_page import Value
from usage_page import UsagePage
from usage_world import Answer, Api, Clock

from dashboard import asking
from dashboard.panels.shown import CUT as MORE_GROUPS
from dashboard.sources import Sources, use

Visit = Callable[..., UsagePage]
Address = dict[str, Value]

CutAfter = Callable[[int], None]

KESTREL = "customer-demo-01"
SOURCES = ("extract", "live")

BAD_ADDRESSES: dict[str, tuple[Address, str]] = {
    "an unknown customer": (
        {"customer": "customer-nobody"},
        "There is no customer 'customer-nobody'",
    ),
    "text that is no customer id": (
        {"customer": "no customer!"},
        "'no customer!' cannot be a customer id: letters, digits and _ | . @ - are allowed.",
    ),
    "an unknown key": (
        {"by": "colour"},
        "No event here carries the key 'colour'. Choose one from the list.",
    ),
    "text that is no key": (
        {"by": "the model"},
        "'the model' cannot be a group-by key: letters, digits, _, $ and - are allowed.",
    ),
    "four keys": (
        {"by": ["model", "team", "region", "user_id"]},
        "4 keys to group by (model, team, region, user_id); at most 3 are possible. Remove 1.",
    ),
    "the same key twice": (
        {"by": ["model", "model"]},
        "The same key is there twice; group by each key once.",
    ),
    "an end before the start": (
        {"period": "custom", "from": "2026-05-10", "to": "2026-05-09"},
        "The period ends (9 May 2026) before it starts (10 May 2026). "
        "Choose an end after the start.",
    ),
    "100 years by the hour": (
        {"period": "custom", "from": "2071-01-01", "to": "2170-12-31", "grain": "hour"},
        "876,576 buckets of one hour are more than a chart can show (2,500). "
        "Choose a longer bucket or a shorter period.",
    ),
    "a day before 1970": (
        {"period": "custom", "from": "1969-12-31"},
        "The period must lie between the years 1970 and 2200.",
    ),
    "a day after 2199": (
        {"period": "custom", "to": "9999-12-31"},
        "The period must lie between the years 1970 and 2200.",
    ),
    "an unknown period": (
        {"period": "fortnight"},
        "'fortnight' is not a period; choose one from the list.",
    ),
    "an unknown bucket": (
        {"grain": "whole"},
        "'whole' is not a bucket; choose one from the list.",
    ),
    "an unknown time zone": (
        {"tz": "Mars/Base"},
        "'Mars/Base' is not a time zone. Use a name such as UTC or Europe/Berlin.",
    ),
    "an unknown currency": ({"currency": "gold"}, "There is no currency 'gold'"),
    "an unknown pool": (
        {"pool": "basement"},
        "Customer 'customer-demo-01' has no resource 'basement'",
    ),
    "a filter on text that is no key": (
        {"only": "the model:gpt"},
        "'the model' cannot be a group-by key: letters, digits, _, $ and - are allowed.",
    ),
    "six filters": (
        {"only": [f"{key}:x" for key in ("model", "team", "region", "user_id", "a", "b")]},
        "At most 5 filters can be set, one for each key.",
    ),
}


def no_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)


def no_answer_in_time(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("timed out", request=request)


def says(status: int, body: bytes = b"") -> Answer:
    return lambda _request: httpx.Response(status, content=body)


FAULTS: dict[str, tuple[Answer, str]] = {
    "down": (
        no_connection,
        "The metering API at http://metering.test/graphql cannot be reached. Is it running, "
        "and is METERING_API_URL right?",
    ),
    "too busy": (
        says(429),
        "The metering API is receiving too many requests from this account. Wait a moment.",
    ),
    "failing": (
        says(500),
        "The metering API failed on its side. Try again; if it stays, tell its operator. "
        "(HTTP 500)",
    ),
    "silent": (no_answer_in_time, "The metering API did not answer within 10 seconds."),
    "talking nonsense": (
        says(200, b'{"data": {"custom'),
        "The metering API gave an answer that is not GraphQL (HTTP 200, 17 bytes). "
        "Does METERING_API_URL end in /graphql?",
    ),
    "answering without what was asked for": (
        says(200, b'{"data": {}}'),
        "Something went wrong that this page does not know. It has been logged.",
    ),
}
KEPT = (
    "Still shown below, and no longer current: usage of Kestrel Robotics, customer-level pool, "
    "23 Apr – 22 May 2026, as of 22 May 2026 14:35 UTC"
)


@pytest.fixture
def cut_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[CutAfter]:
    """Make answers end after so many groups, until the test is over."""

    def cut(rows: int) -> None:
        asking.forget()
        monkeypatch.setattr("queries.usage.extracted.AT_ONCE", 0)
        monkeypatch.setattr("queries.usage.extracted.MOST_ROWS", rows)

    yield cut
    asking.forget()


def seen(page: UsagePage) -> tuple[object, ...]:
    return page.total, page.rows, page.cards, page.chart.alt, page.chart.traces, page.chart.notes


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", BAD_ADDRESSES)
def test_a_question_that_cannot_be_asked_is_answered_with_the_sentence_alone(
    visit: Visit, case: str, source: str
) -> None:
    wrong, sentence = BAD_ADDRESSES[case]
    page = visit(**{"customer": KESTREL, "source": source} | wrong)
    assert not page.has_crashed
    [said] = page.failures
    assert said.startswith(sentence)
    assert "Still shown" not in page.text
    assert not page.has_chart


@pytest.mark.parametrize("case", BAD_ADDRESSES)
def test_the_last_answer_stays_beside_the_sentence_about_a_wrong_question(
    visit: Visit, case: str
) -> None:
    wrong, sentence = BAD_ADDRESSES[case]
    page = visit(customer=KESTREL)
    before = seen(page)
    page.go(**wrong)
    assert not page.has_crashed
    [said] = page.failures
    assert said.startswith(sentence)
    assert KEPT in page.text
    assert seen(page) == before


@pytest.mark.parametrize("fault", FAULTS)
def test_an_api_that_fails_from_the_start_is_a_sentence_until_it_is_back(
    visit: Visit, api: Api, fault: str
) -> None:
    api.fault, sentence = FAULTS[fault]
    page = visit(customer=KESTREL, source="live")
    assert not page.has_crashed
    assert page.failures == [sentence]
    assert "Still shown" not in page.text
    assert not page.has_chart
    api.fault = None
    page.go()
    assert page.failures == []
    assert page.has_chart


@pytest.mark.parametrize("fault", FAULTS)
def test_the_last_answer_stays_when_the_api_fails_and_says_how_old_it_is(
    visit: Visit, api: Api, clock: Clock, fault: str
) -> None:
    page = visit(customer=KESTREL, source="live")
    before = seen(page)
    api.fault, sentence = FAULTS[fault]
    clock.advance(timedelta(minutes=5))
    page.go()
    assert not page.has_crashed
    assert page.failures == [sentence]
    assert KEPT in page.text
    assert "live, 5 min ago" in page.text
    assert seen(page) == before


def test_a_key_that_the_api_refuses_is_a_sentence(visit: Visit, api: Api, clock: Clock) -> None:
    page = visit(customer=KESTREL, source="live")
    before = seen(page)
    api.fault = lambda request: api.answer(request, key="revoked")
    clock.advance(timedelta(minutes=5))
    for shown in (page.go(), visit(customer=KESTREL, source="live")):
        assert not shown.has_crashed
        assert shown.failures == ["The metering API refused the key. Check METERING_API_KEY."]
    assert KEPT in page.text
    assert seen(page) == before


def test_the_last_answer_is_kept_as_it_was_drawn(visit: Visit, api: Api, clock: Clock) -> None:
    page = visit(customer=KESTREL, source="live", by="user_id", kind="lines",
                 shape="cumulative", top="20")  # fmt: skip
    before = seen(page)
    api.fault = no_connection
    clock.advance(timedelta(minutes=5))
    page.go()
    assert seen(page) == before


def test_only_the_part_of_the_page_that_fails_says_so(visit: Visit, api: Api) -> None:
    def without_ledger(request: httpx.Request) -> httpx.Response:
        if b"creditsLedger" in request.content:
            return no_connection(request)
        return api.answer(request)

    api.fault = without_ledger
    page = visit(customer=KESTREL, source="live", by="model", bucket="2026-05-21T00:00")
    assert page.failures == [FAULTS["down"][1]]
    assert "Still shown" not in page.text
    assert page.rows
    assert not page.has_frame("Ledger rows")


def test_the_extract_answers_while_the_api_is_down(visit: Visit, api: Api) -> None:
    api.fault = no_connection
    page = visit(customer=KESTREL, source="live")
    page.choose("source", "extract")
    assert page.failures == []
    assert page.has_chart
    assert api.count > 0


def test_live_says_why_it_cannot_answer_for_all_customers_and_offers_the_extract(
    visit: Visit,
) -> None:
    page = visit(source="live")
    [said] = page.failures
    assert "one customer at a time" in said
    assert not page.has_chart
    page.press("Use the extract")
    assert page.failures == []
    assert page.address["source"] == "extract"
    assert "All customers · extract of 22 May 2026" in page.text.replace("**", "")
    assert page.has_chart


def test_live_says_that_it_groups_and_filters_by_three_keys_together(visit: Visit) -> None:
    page = visit(customer=KESTREL, source="live", by=["model", "team", "region"],
                 only="environment:production")  # fmt: skip
    [said] = page.failures
    assert said.startswith("The metering API can group and filter by 3 keys together, not by 4")
    page.press("Use the extract")
    assert page.failures == []
    assert page.has_chart


def test_no_extract_is_offered_where_there_is_none(visit: Visit, sources: Sources) -> None:
    use(Sources(sources.live, None))
    page = visit()
    [said] = page.failures
    assert "one customer at a time" in said
    assert "Use the extract" not in page.buttons


def test_a_source_that_is_missing_is_named(visit: Visit) -> None:
    use(Sources(None, None, problem="Another process has the store. Stop it."))
    page = visit()
    assert not page.has_crashed
    assert page.failures == ["Another process has the store. Stop it."]


def test_the_only_source_there_is_is_asked_without_a_choice(visit: Visit, sources: Sources) -> None:
    use(Sources(None, sources.extract))
    page = visit()
    assert page.has_chart
    assert "extract of" in page.text


def test_a_source_that_the_address_names_and_that_is_not_there_is_said(
    visit: Visit, sources: Sources
) -> None:
    use(Sources(None, sources.extract, problem="Another process has the store. Stop it."))
    assert "Another process has the store. Stop it." in visit().text
    use(Sources(None, sources.extract))
    assert visit(source="live").failures == ["There is no live source here."]


def test_groups_that_are_not_listed_are_said_and_are_in_the_totals(
    visit: Visit, cut_after: CutAfter
) -> None:
    whole = visit(customer=KESTREL, by="user_id")
    cut_after(5)
    page = visit(customer=KESTREL, by="user_id")
    assert page.failures == [MORE_GROUPS]
    assert (page.total, page.chart.total) == (whole.total, whole.chart.total)
    assert list(page.rows) == list(whole.rows)[:5] != list(whole.rows)


def test_a_row_looked_into_says_which_groups_are_not_listed(
    visit: Visit, cut_after: CutAfter
) -> None:
    cut_after(2)
    page = visit(customer=KESTREL, by="model", into="claude", nested="team")
    assert page.failures == [MORE_GROUPS, MORE_GROUPS]


def test_a_previous_period_that_was_cut_is_said_too(visit: Visit, cut_after: CutAfter) -> None:
    cut_after(1)
    page = visit(customer=KESTREL, by="model", period="custom", from_="2020-01-01", to="2020-01-31")
    assert page.failures == []
    page = visit(customer=KESTREL, by="model", period="custom", from_="2026-05-23", to="2026-05-24")
    assert page.failures == [MORE_GROUPS]


def test_a_filter_that_is_in_the_address_twice_is_one_filter(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model", only=["model:claude", "model:claude"])
    assert page.failures == []
    assert page.chart.names == ["claude"]
    page.press("model is claude")
    assert "only" not in page.address


def test_values_of_small_controls_that_nobody_knows_count_as_the_default(visit: Visit) -> None:
    usual = visit(customer=KESTREL, by="model")
    page = visit(customer=KESTREL, by="model", kind="pie", shape="spiral", top="7",
                 refresh="often", compare="maybe", from_="yesterday")  # fmt: skip
    assert page.failures == []
    assert page.chart.traces == usual.chart.traces
