"""Which changes to list: filters in the address, and the page of the list."""

from datetime import datetime, timedelta

import streamlit as st

from dashboard.activity.store import ActivityFile, Wanted
from dashboard.controls.choices import address_value, choose, day
from dashboard.controls.key_picker import Found, Option, one_picker
from dashboard.controls.key_picker.address import carry_across_pages, put_picked_values
from dashboard.controls.period import PRESETS
from dashboard.controls.scope import ALL_CUSTOMERS, CARRIED, zone_control
from queries.activity import Outcome
from queries.command import Actor, Role
from queries.question import QuestionError
from queries.time import Preset, Span, period, to_local, zone_of

OUTCOMES = {
    Outcome.DONE: "Done",
    Outcome.REFUSED: "Refused",
    Outcome.NOT_DONE: "Not done",
    Outcome.UNKNOWN: "Unknown",
    Outcome.INTENDED: "No outcome yet",
}
OFFERED = (
    Preset.TODAY,
    Preset.LAST_7_DAYS,
    Preset.LAST_30_DAYS,
    Preset.LAST_90_DAYS,
    Preset.THIS_MONTH,
    Preset.LAST_MONTH,
    Preset.CUSTOM,
)
LISTED = "changes listed"


def change_filters(
    record: ActivityFile, actor: Actor, now: datetime, default_zone: str
) -> tuple[Wanted, str]:
    """The controls: which changes, and the zone of their times.

    An admin sees everyone's changes, the others their own. Raises QuestionError, and NotRecorded
    where there is no record.
    """
    for key in CARRIED:
        carry_across_pages(key)
    own = None if actor.role is Role.ADMIN else actor.name
    named = record.named(own)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        customer_id = _customer(named["customer_id"])
        with st.container(width=180):
            command = _one_of("What", "command", "All changes", named["command"])
        with st.container(width=180):
            outcome = _outcome()
        if own is None:
            with st.container(width=180):
                own = _one_of("Who", "actor", "Everyone", named["actor"])
        begun = st.container(horizontal=True, width="content")
        with st.container(width=180):
            zone = zone_control(default_zone)
        with begun:
            span = _span(now, zone)
    return Wanted(customer_id, own, outcome, command, span), zone


MOST_DIGITS = 18
"""No change has a longer number."""


def page_below(wanted: Wanted) -> int | None:
    """Where in the list the page begins; another list begins with its newest change."""
    before = st.session_state.get(LISTED)
    st.session_state[LISTED] = wanted
    if before not in (None, wanted):
        put_picked_values("below", [])
    text = address_value("below", "")
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def turn_page(below: int | None) -> None:
    put_picked_values("below", [] if below is None else [str(below)])


def _customer(there: list[str]) -> str | None:
    options = tuple(Option(customer_id, customer_id) for customer_id in there)
    with st.container(width=260):
        picked = one_picker(
            "Customer",
            lambda _: Found(options, True),
            key="customer",
            first=ALL_CUSTOMERS,
            across_pages=True,
        )
    return picked or None


def _one_of(label: str, key: str, everything: str, there: list[str]) -> str | None:
    options = {"": everything} | {name: name[:1].upper() + name[1:] for name in there}
    return choose(label, options, key=key, default="") or None


def _outcome() -> Outcome | None:
    options = {"": "Any outcome"} | {kind.value: name for kind, name in OUTCOMES.items()}
    chosen = choose("Outcome", options, key="outcome", default="")
    if chosen not in options:
        raise QuestionError(f"{chosen!r} is not an outcome; choose one from the list.")
    return Outcome(chosen) if chosen else None


def _span(now: datetime, zone: str) -> Span | None:
    names = {"": "Any time"} | {preset.value: PRESETS[preset] for preset in OFFERED}
    with st.container(width=170):
        chosen = choose("Begun", names, key="period", default="")
    if chosen not in names:
        raise QuestionError(f"{chosen!r} is not a period; choose one from the list.")
    if not chosen:
        return None
    first = last = None
    if chosen == Preset.CUSTOM:
        today = to_local(now, zone_of(zone)).date()
        with st.container(width=140):
            first = day("From", key="from", default=today - timedelta(days=29))
        with st.container(width=140):
            last = day("To", key="to", default=today)
    return period(Preset(chosen), now, zone_of(zone), first=first, last=last).span
