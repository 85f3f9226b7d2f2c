"""The combobox that searches on the server, for a list too long to send."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.resources import files

import streamlit as st

from dashboard.controls.key_picker.address import picked_values, put_picked_values
from dashboard.controls.key_picker.face import Face
from dashboard.controls.key_picker.found import Found, Option, Search, labels_by_value

LONGEST_TEXT = 200

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


@st.fragment
def combobox(
    face: Face,
    search: Search,
    beginning: Found,
    *,
    key: str,
    max_keys: int,
    default: str | None = None,
    may_clear: bool = True,
) -> None:
    """Draw the picker; being a fragment, it answers a typed letter without rerunning the page."""
    said = _what_was_said(key)
    answer = search(said.text) if said.text else None
    found = answer or beginning
    values = picked_values(key, max_keys) or ([] if default is None else [default])
    _mount(
        key=_component(key),
        data={
            **asdict(face),
            "max_keys": max_keys,
            "may_clear": may_clear,
            "turn": said.turn,
            "text": said.text,
            "picked": [asdict(option) for option in _labelled(values, found, search, key)],
            "beginning": asdict(beginning),
            "answer": None if answer is None else asdict(answer),
        },
        on_said_change=partial(_hear, key, max_keys),
    )


def _component(key: str) -> str:
    return f"{key}_combobox"


def _hear(key: str, max_keys: int) -> None:
    """Follow a new pick with a run of the whole page; a search is left to the fragment."""
    said = _what_was_said(key)
    if said.picked is not None and put_picked_values(key, said.picked[:max_keys]):
        st.rerun()


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
