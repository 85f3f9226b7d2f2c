"""The Overview: all customers in cards, a chart, lists and ranks; live a few at a time."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import httpx
import polars as pl
import pytest
from overview_page import OverviewPage
from usage_world import NOW, Api, Demo

from dashboard import asking
from dashboard.changing import MADE
from dashboard.formats import compact, money
from dashboard.panels import overview_shown
from dashboard.sources import Sources

SHOWCASE = "customer-demo-01"
WORKSPACE = "workspace-example-com"
FIRST_DAY = datetime(2026, 4, 23)
Visit = Callable[..., OverviewPage]


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return OverviewPage


@pytest.fixture
def a_dozen(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001  # forgets before
    """The API lists so many customers and says that there are more; nobody else hears of it."""
    monkeypatch.setattr("queries.customers.live.MOST_SHOWN", 12)
    yield
    asking.forget()


@pytest.fixture
def seen(visit: Visit) -> OverviewPage:
    """The page as it opens."""
    return visit()


def in_tokens(demo: Demo, table: str) -> pl.DataFrame:
    return demo.tables[table].filter(currency_id="ai-tokens")


def test_outstanding_is_the_sum_of_the_ledger_and_used_that_of_the_events(
    seen: OverviewPage, demo: Demo
) -> None:
    held = Decimal(in_tokens(demo, "ledger")["amount"].sum())
    used = demo.used(None, FIRST_DAY)[()][0]
    assert seen.cards["Outstanding (tokens)"] == compact(held)
    assert seen.cards["Used (tokens)"] == compact(used)


def test_paid_credits_are_worth_what_remains_at_cost(seen: OverviewPage, demo: Demo) -> None:
    cent = Decimal("0.01")
    worth = sum(
        (row["cost_amount"] * (row["amount"] - row["consumed_amount"]) / row["amount"] + cent / 2)
        // cent
        * cent
        for row in in_tokens(demo, "grants").iter_rows(named=True)
        if row["status"] == "ACTIVE" and row["cost_amount"]
    )
    assert seen.cards["Paid credits outstanding (USD)"] + " USD" == money(worth, "USD")


def test_overdrafts_are_those_of_the_grants(seen: OverviewPage, demo: Demo) -> None:
    debts = in_tokens(demo, "grants").filter(
        pl.col("consumed_amount") > 0, grant_type="OVERDRAFT", status="ACTIVE"
    )
    assert seen.cards["In overdraft"] == str(debts.height)
    assert seen.lists["In overdraft"] == debts.height
    assert f"They owe {compact(Decimal(debts['consumed_amount'].sum()))} tokens" in seen.text


def test_what_moved_adds_up_to_the_change_of_all_balances(seen: OverviewPage, demo: Demo) -> None:
    ledger = in_tokens(demo, "ledger").filter(pl.col("occurred_at") >= FIRST_DAY)
    assert sum(seen.moves["Change"]) == ledger["amount"].sum()
    assert sum(seen.moves["Consumed"]) == -demo.used(None, FIRST_DAY)[()][0]
    assert f"{seen.chart.total:.3f}" == f"{ledger['amount'].sum():.3f}"
    assert "granted, paid" in seen.chart.alt


def test_the_last_bucket_is_still_filling_and_says_so(seen: OverviewPage) -> None:
    assert seen.chart.notes == ["partial"]


def test_the_ranked_pools_add_up_to_the_card(seen: OverviewPage, demo: Demo) -> None:
    used = demo.used(None, FIRST_DAY, by=["customerId"])
    assert sum(seen.ranked["credits"]) == sum(credits for credits, _ in used.values())
    assert list(seen.ranked["credits"]) == sorted(seen.ranked["credits"], reverse=True)
    assert seen.ranked["share"].sum() == pytest.approx(1)
    trend = seen.ranked["trend"].iloc[0]
    assert sum(trend) == pytest.approx(float(seen.ranked["credits"].iloc[0]))


def test_the_pools_of_one_customer_are_told_apart(seen: OverviewPage) -> None:
    names = list(seen.ranked["name"])
    assert {"Kestrel Robotics", "Kestrel Robotics · workspace-example-com"} <= set(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("key", "name", "customer"),
    [
        ("out", "Runs out soonest", "Osprey Travel (nearly out)"),
        ("lapse", "Expires unused", "Tansy Foods (promo expiring)"),
        ("overdraft", "In overdraft", "Quill Press (only overdraft)"),
        ("recharge", "Recharge stopped or near its cap", "Wharf Games (recharge stopped)"),
        ("unusual", "Unusual use", "Vellum Media (usage spike)"),
    ],
)
def test_each_work_list_holds_whom_it_is_for(
    visit: Visit, key: str, name: str, customer: str
) -> None:
    page = visit(list=key)
    listed = page.frame(f"{name}: ")
    assert customer in list(listed["customer"])
    assert len(listed) == page.lists[name]


def test_who_runs_out_first_is_first_and_the_card_names_it(visit: Visit) -> None:
    page = visit()
    listed = page.frame("Runs out soonest")
    assert f"First: {listed['customer'].iloc[0]}" in page.text
    days = [str(day)[:10] for day in listed["expected"].dropna()]
    assert days == sorted(days)
    assert days[-1] <= f"{NOW + timedelta(days=30):%Y-%m-%d}"


def test_customers_are_found_by_name_or_id_and_ranked_otherwise(visit: Visit) -> None:
    page = visit(find="KESTREL", rank="balance")
    assert len(page.ranked) == 2
    assert list(page.ranked["balance"]) == sorted(page.ranked["balance"])
    assert page.go(find=SHOWCASE, rank=None).ranked["name"].iloc[0] == "Kestrel Robotics"
    assert "No customer is called so." in page.go(find="nobody at all").text


def test_a_customer_that_is_chosen_is_opened_on_its_balance_with_the_scope_kept(
    visit: Visit,
) -> None:
    page = visit(tz="Europe/Berlin", find=WORKSPACE)
    [box] = [box for box in page.at.selectbox if box.label == "Open"]
    box.set_value("Kestrel Robotics · workspace-example-com").run()
    assert page.at.title[0].value == "Balance"
    assert page.address == {"customer": SHOWCASE, "pool": WORKSPACE, "tz": "Europe/Berlin"}


def test_another_currency_is_another_portfolio(visit: Visit, demo: Demo) -> None:
    page = visit(currency="api-credits")
    held = Decimal(demo.tables["ledger"].filter(currency_id="api-credits")["amount"].sum())
    [outstanding] = [value for name, value in page.cards.items() if name.startswith("Outstanding")]
    assert outstanding == compact(held)


def test_a_currency_that_there_is_not_is_a_sentence(visit: Visit) -> None:
    page = visit(currency="no-such-credits")
    assert "There is no currency 'no-such-credits' in the extract." in page.failures


def test_where_nobody_holds_credits_the_page_says_what_would_be_here(
    visit: Visit, api: Api
) -> None:
    def no_customers(request: httpx.Request) -> httpx.Response:
        if b"query Customers(" not in request.content:
            return api.answer(request)
        page = {"pageInfo": {"endCursor": None, "hasNextPage": False}, "edges": []}
        return httpx.Response(200, json={"data": {"customers": page}})

    api.fault = no_customers
    page = visit(source="live")
    asking.forget()
    assert "Nobody holds tokens yet." in page.text
    assert not page.failures
    assert not page.cards


def test_use_that_was_cut_off_is_said_above_the_numbers(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking.forget()
    monkeypatch.setattr("queries.portfolio.extracted.MOST_ROWS", 250)
    page = visit()
    assert page.failures == [overview_shown.CUT]
    assert page.cards
    asking.forget()


def test_a_period_without_anything_says_so(visit: Visit) -> None:
    page = visit(period="custom", from_="2020-01-01", to="2020-01-31")
    assert "Nothing was granted, used or lost in this period." in page.text
    assert not page.failures


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"period": "someday"}, "'someday' is not a period"),
        ({"period": "cycle"}, "A billing cycle belongs to one customer"),
        ({"currency": "a b"}, "cannot be a currency id"),
        ({"tz": "Mars/Olympus"}, "is not a time zone"),
    ],
)
def test_what_cannot_be_asked_for_is_a_sentence(
    visit: Visit, address: dict[str, str], sentence: str
) -> None:
    page = visit(**address)
    assert sentence in page.failures[0]
    assert not page.has_crashed


@pytest.mark.usefixtures("a_dozen")
def test_live_everybody_that_the_api_lists_is_asked_and_says_the_same(
    visit: Visit,
) -> None:
    live = visit(source="live", rank="name")
    extract = visit(rank="name")
    assert "The first 12 customers by their ids are shown." in live.failures[0]
    known = extract.ranked.set_index("name")
    assert len(live.ranked) >= 12
    for row in live.ranked.itertuples():
        same = known.loc[row.name]
        assert (row.credits, row.balance, row.range) == (same.credits, same.balance, same.range)


@pytest.mark.usefixtures("a_dozen")
def test_live_a_stop_keeps_what_was_said_and_going_on_asks_for_the_rest(
    visit: Visit, api: Api
) -> None:
    page = visit(source="live")
    whole = list(page.ranked["credits"])
    gathered = page.at.session_state[overview_shown.GATHERED]
    gathered.done, gathered.parts = 5, gathered.parts[:1]
    page.at.session_state[overview_shown.STOPPED] = gathered.wanted
    page.go()
    assert "Stopped: 5 of 12 customers are shown" in page.failures[0]
    assert len(page.ranked) < len(whole)
    asked = api.count
    page.press("Go on")
    assert list(page.ranked["credits"]) == whole
    rest = api.count - asked
    page.press("Ask everybody again")
    assert api.count - asked - rest > rest


@pytest.mark.usefixtures("a_dozen")
def test_live_a_stop_before_anybody_answered_shows_no_zeros(visit: Visit) -> None:
    page = visit(source="live")
    gathered = page.at.session_state[overview_shown.GATHERED]
    gathered.done, gathered.parts = 0, []
    page.at.session_state[overview_shown.STOPPED] = gathered.wanted
    page.go()
    assert "Stopped: 0 of 12 customers are shown" in page.failures[0]
    assert not page.cards
    assert page.press("Go on").cards


@pytest.mark.usefixtures("a_dozen")
def test_live_after_a_change_everybody_is_asked_anew(visit: Visit, api: Api) -> None:
    page = visit(source="live")
    asked = api.count
    assert page.go().cards
    assert api.count == asked
    page.at.session_state[MADE] = 1
    assert page.go().cards
    assert api.count > asked


@pytest.mark.usefixtures("a_dozen")
def test_live_a_failure_on_the_way_keeps_what_was_said_and_trying_again_goes_on(
    visit: Visit, api: Api
) -> None:
    def after_some(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if api.count > 120 else api.answer(request)

    api.fault = after_some
    page = visit(source="live")
    assert "The metering API failed" in page.failures[0]
    assert 0 < page.at.session_state[overview_shown.GATHERED].done < 12
    api.fault = None
    page.press("Try again")
    assert page.at.session_state[overview_shown.GATHERED].done == 12
    assert page.cards


def test_when_the_source_fails_the_last_overview_stays_and_is_called_old(
    visit: Visit, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit()
    before = page.cards
    monkeypatch.setattr(demo.extract, "read", _damaged)
    asking.forget()
    page.go(period="7d")
    assert "is damaged" in page.failures[0]
    assert "no longer current: all customers" in page.text
    assert page.cards == before


def _damaged(*_: object) -> pl.DataFrame:
    from data.extract.errors import ExtractError

    raise ExtractError("The extract is damaged.")
