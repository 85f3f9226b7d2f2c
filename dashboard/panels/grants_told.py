"""What a change came to: said on the page, or in the form that goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from dashboard.changing import record
from dashboard.failures import EXPECTED, sentence_of
from dashboard.markdown import plain
from data.metering.errors import MeteringError
from queries.activity import OPEN, Outcome
from queries.command import Actor, ChangedSince, NotPermitted, Role, Unsettled

ON_PAGE, IN_FORM = "what a change came to", "why a form goes on"


@dataclass(frozen=True, slots=True)
class Said:
    sentence: str
    kind: Literal["success", "warning", "error"]
    customer_id: str
    has_record: bool = True
    page: str = "grants"


def say(said: Said) -> None:
    """On the page, until another change is begun, or another customer is looked at."""
    st.session_state[ON_PAGE] = said
    st.session_state.pop(IN_FORM, None)


def said_on_page(customer_id: str, page: str = "grants") -> None:
    said: Said | None = st.session_state.get(ON_PAGE)
    if said is not None and (said.customer_id, said.page) == (customer_id, page):
        show_said(said)


def fail(error: Exception, customer_id: str) -> bool:
    """In the form. Whether that change is over, so that pressing again is another one."""
    st.session_state[IN_FORM] = failed(error, customer_id)
    return isinstance(error, NotPermitted | ChangedSince | MeteringError)


def failed(error: Exception, customer_id: str) -> Said:
    kind: Literal["warning", "error"] = "warning" if isinstance(error, Unsettled) else "error"
    return Said(sentence_of(error), kind, customer_id, isinstance(error, EXPECTED))


def said_in_form() -> None:
    said: Said | None = st.session_state.get(IN_FORM)
    if said is not None:
        show_said(said)


def forget_said() -> None:
    st.session_state.pop(ON_PAGE, None)
    st.session_state.pop(IN_FORM, None)


def is_over(key: str, begin: Callable[[], None]) -> bool:
    """Say what became of a form that was sent before; whether that is all there is to it.

    `begin` opens a new form.
    """
    last = record().last(key)
    if last is None:
        return False
    if last.fact.outcome is Outcome.DONE:
        st.info(
            plain(f"This form was used already, to {last.change.summary}. That was done."),
            icon=":material/check_circle:",
        )
        if st.button("Open a new form"):
            begin()
            st.rerun()
        return True
    if last.fact.outcome in OPEN:
        st.warning(
            plain(
                f"This form was sent before, to {last.change.summary}, and whether that was done "
                "is not known. Sending it again finds that out; it is made once."
            ),
            icon=":material/hourglass_top:",
        )
    return False


def lacks(actor: Actor, needs: Role, what: str) -> str:
    """Why the actor may not: "Voiding takes the role billing, and yours is viewer."; else empty."""
    if actor.role >= needs:
        return ""
    return f"{what} takes the role {needs.name.lower()}, and yours is {actor.role.name.lower()}."


def is_open_to(actor: Actor, needs: Role, *, send: str) -> bool:
    """Whether a form in the address is opened: not for a role that may not send it.

    A press of its button `send` that is on its way goes on to the door all the same.
    """
    return actor.role >= needs or bool(st.session_state.get(send))


def send_button(
    label: str, why: str, *, key: str, on_click: Callable[[], None] | None = None
) -> bool:
    """The button that sends a form; `why` says why the actor may not.

    A press that comes all the same, from a session that has lost its role or was forged, goes on
    to the door, which refuses and records it.
    """
    if why:
        st.caption(plain(why))
    is_disabled = bool(why) and not st.session_state.get(key)
    return st.button(label, type="primary", key=key, on_click=on_click, disabled=is_disabled)


def show_said(said: Said) -> None:
    box = {"success": st.success, "warning": st.warning, "error": st.error}[said.kind]
    icons = {"success": "check_circle", "warning": "hourglass_top", "error": "error"}
    box(plain(said.sentence), icon=f":material/{icons[said.kind]}:")
    if said.has_record:
        st.page_link(
            "views/activity.py",
            label="See the record in Activity",
            icon=":material/history:",
            query_params={"customer": said.customer_id},
        )
