"""The Grants page in a browser, by people of three roles; clicks are counted."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from accessibility import STREAMLITS_FILE_DROP, STREAMLITS_OWN, violations
from clicks import Clicks
from late_code import arriving_late

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

NEW, VOIDED = "customer-brand-new", "customer-scheduled-grant"
SLOW = 30_000
TABLE = re.compile("Table of the grants of")
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

SignedIn = Callable[..., "Page"]


def open_page(page: "Page", app: str, name: str, query: str) -> None:
    page.goto(f"{app}/{name}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)


def test_support_grants_500_credits_in_three_clicks_and_sees_them(
    signed_app: str, signed_in: SignedIn
) -> None:
    page, clicks = signed_in("sue", "support"), Clicks()
    open_page(page, signed_app, "ledger", f"customer={NEW}")
    clicks(page.get_by_role("link", name="Grants"))
    clicks(page.get_by_role("button", name="Grant credits"))
    form = page.get_by_role("dialog")
    form.get_by_label("Amount").fill("500")
    form.get_by_label("Name", exact=True).fill("Sorry for the outage")
    expect(form.get_by_text("750 → 1,250 tokens")).to_be_visible(timeout=SLOW)
    clicks(form.get_by_role("button", name="Grant", exact=True))
    expect(page.get_by_text("Granted: 500 promotional tokens as “Sorry")).to_be_visible(
        timeout=SLOW
    )
    expect(page.get_by_text("the page now shows the live source")).to_be_visible()
    expect(page.get_by_text("1,250 tokens", exact=True)).to_be_visible(timeout=SLOW)
    expect(page.get_by_label(re.compile("Sorry for the outage, promotional")).first).to_be_attached(
        timeout=SLOW
    )
    expect(page).to_have_url(re.compile("source=live"))
    assert clicks.count == 3


def test_a_form_outlives_a_reload_and_back_closes_it(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("sue", "support")
    open_page(page, signed_app, "grants", f"customer={NEW}&source=live")
    page.get_by_role("button", name="Grant credits").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Amount").fill("12.5")
    form.get_by_label("Name", exact=True).fill("Half")
    form.get_by_label("Name", exact=True).blur()
    expect(form.get_by_text("can be used.")).to_be_visible(timeout=SLOW)
    page.reload()
    expect(form.get_by_label("Amount")).to_have_value("12.5", timeout=SLOW)
    expect(form.get_by_label("Name", exact=True)).to_have_value("Half")
    page.go_back()
    expect(form).to_have_count(0, timeout=SLOW)


def test_a_press_before_the_controls_are_drawn_leaves_them_as_the_address_says(
    signed_app: str, signed_in: SignedIn
) -> None:
    page = signed_in("sue", "support")
    form = page.get_by_role("dialog")
    with arriving_late(page, "Selectbox"):
        open_page(page, signed_app, "grants", f"customer={NEW}&source=live")
        page.get_by_role("button", name="Grant credits").click()
        expect(form.get_by_label("Amount")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("combobox", name="Source")).to_have_value("Live", timeout=SLOW)
    form.get_by_label("Amount").fill("12.5")
    expect(form.get_by_text("can be used.")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(f"customer={NEW}&source=live&new="))


def test_a_press_before_a_reloaded_form_is_drawn_keeps_what_was_filled_in(
    signed_app: str, signed_in: SignedIn
) -> None:
    page = signed_in("sue", "support")
    open_page(page, signed_app, "grants", f"customer={NEW}&source=live")
    page.get_by_role("button", name="Grant credits").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Amount").fill("12.5")
    expect(form.get_by_text("can be used.")).to_be_visible(timeout=SLOW)
    with arriving_late(page, "TextInput"):
        page.reload()
        form.get_by_role("button", name="Grant", exact=True).click(timeout=SLOW)
        expect(form.get_by_text("name")).to_be_visible(timeout=SLOW)
    expect(form.get_by_label("Amount")).to_have_value("12.5", timeout=SLOW)


def test_billing_voids_a_paid_grant_in_three_clicks(signed_app: str, signed_in: SignedIn) -> None:
    page, clicks = signed_in("bob", "billing"), Clicks()
    open_page(page, signed_app, "grants", f"customer={VOIDED}&source=live&status=SCHEDULED")
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible(timeout=SLOW)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 52)
    clicks.count += 1
    clicks(page.get_by_role("button", name="Void …"))
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Reason").fill("booked twice")
    form.get_by_label("Type the grant's name").fill("Renewal")
    clicks(form.get_by_role("button", name="Void the grant"))
    expect(page.get_by_text("Voided: “Renewal”")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("No grant passes these filters.")).to_be_visible()
    assert clicks.count == 3


def test_a_viewer_can_neither_grant_nor_void(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("eve", "viewer")
    open_page(page, signed_app, "grants", f"customer={NEW}&source=live&new=forged")
    expect(page.get_by_text("takes the role support, and yours is viewer")).to_be_visible(
        timeout=SLOW
    )
    expect(page.get_by_role("button", name="Grant credits")).to_be_disabled()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_run_of_many_that_is_cancelled_keeps_what_it_made_and_can_go_on(
    signed_app: str, signed_in: SignedIn
) -> None:
    page = signed_in("sue", "support")
    open_page(page, signed_app, "grants", "customer=customer-nearly-out&source=live")
    page.get_by_text("Grant many from a CSV file").click()
    header = "customer_id,currency_id,grant_type,display_name,amount"
    rows = ["customer-nearly-out,ai-tokens,promotional,Gift,0.5"] * 100
    content = "\n".join([header, *rows]).encode()
    page.locator("input[type=file]").set_input_files(
        {"name": "grants.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name="Make 100 grants").click(timeout=SLOW)
    some = page.get_by_text(re.compile(r"^[1-9]\d* of 100 rows"))
    expect(some).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Cancel").click(timeout=SLOW)
    summary = page.get_by_text(re.compile(r"^100 rows: \d+ done, \d+ not tried\.$"))
    expect(summary).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Make 100 grants").click()
    whole = page.get_by_text(re.compile(r"^100 rows: \d+ done(, \d+ was done already)?\.$"))
    expect(whole).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_each_form_open(
    signed_app: str, signed_in: SignedIn, scheme: str
) -> None:
    page = signed_in("ann", "admin", color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    place = "customer=customer-payment-pending&source=live"
    open_page(page, signed_app, "grants", f"{place}&new=form-{scheme}")
    form = page.get_by_role("dialog")
    form.get_by_text("Paid", exact=True).click()
    form.get_by_label("Amount").fill("1,000")
    expect(form.get_by_text("is not a plain number")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0, timeout=SLOW)
    page.get_by_role("combobox", name="Open a grant").fill("invoice")
    page.get_by_role("option").first.click()
    page.get_by_role("button", name="Void …").click()
    expect(form.get_by_text("leave the balance at once")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0, timeout=SLOW)
    page.get_by_text("Grant many from a CSV file").click()
    gift = b"customer_id,currency_id,grant_type,display_name,amount\n,ai-tokens,PAID,Gift,5\n"
    page.locator("input[type=file]").set_input_files(
        {"name": "grants.csv", "mimeType": "text/csv", "buffer": gift}
    )
    expect(page.get_by_text("Nothing was sent: 1 row is wrong.")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN - STREAMLITS_FILE_DROP == set()


def test_at_phone_width_nothing_runs_off_the_side(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("ann", "admin", viewport={"width": 390, "height": 844})
    open_page(page, signed_app, "grants", f"customer={NEW}&source=live&new=narrow")
    expect(page.get_by_role("dialog").get_by_label("Amount")).to_be_visible(timeout=SLOW)
    assert page.evaluate(WIDE) <= 0
