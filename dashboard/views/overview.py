"""Overview: all customers at a glance, and the lists of those to look after."""

import streamlit as st

from dashboard.controls.period import address_of_period, period_controls
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.overview_cards import cards
from dashboard.panels.overview_chart import draw_chart
from dashboard.panels.overview_lists import work_lists
from dashboard.panels.overview_shown import ShownPortfolio, collect, what_is_missing
from dashboard.panels.overview_table import ranked_table

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
page.head(
    shown.header,
    address_of(shown.scope)
    | address_of_period(shown.wanted.chosen.period.span, shown.scope.zone, page.now)
    | {"grain": shown.wanted.chosen.grain.value},
)
what_is_missing(shown)
if not shown.portfolio.ranked.height:
    st.stop()
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
