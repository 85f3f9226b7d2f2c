"""The Ledger page: pages, filters, the opened row, the export of the whole."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import polars as pl
import pytest
from ledger_page import LedgerPage
from usage_world import NOW, Api, Demo

from dashboard import asking
from dashboard.changing import MADE
from dashboard.panels import ledger_export, ledger_list
from dashboard.sources import Sources, use
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from queries.question import Extracted
from tests import long_ledger

SHOWCASE, VOIDED = "customer-demo-01", "customer-voided-grant"
BOTH_SOURCES = pytest.mark.parametrize("source", ["extract", "live"])
Visit = Callable[..., LedgerPage]


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return LedgerPage


def written(demo: Demo, customer_id: str) -> pl.DataFrame:
    """The customer-level pool's rows, newest first."""
    return (
        demo.tables["ledger"]
        .filter(pl.col("resource_id").is_null(), customer_id=customer_id, currency_id="ai-tokens")
        .sort("ledger_seq", descending=True)
    )


@BOTH_SOURCES
def test_the_newest_rows_come_first_and_older_ones_page_by_page(
    visit: Visit, demo: Demo, source: str
) -> None:
    expected = written(demo, SHOWCASE)["amount"].to_list()
    page = visit(customer=SHOWCASE, source=source)
    assert list(page.rows["amount"]) == expected[:100]
    assert page.rows["balance_after"][0] == demo.balance(SHOWCASE)
    page.press("Older")
    assert list(page.rows["amount"]) == expected[100:200]
    page.press("Newest")
    assert list(page.rows["amount"]) == expected[:100]


@BOTH_SOURCES
def test_filters_narrow_the_rows_and_begin_with_the_newest(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer=VOIDED, source=source).press("Older")
    page.choose("type", "CREDITS_GRANTED")
    expected = written(demo, VOIDED).filter(event_type="CREDITS_GRANTED")
    assert "place" not in page.address
    assert list(page.rows["amount"]) == expected["amount"].to_list()
    assert set(page.rows["event_type"]) == {"Granted"}


def test_rows_of_a_period_are_those_that_happened_in_it(visit: Visit, demo: Demo) -> None:
    page = visit(customer=VOIDED, period="custom", from_="2026-05-01", to="2026-05-03")
    happened = written(demo, VOIDED).filter(
        pl.col("occurred_at").is_between(datetime(2026, 5, 1), datetime(2026, 5, 4), closed="left")
    )
    assert list(page.rows["amount"]) == happened["amount"].to_list()


def test_a_link_to_a_period_names_its_days(visit: Visit) -> None:
    link = visit(customer=VOIDED, period="7d").link
    assert (link["period"], link["from"], link["to"]) == (
        ["custom"],
        ["2026-05-16"],
        ["2026-05-22"],
    )


def test_what_was_gathered_before_a_change_is_not_handed_out_after_it(visit: Visit) -> None:
    page = visit(customer=VOIDED, source="live").press("Gather every row for export")
    assert "Gather anew" in page.buttons
    page.at.session_state[MADE] = 1
    page.go()
    assert "Gather every row for export" in page.buttons


def test_an_opened_deduction_names_the_event_the_grant_and_the_rule(
    visit: Visit, demo: Demo
) -> None:
    newest = written(demo, "customer-promo-expiring").row(0, named=True)
    page = visit(customer="customer-promo-expiring", row=str(newest["ledger_seq"]))
    assert f"**Event** {newest['event_id']}" in page.text
    assert "input_tokens=" in page.text
    assert "tokens by Seasonal promotion" in page.text
    assert "its turn came before Annual commitment" in page.text
    assert "it expires sooner" in page.text


def test_an_opened_deduction_from_the_overdraft_says_that_nothing_was_left(
    visit: Visit, demo: Demo
) -> None:
    newest = written(demo, "customer-only-overdraft").row(0, named=True)
    page = visit(customer="customer-only-overdraft", row=str(newest["ledger_seq"]))
    assert "no grant with credits was left: the overdraft took it" in page.text


