"""A browser to which the code of some of Streamlit's widgets comes late."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


@contextmanager
def arriving_late(page: "Page", widget: str) -> Iterator[None]:
    """Hold the file with a kind of widget ("Selectbox") back until the end of the block.

    The page is to be opened within.
    """
    held: list[Route] = []
    file = re.compile(rf"/{widget}\.")

    def hold(route: "Route") -> None:
        held.append(route)

    page.route(file, hold)
    yield
    assert held, f"Streamlit has no file of its own for {widget} any more"
    for route in held:
        route.continue_()
    page.unroute(file)
