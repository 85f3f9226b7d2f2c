"""One ledger row, opened: the event, the grants that paid for it, and the rule that chose them."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import address_value
from dashboard.controls.key_picker.address import put_picked_values
from dashboard.controls.ledger import TYPES
from dashboard.formats import exact, moment
from dashboard.markdown import plain
from dashboard.panels.ledger_list import ROW
from dashboard.panels.ledger_shown import ShownLedger
from queries.grants.order import why_first
from queries.ledger import EventRows, LedgerEvent, LeftThen
from queries.ledger.paid import Payment, Rule, payments
from queries.question import CannotAnswer

MOST_TOLD = 20
LATE = timedelta(minutes=1)
WHY = {
    Rule.OVERDRAFT: "no grant with credits was left: the overdraft took it",
    Rule.ALONE: "no other grant had credits for that time",
    Rule.GIVEN_BACK: "given back, to an overdraft first, then to what burned last",
    Rule.CHANGED: "the terms that decided have been changed since",
}
BURN_ORDER = (
    "Grants burn by lower priority; then what expires sooner; then promotional before paid and "
    "recurring; then what began earlier; then what is older."
)


def opened_row(shown: ShownLedger) -> None:
    """The row that the address names, if it is on this page."""
    place = address_value(ROW, "")
    rows = shown.answer.frame.filter(pl.col("place") == place)
    if not rows.height:
        return
    [row] = rows.to_dicts()
    amount = exact(row["amount"]).replace("-", "−")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(plain(f"{TYPES.get(row['event_type'], row['event_type'])}: {amount}"))
            st.button("Close", icon=":material/close:", on_click=_close)
        st.markdown(
            f"{plain(moment(row['occurred_at'], shown.zone))}: the balance went from "
            f"{_amount(row['balance_before'])} to **{_amount(row['balance_after'])}** "
            f"{plain(shown.unit)}."
        )
        if row["event_id"]:
            _event(shown, row)
        else:
            _grant(shown, row)


def _close() -> None:
    put_picked_values(ROW, [])


def _event(shown: ShownLedger, row: dict[str, Any]) -> None:
    """What was reported, and every row that it caused."""
    st.markdown(f"**Event** {plain(row['event_id'])}")
    is_whole = _reported(shown, row["event_id"])
    asked = shown.question
    pool = (asked.customer_id, asked.currency_id)
    caused = ask(
        EventRows(*pool, row["event_id"], row["place"], asked.resource_id), shown.scope.source
    )
    st.markdown("**Paid by**")
    _payments(shown, caused.frame)
    total = -Decimal(caused.frame["amount"].sum())
    grants = caused.frame["grant_id"].n_unique()
    scope = "in all" if is_whole else f"out of the pool of {shown.scope.currency.name}"
    more = " It may have rows above these, which are too many to read." if caused.is_cut else ""
    st.caption(
        f"{grants} grant{'' if grants == 1 else 's'} paid {_amount(total)} {plain(shown.unit)} for "
        f"this event {plain(scope)}.{more} {BURN_ORDER}"
    )


def _reported(shown: ShownLedger, event_id: str) -> bool:
    """Whether all that was reported was charged to the currency that is shown."""
    asked = LedgerEvent(shown.question.customer_id, event_id, shown.question.resource_id)
    try:
        found = ask(asked, shown.scope.source).frame
    except CannotAnswer as error:
        st.caption(plain(str(error)))
        return False
    for event in found.iter_rows(named=True):
        st.markdown(plain(_fed(shown, event)))
    return set(found["currency_id"]) <= {shown.question.currency_id, None}


def _fed(shown: ShownLedger, event: dict[str, Any]) -> str:
    """One feature that an event fed: by how much, for what, and with which dimensions."""
    feature = shown.names.get(event["feature_id"], event["feature_id"]) or "no feature"
    units = f"{exact(event['units'])} unit{'' if event['units'] == 1 else 's'}"
    late = ""
    if event["loaded_at"] - event["occurred_at"] > LATE:
        late = f", known since {moment(event['loaded_at'], shown.zone)}"
    dimensions = event["dimensions"] or "It carried no dimensions."
    return f"{feature}: {units}, {_charged(shown, event)}{late}. {dimensions}"


def _charged(shown: ShownLedger, event: dict[str, Any]) -> str:
    """One event may feed features of several currencies; only one of them is shown."""
    amount = exact(event["credits"]).replace("-", "−")
    if event["currency_id"] in (shown.question.currency_id, None):
        return f"{amount} {shown.unit}"
    return f"{amount} credits of {event['currency_id']}, charged to a pool of their own"


def _payments(shown: ShownLedger, rows: pl.DataFrame) -> None:
    """Which grant paid how much, in the order written, and why it was its turn."""
    try:
        paid = payments(rows.head(MOST_TOLD), shown.grants, partial(_left_at, shown))
    except CannotAnswer as error:
        paid = None
        st.caption(plain(f"Why it was their turn is not told. {error}"))
    if paid is None:
        told = [
            _paid(shown, row["grant_id"], -row["amount"])
            for row in rows.head(MOST_TOLD).reverse().to_dicts()
        ]
    else:
        told = [
            f"{_paid(shown, one.grant_id, one.credits)}: {plain(_why(shown, one))}" for one in paid
        ]
    lines = [f"- {line}" for line in told]
    if rows.height > MOST_TOLD:
        lines.insert(
            0, f"- {rows.height - MOST_TOLD:,} rows before these, listed by the event's id"
        )
    st.markdown("\n".join(lines))


def _left_at(shown: ShownLedger, place: str) -> pl.DataFrame:
    asked = shown.question
    left = LeftThen(asked.customer_id, asked.currency_id, place, asked.resource_id)
    return ask(left, shown.scope.source).frame


def _paid(shown: ShownLedger, grant_id: str, credits: Decimal) -> str:
    way = "to" if credits < 0 else "by"
    return f"**{_amount(abs(credits))}** {plain(shown.unit)} {way} {plain(_name(shown, grant_id))}"


def _why(shown: ShownLedger, payment: Payment) -> str:
    if payment.second is None:
        return WHY[payment.rule]
    [own] = shown.grants.filter(grant_id=payment.grant_id).to_dicts()
    second = _name(shown, payment.second["grant_id"])
    return f"its turn came before {second}: {why_first(own, payment.second)}"


def _grant(shown: ShownLedger, row: dict[str, Any]) -> None:
    """A row that no event caused: the grant that it is about."""
    found = shown.grants.filter(grant_id=row["grant_id"]).to_dicts()
    if not found:
        st.markdown(f"**Grant** {plain(row['grant_id'])}")
        return
    grant = found[0]
    ends = f"until {moment(grant['expire_at'], shown.zone)}" if grant["expire_at"] else "for ever"
    st.markdown(
        f"**Grant** {plain(_name(shown, grant['grant_id']))}: "
        f"{plain(grant['grant_type'].lower())}, {_amount(grant['amount'])} {plain(shown.unit)}, "
        f"priority {grant['priority']}, from {plain(moment(grant['effective_at'], shown.zone))} "
        f"{plain(ends)}; now {plain(grant['status'].lower().replace('_', ' '))}, with "
        f"{_amount(grant['consumed_amount'])} consumed."
        + (f" {plain(grant['comment'])}" if grant["comment"] else "")
    )


def _name(shown: ShownLedger, grant_id: str) -> str:
    return shown.grant_names.get(grant_id, grant_id)


def _amount(amount: Decimal) -> str:
    return plain(exact(amount).replace("-", "−"))
