"""What can be changed here: the buttons, and where changes are made."""

import streamlit as st

from dashboard.access import current_actor
from dashboard.markdown import plain
from dashboard.panels.grant_form import grant_button
from dashboard.sources import Sources

NO_API = "Changes are made at a metering API, and there is none here: these {what} can be read."
AT_API = (
    "Changes are made at the metering API; this extract will hold them once it is made anew. After "
    "a change the page shows the live source."
)


def actions(sources: Sources) -> None:
    """The buttons, in the line of the controls."""
    if sources.live is not None:
        grant_button(current_actor())


def where_changes_are_made(sources: Sources, what: str, *, is_extract: bool) -> None:
    """`what` is shown: "grants"."""
    if sources.live is None:
        st.caption(plain(f"{NO_API.format(what=what)} {sources.problem or ''}".strip()))
    elif is_extract:
        st.caption(AT_API)
