"""The Overview in a browser, as finance and customer success open it in the morning."""

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

NEARLY_OUT = "Osprey Travel (nearly out)"
SLOW = 30_000

NewPage = Callable[..., "Page"]


def open_overview(page: "Page", app: str, query: str = "") -> None:
    page.goto(f"{app}/?{query}")
    expect(page.get_by_text("Work list")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("pools · total"))).to_be_visible(timeout=SLOW)


def test_who_runs_out_first_is_there_without_a_click_and_opened_by_one(
    page: "Page", app: str
) -> None:
    open_overview(page, app, "tz=Europe/Berlin")
    table = page.get_by_role("region", name=re.compile("^Runs out soonest"))
    table.scroll_into_view_if_needed(timeout=SLOW)
    at = table.bounding_box()
    assert at is not None
    page.mouse.click(at["x"] + 20, at["y"] + 52)
    expect(page.get_by_role("heading", name="Balance", level=1)).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(r"customer=[a-z-]+.*tz=Europe%2FBerlin"))
    page.go_back()
    expect(page.get_by_text("Work list")).to_be_visible(timeout=SLOW)


def test_a_customer_is_opened_by_name_in_two_clicks(page: "Page", app: str) -> None:
    open_overview(page, app)
    clicks = Clicks()
    clicks(page.get_by_role("combobox", name=re.compile("Open a customer")))
    page.keyboard.type("osprey")
    clicks(page.get_by_role("option", name=re.compile("Osprey Travel")).first)
    expect(page.get_by_text("Proven to the last decimal")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("/balance.*customer=customer-nearly-out"))
    assert clicks.count <= 2


def test_a_customer_that_was_chosen_before_is_still_chosen_after_the_overview(
    page: "Page", app: str
) -> None:
    page.goto(f"{app}/balance?customer=customer-nearly-out")
    expect(page.get_by_text("Proven to the last decimal")).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("Work list")).to_be_visible(timeout=SLOW)
    assert "customer=" not in page.url
    page.get_by_role("link", name="Balance").click()
    expect(page.get_by_text("Proven to the last decimal")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("customer=customer-nearly-out"))


def test_another_work_list_is_one_click_and_survives_a_reload(page: "Page", app: str) -> None:
    open_overview(page, app)
    clicks = Clicks()
    clicks(page.get_by_text(re.compile("^In overdraft \\(")))
    listed = page.get_by_label(re.compile("^In overdraft: ")).first
    expect(listed).to_be_attached(timeout=SLOW)
    page.reload()
    expect(listed).to_be_attached(timeout=SLOW)
    assert clicks.count == 1


def test_live_a_stop_shows_those_asked_so_far(page: "Page", app: str) -> None:
    page.goto(f"{app}/?source=live")
    some = re.compile(r"^[1-9]\d* of \d+ customers asked for")
    expect(page.get_by_text(some)).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Stop").click(timeout=SLOW)
    expect(page.get_by_text(re.compile("^Stopped: [1-9]"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    expect(page.get_by_text(re.compile("pools? · total"))).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_everything_open(
    new_page: NewPage, app: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1600})
    open_overview(page, app)
    page.get_by_text("The chart as a table").click()
    expect(page.get_by_text(re.compile("^In all: "))).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()


def test_at_phone_width_nothing_runs_off_the_side(new_page: NewPage, app: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    open_overview(page, app)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
