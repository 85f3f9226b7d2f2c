"""The Balance page in a browser, walked as customer success walks it; clicks are counted."""

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

SHOWCASE, SPIKE = "customer-demo-01", "customer-usage-spike"
SLOW = 30_000

NewPage = Callable[..., "Page"]


def open_page(page: "Page", app: str, name: str, query: str) -> None:
    page.goto(f"{app}/{name}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)


def test_the_drop_of_yesterday_is_explained_in_two_clicks(page: "Page", app: str) -> None:
    open_page(page, app, "usage", f"customer={SPIKE}")
    expect(page.locator(".st-key-chart .main-svg").first).to_be_visible(timeout=SLOW)
    clicks = Clicks()
    clicks(page.get_by_role("link", name="Balance"))
    expect(page.get_by_text("Proven to the last decimal")).to_be_visible(timeout=SLOW)
    clicks(page.get_by_text("Yesterday", exact=True))
    expect(page.get_by_text("Balance then")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("all that was consumed here")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(f"customer={SPIKE}"))
    assert clicks.count <= 2


def test_who_used_it_is_two_clicks_away(page: "Page", app: str) -> None:
    open_page(page, app, "balance", f"customer={SHOWCASE}&period=7d")
    expect(page.get_by_text("all that was consumed here")).to_be_visible(timeout=SLOW)
    clicks = Clicks()
    clicks(page.get_by_role("combobox", name=re.compile("Split by")))
    page.keyboard.type("user")
    clicks(page.get_by_role("option", name="user_id", exact=True))
    expect(page.get_by_label(re.compile("Consumption by user_id")).first).to_be_attached(
        timeout=SLOW
    )
    assert clicks.count <= 2


def test_a_click_on_a_row_opens_it_and_back_closes_it_again(page: "Page", app: str) -> None:
    open_page(page, app, "balance", f"customer={SHOWCASE}&period=7d")
    expect(page.get_by_text("all that was consumed here")).to_be_visible(timeout=SLOW)
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 52)
    expect(page.get_by_role("button", name=re.compile("^Feature is"))).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("step=featureId"))
    page.go_back()
    expect(page.get_by_role("button", name=re.compile("^Feature is"))).to_have_count(
        0, timeout=SLOW
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_everything_open(
    new_page: NewPage, app: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    open_page(page, app, "balance", "customer=customer-promo-expiring&period=custom")
    expect(page.get_by_text("Proven to the last decimal")).to_be_visible(timeout=SLOW)
    for name in ("How this is forecast", "The order of the 2 grants"):
        page.get_by_text(name).click()
    expect(page.get_by_text("Each coming day is expected")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
