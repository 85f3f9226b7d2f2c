"""What somebody has filled into a form so far, and what became of a form that was sent before."""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from dashboard.changing import record
from dashboard.markdown import plain
from queries.activity import OPEN, Outcome

DRAFTS_KEPT, SECONDS_KEPT = 1000, 86_400


@st.cache_resource(max_entries=DRAFTS_KEPT, ttl=SECONDS_KEPT, show_spinner=False)
def draft(key: str, actor: str) -> MutableMapping[str, Any]:
    """What somebody has filled in so far, for the form of that key: it outlives a reload."""
    del key, actor
    return {}


@contextmanager
def kept(draft: MutableMapping[str, Any], fields: Iterable[str]) -> Iterator[None]:
    """Fill in from the draft what a reload has emptied, and keep in it what is there then.

    `fields` are the keys of the form's widgets, known when it has been drawn.
    """
    for name in draft.keys() - st.session_state.keys():
        st.session_state[name] = draft[name]
    yield
    there = [name for name in fields if name in st.session_state]
    draft.update({name: st.session_state[name] for name in there})


def is_over(key: str, begin: Callable[[], None]) -> bool:
    """Say what became of a form that was sent before; whether that is all there is to it.

    `begin` opens another.
    """
    last = record().last(key)
    if last is None:
        return False
    if last.fact.outcome is Outcome.DONE:
        st.info(
            plain(f"This form was used already, to {last.change.summary}. That was done."),
            icon=":material/check_circle:",
        )
        if st.button("Open a new form"):
            begin()
            st.rerun()
        return True
    if last.fact.outcome in OPEN:
        st.warning(
            plain(
                f"This form was sent before, to {last.change.summary}, and whether that was done "
                "is not known. Sending it again finds that out; it is made once."
            ),
            icon=":material/hourglass_top:",
        )
    return False
