"""Labels that were shown, and what they stood for.

The browser answers with the label of an option, and goes on doing so after the label has changed:
Streamlit then takes the old label for a value.
"""

from collections.abc import Mapping

import streamlit as st


def remember(key: str, labels: Mapping[str, str]) -> None:
    """The options that a widget shows now, value → label."""
    shown = st.session_state.setdefault(_slot(key), {})
    shown.update({label: value for value, label in labels.items()})


def meant(key: str, said: str) -> str:
    """The value behind what a widget says, be it a value or a label of now or before."""
    shown: Mapping[str, str] = st.session_state.get(_slot(key), {})
    return said if said in shown.values() else shown.get(said, said)


def _slot(key: str) -> str:
    return f"{key} labels"
