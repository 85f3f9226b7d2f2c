"""What-if: the past at other prices, burned again through the same grants."""

import streamlit as st

from dashboard.controls.key_picker import key_picker
from dashboard.controls.period import address_of_period, days_controls
from dashboard.controls.scope import Scope, address_of, customer_search
from dashboard.controls.searching import while_typing
from dashboard.controls.what_if import (
    address_of_scenarios,
    read_scenarios,
    scenario_editor,
    usual_key,
)
from dashboard.failures import guarded
from dashboard.markdown import plain
from dashboard.page import Page
from dashboard.panels.what_if_effect import (
    cards,
    customers,
    proof,
    reach,
    side_by_side,
    who_changes,
)
from dashboard.panels.what_if_shown import (
    STOPPED,
    ShownWhatIf,
    check_source,
    collect,
    go_on,
)
from queries.portfolio import Whom
from queries.question import QuestionError
from queries.time import Preset
from queries.whatif import Scenario

BODY_HEIGHT = 640
MOST_CUSTOMERS = 50


def chosen_customers(scope: Scope) -> Whom:
    """One by the scope, some by name, or everybody."""
    if scope.customer_id is not None:
        return (scope.customer_id,)
    with st.container(width=420):
        some = key_picker(
            "Only these customers",
            while_typing(customer_search(scope.source)),
            key="only",
            max_keys=MOST_CUSTOMERS,
            placeholder="All; search by name, id or email",
        )
    return tuple(some) or None


page = Page[ShownWhatIf]("What-if")
number = 1
with page.answering():
    scope = page.scope()
    check_source(scope)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        span = days_controls(scope, page.now, Preset.LAST_QUARTER).span
        whom = chosen_customers(scope)
    usual = usual_key(scope)
    number = scenario_editor(scope, span, usual)
    read = read_scenarios(usual)
    wrong = [each for each in read.values() if isinstance(each, QuestionError)]
    if wrong:
        raise wrong[0]
    scenarios = {n: each for n, each in read.items() if isinstance(each, Scenario)}
    progress = st.empty()
    if st.session_state.get(STOPPED):
        st.button("Go on", icon=":material/play_arrow:", on_click=go_on)
    with page.working(BODY_HEIGHT):
        asked = collect(scope, span, whom, scenarios, progress)
    page.keep(asked, asked.title)

shown = page.kept()
page.head(
    shown.header,
    address_of(shown.scope)
    | address_of_period(shown.span, shown.scope.zone, page.now)
    | address_of_scenarios(),
)
with guarded():
    proof(shown)
    st.caption(plain(reach(shown)))
if not shown.results:
    st.info(
        "Write a new price above, such as x2 for twice the charge, and see who would have paid "
        "more and less, who would have run out, and what it would have brought in.",
        icon=":material/science:",
    )
    st.stop()
result = shown.results.get(number) or next(iter(shown.results.values()))
with guarded():
    st.header(plain(result.scenario.name))
    cards(shown, result)
    who_changes(shown, result)
with guarded():
    st.header("Side by side")
    side_by_side(shown)
with guarded():
    st.header("Customers")
    customers(shown, result)
