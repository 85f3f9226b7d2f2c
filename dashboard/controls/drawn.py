"""What a widget shows, told until the browser has drawn the widget."""

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx


def show(key: str, value: object) -> None:
    """Make the widget of that key, which is drawn after this, show the value.

    Streamlit tells the browser of a value once. Where the widget's code is still on its way when
    the next run begins, the browser draws the widget from that run, empty or at its first option,
    and would report this as what somebody has chosen. So the value is told in each run that was
    asked for without the widget; and in no other, since it would take away what is being typed.
    """
    if st.session_state.get(key) != value or not _is_drawn(key):
        st.session_state[key] = value


def begin_at(key: str, value: object) -> None:
    """Make a widget show the value until somebody chooses another."""
    show(key, st.session_state.get(key, value))


def _is_drawn(key: str) -> bool:
    """Whether the browser knew the widget when it asked for this run."""
    context = get_script_run_ctx()
    if context is None:
        return False
    known = context.session_state.get_widget_states()
    return any(_key_of(state.id) == key for state in known)


def _key_of(widget_id: str) -> str:
    """`$$ID-<hash>-<key>`: Streamlit has no public way from the one to the other."""
    return widget_id.split("-", 2)[-1]
