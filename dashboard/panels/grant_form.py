"""Granting credits: the form, and what it would do, before anything is sent."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashboard.access import current_actor
from dashboard.asking import ask
from dashboard.changing import change
from dashboard.controls.choices import FIRST_DAY, LAST_DAY, address_value
from dashboard.controls.drawn import begin_at
from dashboard.controls.grants import GRANTING, TYPES, close_form, form_key, go_to, open_form
from dashboard.controls.scope import GLOBAL_POOL
from dashboard.failures import guarded
from dashboard.formats import exact, moment
from dashboard.markdown import plain
from dashboard.panels.drafts import draft, kept
from dashboard.panels.grants_shown import ShownGrants
from dashboard.panels.grants_told import (
    Said,
    fail,
    forget_said,
    is_open_to,
    is_over,
    lacks,
    said_in_form,
    say,
    send_button,
)
from data.clock import utc_now
from data.credits.grants import DEFAULT_PRIORITY, GrantStatus
from data.credits.money import CURRENCIES
from queries.command import Actor, Role, new_key
from queries.customers import Resources
from queries.grants import Grants
from queries.grants.commands import LONGEST_COMMENT, LONGEST_NAME, CreateGrant
from queries.grants.preview import GrantPreview, preview_grant
from queries.grants.written import read_grant
from queries.question import Live
from queries.time import to_utc, zone_of
from queries.written import Problem

FIELDS = {
    name: f"new grant: {name}"
    for name in (
        "grant_type", "resource_id", "display_name", "amount", "priority", "cost",
        "cost_currency", "effective_at", "expire_at", "comment",
    )
}  # fmt: skip
"""column → the widget's key"""
TRIED, SEND = "new grant: tried", "new grant: send"
PAID, PROMOTIONAL = "PAID", "PROMOTIONAL"
SECONDS_FRESH = 10
"""How old what a preview is played on may be."""


def grant_button(actor: Actor) -> None:
    """The way to the form; or which role it takes."""
    why = lacks(actor, Role.SUPPORT, "Granting credits")
    st.button(
        "Grant credits", icon=":material/add:", type="primary", on_click=_begin, disabled=bool(why)
    )
    if why:
        st.caption(plain(why), width="content")


UNNAMED = "a grant without a name yet"
"""What a grant would do does not wait for its name."""


def grant_form(shown: ShownGrants, live: Live) -> None:
    """The form, while the address holds the key of a grant."""
    key = form_key(GRANTING)
    if key and is_open_to(current_actor(), Role.SUPPORT, send=SEND):
        _dialog(shown, live, key)
    elif key:
        said_in_form()


def _begin() -> None:
    forget_said()
    open_form(GRANTING, (*FIELDS.values(), TRIED))


@st.dialog("Grant credits", width="medium", on_dismiss=partial(close_form, GRANTING))
def _dialog(shown: ShownGrants, live: Live, key: str) -> None:
    said_in_form()
    with guarded():
        if is_over(key, _begin):
            return
        with kept(draft(key, current_actor().name), FIELDS.values()):
            cells = _cells(shown, live)
        command, problems = read_grant(cells, key)
        _what_is_wrong(problems)
        previewed, _ = read_grant(cells | {"display_name": cells["display_name"] or UNNAMED}, key)
        if previewed is not None:
            _preview(shown, live, previewed)
        if _is_pressed(st.session_state[FIELDS["grant_type"]]) and command is not None:
            _send(shown, command)


