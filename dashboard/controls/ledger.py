"""Which rows of a ledger to list: filters in the address, and the place of the page."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from dashboard.controls.choices import address_value, choose, day, words
from dashboard.controls.key_picker.address import put_picked_values
from dashboard.controls.period import PRESETS
from dashboard.controls.scope import Scope
from data.credits.pool import EntryType
from queries.ledger import LedgerPage
from queries.question import QuestionError
from queries.time import Preset, Span, period, to_local, zone_of

TYPES = {
    EntryType.CONSUMED.value: "Consumed",
    EntryType.GRANTED.value: "Granted",
    EntryType.EXPIRED.value: "Expired",
    EntryType.VOIDED.value: "Voided",
    EntryType.UPDATED.value: "Updated",
    EntryType.TRANSFER_SOURCE.value: "Moved from overdraft",
    EntryType.TRANSFER_TARGET.value: "Moved to grant",
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
PLACE = "place"
LISTED = "ledger listed"


def ledger_controls(
    scope: Scope,
    customer_id: str,
    grants: pl.DataFrame,
    names: Mapping[str, str],
    now: datetime,
) -> LedgerPage:
    """The page of the ledger that is asked for; raises QuestionError.

    `names` are the features', by their ids. Other filters begin with the newest row.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=150):
            kind = choose("Type", {"": "All types", **TYPES}, key="type", default="")
        with st.container(width=190):
            grant_id = choose("Grant", {"": "All grants", **_grant_names(grants)}, key="grant",
                              default="")  # fmt: skip
        with st.container(width=150):
            feature_id = choose("Feature", {"": "All features", **names}, key="feature", default="")
        with st.container(width=140):
            event_id = words("Event", key="event", placeholder="An event id")
        span = _span(scope, now)
    asked = LedgerPage(
        customer_id,
        scope.currency.currency_id,
        scope.resource_id,
        (kind,) if kind else (),
        grant_id or None,
        feature_id or None,
        event_id or None,
        span,
    )
    return replace(asked, place=_place(scope, asked))


def turn_page(place: str | None) -> None:
    put_picked_values(PLACE, [] if place is None else [place])
    put_picked_values("row", [])


def _place(scope: Scope, asked: LedgerPage) -> str | None:
    listed = (scope.source.name, asked)
    before = st.session_state.get(LISTED)
    st.session_state[LISTED] = listed
    if before not in (None, listed):
        turn_page(None)
    return address_value(PLACE, "") or None


def _grant_names(grants: pl.DataFrame) -> dict[str, str]:
    rows = grants.select("grant_id", "display_name").iter_rows()
    return {grant_id: f"{name} ({grant_id})" for grant_id, name in rows}


def _span(scope: Scope, now: datetime) -> Span | None:
    names = {"": "All time"} | {preset.value: PRESETS[preset] for preset in OFFERED}
    with st.container(width=140):
        chosen = choose("Happened", names, key="period", default="")
    if chosen not in names:
        raise QuestionError(f"{chosen!r} is not a period; choose one from the list.")
    if not chosen:
        return None
    zone, first, last = zone_of(scope.zone), None, None
    if chosen == Preset.CUSTOM:
        today = to_local(now, zone).date()
        with st.container(width=140):
            first = day("From", key="from", default=today - timedelta(days=29))
        with st.container(width=140):
            last = day("To", key="to", default=today)
    found = period(Preset(chosen), now, zone, first=first, last=last, data_end=scope.source.ends_at)
    return found.span
