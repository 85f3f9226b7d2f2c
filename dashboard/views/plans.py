"""Plans: what is sold and for how much, by billing period and country, and coupons."""

from dashboard.controls.plans import billing_controls
from dashboard.failures import guarded, show_failure
from dashboard.page import Page
from dashboard.panels.coupons_table import coupons_table
from dashboard.panels.plan_cards import plan_cards
from dashboard.panels.plans_shown import ShownPlans, collect, countries_of
from dashboard.panels.rates_table import rates_table

BODY_HEIGHT = 900

page = Page[ShownPlans]("Plans")
with page.answering():
    scope = page.scope(prefers="live")
    period, country = billing_controls(countries_of(scope))
    with page.working(BODY_HEIGHT):
        asked = collect(scope, period, country)
    page.keep(asked, asked.title)

shown = page.kept()
page.head(shown.header, shown.address)
if shown.cannot is not None:
    show_failure(shown.cannot, can_live=page.sources.live is not None)
else:
    with guarded():
        plan_cards(shown)
with guarded():
    rates_table(shown)
with guarded():
    coupons_table(shown)