def test_an_opened_grant_is_told_with_its_terms(visit: Visit, demo: Demo) -> None:
    [row] = written(demo, VOIDED).filter(event_type="CREDITS_VOIDED").to_dicts()
    page = visit(customer=VOIDED, type="CREDITS_VOIDED", row=str(row["ledger_seq"]))
    assert "**Grant** Top-up (booked twice)" in page.text
    assert "priority 40" in page.text
    assert "now voided" in page.text


def test_live_an_opened_deduction_says_where_the_dimensions_are(visit: Visit) -> None:
    page = visit(customer="customer-nearly-out", source="live")
    place = ledger_list_places(page)[0]
    page.go(row=place)
    assert "What an event carried is in the extract" in page.text
    assert "**Paid by**" in page.text


def ledger_list_places(page: LedgerPage) -> list[str]:
    found: list[str] = page.at.session_state[ledger_list.PLACES]
    return found


@BOTH_SOURCES
def test_every_row_that_passes_the_filters_is_gathered_for_export(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer=VOIDED, source=source)
    page.press("Gather every row for export")
    gathered = page.at.session_state[ledger_export.GATHERED]
    assert not gathered.is_cut
    assert gathered.rows["amount"].to_list() == written(demo, VOIDED)["amount"].to_list()
    assert "Cancel" not in page.buttons


