"""Estimates: what a subscription, a change of one, a usage or an event would cost."""

import streamlit as st

from dashboard.controls.estimates import estimates_beside, written_out
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.estimate_form import Form, read_form
from dashboard.panels.estimates_beside import (
    compare_button,
    export_estimates,
    places,
    show_forms,
    show_results,
)
from dashboard.panels.estimates_shown import Offer, collect
from dashboard.panels.estimates_table import compared

BODY_HEIGHT = 640

page = Page[tuple[Offer, list[Form]]]("Estimates")
with page.answering():
    scope = page.scope(prefers="live")
    customer_id = scope.one_customer("estimates what one customer would pay")
    count = estimates_beside()
    with page.working(BODY_HEIGHT):
        asked = collect(scope, customer_id)
        asked_forms = [read_form(asked, number) for number in range(1, count + 1)]
    page.keep((asked, asked_forms), asked.title)

offer, forms = page.kept()
address = address_of(offer.scope) | written_out({form.number: form.cells for form in forms})
page.head(offer.header, address)
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(
        "An estimate changes nothing: no subscription, no balance, no entry in the record.",
        width="content",
    )
    compare_button(forms)
for_forms, for_results = places(len(forms))
show_forms(forms, for_forms)
with guarded():
    shown = show_results(forms, for_results)
    if shown and len(forms) > 1:
        compared(shown, offer)
    export_estimates(offer, shown, address)
