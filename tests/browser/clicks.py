"""Clicks, counted: how many an answer takes is part of the product."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator


class Clicks:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, target: "Locator") -> None:
        target.click()
        self.count += 1
