"""What a reader can do with the picker, in a browser, in each of its forms."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from accessibility import at_rest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

PAGE = Path(__file__).with_name("key_picker_page.py")
SHORT_LIST = ("Colours", "colour", "Colour 07", "colour-07")
LONG_LIST = ("Models", "model", "Model 2907", "model-2907")
BOTH_LISTS = pytest.mark.parametrize(
    ("label", "key", "option", "value"), [SHORT_LIST, LONG_LIST], ids=["short list", "long list"]
)


@pytest.fixture(scope="module")
def address(serve: Callable[[Path], str]) -> str:
    return serve(PAGE)


@pytest.fixture
def pickers(page: "Page", address: str) -> "Page":
    page.goto(address)
    expect(page.locator(".st-key-said_owner")).to_be_visible()
    expect(box(page, "Owner")).to_have_accessible_name("Owner")
    return page


def box(page: "Page", label: str) -> "Locator":
    return page.get_by_role("combobox", name=label, exact=True)


def options(page: "Page") -> "Locator":
    return page.get_by_role("option")


def chips(page: "Page", label: str) -> "Locator":
    key = label.lower().removesuffix("s")
    return page.locator(f".st-key-{key}, .st-key-{key}_combobox").get_by_label("Remove ")


def spoken(page: "Page", key: str) -> "Locator":
    return page.locator(f".st-key-{key}_combobox").get_by_role("status")


def pick(page: "Page", label: str, option: str) -> None:
    box(page, label).fill(option)
    page.get_by_role("option", name=option, exact=True).click()


def expect_picked(page: "Page", key: str, value: object) -> None:
    """The page has got the value and so has its address."""
    expect(page.locator(f".st-key-said_{key}")).to_have_text(repr(value))
    values = value if isinstance(value, list) else [value] if value else []
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get(key, []) == values)


def runs(page: "Page") -> str:
    return page.locator(".st-key-said_runs").inner_text()


@BOTH_LISTS
def test_typing_narrows_the_list_and_a_click_picks(
    pickers: "Page", label: str, key: str, option: str, value: str
) -> None:
    box(pickers, label).fill(option)
    expect(options(pickers)).to_have_text([option])
    options(pickers).click()
    expect_picked(pickers, key, [value])


@BOTH_LISTS
def test_reload_restores_the_picks(
    pickers: "Page", label: str, key: str, option: str, value: str
) -> None:
    pick(pickers, label, option)
    expect_picked(pickers, key, [value])
    pickers.reload()
    expect_picked(pickers, key, [value])
    expect(chips(pickers, label)).to_have_count(1)


@BOTH_LISTS
def test_back_undoes_a_pick_and_forward_does_it_again(
    pickers: "Page", label: str, key: str, option: str, value: str
) -> None:
    pick(pickers, label, option)
    expect_picked(pickers, key, [value])
    pickers.go_back()
    expect_picked(pickers, key, [])
    expect(chips(pickers, label)).to_have_count(0)
    pickers.go_forward()
    expect_picked(pickers, key, [value])
    expect(chips(pickers, label)).to_have_count(1)


@BOTH_LISTS
def test_the_keyboard_alone_picks_and_removes(
    pickers: "Page", label: str, key: str, option: str, value: str
) -> None:
    box(pickers, label).focus()
    pickers.keyboard.type(option)
    expect(options(pickers)).to_have_text([option])
    pickers.keyboard.press("Enter")
    expect_picked(pickers, key, [value])
    pickers.keyboard.press("Backspace")
    expect_picked(pickers, key, [])


@BOTH_LISTS
def test_no_more_than_max_keys_can_be_picked(
    pickers: "Page", label: str, key: str, option: str, value: str
) -> None:
    stem, number = option.split()
    others = [f"{stem} {int(number) - step:0{len(number)}}" for step in (1, 2)]
    for chosen in [option, *others]:
        pick(pickers, label, chosen)
        expect(box(pickers, label)).to_have_value("")
    picked = [value, *(other.lower().replace(" ", "-") for other in others)]
    expect_picked(pickers, key, picked)
    box(pickers, label).click()
    expect(pickers.get_by_role("option", name=stem)).to_have_count(0)


@pytest.mark.parametrize("key", ["colour", "model"])
def test_of_too_many_values_in_the_address_the_first_are_picked(
    page: "Page", address: str, key: str
) -> None:
    values = [f"{key}-{number}" for number in "12345"]
    page.goto(f"{address}/?{'&'.join(f'{key}={value}' for value in values)}")
    expect(page.locator(f".st-key-said_{key}")).to_have_text(repr(values[:3]))
    expect(chips(page, f"{key.title()}s")).to_have_count(3)


@pytest.mark.parametrize("key", ["colour", "model"])
def test_a_value_the_search_does_not_know_stands_for_itself(
    page: "Page", address: str, key: str
) -> None:
    page.goto(f"{address}/?{key}=retired")
    expect_picked(page, key, ["retired"])
    expect(chips(page, f"{key.title()}s")).to_have_accessible_name("Remove retired")


def test_the_server_finds_a_key_outside_the_first_fifty(pickers: "Page") -> None:
    box(pickers, "Models").click()
    expect(options(pickers)).to_have_count(50)
    expect(pickers.get_by_text(re.compile(r"^50 of 3\s000, type to narrow$"))).to_have_count(2)
    expect(pickers.get_by_role("option", name="Model 2907")).to_have_count(0)
    box(pickers, "Models").fill("2907")
    expect(options(pickers)).to_have_text(["Model 2907"])


def test_a_list_of_unknown_length_says_how_many_are_shown(pickers: "Page") -> None:
    box(pickers, "Owner").click()
    expect(spoken(pickers, "owner")).to_have_text("50 shown, type to narrow")


def test_the_list_here_is_narrowed_while_the_server_searches(
    page_of_its_own: "Page", address: str
) -> None:
    page = page_of_its_own
    page.goto(address)
    box(page, "Models").click()
    expect(options(page)).to_have_count(50)
    page.clock.install()
    page.clock.pause_at("2100-01-01")  # before the pause in typing that sends the search
    box(page, "Models").fill("0042")
    expect(options(page)).to_have_text(["Model 0042"])
    expect(page.get_by_text("Searching…")).to_be_visible()


def test_typing_does_not_rerun_the_page(pickers: "Page") -> None:
    before = runs(pickers)
    box(pickers, "Models").fill("crr")
    expect(spoken(pickers, "model")).to_have_text("Nothing matches “crr”.")
    box(pickers, "Models").fill("2907")
    expect(options(pickers)).to_have_text(["Model 2907"])
    assert runs(pickers) == before


def test_letters_typed_are_not_taken_for_shortcuts_of_the_page(pickers: "Page") -> None:
    before = runs(pickers)
    box(pickers, "Models").press_sequentially("rcr")
    expect(spoken(pickers, "model")).to_have_text("Nothing matches “rcr”.")
    expect(pickers.get_by_role("dialog")).to_have_count(0)
    assert runs(pickers) == before


def test_a_pick_reruns_the_page_once(pickers: "Page") -> None:
    before = int(runs(pickers))
    pick(pickers, "Models", "Model 2907")
    expect_picked(pickers, "model", ["model-2907"])
    pick(pickers, "Models", "Model 2908")
    expect_picked(pickers, "model", ["model-2907", "model-2908"])
    assert int(runs(pickers)) == before + 2


def test_picks_made_faster_than_the_server_answers_are_all_kept(pickers: "Page") -> None:
    box(pickers, "Models").click()
    for _ in range(3):
        pickers.keyboard.press("ArrowDown")
        pickers.keyboard.press("Enter")
    expect_picked(pickers, "model", ["model-0001", "model-0002", "model-0003"])
    expect(chips(pickers, "Models")).to_have_count(3)


def test_a_picker_redrawn_in_the_middle_of_a_word_goes_on_with_it(
    page: "Page", address: str
) -> None:
    page.goto(f"{address}/growing")
    long_list = page.get_by_role("checkbox", name="Long list")
    long_list.dispatch_event("click")
    expect(page.locator(".st-key-grown_combobox")).to_be_visible()
    box(page, "Grown").fill("290")
    long_list.dispatch_event("click")
    expect(page.locator(".st-key-grown")).to_be_visible()
    long_list.dispatch_event("click")
    expect(page.locator(".st-key-grown_combobox")).to_be_visible()
    expect(box(page, "Grown")).to_be_focused()
    page.keyboard.type("7")
    expect(options(page)).to_have_text(["Model 2907"])


def test_the_arrows_walk_the_list_round_and_escape_closes_it(pickers: "Page") -> None:
    models = box(pickers, "Models")
    models.focus()
    pickers.keyboard.press("ArrowDown")
    expect(models).to_have_attribute("aria-expanded", "true")
    pickers.keyboard.press("ArrowUp")
    expect(models).to_have_attribute("aria-activedescendant", "option-49")
    pickers.keyboard.press("ArrowDown")
    expect(models).to_have_attribute("aria-activedescendant", "option-0")
    pickers.keyboard.press("Escape")
    expect(models).to_have_attribute("aria-expanded", "false")
    expect(models).to_be_focused()


def test_leaving_the_picker_closes_it_and_forgets_the_text(pickers: "Page") -> None:
    box(pickers, "Models").fill("2907")
    expect(options(pickers)).to_have_count(1)
    box(pickers, "Owner").focus()
    expect(options(pickers)).to_have_count(0)
    expect(box(pickers, "Models")).to_have_value("")


def test_a_chip_is_removed_by_its_own_button(page: "Page", address: str) -> None:
    page.goto(f"{address}/?model=model-0001&model=model-0002")
    page.get_by_role("button", name="Remove Model 0001").click()
    expect_picked(page, "model", ["model-0002"])
    expect(box(page, "Models")).to_be_focused()


def test_results_and_picks_are_announced(pickers: "Page") -> None:
    box(pickers, "Models").fill("290")
    expect(spoken(pickers, "model")).to_have_text("13 found")
    pickers.keyboard.press("Enter")
    expect(spoken(pickers, "model")).to_have_text("Model 0290 picked, 1 of 3.")
    expect_picked(pickers, "model", ["model-0290"])
    pickers.keyboard.press("Backspace")
    expect(spoken(pickers, "model")).to_have_text("Model 0290 removed.")


def test_the_list_lies_over_the_page(pickers: "Page") -> None:
    before = box(pickers, "Owner").bounding_box()
    box(pickers, "Models").click()
    expect(options(pickers)).to_have_count(50)
    assert box(pickers, "Owner").bounding_box() == before


def test_text_from_the_search_is_never_markup(pickers: "Page") -> None:
    box(pickers, "Owner").fill("<img")
    expect(options(pickers)).to_have_text(["<img src=x onerror=alert(1)> & Sons"])
    options(pickers).click()
    expect_picked(pickers, "owner", "c-0")
    expect(pickers.locator("img[src=x]")).to_have_count(0)


def test_one_picker_shows_the_label_and_takes_one_value(pickers: "Page") -> None:
    pick(pickers, "Owner", "Customer 1999")
    expect_picked(pickers, "owner", "c-1999")
    pick(pickers, "Owner", "Customer 0007")
    expect_picked(pickers, "owner", "c-7")
    expect(box(pickers, "Owner")).to_have_value("Customer 0007")
    pickers.go_back()
    expect_picked(pickers, "owner", "c-1999")
    pickers.reload()
    expect_picked(pickers, "owner", "c-1999")


def test_one_picker_of_a_short_list_follows_the_address(pickers: "Page") -> None:
    expect_picked(pickers, "plan", None)
    pick(pickers, "Plan", "Colour 07")
    expect_picked(pickers, "plan", "colour-07")
    pickers.go_back()
    expect_picked(pickers, "plan", None)


def test_one_picker_without_a_first_option_can_be_cleared(page: "Page", address: str) -> None:
    page.goto(f"{address}/?owner=c-0")
    page.locator(".st-key-owner_combobox").get_by_role("button", name="Clear").click()
    expect_picked(page, "owner", None)


def test_the_first_option_is_picked_by_nothing_in_the_address(pickers: "Page") -> None:
    expect_picked(pickers, "customer", "")
    expect(box(pickers, "Customer")).to_have_value("All customers")
    pick(pickers, "Customer", "Customer 1999")
    expect_picked(pickers, "customer", "c-1999")
    pick(pickers, "Customer", "All customers")
    expect_picked(pickers, "customer", "")


def test_a_picker_across_pages_keeps_its_pick_on_the_next_page(pickers: "Page") -> None:
    pick(pickers, "Customer", "Customer 1999")
    expect_picked(pickers, "customer", "c-1999")
    pickers.get_by_role("link", name="growing").click()
    expect(box(pickers, "Grown")).to_be_visible()
    expect_picked(pickers, "customer", "c-1999")


def test_picks_survive_a_list_that_outgrows_the_short_form_and_shrinks_again(
    page: "Page", address: str
) -> None:
    page.goto(f"{address}/growing")
    pick(page, "Grown", "Model 0007")
    expect_picked(page, "grown", ["model-0007"])
    page.keyboard.press("Escape")
    page.get_by_text("Long list").click()
    expect(page.locator(".st-key-grown_combobox")).to_be_visible()
    pick(page, "Grown", "Model 0008")
    expect_picked(page, "grown", ["model-0007", "model-0008"])
    page.keyboard.press("Escape")
    page.get_by_text("Long list").click()
    expect(page.locator(".st-key-grown")).to_be_visible()
    expect_picked(page, "grown", ["model-0007", "model-0008"])
    at_rest(page)
    pick(page, "Grown", "Model 0009")
    expect_picked(page, "grown", ["model-0007", "model-0008", "model-0009"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("label", ["Models", "Owner"])
def test_axe_finds_nothing_wrong_with_the_list_open(
    new_page: Callable[..., "Page"], address: str, label: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page = new_page(color_scheme=scheme)
    page.goto(f"{address}/?model=model-0001&owner=c-7")
    box(page, label).click()
    page.keyboard.press("ArrowDown")
    expect(options(page)).not_to_have_count(0)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
