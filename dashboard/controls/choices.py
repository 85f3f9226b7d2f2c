"""Small controls whose value is a query parameter, so that links, reload and Back hold.

They are kept in step by hand, as key_picker is and for its reasons: Streamlit's own binding
replaces the history entry, so that Back would leave the page.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time

import streamlit as st

from dashboard.controls.drawn import show
from dashboard.controls.key_picker.address import follow
from dashboard.controls.key_picker.face import LabelVisibility
from dashboard.controls.key_picker.labels import meant, remember

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
LINES_HEIGHT = 110


def choose(
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    default: str,
    help: str | None = None,
    label_visibility: LabelVisibility = "visible",
) -> str:
    """One of `options` (value → label) from a dropdown; a stranger in the address stays chosen."""
    value = address_value(key, default)
    known = _told_apart(options if value in options else {value: value, **options})
    show(key, value)
    remember(key, known)
    st.selectbox(
        label,
        list(known),
        format_func=lambda option: known.get(option, option),
        key=key,
        help=help,
        label_visibility=label_visibility,
        filter_mode="contains",
        on_change=_follow_option,
        args=(key, default),
    )
    return value


def pick(
    label: str, options: Mapping[str, str], *, key: str, default: str, help: str | None = None
) -> str:
    """One of a few `options`, all in sight; a stranger in the address counts as the default."""
    value = address_value(key, default)
    value = value if value in options else default
    show(key, value)
    remember(key, options)
    st.radio(
        label,
        list(options),
        format_func=lambda option: options.get(option, option),
        key=key,
        help=help,
        horizontal=True,
        on_change=_follow_option,
        args=(key, default),
    )
    return value


def switch(label: str, *, key: str, default: bool, help: str | None = None) -> bool:
    """On or off; any other text in the address counts as the default."""
    text = address_value(key, _flag(default))
    value = text == "on" if text in ("on", "off") else default
    show(key, value)
    st.toggle(label, key=key, help=help, on_change=_follow_switch, args=(key, default))
    return value


def day(label: str, *, key: str, default: date) -> date:
    """A day as YYYY-MM-DD in the address; text that is no day counts as the default.

    A day out of bounds stays chosen: the question says what is wrong with it.
    """
    try:
        value = date.fromisoformat(address_value(key, default.isoformat()))
    except ValueError:
        value = default
    show(key, value)
    st.date_input(
        label,
        key=key,
        min_value=min(value, FIRST_DAY),
        max_value=max(value, LAST_DAY),
        format="YYYY-MM-DD",
        on_change=_follow_day,
        args=(key,),
    )
    return value


def words(
    label: str,
    *,
    key: str,
    default: str = "",
    placeholder: str = "",
    help: str | None = None,
    label_visibility: LabelVisibility = "visible",
) -> str:
    """A text, without the spaces around it; one that is emptied is the default again."""
    value = address_value(key, default).strip()
    show(key, value)
    st.text_input(
        label,
        key=key,
        placeholder=placeholder,
        help=help,
        label_visibility=label_visibility,
        on_change=_follow,
        args=(key, default),
    )
    return value


def lines(label: str, *, key: str, placeholder: str = "", help: str | None = None) -> str:
    """A text of several lines, without the spaces around it."""
    value = address_value(key, "").strip()
    show(key, value)
    st.text_area(
        label,
        key=key,
        placeholder=placeholder,
        help=help,
        height=LINES_HEIGHT,
        on_change=_follow,
        args=(key, ""),
    )
    return value


def instant(label: str, *, key: str, help: str | None = None) -> datetime | None:
    """A wall-clock time as YYYY-MM-DDTHH:MM in the address; none, or text that is none, is None."""
    value = _wall_clock(address_value(key, ""))
    show(key, value)
    st.datetime_input(
        label,
        value=None,
        key=key,
        help=help,
        min_value=datetime.combine(FIRST_DAY, time.min),
        max_value=datetime.combine(LAST_DAY, time.max).replace(microsecond=0),
        format="YYYY-MM-DD",
        step=60,
        on_change=_follow_instant,
        args=(key,),
    )
    return value


def address_value(key: str, default: str) -> str:
    """The query parameter, or the default where there is none."""
    return st.query_params.get(key) or default


def _told_apart(options: Mapping[str, str]) -> dict[str, str]:
    """Options of one label carry their values too: the browser answers with the label."""
    count = Counter(options.values())
    return {
        value: label if count[label] == 1 else f"{label} ({value})"
        for value, label in options.items()
    }


def _wall_clock(text: str) -> datetime | None:
    try:
        value = datetime.fromisoformat(text).replace(second=0, microsecond=0)
    except ValueError:
        return None
    is_possible = value.tzinfo is None and FIRST_DAY <= value.date() <= LAST_DAY
    return value if is_possible else None


def _follow(key: str, default: str) -> None:
    value = st.session_state[key]
    follow(key, [] if value in (None, default) else [value])


def _follow_option(key: str, default: str) -> None:
    said = st.session_state[key]
    value = None if said is None else meant(key, said)
    follow(key, [] if value in (None, default) else [value])


def _follow_switch(key: str, default: bool) -> None:
    value = st.session_state[key]
    follow(key, [] if value == default else [_flag(value)])


def _follow_day(key: str) -> None:
    value = st.session_state[key]
    follow(key, [value.isoformat()] if value else [])


def _follow_instant(key: str) -> None:
    value = st.session_state[key]
    follow(key, [f"{value:%Y-%m-%dT%H:%M}"] if value else [])


def _flag(value: bool) -> str:
    return "on" if value else "off"
