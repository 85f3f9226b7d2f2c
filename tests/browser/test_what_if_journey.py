"""What-if in a browser, as a product manager previews a price."""

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

SLOW = 30_000
DOUBLED = "s1.1.value=%3Dclaude&s1.1.price=x2"
MOST = re.compile("those who change most: Kestrel Robotics")

NewPage = Callable[..., "Page"]


def expect_effect(page: "Page") -> None:
    expect(page.get_by_text("Proven: the same events")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label(MOST)).to_be_attached(timeout=SLOW)


def test_doubling_a_models_rate_over_the_last_quarter_takes_four_clicks_and_none_from_a_link(
    page: "Page", app: str
) -> None:
    page.goto(f"{app}/")
    clicks = Clicks()
    clicks(page.get_by_role("link", name="What-if"))
    expect(page.get_by_text("Proven: the same events")).to_be_visible(timeout=SLOW)
    clicks(page.get_by_role("combobox", name=re.compile("^model|model$")).first)
    clicks(page.get_by_role("option", name=re.compile("^claude")))
    clicks(page.get_by_label("New price").first)
    page.keyboard.type("x2")
    page.keyboard.press("Enter")
    expect_effect(page)
    assert clicks.count <= 4
    page.goto(page.url)
    expect_effect(page)


def test_a_scenario_is_shared_by_its_link_and_walked_with_back(page: "Page", app: str) -> None:
    page.goto(f"{app}/what-if?{DOUBLED}")
    expect_effect(page)
    page.get_by_role("button", name="Copy link").click()
    shared = page.get_by_text(re.compile("s1.1.price=x2")).first.inner_text()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add a scenario").click()
    expect(page.get_by_role("radio", name="Scenario 2")).to_be_checked(timeout=SLOW)
    page.go_back()
    expect(page.get_by_role("radio", name="Scenario 2")).to_have_count(0, timeout=SLOW)
    page.goto(shared)
    expect_effect(page)
    assert "from=2" in page.url


def test_a_wrong_price_says_so_at_its_row(page: "Page", app: str) -> None:
    page.goto(f"{app}/what-if")
    expect(page.get_by_text("Proven: the same events")).to_be_visible(timeout=SLOW)
    page.get_by_label("New price").first.fill("twice as much")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Write x2 for twice the charge")).first).to_be_visible(
        timeout=SLOW
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_two_scenarios(
    new_page: NewPage, app: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1800})
    page.goto(f"{app}/what-if?{DOUBLED}&s2.order=oldest-first")
    expect_effect(page)
    assert violations(page) - STREAMLITS_OWN == set()


def test_at_phone_width_nothing_runs_off_the_side(new_page: NewPage, app: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{app}/what-if?{DOUBLED}")
    expect_effect(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_value_stays_chosen_when_its_label_changes(page: "Page", app: str) -> None:
    """A model's label says how much of it was used in the period."""
    page.goto(f"{app}/what-if?{DOUBLED}")
    expect_effect(page)
    page.get_by_role("combobox", name=re.compile("Period")).click()
    page.get_by_role("option", name="Last 30 days").click()
    expect(page).to_have_url(re.compile("period=30d"), timeout=SLOW)
    expect(page.get_by_text("Proven: the same events")).to_be_visible(timeout=SLOW)
    page.get_by_label("New price").first.fill("x3")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"s1\.1\.price=x3"), timeout=SLOW)
    expect_effect(page)
    expect(page).to_have_url(re.compile(r"s1\.1\.value=%3Dclaude(&|$)"))
