"""Filters in the address, `only=key:value` and `without=key:value`, and their chips."""

from collections import defaultdict
from collections.abc import Iterable

import streamlit as st

from dashboard.markdown import plain
from queries.usage import Filter
from queries.usage.shape import NOT_SET

KINDS = {"only": False, "without": True}


def read_filters() -> tuple[Filter, ...]:
    """The filters of the address, one for each key; `only` wins where a key has both."""
    values: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for kind, is_without in KINDS.items():
        for text in st.query_params.get_all(kind):
            key, separator, value = text.partition(":")
            if separator:
                values[key, is_without].append(value)
    narrowed = {key for key, is_without in values if not is_without}
    return tuple(
        Filter(key, tuple(dict.fromkeys(chosen)), is_without)
        for (key, is_without), chosen in values.items()
        if not (is_without and key in narrowed)
    )


def add_filters(kind: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Add `only` or `without` for each (key, value)."""
    there = st.query_params.get_all(kind)
    wanted = [f"{key}:{value}" for key, value in pairs]
    st.query_params[kind] = list(dict.fromkeys([*there, *wanted]))


def remove_filter(kind: str, text: str) -> None:
    left = [other for other in st.query_params.get_all(kind) if other != text]
    if left:
        st.query_params[kind] = left
    else:
        del st.query_params[kind]


def filter_chips() -> None:
    """A button for each filter; pressing it takes the filter away."""
    there = [(kind, text) for kind in KINDS for text in st.query_params.get_all(kind)]
    texts = list(dict.fromkeys(there))
    if not texts:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Filters", width="content")
        for kind, text in texts:
            key, _, value = text.partition(":")
            sign = "is not" if KINDS[kind] else "is"
            st.button(
                plain(f"{key} {sign} {value or NOT_SET}"),
                key=f"remove {kind} {text}",
                icon=":material/close:",
                help="Remove this filter",
                on_click=remove_filter,
                args=(kind, text),
            )


def filter_text(wanted: Filter) -> str:
    values = " or ".join(value or NOT_SET for value in wanted.values)
    return f"{wanted.key} {'is not' if wanted.is_without else 'is'} {values}"
