"""Grants: the blocks of credits of a pool; grant and void them, one by one or from a file."""

import streamlit as st

from dashboard.controls.grants import grant_filters
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.grant_form import grant_form
from dashboard.panels.grant_opened import opened_grant
from dashboard.panels.grant_void import void_form
from dashboard.panels.grants_actions import actions, where_changes_are_made
from dashboard.panels.grants_bulk import bulk_grants
from dashboard.panels.grants_chart import draw_chart
from dashboard.panels.grants_shown import ShownGrants, collect
from dashboard.panels.grants_table import grants_table
from dashboard.panels.grants_told import said_on_page

BODY_HEIGHT = 640

page = Page[ShownGrants]("Grants")
live = page.sources.live
with page.answering():
    scope = page.scope()
    if scope.customer_id is None and live:
        with guarded():
            bulk_grants(live, page.now)
    customer_id = scope.one_customer("lists one pool's grants")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        status, grant_type = grant_filters()
        actions(page.sources)
    with page.working(BODY_HEIGHT):
        asked = collect(scope, customer_id, status, grant_type)
    page.keep(asked, asked.title)

shown = page.kept()
page.head(shown.header, address_of(shown.scope))
said_on_page(shown.question.customer_id)
with guarded():
    where_changes_are_made(page.sources, "grants", is_extract=shown.is_extract)
    draw_chart(shown)
with guarded():
    grants_table(shown)
with guarded():
    opened_grant(shown)
if live and "customer" in st.query_params:
    with guarded():
        bulk_grants(live, page.now)
if live:
    with guarded():
        grant_form(shown, live)
        void_form(shown, live)
