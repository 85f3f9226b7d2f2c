"""The picked values in the page's address, which is the only place that holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

import streamlit as st

HEARD_WITHIN = 1.0
"""Seconds in which the browser has heard of an address that was written."""
WRITTEN = "address written"


@dataclass(frozen=True, slots=True)
class _LastSeen:
    page: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """What a widget put into the address of a page, in the place of what, and when."""

    page: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    at: float


def picked_values(key: str, most: int) -> list[str]:
    """The first `most` different values of the query parameter; the page judges the excess."""
    return list(dict.fromkeys(value for value in st.query_params.get_all(key) if value))[:most]


def put_picked_values(key: str, values: Sequence[str]) -> bool:
    """Write the values as one history entry and say whether that changed anything.

    The empty value stands for no parameter at all.
    """
    st.session_state.get(WRITTEN, {}).pop(key, None)
    kept = [value for value in values if value]
    if kept == st.query_params.get_all(key):
        return False
    if kept:
        st.query_params[key] = kept
    else:
        del st.query_params[key]
    return True


def put_address(parameters: Mapping[str, Sequence[str]]) -> None:
    """Write the whole address as one history entry."""
    st.session_state.pop(WRITTEN, None)
    st.query_params.from_dict({key: list(values) for key, values in parameters.items() if values})


def follow(key: str, values: Sequence[str]) -> None:
    """Write what a widget says, and remember it for as long as the browser may not know of it."""
    catch_up()
    before = tuple(st.query_params.get_all(key))
    if put_picked_values(key, values):
        after = tuple(st.query_params.get_all(key))
        written = st.session_state.setdefault(WRITTEN, {})
        written[key] = _Written(_page(), before, after, monotonic())


def catch_up() -> None:
    """Write again what the browser had not heard of when it asked for this run.

    A press right after typing comes with the address of before the typing: without this, the
    text would be gone. For callbacks, which run when somebody has pressed or chosen something;
    who goes back has not, and gets the address of before.
    """
    for key, write in list(st.session_state.get(WRITTEN, {}).items()):
        is_fresh = monotonic() - write.at < HEARD_WITHIN and write.page == _page()
        if is_fresh and tuple(st.query_params.get_all(key)) == write.before:
            put_picked_values(key, write.after)


def carry_across_pages(key: str) -> None:
    """Bring the values along to another page, whose link Streamlit opens without them."""
    slot = _slot(key)
    page = _page()
    before = st.session_state.get(slot)
    if before is not None and before.page != page and key not in st.query_params:
        put_picked_values(key, before.values)
    st.session_state[slot] = _LastSeen(page, tuple(st.query_params.get_all(key)))


def keep_for_other_pages(key: str) -> None:
    """On a page that has no use for them: leave the values to the pages after it."""
    before = st.session_state.get(_slot(key))
    if before is not None:
        page = _page()
        st.session_state[_slot(key)] = _LastSeen(page, before.values)


def _page() -> str:
    return urlsplit(st.context.url or "").path


def _slot(key: str) -> str:
    return f"{key}_last_seen"
