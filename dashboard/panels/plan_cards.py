"""The plans on sale, a card each: price, credits, entitlements, add-ons, the way to estimate."""

from typing import Any

import streamlit as st

from dashboard.controls.scope import address_of
from dashboard.markdown import plain
from dashboard.panels import plan_words
from dashboard.panels.export import export_buttons
from dashboard.panels.plan_terms import terms_list
from dashboard.panels.plans_shown import ShownPlans

NARROWEST = 250


def plan_cards(shown: ShownPlans) -> None:
    """A card for each plan, in the order of the source."""
    if not shown.plans:
        st.info(
            "No plan is on sale here. Published plans would be listed with their prices, credits "
            "and entitlements; publish one in the catalogue of the metering API.",
            icon=":material/inbox:",
        )
        return
    with st.grid(4, min_column_width=NARROWEST):
        for plan in shown.plans:
            with st.container(border=True, height="stretch"):
                _card(shown, plan)
    st.caption(
        "A soft limit lets use go on beyond it. Prices are before tax and discounts; an estimate "
        "shows both."
    )
    export_buttons(terms_list(shown), shown.about("prices and terms of plans"), "plans")


def _card(shown: ShownPlans, plan: dict[str, Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(plan["display_name"]), anchor=False)
        if plan["is_held"]:
            st.badge("Current plan", icon=":material/check:", color="green")
    if plan["description"]:
        st.caption(plain(plan["description"]))
    amount, what = plan_words.headline(plan, shown.period)
    st.markdown(f"### {plain(amount)}")
    st.caption(plain(what))
    _estimate_link(shown, plan)
    _lines("Price", plan_words.price_lines(plan, shown.period))
    _lines("Credits", plan_words.credit_lines(plan, shown.credit_names))
    _entitlements(plan)
    _lines("Add-ons", [plan_words.addon(each, shown.period) for each in plan["addons"]])
    _rates(shown, plan)


def _lines(title: str, lines: list[str]) -> None:
    """A short list under its title; nothing where there is nothing to say."""
    if not lines:
        return
    head = f"**{title}**\n" if title else ""
    st.markdown(head + "".join(f"\n- {plain(line)}" for line in lines))


def _entitlements(plan: dict[str, Any]) -> None:
    _lines("Entitlements", [plan_words.entitlement(each) for each in plan["entitlements"]])
    if plan["inherited"]:
        inherited = "; ".join(plan_words.entitlement(each) for each in plan["inherited"])
        st.caption(f"And of {plain(plan['base_plan_name'] or 'the base plan')}: {plain(inherited)}")


def _rates(shown: ShownPlans, plan: dict[str, Any]) -> None:
    if not plan["rates"]:
        return
    with st.expander(f"What use costs in credits ({len(plan['rates'])})"):
        for each in plan["rates"]:
            what = plan_words.rate(each, shown.credit_names)
            st.caption(f"**{plain(each['feature_name'])}**  \n{plain(what)}")


def _estimate_link(shown: ShownPlans, plan: dict[str, Any]) -> None:
    if plan["pricing_type"] == "CUSTOM":
        return
    given = {"kind": "new", "plan": plan["plan_id"], "period": shown.period}
    country = {"country": shown.country} if shown.country else {}
    st.page_link(
        "views/estimates.py",
        label="Estimate this",
        icon=":material/request_quote:",
        help=f"What {plain(plan['display_name'])} costs, with quantities, discount and tax",
        query_params=address_of(shown.scope) | given | country,
    )
