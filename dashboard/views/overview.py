"""Overview: all customers at a glance, and the lists of those to look after."""

from datetime import timedelta

import streamlit as st

from dashboard.controls.period import period_controls
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.overview_cards import cards
from dashboard.panels.overview_chart import draw_chart
from dashboard.panels.overview_lists import work_lists
from dashboard.panels.overview_shown import ShownPortfolio, collect, go_on_buttons
from dashboard.panels.overview_table import ranked_table
from queries.time import to_local, zone_of

BODY_HEIGHT = 640

page = Page[ShownPortfolio]("Overview")
with page.answering():
    scope = page.portfolio_scope()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = period_controls(scope, page.now)
    progress = st.empty()
    with page.working(BODY_HEIGHT):
        asked = collect(scope, chosen, progress)
    page.keep(asked, asked.title)

shown = page.kept()
span, zone = shown.wanted.chosen.period.span, zone_of(shown.scope.zone)
page.head(
    shown.header,
    address_of(shown.scope)
    | {
        "period": "custom",
        "from": f"{to_local(span.start, zone):%Y-%m-%d}",
        "to": f"{to_local(min(span.end - timedelta.resolution, page.now), zone):%Y-%m-%d}",
        "grain": shown.wanted.chosen.grain.value,
    },
)
go_on_buttons(shown)
with guarded():
    cards(shown)
with guarded():
    draw_chart(shown)
with guarded():
    st.header("To look after")
    work_lists(shown)
with guarded():
    st.header("Customers")
    ranked_table(shown)
