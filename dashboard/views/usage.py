"""Usage: credits over time, by up to 3 keys; the table under the chart; why it changed."""

import streamlit as st

from dashboard.controls.choices import pick, switch
from dashboard.controls.filters import filter_chips, read_filters
from dashboard.controls.group_by import group_by_controls
from dashboard.controls.period import address_of_period, period_controls
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.cards import cards
from dashboard.panels.shown import CUT, Shown, collect
from dashboard.panels.usage_change import change
from dashboard.panels.usage_chart import bucket_ledger, draw_chart
from dashboard.panels.usage_table import table
from dashboard.refresh import refresh_control

BODY_HEIGHT = 560
TOP = {"5": "Top 5", "10": "Top 10", "20": "Top 20"}
KINDS = {"bars": "Bars", "lines": "Lines"}
SHAPES = {"period": "Per bucket", "cumulative": "Cumulative"}

page = Page[tuple[Shown, str, str]]("Credit usage")
with page.answering():
    scope = page.scope()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = period_controls(scope, page.now)
        grouping = st.container(horizontal=True, vertical_alignment="bottom", width="content")
        with st.popover("Display", icon=":material/tune:"):
            kind = pick("Draw", KINDS, key="kind", default="bars")
            shape = pick("As", SHAPES, key="shape", default="period")
            most = int(pick("Series", TOP, key="top", default="5"))
            is_compared = switch("Compare with the period before", key="compare", default=True)
            turn = refresh_control(page.now)
    filter_chips()
    with grouping:
        by = group_by_controls(scope)
    with page.working(BODY_HEIGHT):
        asked = collect(
            scope,
            chosen,
            by,
            read_filters(),
            most=most,
            is_compared=is_compared,
            has_available=shape == "cumulative",
            turn=turn,
        )
    page.keep((asked, kind, shape), asked.title)

shown, kind, shape = page.kept()
page.head(
    shown.header,
    address_of(shown.scope)
    | address_of_period(shown.question.span, shown.question.zone, page.now)
    | {"grain": shown.question.grain.value},
)
with guarded():
    if shown.is_cut:
        st.warning(CUT, icon=":material/content_cut:")
    cards(shown)
    draw_chart(shown, kind=kind, is_cumulative=shape == "cumulative")
with guarded():
    table(shown)
with guarded():
    st.header("Why it changed")
    change(shown)
with guarded():
    st.header("Ledger")
    bucket_ledger(shown)
