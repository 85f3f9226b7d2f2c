"""The Balance page: one balance explained, down to single events, and proven."""

import json
import math
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import httpx
import polars as pl
import pytest
import sums
from balance_page import BalancePage
from usage_world import NOW, Api, Demo

from dashboard import asking
from dashboard.sources import Sources
from queries.answer import answer

SHOWCASE = "customer-demo-01"
MOST_READ = 300
Visit = Callable[..., BalancePage]


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return BalancePage


@pytest.mark.parametrize("source", ["extract", "live"])
def test_every_pool_of_the_demo_adds_up_at_every_level(
    demo: Demo, sources: Sources, source: str
) -> None:
    """A live ledger comes 100 rows at a time: the long ones are read whole with SOAK=1 only."""
    asked = sources.named(source)
    assert asked is not None
    most = MOST_READ if source == "live" and "SOAK" not in os.environ else None
    pools, balances = sums.pools(demo.tables), sums.running(demo.tables)
    wrong: list[str] = []
    for pool in (pool for pool in pools if most is None or rows_of(demo, pool) <= most):
        question = sums.statement(pool, datetime(2026, 3, 5), NOW + timedelta(hours=1))
        frame = answer(question, asked).frame
        now = sums.balances(pool, [asked], balances[pool])
        wrong += sums.differences(pool, question, frame, now)
    assert wrong == []


def rows_of(demo: Demo, pool: sums.Pool) -> int:
    of_pool = pl.col("resource_id").eq_missing(pl.lit(pool[2]))
    ledger = demo.tables["ledger"].filter(of_pool, customer_id=pool[0], currency_id=pool[1])
    return ledger.height


def test_a_balance_is_explained_since_its_first_grant_and_proven(visit: Visit, demo: Demo) -> None:
    page = visit(customer=SHOWCASE)
    assert not page.has_crashed
    assert page.lines["Balance now"] == demo.balance(SHOWCASE)
    assert page.lines["Granted"] + page.lines["Consumed"] == demo.balance(SHOWCASE)
    assert "Proven to the last decimal" in page.text


def test_the_last_point_of_the_burn_down_chart_is_the_balance(visit: Visit, demo: Demo) -> None:
    page = visit(customer=SHOWCASE)
    [line] = [trace for trace in page.chart.traces if trace.name == "Balance"]
    grants = [trace for trace in page.chart.traces if "stackgroup" in trace.spec]
    assert line.y[-1] == float(demo.balance(SHOWCASE))
    assert sum(Decimal(str(trace.y[-1])) for trace in grants) == demo.balance(SHOWCASE)
    assert page.chart.alt.startswith("Balance by grant, 21 May 2025 – 22 May 2026")


@pytest.mark.parametrize("source", ["extract", "live"])
def test_the_drop_of_yesterday_is_explained_by_its_line_and_by_features(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer="customer-usage-spike", period="yesterday", source=source)
    day = datetime(2026, 5, 21)
    used = demo.used("customer-usage-spike", day, day + timedelta(days=1))
    assert page.lines["Consumed"] == -used[()][0]
    assert page.lines["Opening"] + page.lines["Consumed"] == page.lines["Balance then"]
    assert sum(page.consumed.values()) == used[()][0]


def test_the_balance_of_a_past_moment_is_the_sum_of_what_had_happened(
    visit: Visit, demo: Demo
) -> None:
    page = visit(customer=SHOWCASE, at="2026-04-01T09:30")
    ledger = demo.tables["ledger"].filter(
        pl.col("occurred_at") < datetime(2026, 4, 1, 9, 30),
        pl.col("resource_id").is_null(),
        customer_id=SHOWCASE,
        currency_id="ai-tokens",
    )
    assert page.lines["Balance then"] == ledger["amount"].sum()
    assert "since then" in page.text


def test_a_moment_after_the_data_ends_is_a_sentence(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, at="2031-01-01T00:00")
    assert "is later than this source's data" in page.failures[0]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00", "9999-12-31T23:59", "2026-05-01T01:30+02:00", "yesterday"]
)
def test_a_moment_that_is_none_is_a_sentence(visit: Visit, moment: str) -> None:
    page = visit(customer=SHOWCASE, at=moment, tz="America/New_York")
    assert "is not a moment such as 2026-05-22T14:30" in page.failures[0]


