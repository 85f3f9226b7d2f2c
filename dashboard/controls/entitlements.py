"""Which entitlements to list, which is opened, and which change is being made: in the address."""

import streamlit as st

from dashboard.controls.choices import choose
from dashboard.controls.key_picker.address import put_picked_values
from queries.entitlements import Status
from queries.question import QuestionError

OPENED = "feature"
GRANTING, REVOKING = "new", "revoke"
"""Query parameters that hold the key of the change of an open form."""


def status_filter() -> str | None:
    """The status to list, None for all; raises QuestionError."""
    options = {"": "All statuses", **{str(each): str(each) for each in Status}}
    with st.container(width=190):
        value = choose("Status", options, key="status", default="")
    if value not in options:
        raise QuestionError(f"{value!r} is no status of an entitlement; choose one of the list.")
    return value or None


def open_feature(feature_id: str | None) -> None:
    put_picked_values(OPENED, [feature_id] if feature_id else [])
