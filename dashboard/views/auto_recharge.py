"""Auto-recharge: when a pool buys credits by itself, what it has bought, and a rehearsal."""

from dashboard.controls.recharge import terms_address
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.page import Page
from dashboard.panels.grants_told import said_on_page
from dashboard.panels.recharge_form import recharge_form, save_form
from dashboard.panels.recharge_history import history, recharges
from dashboard.panels.recharge_rehearsal import rehearsal_panel
from dashboard.panels.recharge_shown import ShownRecharge, collect
from dashboard.panels.recharge_spend import spend_panel

BODY_HEIGHT = 640

page = Page[ShownRecharge]("Auto-recharge")
live = page.sources.live
with page.answering():
    scope = page.scope(prefers="live")
    customer_id = scope.one_customer("sets how one customer's credits are bought anew")
    with page.working(BODY_HEIGHT):
        asked = collect(scope, customer_id)
    page.keep(asked, asked.title)

shown = page.kept()
said_on_page(shown.customer_id)
with guarded():
    spend_panel(shown)
written = recharge_form(shown, page.sources)
is_on, terms, _ = written
page.head(shown.header, address_of(shown.scope) | (terms_address(is_on, terms) if terms else {}))
with guarded():
    rehearsal_panel(shown, written)
with guarded():
    recharges(shown)
with guarded():
    history(shown)
if live and not shown.is_extract:
    with guarded():
        save_form(shown, written, live)
