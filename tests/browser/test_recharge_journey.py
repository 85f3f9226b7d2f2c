"""The Auto-recharge page in a browser: rehearsed, saved, found in Activity; clicks are counted."""

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

NEW, STOPPED = "customer-brand-new", "customer-recharge-stopped"
ASKED = "on=on&below=500&upto=5000&capped=on&cap=100"
SLOW = 30_000
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

SignedIn = Callable[..., "Page"]


def open_page(page: "Page", app: str, query: str) -> None:
    page.goto(f"{app}/auto-recharge?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("heading", name="Changes")).to_be_visible(timeout=SLOW)


def fill(page: "Page", label: str, text: str, query: str) -> None:
    """Into a text field; what was typed is in the address then."""
    field = page.get_by_label(label, exact=False)
    field.fill(text)
    field.press("Tab")
    expect(page).to_have_url(re.compile(query), timeout=SLOW)


def test_a_recharge_is_set_rehearsed_saved_and_found_in_activity_in_six_clicks(
    signed_app: str, signed_in: SignedIn
) -> None:
    page, clicks = signed_in("bob", "billing", viewport={"width": 1280, "height": 1600}), Clicks()
    open_page(page, signed_app, f"customer={NEW}&source=live")
    clicks(page.get_by_text("Auto-recharge is on", exact=True))
    expect(page).to_have_url(re.compile("on=on"), timeout=SLOW)
    clicks(page.get_by_text("Monthly cap", exact=True))
    expect(page).to_have_url(re.compile("capped=on"), timeout=SLOW)
    fill(page, "Buy when the balance is below", "500", "below=500")
    fill(page, "Fill it up to", "5000", "upto=5000")
    fill(page, "Cap (US dollars a month)", "100", "cap=100")
    clicks(page.get_by_text("Rehearse these numbers"))
    expect(page.get_by_text("the plan's price of a credit")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Days stopped by the cap")).to_be_visible()
    clicks(page.get_by_role("button", name="Save …"))
    form = page.get_by_role("dialog")
    clicks(form.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("Saved: below 500 tokens it buys up to 5,000")).to_be_visible(
        timeout=SLOW
    )
    expect(page.get_by_text("of 100.00 USD")).to_be_visible(timeout=SLOW)
    clicks(page.get_by_role("link", name="See the record in Activity"))
    expect(page.get_by_role("heading", name="Activity")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("set the auto-recharge of customer-brand-new").first).to_be_attached(
        timeout=SLOW
    )
    assert clicks.count == 6


def test_a_press_right_after_typing_is_taken_with_what_was_typed(
    signed_app: str, signed_in: SignedIn
) -> None:
    page = signed_in("bob", "billing", viewport={"width": 1280, "height": 1600})
    open_page(page, signed_app, f"customer={STOPPED}&source=live&{ASKED}")
    page.get_by_label("Fill it up to", exact=False).fill("4000")
    page.get_by_role("button", name="Save …").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("button", name="Save", exact=True)).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("upto=4000"), timeout=SLOW)
    page.keyboard.press("Escape")
    expect(form).to_have_count(0, timeout=SLOW)
    page.get_by_label("Fill it up to", exact=False).fill("4500")
    page.get_by_role("button", name="As saved").click()
    expect(page.get_by_label("Fill it up to", exact=False)).to_have_value("3000", timeout=SLOW)


def test_a_rehearsal_is_shared_as_a_link_and_outlives_a_reload(
    signed_app: str, signed_in: SignedIn
) -> None:
    page = signed_in("eve", "viewer")
    open_page(page, signed_app, f"customer={STOPPED}&source=extract&rehearse=on&{ASKED}")
    expect(page.get_by_text("Hours at or below zero")).to_be_visible(timeout=SLOW)
    page.reload()
    expect(page.get_by_text("Hours at or below zero")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Fill it up to", exact=False)).to_have_value("5000")
    expect(page.get_by_role("button", name="Save …")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_a_wrong_number_a_rehearsal_and_the_last_question(
    signed_app: str, signed_in: SignedIn, scheme: str
) -> None:
    page = signed_in("ann", "admin", color_scheme=scheme, viewport={"width": 1280, "height": 2000})
    place = f"customer={STOPPED}&source=live"
    open_page(page, signed_app, f"{place}&rehearse=on&{ASKED}")
    expect(page.get_by_text("Days stopped by the cap")).to_be_visible(timeout=SLOW)
    page.get_by_text("Table: balances by day").click()
    assert violations(page) - STREAMLITS_OWN == set()
    page.get_by_role("button", name="Save …").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("button", name="Save", exact=True)).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0, timeout=SLOW)
    fill(page, "Fill it up to", "4,00", "upto=4%2C00")
    expect(page.get_by_text("is not a plain number")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Mend the settings above first")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Days stopped by the cap")).to_have_count(0, timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()


def test_at_phone_width_nothing_runs_off_the_side(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("ann", "admin", viewport={"width": 390, "height": 844})
    open_page(page, signed_app, f"customer={STOPPED}&source=live&rehearse=on&{ASKED}")
    expect(page.get_by_text("Days stopped by the cap")).to_be_visible(timeout=SLOW)
    assert page.evaluate(WIDE) <= 0
