"""Streamlit's own select widgets, for a list that is all there.

They are kept in step with the address by hand. Bound with `bind="query-params"` they would
write labels instead of values, replace the history entry so that Back leaves the page instead
of undoing the pick, and clear the parameter on the day the list outgrows them.
"""

import streamlit as st

from dashboard.controls.drawn import show
from dashboard.controls.key_picker.address import follow
from dashboard.controls.key_picker.face import Face
from dashboard.controls.key_picker.found import Found, Option, labels_by_value
from dashboard.controls.key_picker.labels import meant, remember


def multiselect(face: Face, found: Found, picked: list[str], *, key: str, max_keys: int) -> None:
    labels = _labels(found, picked)
    show(key, picked)
    remember(key, labels)
    st.multiselect(
        face.label,
        list(labels),
        format_func=lambda value: labels.get(value, value),
        key=key,
        help=face.help,
        placeholder=face.placeholder,
        label_visibility=face.label_visibility,
        max_selections=max_keys,
        filter_mode="contains",
        select_all=False,
        on_change=_follow,
        args=(key,),
    )


def selectbox(face: Face, found: Found, picked: str | None, *, key: str, may_clear: bool) -> None:
    labels = _labels(found, [] if picked is None else [picked])
    show(key, picked)
    remember(key, labels)
    st.selectbox(
        face.label,
        list(labels),
        index=None if may_clear else 0,
        format_func=lambda value: labels.get(value, value),
        key=key,
        help=face.help,
        placeholder=face.placeholder,
        label_visibility=face.label_visibility,
        filter_mode="contains",
        on_change=_follow,
        args=(key,),
    )


def _labels(found: Found, picked: list[str]) -> dict[str, str]:
    """The options, led by picked values the search does not know: Streamlit drops unknown ones."""
    known = {option.value for option in found.options}
    strangers = [Option(value, value) for value in picked if value not in known]
    return labels_by_value([*strangers, *found.options])


def _follow(key: str) -> None:
    said = st.session_state[key]
    values = said if isinstance(said, list) else [said or ""]
    follow(key, list(dict.fromkeys(meant(key, value) for value in values)))
