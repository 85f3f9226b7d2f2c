"""The Estimates page in a browser: its answers in counted clicks, and in a link in none."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from accessibility import STREAMLITS_OWN, violations
from clicks import Clicks

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

SLOW = 30_000
SCOPE = "customer=customer-demo-01&source=live"
GROWTH = (
    f"{SCOPE}&plan=plan-revvenu-growth&unit.feature-01-templates=2&addon.addon-10-campaigns=1"
    "&code=STIGG50&country=US"
)
TWO = f"{GROWTH}&estimates=2&2.plan=plan-revvenu-scale&2.unit.feature-01-templates=20"
WRONG = f"{GROWTH}&estimates=2&2.kind=usage&2.feature=feature-seats&2.value=lots"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

SignedIn = Callable[..., "Page"]


def open_page(page: "Page", app: str, name: str, query: str) -> None:
    page.goto(f"{app}/{name}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)


def write(field: "Locator", text: str) -> None:
    """The next field is written once this one is in the address, as it is for a person."""
    field.fill(text)
    field.press("Enter")
    expect(field.page).to_have_url(re.compile(rf"={text}(&|$)"), timeout=SLOW)


def pick(clicks: Clicks, page: "Page", label: str, option: str) -> None:
    clicks(page.get_by_role("combobox", name=label))
    clicks(page.get_by_role("option", name=re.compile(option)).first)


def templates(page: "Page") -> "Locator":
    return page.get_by_role("textbox", name="Templates (units)")


def metric(page: "Page", label: str, value: str) -> "Locator":
    """The large number of that name and value."""
    numbers = page.get_by_test_id("stMetric").filter(has_text=label)
    return numbers.filter(has_text=value)


def test_growth_with_two_templates_an_add_on_and_a_code_takes_three_clicks(
    app: str, page: "Page"
) -> None:
    clicks = Clicks()
    open_page(page, app, "ledger", SCOPE)
    clicks(page.get_by_role("link", name="Estimates"))
    expect(page.get_by_role("heading", level=1, name="Estimates")).to_be_visible(timeout=SLOW)
    pick(clicks, page, "Plan", "^Growth$")
    write(templates(page), "2")
    write(page.get_by_role("textbox", name="10 campaigns (add-on)"), "1")
    write(page.get_by_label("Promotion code"), "STIGG50")
    expect(metric(page, "Next period", "64.50 USD")).to_be_visible(timeout=SLOW)
    write(page.get_by_role("textbox", name="Country"), "US")
    expect(page).to_have_url(re.compile("country=US"))
    expect(page.get_by_role("row", name="Sub-total 129.00").first).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("row", name="Discount: Half price")).to_have_count(2)
    assert clicks.count == 3


def test_a_change_with_its_proration_takes_four_clicks(app: str, page: "Page") -> None:
    clicks = Clicks()
    open_page(page, app, "estimates", SCOPE)
    pick(clicks, page, "Estimate", "^Change of a subscription$")
    pick(clicks, page, "Subscription", "^(Growth|Scale)")
    write(templates(page), "30")
    expect(page.get_by_role("row", name="Credit for what is not used")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("row", name="For the rest of the period")).to_be_visible()
    expect(page.get_by_text("Prorated at")).to_be_visible()
    assert clicks.count == 4


def test_two_side_by_side_take_one_click_and_back_undoes_it(app: str, page: "Page") -> None:
    clicks = Clicks()
    open_page(page, app, "estimates", GROWTH)
    expect(metric(page, "Next period", "64.50 USD")).to_be_visible(timeout=SLOW)
    clicks(page.get_by_role("button", name="Compare with another"))
    expect(templates(page)).to_have_count(2, timeout=SLOW)
    write(templates(page).last, "4")
    expect(metric(page, "Next period", "69.50 USD")).to_contain_text("+5.00 USD", timeout=SLOW)
    assert clicks.count == 1
    page.go_back()
    expect(templates(page).last).to_have_value("2", timeout=SLOW)
    page.get_by_role("button", name="Remove").last.click()
    expect(templates(page)).to_have_count(1, timeout=SLOW)
    expect(page).not_to_have_url(re.compile(r"estimates=2|2\.unit"))


def test_a_shared_link_shows_the_same_in_no_click(app: str, page: "Page") -> None:
    open_page(page, app, "estimates", TWO)
    expect(metric(page, "Every period after", "569.00 USD")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_test_id("stCode").inner_text()
    assert "2.unit.feature-01-templates=20" in link
    page.goto(link)
    expect(metric(page, "Next period", "64.50 USD")).to_be_visible(timeout=SLOW)
    expect(metric(page, "Every period after", "569.00 USD")).to_be_visible(timeout=SLOW)
    expect(templates(page).last).to_have_value("20")


def test_an_extract_offers_the_live_source_in_one_click(app: str, page: "Page") -> None:
    open_page(page, app, "estimates", GROWTH.replace("source=live", "source=extract"))
    page.get_by_role("button", name="Use the live source").click(timeout=SLOW)
    expect(metric(page, "Next period", "64.50 USD")).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_alone_side_by_side_or_in_a_wrong_form(
    app: str, signed_in: SignedIn, scheme: str
) -> None:
    page = signed_in("ann", "admin", color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    open_page(page, app, "estimates", GROWTH)
    expect(page.get_by_role("row", name="Sub-total 129.00").first).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    open_page(page, app, "estimates", TWO)
    expect(page.get_by_text("against the first estimate")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    open_page(page, app, "estimates", WRONG)
    expect(page.get_by_text("is not a plain number")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Nothing was asked")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()


@pytest.mark.parametrize("query", [GROWTH, TWO])
def test_at_phone_width_nothing_runs_off_the_side(
    app: str, signed_in: SignedIn, query: str
) -> None:
    page = signed_in("ann", "admin", viewport={"width": 390, "height": 844})
    open_page(page, app, "estimates", query)
    expect(metric(page, "Next period", "64.50 USD")).to_be_visible(timeout=SLOW)
    assert page.evaluate(WIDE) <= 0
