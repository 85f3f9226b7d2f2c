"""What somebody has filled into a form so far."""

from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from dashboard.controls.drawn import begin_at

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
    for name, text in draft.items():
        begin_at(name, text)
    yield
    there = [name for name in fields if name in st.session_state]
    draft.update({name: st.session_state[name] for name in there})
