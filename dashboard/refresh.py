"""Live updates: ask again every so many seconds, off unless chosen."""

import time
from datetime import datetime

import streamlit as st

from dashboard.controls.choices import choose

EVERY = {"off": "Off", "10": "Every 10 s", "30": "Every 30 s", "60": "Every 60 s"}
STARTED = "last full run"


def refresh_control(now: datetime) -> int:
    """The turn to ask in: it changes as often as the reader wants new answers."""
    chosen = choose("Refresh", EVERY, key="refresh", default="off")
    seconds = int(chosen) if chosen in EVERY and chosen != "off" else 0
    st.session_state[STARTED] = time.monotonic()
    if not seconds:
        return 0
    st.fragment(_rerun_when_due, run_every=seconds)(seconds)
    return int(now.timestamp() // seconds)


def _rerun_when_due(seconds: int) -> None:
    """The fragment runs within a full run too, which is no reason for another one."""
    if time.monotonic() - st.session_state[STARTED] > seconds / 2:
        st.rerun()
