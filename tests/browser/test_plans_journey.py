"""The Plans page in a browser, walked as a product manager walks it; clicks are counted."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from accessibility import STREAMLITS_OWN, violations
from clicks import Clicks

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

SHOWCASE, SLOW = "customer-demo-01", 30_000
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

NewPage = Callable[..., "Page"]


def open_page(page: "Page", app: str, name: str, query: str = "") -> None:
    page.goto(f"{app}/{name}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)


def test_from_a_customer_to_an_estimate_of_a_plan_by_the_year_is_three_clicks(
    page: "Page", app: str
) -> None:
    open_page(page, app, "balance", f"customer={SHOWCASE}")
    clicks = Clicks()
    clicks(page.get_by_role("link", name="Plans"))
    expect(page.get_by_role("heading", name="99.00 USD", exact=True)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Current plan")).to_be_visible()
    clicks(page.get_by_text("By the year", exact=True))
    expect(page.get_by_role("heading", name="990.00 USD", exact=True)).to_be_visible(timeout=SLOW)
    clicks(page.get_by_role("link", name="Estimate this").nth(1))
    expect(page.get_by_role("heading", level=1, name="Estimates")).to_be_visible(timeout=SLOW)
    for part in ("kind=new", "plan=plan-revvenu-growth", "period=ANNUALLY", SHOWCASE):
        expect(page).to_have_url(re.compile(part))
    assert clicks.count == 3


def test_a_country_is_in_the_address_and_back_takes_it_out(page: "Page", app: str) -> None:
    open_page(page, app, "plans", "country=JP")
    expect(page.get_by_role("heading", name="15,000 JPY", exact=True)).to_be_visible(timeout=SLOW)
    page.get_by_role("combobox", name=re.compile("Country")).click()
    page.get_by_role("option", name="DE", exact=True).click()
    expect(page.get_by_role("heading", name="95.00 EUR", exact=True)).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("country=DE"))
    page.go_back()
    expect(page.get_by_role("heading", name="15,000 JPY", exact=True)).to_be_visible(timeout=SLOW)


def test_a_click_on_a_coupon_opens_the_way_to_an_estimate_with_it(page: "Page", app: str) -> None:
    open_page(page, app, "plans")
    table = page.get_by_test_id("stDataFrame").last
    expect(table).to_be_visible(timeout=SLOW)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 52)
    link = page.get_by_role("link", name="Estimate with this coupon")
    expect(link).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("coupon=coupon-annual-10"))
    link.click()
    expect(page.get_by_role("heading", level=1, name="Estimates")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("coupon=coupon-annual-10"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_a_card_unfolded(
    new_page: NewPage, app: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    open_page(page, app, "plans", f"customer={SHOWCASE}&coupon=coupon-stigg-50")
    expect(page.get_by_role("link", name="Estimate with this coupon")).to_be_visible(timeout=SLOW)
    page.get_by_text("What use costs in credits (7)").first.click()
    expect(page.get_by_text("0.0025 × input_tokens").first).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()


def test_on_a_phone_the_cards_stand_below_each_other(new_page: NewPage, app: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    open_page(page, app, "plans")
    expect(page.get_by_role("heading", name="99.00 USD", exact=True)).to_be_visible(timeout=SLOW)
    assert page.evaluate(WIDE) == 0
