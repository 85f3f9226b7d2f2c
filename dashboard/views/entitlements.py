"""Entitlements: what a customer may use beside its plans, and what is in force all in all."""

import streamlit as st

from dashboard.controls.entitlements import status_filter
from dashboard.controls.scope import address_of
from dashboard.failures import guarded, show_failure
from dashboard.page import Page
from dashboard.panels.entitlement_form import PAGE, entitle_button, entitlement_form
from dashboard.panels.entitlement_opened import opened_entitlement, revoke_form
from dashboard.panels.entitlements_shown import ShownEntitlements, collect
from dashboard.panels.entitlements_table import in_force_table, promotions_table
from dashboard.panels.grants_actions import where_changes_are_made
from dashboard.panels.grants_told import said_on_page

BODY_HEIGHT = 640

page = Page[ShownEntitlements]("Entitlements")
live = page.sources.live
with page.answering():
    scope = page.scope(prefers="live")
    customer_id = scope.one_customer("lists what one customer may use")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        status = status_filter()
        if live is not None:
            entitle_button()
    with page.working(BODY_HEIGHT):
        asked = collect(scope, customer_id, status)
    page.keep(asked, asked.title)

shown = page.kept()
page.head(shown.header, address_of(shown.scope))
said_on_page(shown.customer_id, PAGE)
with guarded():
    where_changes_are_made(page.sources, "entitlements", is_extract=shown.is_extract)
    promotions_table(shown)
with guarded():
    opened_entitlement(shown, can_change=live is not None)
if shown.cannot is not None:
    show_failure(shown.cannot, can_live=live is not None)
with guarded():
    in_force_table(shown)
if live is not None:
    with guarded():
        entitlement_form(shown, live)
        revoke_form(shown, live)
