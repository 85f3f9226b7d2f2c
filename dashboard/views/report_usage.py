"""Report usage: one measurement or event from a form, or many from a file."""

import streamlit as st

from dashboard.controls.reports import what_is_reported
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.report_form import report_form, said_of_report
from dashboard.panels.report_many import report_many
from dashboard.panels.report_settling import settling
from dashboard.panels.report_shown import ShownReport, collect
from queries.question import CannotAnswer

BODY_HEIGHT = 420
NO_API = "Usage is reported to a metering API, and there is none here."
AT_API = (
    "Reports go to the metering API, and the balances here are its own; an extract holds them once "
    "it is made anew."
)

page = Page[ShownReport]("Report usage")
live = page.sources.live
asked = None
with page.answering():
    if live is None:
        raise CannotAnswer(f"{NO_API} {page.sources.problem or ''}".strip())
    scope = page.scope(only=live)
    what = what_is_reported()
    with page.working(BODY_HEIGHT):
        asked = collect(scope, what, live)
    page.keep(asked, asked.title)

shown = page.kept()
page.head(shown.header, address_of(shown.scope))
st.caption(AT_API)
if live and asked:
    with guarded():
        if asked.is_many:
            report_many(asked, live)
        else:
            report_form(asked, live)
    with guarded():
        said_of_report(asked)
if live:
    with guarded():
        settling(shown, live)
