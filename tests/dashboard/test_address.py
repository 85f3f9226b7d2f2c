"""The address is the truth about a page's controls, but for what the browser cannot know yet."""

from typing import ClassVar

import pytest
from app_page import AppPage

from dashboard.controls.key_picker import address
from dashboard.sources import Sources


class LedgerPage(AppPage):
    view: ClassVar[str] = "ledger"


@pytest.fixture
def typed(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> LedgerPage:  # noqa: ARG001  # asked
    """A zone has just been chosen, at the second 100."""
    monkeypatch.setattr(address, "monotonic", lambda: 100.0)
    return LedgerPage(customer="customer-demo-01").choose("tz", "Europe/Berlin")


def press_from_the_address_of_before(page: LedgerPage) -> LedgerPage:
    """A run that the browser asks for before it has heard of what was written."""
    del page.at.query_params["tz"]
    page.at.run()
    return page


def test_a_press_right_after_a_choice_keeps_the_choice(typed: LedgerPage) -> None:
    assert typed.address["tz"] == "Europe/Berlin"
    page = press_from_the_address_of_before(typed)
    assert page.address["tz"] == "Europe/Berlin"
    assert "days are cut in Europe/Berlin" in page.text


def test_later_the_address_of_before_is_where_the_reader_went_back_to(
    typed: LedgerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "monotonic", lambda: 100.0 + address.HEARD_WITHIN)
    page = press_from_the_address_of_before(typed)
    assert "tz" not in page.address
    assert "days are cut in UTC" in page.text


def test_another_address_is_taken_at_once(typed: LedgerPage) -> None:
    typed.at.query_params["tz"] = "Asia/Tokyo"
    typed.at.run()
    assert "days are cut in Asia/Tokyo" in typed.text
