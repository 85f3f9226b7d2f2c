"""The combobox that searches on the server, for a list too long to send."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.resources import files

import streamlit as st

from dashboard.controls.key_picker.address import picked_values, put_picked_values
from dashboard.controls.key_picker.face import Face
from dashboard.controls.key_picker.found import Found, Option, Search, labels_by_value

LONGEST_TEXT = 200  # as in combobox.html: the browser waits for the answer to the very text

_here = files("dashboard.controls.key_picker")
_mount = st.components.v2.component(
    "key_picker",
    html=(_here / "combobox.html").read_text("utf-8"),
    css=(_here / "combobox.css").read_text("utf-8"),
    js=(_here / "combobox.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class _Said:
    """What the browser said last; `picked` is None where the address has the picks."""

    turn: int = 0
    text: str = ""
    picked: tuple[str, ...] | None = None


def combobox(
    face: Face, search: Search, beginning: Found, *, key: str, max_keys: int, default: str | None
) -> None:
    """Draw the picker and bring the page to what is picked in it.

    Without a pick it stands at `default`; without a default it can be cleared.
    """
    _search_and_pick(face, search, beginning, key, max_keys, default, picked_values(key, max_keys))


@st.fragment
def _search_and_pick(
    face: Face,
    search: Search,
    beginning: Found,
    key: str,
    max_keys: int,
    default: str | None,
    picked_for_page: list[str],
) -> None:
    """Being a fragment, this answers a typed letter without rerunning the page."""
    said = _what_was_said(key)
    answer = search(said.text) if said.text else None
    picked = picked_values(key, max_keys)
    values = picked or ([] if default is None else [default])
    shown = _labelled(values, answer or beginning, search, key)
    _mount(
        key=_component(key),
        data={
            **asdict(face),
            "key": key,
            "max_keys": max_keys,
            "may_clear": default is None,
            "turn": said.turn,
            "text": said.text,
            "picked": [asdict(option) for option in shown],
            "beginning": asdict(beginning),
            "answer": None if answer is None else asdict(answer),
        },
        on_said_change=partial(_hear, key, max_keys),
    )
    if picked != picked_for_page:
        st.rerun()


def _component(key: str) -> str:
    return f"{key}_combobox"


def _hear(key: str, max_keys: int) -> None:
    """Put the picks into the address before anything is drawn.

    The page follows only after the picker has been drawn again: `st.rerun` in here would leave
    the picker out of this run, and the browser would take it off the page.
    """
    said = _what_was_said(key)
    if said.picked is not None:
        put_picked_values(key, said.picked[:max_keys])


def _what_was_said(key: str) -> _Said:
    """What the browser said last. It may say anything, so every part is checked."""
    match st.session_state.get(_component(key), {}).get("said"):
        case {"turn": int(turn), "text": str(text), "picked": list(picked)}:
            return _Said(turn, text[:LONGEST_TEXT], tuple(map(str, picked)))
        case {"turn": int(turn), "text": str(text)}:
            return _Said(turn, text[:LONGEST_TEXT])
    return _Said()


def _labelled(values: Sequence[str], found: Found, search: Search, key: str) -> list[Option]:
    """The picked values under the labels they were found with.

    A pick outlives the answer it was found in, so the labels of the last answer are kept. A
    value that came with a link was never found: it is searched for once, and stands for itself
    if the search does not know it.
    """
    slot = f"{key}_labels"
    known: dict[str, str] = st.session_state.get(slot, {}) | labels_by_value(found.options)
    for value in values:
        if value not in known:
            known[value] = labels_by_value(search(value).options).get(value, value)
    shown = {*values, *(option.value for option in found.options)}
    st.session_state[slot] = {value: known[value] for value in known if value in shown}
    return [Option(value, known[value]) for value in values]