def test_a_link_to_the_balance_of_now_is_not_one_to_an_earlier_minute(visit: Visit) -> None:
    link = visit(customer=SHOWCASE, period="7d").link
    assert (link["period"], link["from"], link["to"]) == (
        ["custom"],
        ["2026-05-16"],
        ["2026-05-22"],
    )
    assert "at" not in link
    page = visit(**{key.replace("from", "from_"): value[0] for key, value in link.items()})
    assert "Balance now" in page.lines


def test_a_link_to_a_balance_of_the_past_names_its_moment(visit: Visit) -> None:
    link = visit(customer=SHOWCASE, at="2026-04-01T09:30").link
    assert link["at"] == ["2026-04-01T09:30"]


def test_without_a_customer_the_page_says_what_to_choose(visit: Visit) -> None:
    page = visit()
    assert "Choose a customer above: this page explains one balance." in page.text


def test_a_pool_without_grants_says_so(visit: Visit) -> None:
    page = visit(customer="customer-nearly-out", currency="api-credits")
    assert "This pool has no grants yet" in page.text
    assert not page.failures


def test_consumption_opens_step_by_step_down_to_single_events(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, period="7d")
    features = page.consumed
    page.open("feature-chat-completions")
    days = page.consumed
    assert sum(days.values()) == features["Chat completions"]
    page.go(split="user_id")
    users = page.consumed
    assert sum(users.values()) == features["Chat completions"]
    user = next(iter(users))
    page.open(user).go(split="events")
    events = page.frame("Single events")
    assert sum(Decimal(str(credits)) for credits in events["credits"]) == users[user]
    assert events["dimensions"].str.contains(f"user_id={user}").all()


def test_what_a_grant_paid_opens_to_who_used_it(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, period="7d", split="grantId")
    [(grant, credits), *_] = page.consumed.items()
    page.open(grant.partition("(")[2].rstrip(")")).go(split="user_id")
    assert sum(page.consumed.values()) == credits
    assert "all that was consumed here" in page.text


def test_an_opened_level_is_closed_by_its_chip(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, period="7d", step="featureId:feature-chat-completions")
    page.press("Feature is Chat completions")
    assert "step" not in page.address


def test_which_grant_paid_for_whom_is_not_in_the_api_and_the_page_says_so(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, period="7d", source="live", split="grantId")
    [(grant, _), *_] = page.consumed.items()
    page.open(grant.partition("(")[2].rstrip(")")).go(split="user_id")
    assert "Choose the extract" in page.failures[0]
    assert "Proven" in page.text


def test_a_live_ledger_is_read_once_for_one_balance(visit: Visit, api: Api, demo: Demo) -> None:
    read: list[bytes] = []

    def watched(request: httpx.Request) -> httpx.Response:
        read.extend([request.content] if b"CreditsStatement" in request.content else [])
        return api.answer(request)

    api.fault = watched
    page = visit(customer="customer-nearly-out", source="live")
    assert page.has_frame("What the forecast of")
    rows = rows_of(demo, ("customer-nearly-out", "ai-tokens", None))
    assert len(read) == math.ceil(rows / 100)


def test_a_balance_that_the_api_gives_differently_is_shown_as_a_difference(
    visit: Visit, api: Api
) -> None:
    def one_less(request: httpx.Request) -> httpx.Response:
        response = api.answer(request)
        if b"CreditBalanceSummary" not in request.content:
            return response
        body = json.loads(response.content, parse_float=Decimal)
        for balance in body["data"]["creditBalanceSummary"]["balances"]:
            balance["currentBalance"] = float(balance["currentBalance"]) - 1
        return httpx.Response(200, json=json.loads(json.dumps(body, default=float)))

    api.fault = one_less
    page = visit(customer="customer-nearly-out", source="live")
    assert "This does not add up" in page.failures[0]
    assert "a difference of -1" in page.failures[0]
    assert "Proven to the last decimal" not in page.text


