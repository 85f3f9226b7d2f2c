"""Voiding a grant: what leaves the balance, and why, before anything is sent."""

from datetime import datetime
from functools import partial
from typing import Any
from zlib import crc32

import streamlit as st

from dashboard.access import current_actor
from dashboard.asking import ask
from dashboard.changing import change
from dashboard.controls.choices import address_value
from dashboard.controls.grants import OPENED, VOIDING, close_form, form_key, go_to, open_form
from dashboard.failures import guarded
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.grants_shown import ShownGrants
from dashboard.panels.grants_told import (
    Said,
    fail,
    forget_said,
    is_open_to,
    lacks,
    said_in_form,
    say,
    send_button,
)
from data.clock import utc_now
from queries.command import Actor, AlreadySo, Role
from queries.grants import Grants
from queries.grants.commands import LONGEST_COMMENT, VoidGrant, new_key
from queries.grants.preview import preview_void, why_not_void
from queries.question import Live, QuestionError

REASON, TYPED = "why the grant is voided", "the grant's name typed back"
SEND, PAID = "void the grant", "PAID"


def void_button(grant: dict[str, Any], actor: Actor, now: datetime) -> None:
    """The way to the form; or why there is none."""
    why = why_not_void(grant, now) or lacks(actor, Role.BILLING, "Voiding a grant")
    if why:
        st.caption(plain(why), width="content")
        return
    st.button("Void …", icon=":material/block:", on_click=_begin)


def void_form(shown: ShownGrants, live: Live) -> None:
    """The form, while the address holds the key of a void."""
    key, grant_id = form_key(VOIDING), address_value(OPENED, "")
    if not key or not grant_id:
        return
    if is_open_to(current_actor(), Role.BILLING, send=SEND):
        _dialog(shown, live, grant_id, key)
    else:
        said_in_form()


def _begin() -> None:
    forget_said()
    open_form(VOIDING, (REASON, TYPED))


@st.dialog("Void a grant", width="medium", on_dismiss=partial(close_form, VOIDING))
def _dialog(shown: ShownGrants, live: Live, grant_id: str, key: str) -> None:
    said_in_form()
    with guarded():
        asked = shown.question
        pool = Grants(asked.customer_id, asked.currency_id, asked.resource_id)
        grants, now = ask(pool, live, turn=crc32(key.encode())).frame, utc_now()
        found = grants.filter(grant_id=grant_id).to_dicts()
        if not found:
            raise QuestionError("The metering API has no such grant in this pool.")
        [grant] = found
        why = why_not_void(grant, now)
        if why:
            st.info(plain(why), icon=":material/info:")
            return
        left = preview_void(grants, grant_id, now)
        st.markdown(
            f"**{plain(grant['display_name'] or grant_id)}** ({plain(grant_id)}): "
            f"**{plain(exact(left.leaves))}** {plain(shown.unit)} leave the balance at once, and "
            f"do not come back. What was consumed of it stays consumed."
        )
        st.markdown(
            f"Balance: {_signed(left.before)} → **{_signed(left.after)}** {plain(shown.unit)}"
        )
        _reasoned(shown, grant, key)


def _reasoned(shown: ShownGrants, grant: dict[str, Any], key: str) -> None:
    """The reason, the name typed back when it is paid, and the button."""
    name = grant["display_name"].strip() or grant["grant_id"]
    is_paid = grant["grant_type"] == PAID
    reason = st.text_area(
        "Reason", key=REASON, max_chars=LONGEST_COMMENT, help="Kept in Activity", height=80
    )
    typed = ""
    if is_paid:
        typed = st.text_input(f"Type the grant's name to void it: {plain(name)}", key=TYPED)
    why = lacks(current_actor(), Role.BILLING, "Voiding a grant")
    if not send_button("Void the grant", why, key=SEND):
        return
    if is_paid and typed.strip() != name:
        raise QuestionError(
            f"Paid credits are voided only with the grant's name typed back: {name}"
        )
    asked = shown.question
    command = VoidGrant(
        grant["grant_id"], asked.customer_id, asked.currency_id, asked.resource_id,
        name, is_paid, reason.strip(), key,
    )  # fmt: skip
    _send(shown, command)


def _send(shown: ShownGrants, command: VoidGrant) -> None:
    customer_id, over = command.customer_id, {VOIDING: "", "source": _seen_from(shown)}
    try:
        with st.spinner("Voiding …", show_time=True):
            change(command)
    except AlreadySo as error:
        say(Said(str(error), "warning", customer_id))
        go_to(over)
    except Exception as error:
        if fail(error, customer_id):
            go_to({VOIDING: new_key()})
    else:
        said = f"Voided: “{command.display_name}” ({command.grant_id})."
        say(Said(f"{said}{_where(shown)}", "success", customer_id))
        go_to(over)
    st.rerun()


def _seen_from(shown: ShownGrants) -> str:
    return "live" if shown.is_extract else address_value("source", "")


def _where(shown: ShownGrants) -> str:
    if not shown.is_extract:
        return ""
    return " The extract does not know of it yet, so the page now shows the live source."


def _signed(amount: Any) -> str:
    return plain(exact(amount).replace("-", "−"))
