"""Usage: credits over time, by up to 3 keys; the table under the chart; why it changed."""

from datetime import timedelta

import streamlit as st

from dashboard.controls.choices import pick, switch
from dashboard.controls.filters import filter_chips, read_filters
from dashboard.controls.group_by import group_by_controls
from dashboard.controls.period import period_controls
from dashboard.controls.scope import address_of, scope_controls
from dashboard.failures import guarded, show_failure
from dashboard.header import show_header
from dashboard.links import link_button
from dashboard.panels.cards import cards
from dashboard.panels.shown import Shown, collect
from dashboard.panels.usage_change import change
from dashboard.panels.usage_chart import bucket_ledger, draw_chart
from dashboard.panels.usage_table import table
from dashboard.refresh import refresh_control
from dashboard.settings import read_settings
from dashboard.sources import current
from dashboard.waiting import reserved
from data.clock import utc_now
from queries.time import to_local, zone_of

LAST_SHOWN = "usage shown"
HEADER_HEIGHT, BODY_HEIGHT = 38, 560
TOP = {"5": "Top 5", "10": "Top 10", "20": "Top 20"}
KINDS = {"bars": "Bars", "lines": "Lines"}
SHAPES = {"period": "Per bucket", "cumulative": "Cumulative"}

now = utc_now()
sources = current()
st.title("Credit usage")
head = st.empty()
is_first = LAST_SHOWN not in st.session_state
if is_first:
    head.skeleton(HEADER_HEIGHT)
kept: tuple[Shown, str, str, int] | None
try:
    scope = scope_controls(sources, read_settings().zone)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = period_controls(scope, now)
        grouping = st.container(horizontal=True, vertical_alignment="bottom", width="content")
        with st.popover("Display", icon=":material/tune:"):
            kind = pick("Draw", KINDS, key="kind", default="bars")
            shape = pick("As", SHAPES, key="shape", default="period")
            most = int(pick("Series", TOP, key="top", default="5"))
            is_compared = switch("Compare with the period before", key="compare", default=True)
            turn = refresh_control(now)
    filter_chips()
    with grouping:
        by = group_by_controls(scope)
    with st.spinner("Asking …", show_time=True), reserved(BODY_HEIGHT if is_first else 0):
        shown = collect(
            scope,
            chosen,
            by,
            read_filters(),
            is_compared=is_compared,
            has_available=shape == "cumulative",
            turn=turn,
        )
    kept = st.session_state[LAST_SHOWN] = (shown, kind, shape, most)
except Exception as error:
    kept = st.session_state.get(LAST_SHOWN)
    if kept is None:
        head.empty()
    show_failure(
        error,
        still_shown=kept[0].title if kept else None,
        can_extract=sources.extract is not None,
        can_retry=True,
    )

if kept is None:
    st.stop()
shown, kind, shape, most = kept

with head.container(horizontal=True, vertical_alignment="center"):
    show_header(shown.header, now)
    zone = zone_of(shown.question.zone)
    span = shown.question.span
    link_button(
        address_of(shown.scope)
        | {
            "period": "custom",
            "from": f"{to_local(span.start, zone):%Y-%m-%d}",
            "to": f"{to_local(min(span.end - timedelta.resolution, now), zone):%Y-%m-%d}",
            "grain": shown.question.grain.value,
        }
    )
with guarded():
    cards(shown)
    draw_chart(shown, kind=kind, is_cumulative=shape == "cumulative", most=most)
with guarded():
    table(shown)
with guarded():
    st.header("Why it changed")
    change(shown)
with guarded():
    st.header("Ledger")
    bucket_ledger(shown)