def test_when_the_source_fails_the_last_statement_stays_and_is_called_old(
    visit: Visit, api: Api
) -> None:
    page = visit(customer="customer-nearly-out", source="live")
    before = page.lines
    api.fault = lambda _: httpx.Response(503)
    asking.forget()
    page.go(period="7d")
    assert page.failures
    assert "no longer current: statement of Osprey Travel" in page.text
    assert page.lines == before


def test_lines_over_time_begin_where_the_bucket_before_ended(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, period="7d", lines="time")
    table = page.frame("Lines over time")
    assert list(table["opening"])[:-1] == list(table["closing"])[1:]


@pytest.mark.parametrize(
    ("customer", "address"),
    [
        ("customer-only-overdraft", {}),
        ("customer-brand-new", {}),
        ("customer-voided-grant", {}),
        (SHOWCASE, {"pool": "workspace-example-com"}),
    ],
)
def test_pools_of_every_kind_read_well(
    visit: Visit, customer: str, address: dict[str, str]
) -> None:
    page = visit(customer=customer, **address)
    assert not page.has_crashed
    assert not page.failures
    assert "Proven to the last decimal" in page.text


def test_what_burns_next_is_named_with_the_rule_that_puts_it_first(visit: Visit) -> None:
    text = visit(customer="customer-promo-expiring").text
    assert "**Burns next:** Seasonal promotion" in text
    assert "It comes before Annual commitment" in text
    assert "it expires sooner: on 9 Jun 2026 14:35 UTC, the other never" in text


def test_a_pool_that_is_nearly_out_gets_a_range_of_days_and_what_was_said_before(
    visit: Visit,
) -> None:
    page = visit(customer="customer-nearly-out", period="30d")
    assert "**Runs out:** between" in page.text or "**Runs out:** on" in page.text
    before = page.frame("What the forecast of")
    assert list(before["Said"]) == ["7 days ago", "14 days ago", "30 days ago"]
    assert {"Forecast", "Forecast band"} <= {trace.name for trace in page.chart.traces}


def test_a_history_that_is_too_short_gets_no_forecast_and_the_page_says_why(visit: Visit) -> None:
    page = visit(customer="customer-brand-new")
    assert "**Runs out:** no forecast." in page.text
    assert "Forecast" not in {trace.name for trace in page.chart.traces}


def test_credits_that_are_expected_to_lapse_are_listed_by_grant(visit: Visit) -> None:
    at_risk = visit(customer="customer-promo-expiring").frame("Credits at risk")
    assert at_risk["grant"][0].startswith("Seasonal promotion")
    assert 0 < at_risk["lapse_low"][0] <= at_risk["lapse"][0] <= at_risk["lapse_high"][0]


def test_a_past_moment_has_no_forecast(visit: Visit) -> None:
    page = visit(customer="customer-nearly-out", at="2026-04-01T00:00")
    assert "The forecast belongs to the balance of now" in page.text


def spent_already(api: Api, credits: int) -> Callable[[httpx.Request], httpx.Response]:
    """An API to which so much has been reported that has not settled."""

    def respond(request: httpx.Request) -> httpx.Response:
        response = api.answer(request)
        if b"OptimisticBalance" not in request.content:
            return response
        body = json.loads(response.content)
        for one in body["data"]["entitlementsState"]["entitlementsV2"]:
            if "currentUsage" in one:
                one["currentUsage"] += credits
        return httpx.Response(200, json=body)

    return respond


def test_what_is_reported_and_not_settled_is_shown_apart_until_it_has_settled(
    visit: Visit, api: Api, demo: Demo
) -> None:
    page = visit(customer="customer-nearly-out", source="live")
    assert "nothing that was reported waits to be settled" in page.text
    api.fault = spent_already(api, 5)
    page.go()
    settled = demo.balance("customer-nearly-out")
    assert f"Settled **{settled:,f}".rstrip("0") in page.text
    assert "5 have been reported and wait to be settled" in page.text
    api.fault = None
    page.go()
    assert "has settled" in page.text
    assert "5 off the optimistic balance" in page.text


def test_an_extract_shows_no_optimistic_balance(visit: Visit) -> None:
    assert "optimistic" not in visit(customer="customer-nearly-out").text.lower()
