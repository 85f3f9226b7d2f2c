"""Which grants to list, which is opened, and which change is being made: all in the address."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.controls.choices import address_value, choose
from dashboard.controls.key_picker.address import catch_up, put_address, put_picked_values
from queries.command import new_key
from queries.question import QuestionError

TYPES = {
    "PAID": "Paid",
    "PROMOTIONAL": "Promotional",
    "RECURRING": "Recurring",
    "OVERDRAFT": "Overdraft",
}
STATUSES = {
    "ACTIVE": "Active",
    "SCHEDULED": "Scheduled",
    "PAYMENT_PENDING": "Payment pending",
    "EXPIRED": "Expired",
    "VOIDED": "Voided",
}
OPENED = "grant"
GRANTING, VOIDING = "new", "void"
"""Query parameters that hold the key of the change of an open form."""


def grant_filters() -> tuple[str | None, str | None]:
    """(status, type) to list, None for all; raises QuestionError."""
    with st.container(width=190):
        status = _one_of("Status", STATUSES, "status", "All statuses")
    with st.container(width=190):
        grant_type = _one_of("Type", TYPES, "type", "All types")
    return status, grant_type


def open_grant(grant_id: str | None) -> None:
    put_picked_values(OPENED, [grant_id] if grant_id else [])


def open_form(kind: str, forgotten: Sequence[str]) -> None:
    """Begin a change: its key is made here, and kept in the address until the change is over.

    `forgotten` are the widgets whose values another form has left.
    """
    for name in forgotten:
        st.session_state.pop(name, None)
    put_picked_values(kind, [new_key()])


def close_form(kind: str) -> None:
    put_picked_values(kind, [])


def go_to(address: Mapping[str, str]) -> None:
    """Change several parameters in one step of the history; an empty one is taken away."""
    catch_up()
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    after = before | {name: [value] if value else [] for name, value in address.items()}
    put_address(after)


def form_key(kind: str) -> str | None:
    return address_value(kind, "") or None


def _one_of(label: str, names: dict[str, str], key: str, everything: str) -> str | None:
    value = choose(label, {"": everything, **names}, key=key, default="")
    if value and value not in names:
        raise QuestionError(f"{value!r} is no {label.lower()} of a grant; choose one of the list.")
    return value or None
