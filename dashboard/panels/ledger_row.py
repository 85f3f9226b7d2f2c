"""One ledger row, opened: the event, the grants that paid for it, and the rule that chose them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import address_value
from dashboard.controls.key_picker.address import put_picked_values
from dashboard.controls.ledger import TYPES
from dashboard.formats import exact, moment
from dashboard.markdown import plain
from dashboard.panels.ledger_list import ROW, ShownLedger
from queries.grants.order import next_in_line, why_first
from queries.ledger import LedgerEvent, LedgerPage
from queries.question import CannotAnswer

MOST_OF_EVENT = 1000
MOST_TOLD = 20
LATE = timedelta(minutes=1)
OVERDRAFT = "no grant with credits was left: the overdraft took it"
ALONE = "no other grant could have paid then"


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
            st.subheader(plain(f"{TYPES.get(row['event_type'], row['event_type'])}: {amount}"))
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
    _reported(shown, row["event_id"])
    asked = shown.question
    whole = LedgerPage(
        asked.customer_id,
        asked.currency_id,
        asked.resource_id,
        event_id=row["event_id"],
        place=None,
        count=MOST_OF_EVENT,
    )
    caused = ask(whole, shown.scope.source).frame
    known = caused if caused.height else shown.answer.frame.filter(event_id=row["event_id"])
    st.markdown("**Paid by**")
    _payments(shown, known)
    total = -Decimal(known["amount"].sum())
    grants = known["grant_id"].n_unique()
    st.caption(
        f"{grants} grant{'' if grants == 1 else 's'} paid {_amount(total)} {plain(shown.unit)} for "
        "this event in all. Grants burn by lower priority; then what expires sooner; then "
        "promotional before paid and recurring; then what began earlier; then what is older."
    )


def _reported(shown: ShownLedger, event_id: str) -> None:
    asked = LedgerEvent(shown.question.customer_id, event_id, shown.question.resource_id)
    try:
        found = ask(asked, shown.scope.source).frame
    except CannotAnswer as error:
        st.caption(plain(str(error)))
        return
    for event in found.iter_rows(named=True):
        feature = shown.names.get(event["feature_id"], event["feature_id"]) or "no feature"
        late = ""
        if event["loaded_at"] - event["occurred_at"] > LATE:
            late = f", known since {moment(event['loaded_at'], shown.zone)}"
        st.markdown(
            plain(
                f"{feature}: {exact(event['units'])} units, {exact(event['credits'])} "
                f"{shown.unit}{late}. {event['dimensions'] or 'It carried no dimensions.'}"
            )
        )


def _payments(shown: ShownLedger, rows: pl.DataFrame) -> None:
    """Which grant paid how much, in the order written, and why it was its turn."""
    oldest_first = rows.reverse().to_dicts()
    lines = [
        f"- **{_amount(-row['amount'])}** {plain(shown.unit)} by "
        f"{plain(_name(shown, row['grant_id']))}: {plain(_rule(shown, row))}"
        for row in oldest_first[:MOST_TOLD]
    ]
    if len(oldest_first) > MOST_TOLD:
        lines.append(f"- and {len(oldest_first) - MOST_TOLD:,} rows more, listed above by its id")
    st.markdown("\n".join(lines))


def _rule(shown: ShownLedger, row: dict[str, Any]) -> str:
    own = shown.grants.filter(grant_id=row["grant_id"]).to_dicts()
    if not own:
        return "this grant is not among the pool's grants"
    if own[0]["grant_type"] == "OVERDRAFT":
        return OVERDRAFT
    second = next_in_line(shown.grants, row["grant_id"], row["occurred_at"])
    if second is None:
        return ALONE
    return f"its turn came before {_name(shown, second['grant_id'])}: {why_first(own[0], second)}"


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
