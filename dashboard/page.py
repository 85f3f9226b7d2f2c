"""What every page has: title, scope, header, and its last good answer while the next one fails."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

import streamlit as st

from dashboard.controls.scope import Scope, portfolio_controls, scope_controls
from dashboard.failures import show_failure
from dashboard.header import Header, show_header
from dashboard.links import link_button
from dashboard.settings import read_settings
from dashboard.sources import current
from dashboard.waiting import reserved
from data.clock import utc_now
from queries.question import Source

HEADER_HEIGHT = 38

Shown = TypeVar("Shown")
"""All that a page draws, at hand."""


class Page(Generic[Shown]):
    """One run of a page.

    Within `answering` whatever fails becomes a sentence, and `kept` is then what the last good
    run kept, whose title the sentence names.
    """

    def __init__(self, title: str) -> None:
        self.now = utc_now()
        self.sources = current()
        st.title(title)
        self._head = st.empty()
        self._slot = f"{title} shown"
        self._is_first = self._slot not in st.session_state
        if self._is_first:
            self._head.skeleton(HEADER_HEIGHT)

    def scope(self, *, prefers: str = "extract", only: Source | None = None) -> Scope:
        """The scope controls; raises what they raise.

        `prefers` is the kind of source that answers where nobody has chosen one; where there is
        `only` one that can, there is nothing to choose.
        """
        return scope_controls(self.sources, read_settings().zone, prefers, only)

    def portfolio_scope(self) -> Scope:
        """The scope controls of a page about all customers; raises what they raise."""
        return portfolio_controls(self.sources, read_settings().zone)

    @contextmanager
    def answering(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            _, title = self._at_hand()
            if title is None:
                self._head.empty()
            show_failure(
                error,
                still_shown=title,
                can_extract=self.sources.extract is not None,
                can_live=self.sources.live is not None,
                can_retry=True,
            )

    @contextmanager
    def working(self, height: int) -> Iterator[None]:
        """Say for how long the question has been on its way; hold the room of the first answer."""
        with st.spinner("Asking …", show_time=True), reserved(height if self._is_first else 0):
            yield

    def keep(self, shown: Shown, title: str) -> None:
        """`title` names what is shown, and of when, in the middle of a sentence."""
        st.session_state[self._slot] = (shown, title)

    def kept(self) -> Shown:
        """What is to be drawn; the page ends here where nothing is at hand."""
        shown, _ = self._at_hand()
        if shown is None:
            st.stop()
        return shown

    def head(self, header: Header | str, address: Mapping[str, str]) -> None:
        """The line under the title, with the link that writes `address` out.

        A text is Markdown, for a page that shows no credits.
        """
        with self._head.container(horizontal=True, vertical_alignment="center"):
            if isinstance(header, str):
                st.markdown(header)
            else:
                show_header(header, self.now)
            link_button(address)

    def _at_hand(self) -> tuple[Shown | None, str | None]:
        found: tuple[Shown | None, str | None] = st.session_state.get(self._slot, (None, None))
        return found