@BOTH_SOURCES
def test_a_file_that_cannot_hold_every_row_says_that_it_is_cut(
    visit: Visit, demo: Demo, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(ledger_export, "MOST_EXPORTED", 150)
    page = visit(customer=VOIDED, source=source).press("Gather every row for export")
    gathered = page.at.session_state[ledger_export.GATHERED]
    assert gathered.rows["amount"].to_list() == written(demo, VOIDED)["amount"].to_list()[:150]
    assert "The file holds the newest 150 rows; the ledger goes on." in page.failures[0]


def test_what_was_gathered_belongs_to_its_filters(visit: Visit, demo: Demo) -> None:
    page = visit(customer=VOIDED).press("Gather every row for export")
    assert f"All {written(demo, VOIDED).height:,} rows that pass the filters" in page.text
    page.choose("type", "CREDITS_CONSUMED")
    assert "Gather every row for export" in page.buttons


def test_a_short_ledger_is_exported_at_once(visit: Visit) -> None:
    page = visit(customer=VOIDED, type="CREDITS_VOIDED")
    assert "Gather every row for export" not in page.buttons
    assert len(page.at.get("download_button")) == 3


def test_an_empty_ledger_says_what_would_be_here(visit: Visit) -> None:
    page = visit(customer="customer-nearly-out", currency="api-credits")
    assert "This ledger is empty." in page.text
    assert page.failures == []


def test_filters_that_nothing_passes_say_so(visit: Visit) -> None:
    page = visit(customer="customer-nearly-out", type="CREDITS_UPDATED")
    assert "No row passes these filters." in page.text


def test_after_the_oldest_row_that_passes_there_is_the_way_back(visit: Visit, demo: Demo) -> None:
    oldest = written(demo, VOIDED)["ledger_seq"][-1]
    page = visit(customer=VOIDED, place=str(oldest), type="CREDITS_VOIDED")
    assert "No older row passes these filters." in page.text
    page.press("Newest")
    assert list(page.rows["event_type"]) == ["Voided"]


def test_live_a_filter_that_finds_nothing_for_long_says_where_it_goes_on(
    visit: Visit, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queries.ledger.live.MOST_WALKED", 100)
    oldest = written(demo, VOIDED).filter(event_type="CREDITS_CONSUMED").row(-1, named=True)
    page = visit(customer=VOIDED, source="live", event=oldest["event_id"])
    assert "and the ledger goes on. Older reads the next ones." in page.text
    assert "The extract finds rows at once." in page.text
    while "Older" in page.buttons:
        page.press("Older")
    assert list(page.rows["event_id"]) == [oldest["event_id"]]


def test_a_place_of_the_other_source_is_left_when_the_source_is_changed(visit: Visit) -> None:
    page = visit(customer=VOIDED, source="live").press("Older")
    assert "place" in page.address
    page.choose("source", "extract")
    assert "place" not in page.address
    assert page.failures == []
    assert len(page.rows) == 100


@pytest.fixture
def two_currencies(tmp_path: Path) -> Iterator[None]:
    """An extract in which one event fed a feature of tokens and one of calls."""
    tables = long_ledger.tables(20)
    second = pl.lit("calls")
    for name, also in {
        "currencies": {"currency_id": second, "display_name": second},
        "features": {"feature_id": second, "display_name": pl.lit("Calls")},
        "usage_events": {"feature_id": second, "currency_id": second, "credits": pl.lit(3)},
    }.items():
        rows = tables[name].head(1).with_columns(**also).cast(tables[name].schema)
        tables[name] = pl.concat([tables[name], rows])
    staged = tmp_path / "extract" / STAGING
    write(tables, staged, source="two currencies", cut_off=NOW, loaded_at=NOW)
    publish(staged.parent)
    with Extract(staged.parent) as extract:
        use(Sources(None, Extracted(extract)))
        yield
    use(None)


@pytest.mark.usefixtures("two_currencies")
def test_what_an_event_was_charged_elsewhere_is_told_in_its_own_currency() -> None:
    page = LedgerPage(customer=long_ledger.CUSTOMER, row="2")
    assert "Chat: 1 unit, 1 tokens." in page.text
    assert "Calls: 1 unit, 3 credits of calls, charged to a pool of their own." in page.text
    assert "1 grant paid 1 tokens for this event out of the pool of AI Tokens." in page.text


@BOTH_SOURCES
def test_credits_that_came_back_are_said_to_be_given_back(
    visit: Visit, demo: Demo, source: str
) -> None:
    used = demo.tables["ledger"].filter(event_type="CREDITS_CONSUMED")
    row = used.filter(pl.col("amount") > 0).row(0, named=True)
    day = f"{row['occurred_at']:%Y-%m-%d}"
    pool = {"customer": row["customer_id"], "pool": row["resource_id"], "source": source}
    page = visit(**pool, currency=row["currency_id"], period="custom", from_=day, to=day)
    number = list(page.rows["event_id"]).index(row["event_id"])
    page.go(row=ledger_list_places(page)[number])
    assert "given back, to an overdraft first" in page.text


def test_without_a_customer_the_page_says_what_to_choose(visit: Visit) -> None:
    assert "Choose a customer above: this page lists one pool's ledger." in visit().text


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"type": "CREDITS_STOLEN"}, "'CREDITS_STOLEN' is no type of ledger row"),
        ({"place": "nowhere"}, "Begin with the newest rows"),
        ({"period": "someday"}, "'someday' is not a period"),
        ({"grant": "a b"}, "cannot be a grant id"),
    ],
)
def test_what_cannot_be_asked_for_is_a_sentence(
    visit: Visit, address: dict[str, str], sentence: str
) -> None:
    page = visit(customer=VOIDED, **address)
    assert sentence in page.failures[0]
    assert not page.has_crashed


def test_when_the_source_fails_the_last_page_stays_and_is_called_old(
    visit: Visit, api: Api
) -> None:
    page = visit(customer="customer-nearly-out", source="live")
    before = list(page.rows["amount"])
    api.fault = lambda _: httpx.Response(503)
    asking.forget()
    page.go(type="CREDITS_GRANTED")
    assert page.failures
    assert "no longer current: ledger of Osprey Travel" in page.text
    assert list(page.rows["amount"]) == before
