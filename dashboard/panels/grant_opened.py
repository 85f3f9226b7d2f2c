"""One grant, opened: all of its terms, the way to its ledger, and to voiding it."""

from datetime import datetime
from typing import Any

import streamlit as st

from dashboard.access import current_actor
from dashboard.controls.choices import address_value, choose
from dashboard.controls.grants import OPENED, STATUSES, TYPES, open_grant
from dashboard.controls.scope import GLOBAL_POOL, address_of
from dashboard.formats import exact, moment
from dashboard.markdown import plain
from dashboard.panels.grant_void import void_button
from dashboard.panels.grants_shown import ShownGrants
from dashboard.panels.grants_table import grant_names


def opened_grant(shown: ShownGrants) -> None:
    """The grant that the address names; chosen here, or by a click in the table."""
    if not shown.grants.height:
        return
    with st.container(width=420):
        names = {"": "Choose a grant", **grant_names(shown.listed)}
        grant_id = choose("Open a grant", names, key=OPENED, default="")
    if not grant_id:
        return
    grant = shown.named(address_value(OPENED, ""))
    if grant is None:
        st.caption("This pool has no such grant. Choose one of the list.")
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(plain(grant["display_name"] or grant["grant_id"]))
            st.button("Close", icon=":material/close:", on_click=open_grant, args=(None,))
        _terms(shown, grant)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "views/ledger.py",
                label="Its rows in the ledger",
                icon=":material/receipt_long:",
                query_params=address_of(shown.scope) | {"grant": grant["grant_id"]},
            )
            void_button(grant, current_actor(), shown.as_of)


def _terms(shown: ShownGrants, grant: dict[str, Any]) -> None:
    left, right = st.columns(2)
    lines = _lines(shown, grant)
    half = (len(lines) + 1) // 2
    for column, part in ((left, lines[:half]), (right, lines[half:])):
        column.markdown("  \n".join(f"**{name}:** {plain(text)}" for name, text in part))
    if grant["comment"]:
        st.markdown(f"**Comment:** {plain(grant['comment'])}")


def _lines(shown: ShownGrants, grant: dict[str, Any]) -> list[tuple[str, str]]:
    def when(at: datetime | None, never: str) -> str:
        return moment(at, shown.zone) if at else never

    unit = shown.unit
    kind = TYPES.get(grant["grant_type"], grant["grant_type"])
    bought = ", bought by auto-recharge" if grant["is_recharge"] else ""
    lines = [
        ("Type", f"{kind}{bought}"),
        ("Status", STATUSES.get(grant["status"], grant["status"])),
        ("Left", f"{_signed(grant['remaining'])} of {exact(grant['amount'])} {unit}"),
        ("Consumed", f"{exact(grant['consumed_amount'])} {unit}"),
        ("Cost", _cost(grant)),
        ("Payment", grant["payment_collection"].replace("_", " ").capitalize()),
        ("Effective", when(grant["effective_at"], "–")),
        ("Expires", when(grant["expire_at"], "never")),
        ("Priority", f"{grant['priority']} (lower burns first)"),
        ("Pool", shown.question.resource_id or GLOBAL_POOL),
        ("Made", when(grant["created_at"], "–")),
        ("Id", grant["grant_id"]),
    ]
    if grant["voided_at"]:
        lines.insert(8, ("Voided", when(grant["voided_at"], "–")))
    return lines


def _cost(grant: dict[str, Any]) -> str:
    if not grant["cost_amount"]:
        return "nothing"
    money, each = grant["cost_currency"], grant["cost_per_credit"]
    per_credit = f", {exact(each)} {money} a credit" if each is not None else ""
    return f"{exact(grant['cost_amount'])} {money}{per_credit}"


def _signed(amount: Any) -> str:
    return exact(amount).replace("-", "−")
