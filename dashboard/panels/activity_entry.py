"""One change, opened: what was asked, what was there before and after, and every fact."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard.activity.store import ActivityFile, Listed
from dashboard.changing import settle_change
from dashboard.controls.changes import MOST_DIGITS
from dashboard.controls.choices import address_value, choose
from dashboard.failures import guarded
from dashboard.markdown import plain
from dashboard.panels.activity_list import ShownChanges
from queries.activity import OPEN, Fact, read
from queries.command import Actor, Role
from queries.settling import can_settle
from queries.time import to_local, zone_of


def opened_change(shown: ShownChanges, record: ActivityFile, actor: Actor) -> None:
    """The change that the address names; chosen here, or by a click in the list."""
    options = {
        str(one.number): f"{one.number}: {one.recorded.change.summary}"
        for one in shown.listing.changes
    }
    if not options and not address_value("change", ""):
        return
    text = choose("Open a change", {"": "Choose a change"} | options, key="change", default="")
    if not text:
        return
    is_number = text.isdecimal() and len(text) <= MOST_DIGITS
    found = record.numbered(int(text)) if is_number else None
    if found is None or not _may_see(actor, found):
        st.caption("There is no such change among those that you may see.")
        return
    change = found.recorded.change
    st.header(plain(f"Change {found.number}: {change.summary}"))
    facts = record.facts(change.key)
    st.dataframe(
        pl.DataFrame([_row(fact, shown.zone) for fact in facts], orient="row"),
        hide_index=True,
        alt=f"Facts about change {found.number}: {facts[-1].outcome.value}",
    )
    _settle_button(found)
    asked, states = st.columns(2)
    with asked:
        _asked(found)
    with states:
        _states(found)


def _may_see(actor: Actor, found: Listed) -> bool:
    return actor.role is Role.ADMIN or found.recorded.change.actor == actor.name


def _settle_button(found: Listed) -> None:
    if found.recorded.fact.outcome not in OPEN:
        return
    if not can_settle(found.recorded):
        st.caption("Whether this was done is not known. It is safe to do it again: it counts once.")
        return
    st.caption("Whether this was done is not known. Settling reads back what is there.")
    if st.button("Settle", icon=":material/task_alt:"):
        with guarded():
            settle_change(found.recorded)
            st.rerun()


def _asked(found: Listed) -> None:
    change = found.recorded.change
    about = {"role": change.role, "sent to": change.api, "key": change.key}
    rows = _flat(read(change.given)) | about
    st.dataframe(
        pl.DataFrame({"What was asked": list(rows), "Value": list(rows.values())}),
        hide_index=True,
        alt=f"What change {found.number} asked for",
    )


def _states(found: Listed) -> None:
    """Field by field, what has changed first."""
    fact = found.recorded.fact
    before = _flat(read(fact.before)) if fact.before else {}
    after = _flat(next(iter((read(fact.after) or {}).values()), None)) if fact.after else {}
    if not before and not after:
        st.caption("Nothing is recorded of how it was before and after.")
        return
    fields = sorted(
        dict.fromkeys([*before, *after]), key=lambda field: before.get(field) == after.get(field)
    )
    st.dataframe(
        pl.DataFrame(
            {
                "Field": fields,
                "Before": [before.get(field, "") for field in fields],
                "After": [after.get(field, "") for field in fields],
            }
        ),
        hide_index=True,
        alt=f"Before and after change {found.number}",
    )


def _row(fact: Fact, zone: str) -> dict[str, str]:
    how = " (read back)" if fact.is_settled else ""
    return {
        f"Time ({zone})": f"{to_local(fact.at, zone_of(zone)):%Y-%m-%d %H:%M:%S}",
        "Fact": f"{fact.outcome.value.capitalize()}{how}",
        "Who": fact.actor,
        "Detail": fact.detail,
        "Request id": fact.request_id,
    }


def _flat(state: Any, path: str = "") -> dict[str, str]:
    """Each value under its path, as text: {"cost.amount": "20"}; what is not set is left out.

    What is in a list has its number in the path.
    """
    if isinstance(state, dict):
        parts = [_flat(value, f"{path}.{key}" if path else key) for key, value in state.items()]
        return {name: text for part in parts for name, text in part.items()}
    if isinstance(state, list) and any(isinstance(each, dict) for each in state):
        return _flat({str(number): each for number, each in enumerate(state, start=1)}, path)
    return {} if state is None else {path: str(state)}
