"""What is reported, and each field of it: all in the address."""

from collections.abc import Mapping

import streamlit as st

from dashboard.controls.choices import address_value, choose, pick, words
from dashboard.controls.grants import go_to
from dashboard.markdown import plain

USAGE, EVENT, USAGES, EVENTS = "usage", "event", "usages", "events"
WHAT = {
    USAGE: "One measurement",
    EVENT: "One event",
    USAGES: "Many measurements",
    EVENTS: "Many events",
}
MODES = {"DELTA": "Add to the usage", "SET": "Set the usage"}
NAMES = {
    "feature_id": "feature",
    "value": "value",
    "update_behavior": "how",
    "event_name": "event",
    "resource_id": "resource",
    "created_at": "at",
    "timestamp": "at",
    "dimensions": "dimensions",
    "idempotency_key": "key",
}
"""column → query parameter"""
NARROW, WIDER = 240, 300
WIDE = NARROW + WIDER + 15
"""Of two fields beside each other."""

Wrong = Mapping[str, str]
"""column → what is wrong with it, as a sentence"""


def what_is_reported() -> str:
    return pick("What to report", WHAT, key="what", default=USAGE)


def text_of_field(column: str) -> str:
    return address_value(NAMES[column], "").strip()


def keep_fields() -> None:
    """Write into the address what stands in the fields: a callback, before they follow it.

    A press right after typing comes with the address of before: the browser has not heard yet of
    the one that the typing has made.
    """
    typed = {
        name: str(st.session_state[name] or "").strip()
        for name in NAMES.values()
        if name in st.session_state
    }
    if typed.get(NAMES["update_behavior"]) == "DELTA":
        typed[NAMES["update_behavior"]] = ""
    if any(st.query_params.get(name, "") != text for name, text in typed.items()):
        go_to(typed)


def usage_fields(features: Mapping[str, str], wrong: Wrong, pool: str) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        with st.container(width=WIDER):
            known = {"": "Choose a feature", **features}
            choose("Feature", known, key=NAMES["feature_id"], default="")
            _say(wrong, "feature_id")
        _field("Value", "value", wrong, placeholder="10")
        with st.container(width=NARROW):
            key = NAMES["update_behavior"]
            choose("Update", MODES, key=key, default="DELTA", help=HELP_MODES)
            _say(wrong, "update_behavior")
    _common_fields(wrong, "created_at", pool)


def event_fields(wrong: Wrong, pool: str) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        _field("Event name", "event_name", wrong, placeholder="llm_request", width=WIDER)
    _common_fields(wrong, "timestamp", pool)


def _common_fields(wrong: Wrong, time: str, pool: str) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        _field("Dimensions (JSON)", "dimensions", wrong, placeholder=DIMENSIONS, width=WIDE)
        _field("Resource", "resource_id", wrong, placeholder=pool, help=HELP_RESOURCE)
    with st.container(horizontal=True, vertical_alignment="top"):
        _field("Idempotency key", "idempotency_key", wrong, placeholder=MADE, width=WIDE)
        _field("Time", time, wrong, placeholder="now", help=HELP_TIME)


DIMENSIONS = '{"model": "gemini", "input_tokens": 1200}'
MADE = "empty: made when sent"
HELP_MODES = "Add: the value is the change, below 0 too. Set: the value is the usage from now on."
HELP_RESOURCE = "A resource has a pool of its own. One that is new is made by what it first uses."
HELP_TIME = "ISO 8601, such as 2026-05-31T14:30:05+02:00; UTC where it names no zone."


def _field(
    label: str,
    column: str,
    wrong: Wrong,
    *,
    placeholder: str,
    width: int = NARROW,
    help: str | None = None,
) -> None:
    with st.container(width=width):
        words(label, key=NAMES[column], placeholder=placeholder, help=help)
        _say(wrong, column)


def _say(wrong: Wrong, column: str) -> None:
    if column in wrong:
        st.markdown(f":red[{plain(wrong[column])}]")
