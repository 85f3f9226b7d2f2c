"""The Ledger page in a browser, walked as customer success walks it; clicks are counted."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from accessibility import violations
from clicks import Clicks
from serving import served

from dashboard.activity.store import ActivityFile
from dashboard.sources import inside
from data.demo.sold import CATALOGUE
from data.metering.catalogue import read_catalogue
from data.metering.service.service import Service
from queries.command import Actor, Role, new_key
from queries.grants.commands import CreateGrant
from queries.perform import perform
from tests import long_ledger

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

SUE = Actor("sue", Role.SUPPORT)
CUSTOMER, VOIDED = "customer-promo-expiring", "customer-voided-grant"
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
LONG = 60_000
SLOW = 30_000

NewPage = Callable[..., "Page"]


@pytest.fixture(scope="module")
def long_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a metering API whose one customer has a ledger that takes seconds to read.

    One change was made there: credits granted.
    """
    folder = tmp_path_factory.mktemp("long")
    tables = long_ledger.tables(LONG)
    service = Service(folder / "metering", read_catalogue(CATALOGUE), settle_every=None)
    service.fill({name: frame for name, frame in tables.items() if name != "usage_events"})
    gift = CreateGrant(
        long_ledger.CUSTOMER, long_ledger.CURRENCY, None, "PROMOTIONAL", "Welcome", Decimal(500),
        key=new_key(),
    )  # fmt: skip
    perform(gift, SUE, inside(service), ActivityFile(folder / "activity.sqlite"))
    service.close()
    with served(folder) as address:
        yield address


def open_page(page: "Page", app: str, name: str, query: str) -> None:
    page.goto(f"{app}/{name}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)


def open_ledger(page: "Page", app: str, query: str) -> None:
    open_page(page, app, "ledger", query)
    expect(page.get_by_text("These rows come to")).to_be_visible(timeout=SLOW)


class FirstRow:
    """The first row of the first table, drawn on a canvas: where it is clicked."""

    def __init__(self, page: "Page") -> None:
        self.page = page

    def click(self) -> None:
        table = self.page.get_by_test_id("stDataFrame").first
        table.scroll_into_view_if_needed()
        box = table.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + 20, box["y"] + 52)


def opened(page: "Page") -> "Locator":
    return page.get_by_text("Paid by", exact=True)


def test_which_grant_paid_for_a_deduction_is_two_clicks_away(page: "Page", app: str) -> None:
    open_page(page, app, "balance", f"customer={CUSTOMER}")
    expect(page.get_by_text("Proven to the last decimal")).to_be_visible(timeout=SLOW)
    clicks = Clicks()
    clicks(page.get_by_role("link", name="Ledger"))
    expect(page.get_by_text("These rows come to")).to_be_visible(timeout=SLOW)
    clicks(FirstRow(page))
    expect(opened(page)).to_be_in_viewport(timeout=SLOW)
    expect(page.get_by_text("its turn came before Annual commitment")).to_be_visible()
    expect(page.get_by_text("user_id=")).to_be_visible()
    assert clicks.count <= 2


def test_back_closes_the_row_and_reload_keeps_it(page: "Page", app: str) -> None:
    open_ledger(page, app, f"customer={CUSTOMER}")
    FirstRow(page).click()
    expect(opened(page)).to_be_visible(timeout=SLOW)
    page.reload()
    expect(opened(page)).to_be_visible(timeout=SLOW)
    page.go_back()
    expect(opened(page)).to_have_count(0, timeout=SLOW)
    expect(page).not_to_have_url(re.compile("row="))


@pytest.mark.parametrize("source", ["extract", "live"])
def test_back_undoes_a_page_turn_and_reload_keeps_it(page: "Page", app: str, source: str) -> None:
    open_ledger(page, app, f"customer={VOIDED}&source={source}")
    page.get_by_role("button", name="Older", exact=True).click()
    newest = page.get_by_role("button", name="Newest", exact=True)
    expect(newest).to_be_visible(timeout=SLOW)
    page.reload()
    expect(newest).to_be_visible(timeout=SLOW)
    page.go_back()
    expect(newest).to_have_count(0, timeout=SLOW)
    expect(page.get_by_text("The newest 100 rows")).to_be_visible()


def test_the_file_of_every_row_says_its_scope_its_source_and_the_time_of_its_data(
    page: "Page", app: str
) -> None:
    open_ledger(page, app, f"customer={VOIDED}")
    page.get_by_role("button", name="Gather every row").click()
    expect(page.get_by_text("rows that pass the filters, as of")).to_be_visible(timeout=SLOW)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = download.value.path().read_text().splitlines()
    about = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    assert about["customer"] == VOIDED
    assert about["pool"] == "customer-level pool"
    assert about["source"] == "extract"
    assert about["time of the data"].endswith("UTC")
    assert about["rows"] == f"all {len(lines) - len(about) - 1:,}"


def test_a_gathering_that_is_cancelled_ends(page: "Page", long_app: str) -> None:
    open_ledger(page, long_app, f"customer={long_ledger.CUSTOMER}")
    page.get_by_role("button", name="Gather every row").click()
    expect(page.get_by_text(re.compile(r"[1-9][\d,]* rows gathered"))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Gather every row")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.get_by_role("button", name="CSV", exact=True)).to_have_count(0)


def test_live_an_event_in_the_depth_is_looked_for_on_and_on(page: "Page", long_app: str) -> None:
    open_page(page, long_app, "ledger", f"customer={long_ledger.CUSTOMER}&event=event-53002")
    goes_on = page.get_by_text("and the ledger goes on")
    expect(goes_on).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Older", exact=True).click()
    expect(page.get_by_text("These rows come to")).to_be_visible(timeout=SLOW)
    expect(goes_on).to_have_count(0)


@SCHEMES
def test_axe_finds_no_violation_with_a_row_opened(new_page: NewPage, app: str, scheme: str) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    open_ledger(page, app, f"customer={CUSTOMER}")
    FirstRow(page).click()
    expect(opened(page)).to_be_visible(timeout=SLOW)
    assert violations(page) == set()


@SCHEMES
def test_axe_finds_no_violation_with_a_change_opened(
    new_page: NewPage, long_app: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    open_page(page, long_app, "activity", "")
    FirstRow(page).click()
    expect(page.get_by_role("heading", name=re.compile("^Change 1:"))).to_be_visible(timeout=SLOW)
    assert violations(page) == set()


def test_at_phone_width_nothing_runs_off_the_side(new_page: NewPage, app: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    open_ledger(page, app, f"customer={CUSTOMER}")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
