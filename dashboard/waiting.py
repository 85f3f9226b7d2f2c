"""What is on the page before the first answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def reserved(height: int) -> Iterator[None]:
    """Hold the room of what is being asked for; 0 holds none. The room is given back at the end."""
    room = st.empty()
    if height:
        room.skeleton(height)
    try:
        yield
    finally:
        room.empty()
