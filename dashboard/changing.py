"""Changing from a page: through the one door, as the one who asks, and then the truth anew."""

import streamlit as st

from dashboard import asking
from dashboard.access import current_actor
from dashboard.activity.store import ActivityFile
from dashboard.settings import read_settings
from dashboard.sources import current
from data.metering.client import Answer
from queries.activity import Outcome, Recorded
from queries.command import ChangeError, Command
from queries.perform import perform
from queries.question import Live
from queries.settling import settle

MADE = "changes made"


def change(command: Command) -> Answer:
    """Make the change; the API's answer. Every page then asks anew.

    Raises ChangeError and MeteringError, each with the sentence to show: what happened, and
    whether anything has changed. Calling it again with the same command is safe.
    """
    live = _live()
    try:
        return perform(command, current_actor(), live.client, record())
    finally:
        _ask_anew()


def changes_made() -> int:
    """How many changes this session has asked for: what it gathered before one of them is old."""
    made: int = st.session_state.get(MADE, 0)
    return made


def _ask_anew() -> None:
    asking.forget()
    st.session_state[MADE] = changes_made() + 1


def settle_change(recorded: Recorded) -> Outcome:
    """Find out what became of a change without an outcome; raises ChangeError."""
    live = _live()
    try:
        return settle(recorded, current_actor(), live.client, record())
    finally:
        _ask_anew()


def record() -> ActivityFile:
    """The record of changes, where the settings say."""
    return ActivityFile(read_settings().activity)


def _live() -> Live:
    sources = current()
    if sources.live is None:
        problem = f" {sources.problem}" if sources.problem else ""
        raise ChangeError(f"Changes are made at a metering API, and there is none here.{problem}")
    return sources.live
