"""Balance: what it is made of down to single events, and when it runs out."""

import streamlit as st

from dashboard.controls.period import address_of_period
from dashboard.controls.scope import address_of
from dashboard.controls.statement import statement_controls
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.balance_ahead import look_ahead
from dashboard.panels.balance_chart import draw_chart
from dashboard.panels.balance_optimistic import optimistic
from dashboard.panels.balance_shown import Shown, collect
from dashboard.panels.balance_spent import spent
from dashboard.panels.balance_statement import lines, statement
from queries.time import to_local, zone_of

BODY_HEIGHT = 640

page = Page[Shown]("Balance")
with page.answering():
    scope = page.scope()
    customer_id = scope.one_customer("explains one balance")
    wanted = statement_controls(scope, page.now)
    with page.working(BODY_HEIGHT):
        asked = collect(scope, customer_id, wanted, turn=0)
    page.keep(asked, asked.title)

shown = page.kept()
zone = zone_of(shown.question.zone)
page.head(
    shown.header,
    address_of(shown.scope)
    | address_of_period(shown.shown_span, shown.question.zone, page.now)
    | ({} if shown.is_now else {"at": f"{to_local(shown.ends_at, zone):%Y-%m-%dT%H:%M}"}),
)
with guarded():
    statement(shown)
    optimistic(shown)
with guarded():
    draw_chart(shown)
with guarded():
    st.header("What used it")
    spent(shown)
with guarded():
    st.header("What comes next")
    look_ahead(shown)
with guarded():
    st.header("Line by line")
    lines(shown)
