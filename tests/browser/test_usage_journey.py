"""The Usage page in a browser, walked as its readers walk it."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from accessibility import STREAMLITS_OWN, violations

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

SHORT, LONG = "customer-demo-01", "customer-long-tail"
CUSTOMERS = pytest.mark.parametrize("customer", [SHORT, LONG], ids=["short list", "long list"])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
SLOW = 30_000

NewPage = Callable[..., "Page"]


def open_page(page: "Page", app: str, query: str) -> None:
    page.goto(f"{app}/usage?{query}")
    expect(legend(page).or_(chart(page)).first).to_be_visible(timeout=SLOW)


def chart(page: "Page") -> "Locator":
    return page.locator(".st-key-chart .main-svg").first


def legend(page: "Page") -> "Locator":
    return page.locator(".st-key-chart .legendtext")


def group_by(page: "Page") -> "Locator":
    return page.get_by_role("combobox", name="Group by")


@CUSTOMERS
def test_typing_mod_and_picking_model_regroups_the_chart_and_survives_a_reload(
    page: "Page", app: str, customer: str
) -> None:
    open_page(page, app, f"customer={customer}")
    expect(legend(page)).to_have_count(0)
    group_by(page).press_sequentially("mod")
    page.get_by_role("option", name="model", exact=True).click()
    expect(legend(page).filter(has_text="claude")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(r"[?&]by=model(&|$)"))
    before = legend(page).all_text_contents()
    page.reload()
    expect(legend(page).filter(has_text="claude")).to_be_visible(timeout=SLOW)
    assert legend(page).all_text_contents() == before


@CUSTOMERS
def test_back_undoes_the_pick_and_forward_repeats_it(page: "Page", app: str, customer: str) -> None:
    open_page(page, app, f"customer={customer}")
    group_by(page).press_sequentially("mod")
    page.get_by_role("option", name="model", exact=True).click()
    expect(legend(page).filter(has_text="claude")).to_be_visible(timeout=SLOW)
    page.go_back()
    expect(page).not_to_have_url(re.compile("by=model"))
    expect(legend(page)).to_have_count(0, timeout=SLOW)
    page.go_forward()
    expect(legend(page).filter(has_text="claude")).to_be_visible(timeout=SLOW)


@CUSTOMERS
def test_the_keyboard_alone_can_group(page: "Page", app: str, customer: str) -> None:
    open_page(page, app, f"customer={customer}")
    for _ in range(60):
        page.keyboard.press("Tab")
        if group_by(page).evaluate("box => box === box.getRootNode().activeElement"):
            break
    page.keyboard.type("model_v")
    expect(page.get_by_role("option", name="model_version")).to_be_visible(timeout=SLOW)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("by=model_version"), timeout=SLOW)
    expect(legend(page).first).to_be_visible(timeout=SLOW)


@SCHEMES
@CUSTOMERS
def test_axe_finds_no_violation_with_the_list_open_and_closed(
    new_page: NewPage, app: str, customer: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    open_page(page, app, f"customer={customer}&by=model&into=claude")
    expect(page.get_by_text("Break it down by")).to_be_visible(timeout=SLOW)
    assert violations(page) == set()
    group_by(page).press_sequentially("te")
    expect(page.get_by_role("option", name="team").first).to_be_visible(timeout=SLOW)
    excused = STREAMLITS_OWN if customer == SHORT else set()
    assert violations(page) - excused == set()


def test_the_chart_has_a_text_alternative_that_names_what_is_drawn(page: "Page", app: str) -> None:
    open_page(page, app, f"customer={SHORT}&by=model")
    text = re.compile("Tokens used by model, .*: claude .* gemini")
    expect(page.get_by_label(text).first).to_be_attached(timeout=SLOW)


def test_clicking_a_bar_opens_the_ledger_of_its_bucket(page: "Page", app: str) -> None:
    open_page(page, app, f"customer={SHORT}&source=live")
    bar = page.locator(".st-key-chart .bars .point").nth(5)
    bar.wait_for(state="attached", timeout=SLOW)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile("bucket="), timeout=SLOW)
    expect(page.get_by_text("ledger rows, newest first")).to_be_visible(timeout=SLOW)


def test_the_link_that_is_copied_opens_the_same_page_with_explicit_dates(
    page: "Page", app: str
) -> None:
    open_page(page, app, f"customer={SHORT}&by=model&period=7d")
    page.get_by_role("button", name="Copy link").click()
    link = page.locator("[data-testid=stCode] code").inner_text(timeout=SLOW)
    for part in ("period=custom", "from=", "to=", "source=extract", "tz=UTC", "by=model"):
        assert part in link
    names = legend(page).all_text_contents()
    page.goto(link.replace("\n", ""))
    expect(legend(page).first).to_be_visible(timeout=SLOW)
    assert legend(page).all_text_contents() == names


def test_at_phone_width_nothing_runs_off_the_side(new_page: NewPage, app: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    open_page(page, app, f"customer={LONG}&by=model")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0


def test_the_pool_is_still_one_after_a_customer_was_chosen_from_all(page: "Page", app: str) -> None:
    """The same option is "All pools" first and then the customer-level pool."""
    open_page(page, app, "")
    page.get_by_role("combobox", name=re.compile("Customer")).click()
    page.keyboard.type("kestrel")
    page.get_by_role("option", name=re.compile("Kestrel")).first.click()
    expect(page).to_have_url(re.compile(f"customer={SHORT}"), timeout=SLOW)
    expect(page.get_by_text("Customer-level pool").first).to_be_visible(timeout=SLOW)
    page.get_by_role("combobox", name=re.compile("Period")).click()
    page.get_by_role("option", name="Last 7 days").click()
    expect(page).to_have_url(re.compile("period=7d"), timeout=SLOW)
    expect(legend(page).or_(chart(page)).first).to_be_visible(timeout=SLOW)
    assert "pool=" not in page.url
