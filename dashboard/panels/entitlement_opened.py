"""One entitlement, opened: its terms, what it adds, and the way to revoking it."""

from dataclasses import replace
from functools import partial
from typing import Any
from zlib import crc32

import streamlit as st

from dashboard.access import current_actor
from dashboard.changing import change
from dashboard.controls.choices import address_value, choose
from dashboard.controls.entitlements import OPENED, REVOKING, open_feature
from dashboard.controls.grants import close_form, form_key, go_to, open_form
from dashboard.failures import guarded
from dashboard.markdown import plain
from dashboard.panels import entitlement_words as words
from dashboard.panels.entitlements_shown import ShownEntitlements, read_entitled
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
from queries.command import AlreadySo, Role, new_key
from queries.entitlements.commands import RevokeEntitlement
from queries.question import Live, QuestionError

PAGE, SEND = "entitlements", "revoke the entitlement"
WHAT = "Revoking an entitlement"


def opened_entitlement(shown: ShownEntitlements, *, can_change: bool) -> None:
    """The one that the address names; chosen here, or by a click in the table."""
    if not shown.promotions.height:
        return
    names = dict(shown.listed.select("feature_id", "feature_name").iter_rows())
    with st.container(width=420):
        options = {"": "Choose an entitlement", **names}
        feature_id = choose("Open an entitlement", options, key=OPENED, default="")
    if not feature_id:
        return
    found = shown.promotions.filter(feature_id=feature_id).to_dicts()
    if not found:
        st.caption("This customer has no such entitlement. Choose one of the list.")
        return
    [row] = found
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(plain(row["feature_name"]))
            st.button("Close", icon=":material/close:", on_click=open_feature, args=(None,))
        lines = _lines(shown, row)
        st.markdown("  \n".join(f"**{name}:** {plain(text)}" for name, text in lines.items()))
        if can_change:
            _revoke_button()


def _lines(shown: ShownEntitlements, row: dict[str, Any]) -> dict[str, str]:
    return {
        "Granted": words.allowance(row),
        "Status": row["status"],
        "Reset": words.reset(row),
        "Lasts": words.lasts(row),
        "Ends": words.ends(row, shown.zone),
        "Visible to the customer": "yes" if row["is_visible"] else "no",
        "Id": row["feature_id"],
    }


def _revoke_button() -> None:
    """The way to the form; or which role it takes."""
    why = lacks(current_actor(), Role.SUPPORT, WHAT)
    if why:
        st.caption(plain(why))
        return
    st.button("Revoke …", icon=":material/block:", on_click=_begin)


def revoke_form(shown: ShownEntitlements, live: Live) -> None:
    """The form, while the address holds the key of a revocation."""
    key, feature_id = form_key(REVOKING), address_value(OPENED, "")
    if not key or not feature_id:
        return
    if is_open_to(current_actor(), Role.SUPPORT, send=SEND):
        _dialog(shown, live, feature_id, key)
    else:
        said_in_form()


def _begin() -> None:
    forget_said()
    open_form(REVOKING, ())


@st.dialog("Revoke an entitlement", width="medium", on_dismiss=partial(close_form, REVOKING))
def _dialog(shown: ShownEntitlements, live: Live, feature_id: str, key: str) -> None:
    said_in_form()
    with guarded():
        turn = crc32(key.encode())
        entitled = read_entitled(shown.customer_id, shown.scope.resource_id, live, turn=turn)
        row = entitled.granted(feature_id)
        if row is None:
            raise QuestionError(
                f"The metering API has no promotional entitlement of {feature_id} here: it was "
                "revoked, or never granted."
            )
        left = words.allowance(entitled.without(feature_id))
        _preview(shown, row, words.allowance(entitled.now(feature_id)), left)
        why = lacks(current_actor(), Role.SUPPORT, WHAT)
        if send_button("Revoke", why, key=SEND):
            name, promotion_id = row["feature_name"], row["promotion_id"]
            command = RevokeEntitlement(shown.customer_id, feature_id, name, promotion_id, key)
            _send(shown, command, left)


def _preview(shown: ShownEntitlements, row: dict[str, Any], now: str, left: str) -> None:
    """What is revoked, and what is in force before and after."""
    st.markdown(
        f"**{plain(row['feature_name'])}**, granted: {plain(words.allowance(row))}, "
        f"{plain(row['status'].lower())}, ends {plain(words.ends(row, shown.zone))}."
    )
    st.markdown(f"In force: {plain(now)} → **{plain(left)}**")
    st.caption(
        "It is taken off the list at once. What the plans give stays; what add-ons give "
        "beside them the API tells only afterwards."
    )


def _send(shown: ShownEntitlements, command: RevokeEntitlement, left: str) -> None:
    said = Said("", "success", command.customer_id, page=PAGE)
    source = "live" if shown.is_extract else address_value("source", "")
    over = {REVOKING: "", OPENED: "", "source": source}
    try:
        with st.spinner("Revoking …", show_time=True):
            change(command)
    except AlreadySo as error:
        say(replace(said, sentence=str(error), kind="warning"))
        go_to(over)
    except Exception as error:
        if fail(error, command.customer_id):
            go_to({REVOKING: new_key()})
    else:
        done = f"Revoked: {command.feature_name}. The customer now has of it: {left}."
        say(replace(said, sentence=done))
        go_to(over)
    st.rerun()
