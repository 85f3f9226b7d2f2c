"""The Entitlements page in a browser, by people of three roles; clicks are counted."""

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

NEW, SHOWCASE, SLOW = "customer-brand-new", "customer-demo-01", 30_000
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

SignedIn = Callable[..., "Page"]


def open_page(page: "Page", app: str, name: str, query: str) -> None:
    page.goto(f"{app}/{name}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)


def choose_feature(page: "Page", form: "Locator", name: str) -> None:
    """By keyboard: the list is searched, taken from, and left."""
    form.get_by_role("combobox", name="Features").focus()
    page.keyboard.type(name)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")


def test_support_grants_an_entitlement_in_three_clicks_and_revokes_it_in_three(
    signed_app: str, signed_in: SignedIn
) -> None:
    page, clicks = signed_in("sue", "support"), Clicks()
    open_page(page, signed_app, "balance", f"customer={NEW}")
    clicks(page.get_by_role("link", name="Entitlements"))
    clicks(page.get_by_role("button", name="Grant entitlements"))
    form = page.get_by_role("dialog")
    expect(form.get_by_role("combobox", name="Features")).to_be_visible(timeout=SLOW)
    choose_feature(page, form, "API calls")
    form.get_by_label("Limit (calls)", exact=True).fill("50000")
    expect(form.get_by_text("→ 50,000 calls")).to_be_visible(timeout=SLOW)
    clicks(form.get_by_role("button", name="Grant", exact=True))
    expect(page.get_by_text("Granted: API calls, 50,000 calls until")).to_be_visible(timeout=SLOW)
    expect(form).to_have_count(0, timeout=SLOW)
    assert clicks.count == 3
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 87)
    clicks.count += 1
    expect(page).to_have_url(re.compile("feature=feature-api-calls"), timeout=SLOW)
    clicks(page.get_by_role("button", name="Revoke …"))
    expect(form.get_by_text("In force: 50,000 calls →")).to_be_visible(timeout=SLOW)
    clicks(form.get_by_role("button", name="Revoke", exact=True))
    expect(page.get_by_text("Revoked: API calls. The customer now has")).to_be_visible(timeout=SLOW)
    assert clicks.count == 6


def test_back_closes_a_form(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("sue", "support")
    open_page(page, signed_app, "entitlements", f"customer={SHOWCASE}")
    page.get_by_role("button", name="Grant entitlements").click(timeout=SLOW)
    form = page.get_by_role("dialog")
    expect(form.get_by_role("button", name="Grant", exact=True)).to_be_visible(timeout=SLOW)
    page.go_back()
    expect(form).to_have_count(0, timeout=SLOW)


def test_a_viewer_can_neither_grant_nor_revoke(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("eve", "viewer")
    query = f"customer={SHOWCASE}&feature=feature-01-templates&revoke=forged"
    open_page(page, signed_app, "entitlements", query)
    expect(page.get_by_text("Revoking an entitlement takes the role")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Grant entitlements")).to_be_disabled()
    expect(page.get_by_text("The most generous of plans")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_each_form_open(
    signed_app: str, signed_in: SignedIn, scheme: str
) -> None:
    page = signed_in("ann", "admin", color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    place = f"customer={SHOWCASE}&feature=feature-01-templates"
    open_page(page, signed_app, "entitlements", place)
    expect(page.get_by_role("button", name="Revoke …")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    page.get_by_role("button", name="Revoke …").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text("It is taken off the list at once.")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0, timeout=SLOW)
    page.get_by_role("button", name="Grant entitlements").click()
    expect(form.get_by_role("combobox", name="Features")).to_be_visible(timeout=SLOW)
    choose_feature(page, form, "API calls")
    form.get_by_label("Limit (calls)", exact=True).fill("1,000")
    expect(form.get_by_text("is not a plain number")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()


def test_at_phone_width_nothing_runs_off_the_side(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("ann", "admin", viewport={"width": 390, "height": 844})
    open_page(page, signed_app, "entitlements", f"customer={SHOWCASE}&new=narrow")
    form = page.get_by_role("dialog")
    expect(form.get_by_role("button", name="Grant", exact=True)).to_be_visible(timeout=SLOW)
    assert page.evaluate(WIDE) <= 0
