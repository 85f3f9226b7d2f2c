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


def choose_from_the_address_of_before(page: LedgerPage) -> LedgerPage:
    """A choice that the browser tells of before it has heard of what was written."""
    del page.at.query_params["tz"]
    return page.choose("currency", "api-credits")


def test_a_choice_right_after_another_keeps_the_first(typed: LedgerPage) -> None:
    assert typed.address["tz"] == "Europe/Berlin"
    page = choose_from_the_address_of_before(typed)
    assert (page.address["tz"], page.address["currency"]) == ("Europe/Berlin", "api-credits")
    assert "days are cut in Europe/Berlin" in page.text


def test_who_goes_back_gets_the_address_of_before(typed: LedgerPage) -> None:
    del typed.at.query_params["tz"]
    typed.at.run()
    assert "tz" not in typed.address
    assert "days are cut in UTC" in typed.text


def test_later_a_choice_is_made_from_where_the_reader_went_back_to(
    typed: LedgerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "monotonic", lambda: 100.0 + address.HEARD_WITHIN)
    page = choose_from_the_address_of_before(typed)
    assert "tz" not in page.address


def test_another_address_is_taken_at_once(typed: LedgerPage) -> None:
    typed.at.query_params["tz"] = "Asia/Tokyo"
    typed.at.run()
    assert "days are cut in Asia/Tokyo" in typed.text