def _cells(shown: ShownGrants, live: Live) -> dict[str, str]:
    """The form's fields, each as its text."""
    asked = shown.question
    owned = ask(Resources(asked.customer_id), live).frame["resource_id"].to_list()
    cells = {"customer_id": asked.customer_id, "currency_id": asked.currency_id}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cells["grant_type"] = st.radio(
            "Type", [PROMOTIONAL, PAID], format_func=TYPES.__getitem__, horizontal=True,
            key=FIELDS["grant_type"],
        )  # fmt: skip
        cells["resource_id"] = _pool(shown, owned)
    cells |= _amount(shown.unit)
    if cells["grant_type"] == PAID:
        cells |= _cost()
    cells["display_name"] = st.text_input(
        "Name", key=FIELDS["display_name"], max_chars=LONGEST_NAME, live=True,
        placeholder="What the customer reads",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cells["effective_at"] = _time("Effective", "effective_at", shown.zone, "now")
        cells["expire_at"] = _time("Expires", "expire_at", shown.zone, "never")
    cells["comment"] = st.text_input(
        "Comment", key=FIELDS["comment"], max_chars=LONGEST_COMMENT, placeholder="Why it is given"
    )
    return cells


def _pool(shown: ShownGrants, owned: Sequence[str]) -> str:
    pools = ["", *owned]
    mine = shown.question.resource_id or ""
    begin_at(FIELDS["resource_id"], mine if mine in pools else "")
    chosen: str = st.selectbox(
        "Pool", pools, format_func=lambda pool: pool or GLOBAL_POOL, key=FIELDS["resource_id"]
    )
    return chosen


def _amount(unit: str) -> dict[str, str]:
    begin_at(FIELDS["priority"], DEFAULT_PRIORITY)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        amount = st.text_input(
            f"Amount ({unit})", key=FIELDS["amount"], placeholder="500", live=True
        )
        priority = st.number_input(
            "Priority", 0, 100, step=1, key=FIELDS["priority"], help="0 to 100; lower burns first"
        )
    return {"amount": amount, "priority": str(priority)}


def _cost() -> dict[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cost = st.text_input(
            "Cost of all of it", key=FIELDS["cost"], placeholder="20.00", live=True
        )
        currency = st.selectbox("Money", list(CURRENCIES), key=FIELDS["cost_currency"])
    return {"cost": cost, "cost_currency": currency}


def _time(label: str, name: str, zone: str, empty: str) -> str:
    at = st.datetime_input(
        f"{label} ({zone}; empty: {empty})", value=None, key=FIELDS[name], min_value=FIRST_DAY,
        max_value=LAST_DAY, format="YYYY-MM-DD", step=60,
    )  # fmt: skip
    return to_utc(at, zone_of(zone)).isoformat() if at else ""


def _what_is_wrong(problems: tuple[Problem, ...]) -> None:
    """What is only missing is said once somebody has tried to send it."""
    is_tried = st.session_state.get(TRIED, False)
    said = [p.sentence for p in problems if is_tried or not p.is_missing]
    if said:
        st.warning(plain(" ".join(said)), icon=":material/edit:")


def _preview(shown: ShownGrants, live: Live, command: CreateGrant) -> None:
    """The balance before and after, and how an overdraft would be settled."""
    pool = Grants(command.customer_id, command.currency_id, command.resource_id)
    now = utc_now()
    held = ask(pool, live, turn=int(now.timestamp() // SECONDS_FRESH)).frame
    told = preview_grant(held, command, now)
    with st.container(border=True):
        st.markdown(
            f"Balance of the {plain(command.resource_id or GLOBAL_POOL.lower())}: "
            f"{_signed(told.before)} → **{_signed(told.after)}** {plain(shown.unit)}"
        )
        for sentence in _sentences(told, command, shown.zone):
            st.caption(plain(sentence))


def _sentences(told: GrantPreview, command: CreateGrant, zone: str) -> list[str]:
    said = []
    if told.status is GrantStatus.SCHEDULED:
        said.append(
            f"Scheduled: it takes effect on {moment(told.starts_at, zone)}, and until then the "
            "balance stays as it is. What follows is of then, if nothing happens before."
        )
    if told.status is GrantStatus.EXPIRED and command.expire_at is not None:
        said.append(
            f"It would have expired already, on {moment(command.expire_at, zone)}: nothing of it "
            "can be used."
        )
    if told.settled and told.still_owed:
        said.append(
            f"{exact(told.owed)} owed: this grant settles {exact(told.settled)} of it. "
            f"{exact(told.still_owed)} stay owed, and nothing will be left of this grant."
        )
    elif told.settled:
        said.append(
            f"{exact(told.owed)} owed: settled first; {exact(told.left)} will be left of this "
            "grant."
        )
    elif told.status is not GrantStatus.EXPIRED:
        said.append(f"Nothing is owed: all of its {exact(told.left)} can be used.")
    return said


def _is_pressed(grant_type: str) -> bool:
    needs = Role.BILLING if grant_type == PAID else Role.SUPPORT
    why = lacks(current_actor(), needs, f"Granting {TYPES[grant_type].lower()} credits")
    return send_button("Grant", why, key=SEND, on_click=_try)


def _try() -> None:
    st.session_state[TRIED] = True


def _send(shown: ShownGrants, command: CreateGrant) -> None:
    """Whatever comes of it, the whole page is asked anew."""
    try:
        with st.spinner("Granting …", show_time=True):
            made = change(command)["createCreditGrant"]
    except Exception as error:
        if fail(error, command.customer_id):
            go_to({GRANTING: new_key()})
    else:
        say(Said(_done(shown, command, made), "success", command.customer_id))
        go_to(_seen_at(shown, command))
    st.rerun()


def _done(shown: ShownGrants, command: CreateGrant, made: dict[str, Any]) -> str:
    said = (
        f"Granted: {exact(command.amount)} {TYPES[command.grant_type].lower()} {shown.unit} as "
        f"“{command.display_name}” ({made['grantId']})."
    )
    if made["status"] == GrantStatus.SCHEDULED and command.effective_at is not None:
        said += f" It takes effect on {moment(command.effective_at, shown.zone)}."
    if shown.is_extract:
        said += " The extract does not hold it yet, so the page now shows the live source."
    return said


def _seen_at(shown: ShownGrants, command: CreateGrant) -> dict[str, str]:
    """Where the new grant is seen: its pool, no filter before it, at the source that has it."""
    source = "live" if shown.is_extract else address_value("source", "")
    seen = {GRANTING: "", "source": source, "pool": command.resource_id or ""}
    if shown.status not in (None, "ACTIVE") or shown.grant_type not in (None, command.grant_type):
        seen |= {"status": "", "type": ""}
    return seen


def _signed(amount: Any) -> str:
    return plain(exact(amount).replace("-", "−"))
