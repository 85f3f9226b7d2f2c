"""What axe says of a page."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

Axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing").Axe

# Streamlit puts the open list of its own select beside the page's landmarks, not into one.
STREAMLITS_OWN = {"region"}
# Its place to drop a file has a label, and says that it is there for the looks only.
STREAMLITS_FILE_DROP = {"presentation-role-conflict"}


def at_rest(page: "Page") -> None:
    """Wait until no run of the page is under way, whose elements would stand beside the old."""
    resting = page.locator("[data-test-script-state=notRunning]")
    resting.first.wait_for(state="attached", timeout=30_000)


def violations(page: "Page") -> set[str]:
    at_rest(page)
    return {violation["id"] for violation in Axe().run(page).response["violations"]}
