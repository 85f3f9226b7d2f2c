"""The picked values in the page's address, which is the only place that holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st


@dataclass(frozen=True, slots=True)
class _LastSeen:
    page: str
    values: tuple[str, ...]


def picked_values(key: str, most: int) -> list[str]:
    """The first `most` different values of the query parameter; the page judges the excess."""
    return list(dict.fromkeys(value for value in st.query_params.get_all(key) if value))[:most]


def put_picked_values(key: str, values: Sequence[str]) -> bool:
    """Write the values as one history entry and say whether that changed anything.

    The empty value stands for no parameter at all.
    """
    kept = [value for value in values if value]
    if kept == st.query_params.get_all(key):
        return False
    if kept:
        st.query_params[key] = kept
    else:
        del st.query_params[key]
    return True


def carry_across_pages(key: str) -> None:
    """Bring the values along to another page, whose link Streamlit opens without them."""
    slot = _slot(key)
    page = urlsplit(st.context.url or "").path
    before = st.session_state.get(slot)
    if before is not None and before.page != page and key not in st.query_params:
        put_picked_values(key, before.values)
    st.session_state[slot] = _LastSeen(page, tuple(st.query_params.get_all(key)))


def keep_for_other_pages(key: str) -> None:
    """On a page that has no use for them: leave the values to the pages after it."""
    before = st.session_state.get(_slot(key))
    if before is not None:
        page = urlsplit(st.context.url or "").path
        st.session_state[_slot(key)] = _LastSeen(page, before.values)


def _slot(key: str) -> str:
    return f"{key}_last_seen"
