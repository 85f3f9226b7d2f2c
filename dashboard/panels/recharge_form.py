"""Setting auto-recharge: the form, what saving it would charge at once, and the last question."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard.access import current_actor
from dashboard.asking import ask
from dashboard.changing import change
from dashboard.controls.grants import close_form, form_key, go_to, open_form
from dashboard.controls.key_picker.address import catch_up
from dashboard.controls.recharge import ADDRESS, EXPIRATIONS, Written, recharge_fields
from dashboard.failures import guarded
from dashboard.formats import exact, moment, money
from dashboard.markdown import plain
from dashboard.panels.drafts import draft
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
from dashboard.panels.recharge_history import latest_change
from dashboard.panels.recharge_shown import ShownRecharge
from dashboard.sources import Sources
from data.clock import utc_now
from queries.balance import Balance
from queries.command import ChangedSince, Role, new_key
from queries.question import Live
from queries.recharge import Recharge
from queries.recharge.commands import SaveRecharge
from queries.recharge.terms import MONEY, Charge, Terms, charge_at_once, terms_of
from queries.written import Problem

SAVING = "save"
"""The query parameter that holds the key of the change that is about to be made."""
TRIED, SEND = "auto-recharge: tried", "auto-recharge: send"
PRESSED, RESET = "auto-recharge: save pressed", "auto-recharge: as saved pressed"
SEEN = "auto-recharge: settings seen"
SECONDS_FRESH = 10
SETTING = "Setting auto-recharge"


def recharge_form(shown: ShownRecharge, sources: Sources) -> Written:
    """The fields, and the way to saving them; what they say."""
    st.header("Settings")
    if st.session_state.pop(RESET, False):
        st.session_state.pop(TRIED, None)
        go_to(dict.fromkeys(ADDRESS, ""))
    _see(shown)
    is_tried = bool(st.session_state.get(TRIED))
    written = recharge_fields(shown.terms, shown.is_on, shown.limits, shown.unit, is_tried=is_tried)
    _told(shown, written)
    if shown.is_extract:
        _where_it_is_changed(sources)
    else:
        _save_button(shown, written)
    return written


def save_form(shown: ShownRecharge, written: Written, live: Live) -> None:
    """The last question, while the address holds the key of the change."""
    key = form_key(SAVING)
    if key and is_open_to(current_actor(), Role.BILLING, send=SEND):
        _dialog(shown, written, live, key)
    elif key:
        said_in_form()


def _see(shown: ShownRecharge) -> None:
    """Keep when the settings were changed on which the form is filled in.

    While nothing is filled in, the form shows what the source has now.
    """
    pool = (shown.customer_id, shown.currency_id)
    is_edited = any(name in st.query_params for name in (*ADDRESS, SAVING))
    kept = st.session_state.get(SEEN)
    if not is_edited or kept is None or kept[0] != pool:
        st.session_state[SEEN] = (pool, shown.changed_at)


def _told(shown: ShownRecharge, written: Written) -> None:
    """What follows from the numbers, before anything is sent."""
    wants_on, terms, problems = written
    if terms is None or problems:
        return
    least = shown.limits.min_grant_amount
    if least and terms.threshold_type == "CreditAmount" and terms.target - terms.threshold < least:
        st.caption(
            plain(
                f"This plan sells at least {exact(least)} {shown.unit} at a time: a recharge may "
                "fill the balance beyond the target."
            )
        )
    if wants_on and (not shown.is_on or terms != shown.terms):
        price = shown.price
        if price is not None:
            charge = charge_at_once(terms, shown.limits, price.amount, shown.balance, shown.spent)
            _warn(charge, shown.unit)


def _warn(charge: Charge | None, unit: str) -> None:
    if charge is None:
        return
    what = f"{exact(charge.credits)} {unit} for {money(charge.cost, MONEY)}"
    if charge.is_capped:
        said = (
            f"The balance is below the threshold now, and {what} would pass the month's cap: "
            "nothing is bought until the next month, or until the cap is raised."
        )
    else:
        said = f"The balance is below the threshold now: saving this buys {what} at once."
    st.warning(plain(said), icon=":material/payments:")


def _where_it_is_changed(sources: Sources) -> None:
    if sources.live is None:
        problem = sources.problem or ""
        said = "Changes are made at a metering API, and there is none here: these numbers can be "
        st.caption(plain(f"{said}rehearsed. {problem}".strip()))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Use the live source", icon=":material/edit:", on_click=go_to,
            args=({"source": "live"},),
        )  # fmt: skip
        st.caption(
            "An extract can be read and rehearsed on; settings are saved at the live source.",
            width="content",
        )


def _save_button(shown: ShownRecharge, written: Written) -> None:
    """What a press comes to is decided here, in the run after it: by the fields as they are then.

    A press right after typing arrives together with what was typed.
    """
    why = lacks(current_actor(), Role.BILLING, SETTING)
    nothing = _nothing_to_save(shown, written)
    is_pressed = bool(st.session_state.pop(PRESSED, False)) and not why
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save …", type="primary", icon=":material/save:", on_click=_begin, disabled=bool(why)
        )  # fmt: skip
        st.button("As saved", icon=":material/undo:", on_click=_reset)
        if why or (nothing and not is_pressed):
            st.caption(plain(why or nothing), width="content")
    if is_pressed and nothing:
        st.info(nothing, icon=":material/check:")
    elif is_pressed and _is_right(written):
        open_form(SAVING, ())


def _is_right(written: Written) -> bool:
    wants_on, terms, problems = written
    return not wants_on or (terms is not None and not problems)


def _nothing_to_save(shown: ShownRecharge, written: Written) -> str:
    wants_on, terms, _ = written
    if not wants_on and not shown.is_on:
        return "It is off: switch it on to save other numbers."
    if wants_on and shown.is_on and terms == shown.terms:
        return "These are the settings that are saved."
    return ""


def _reset() -> None:
    st.session_state[RESET] = True


def _begin() -> None:
    catch_up()
    forget_said()
    st.session_state[TRIED] = st.session_state[PRESSED] = True


def _begin_anew() -> None:
    forget_said()
    open_form(SAVING, ())


@st.dialog("Save auto-recharge", width="medium", on_dismiss=partial(close_form, SAVING))
def _dialog(shown: ShownRecharge, written: Written, live: Live, key: str) -> None:
    said_in_form()
    with guarded():
        if is_over(key, _begin_anew):
            return
        wants_on, terms, problems = written
        if not _is_right(written):
            _wrong(problems)
            return
        command = SaveRecharge(
            shown.customer_id,
            shown.currency_id,
            terms if wants_on else None,
            shown.limits,
            _seen(key),
            key=key,
        )
        _what_changes(shown, command, live)
        why = lacks(current_actor(), Role.BILLING, SETTING)
        if send_button("Save", why, key=SEND):
            _send(shown, command)


def _seen(key: str) -> datetime | None:
    """It is part of what is asked for: sent again, the form asks for the same."""
    _, changed_at = st.session_state[SEEN]
    seen: datetime | None = draft(key, current_actor().name).setdefault("seen", changed_at)
    return seen


def _wrong(problems: Sequence[Problem]) -> None:
    said = " ".join(problem.sentence for problem in problems)
    st.warning(plain(f"Close this and mend the form first. {said}"), icon=":material/edit:")


def _what_changes(shown: ShownRecharge, command: SaveRecharge, live: Live) -> None:
    """Each setting now and then, as the source has them at this moment, and what it charges."""
    turn = int(utc_now().timestamp() // SECONDS_FRESH)
    saved = ask(Recharge(shown.customer_id, shown.currency_id), live, turn=turn).frame
    before = terms_of(saved)
    was_on = bool(saved["is_enabled"].any())
    after = command.terms or before
    rows = [("Auto-recharge", _on(was_on), _on(command.terms is not None))]
    now, then = _texts(before, shown.unit), _texts(after, shown.unit)
    rows += [(name, now.get(name, "–"), then.get(name, "–")) for name in (then or now)]
    st.dataframe(
        pl.DataFrame(rows, ["Setting", "Now", "After saving"], orient="row"),
        hide_index=True,
        alt="The settings now and after saving",
    )
    if command.terms is None:
        st.caption("Its numbers are kept: switching it on again brings them back.")
    elif shown.price is not None:
        held = ask(Balance(shown.customer_id, shown.currency_id), live, turn=turn).frame
        balance = Decimal(held["balance"].sum())
        spent = Decimal(saved["current_monthly_spend"].sum())
        price, limits = shown.price.amount, shown.limits
        _warn(charge_at_once(command.terms, limits, price, balance, spent), shown.unit)


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


def _texts(terms: Terms | None, unit: str) -> dict[str, str]:
    if terms is None:
        return {}
    below = "USD" if terms.threshold_type == "DollarAmount" else unit
    return {
        "Buy below": f"{exact(terms.threshold)} {below}",
        "Fill up to": f"{exact(terms.target)} {unit}",
        "Monthly cap": "none" if terms.cap is None else money(terms.cap, MONEY),
        "Bought credits last": EXPIRATIONS.get(terms.expiration, terms.expiration),
    }


def _send(shown: ShownRecharge, command: SaveRecharge) -> None:
    """Whatever comes of it, the whole page is asked anew."""
    try:
        with st.spinner("Saving …", show_time=True):
            made = change(command)["saveAutoRechargeSettings"]
    except ChangedSince as error:
        st.session_state.pop(SEEN, None)
        fail(ChangedSince(f"{error}{_by_whom(shown, command.seen)}"), command.customer_id)
        go_to({SAVING: new_key()})
    except Exception as error:
        if fail(error, command.customer_id):
            go_to({SAVING: new_key()})
    else:
        say(Said(_done(shown, made), "success", command.customer_id))
        st.session_state.pop(TRIED, None)
        go_to(dict.fromkeys((*ADDRESS, SAVING), ""))
    st.rerun()


def _by_whom(shown: ShownRecharge, since: datetime | None) -> str:
    last = latest_change(shown, since)
    if last is None:
        return " They were not changed from this app."
    at = moment(last.fact.at, shown.zone)
    return f" This app knows of a change by {last.change.actor}, on {at}."


def _done(shown: ShownRecharge, made: Mapping[str, Any]) -> str:
    """What the answer says is saved, not what was asked for."""
    if not made["isEnabled"]:
        return "Switched off. Its numbers are kept."
    unit = "USD" if made["thresholdType"] == "DollarAmount" else shown.unit
    below, target = (exact(Decimal(made[name])) for name in ("thresholdValue", "targetBalance"))
    spent = money(Decimal(made["currentMonthlySpend"]), MONEY)
    return (
        f"Saved: below {below} {unit} it buys up to {target} {shown.unit}. Spent this month: "
        f"{spent}."
    )
