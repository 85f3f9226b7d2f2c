"""What use costs in credits: a row for each feature, a column for each plan."""

import polars as pl
import streamlit as st

from dashboard.panels import plan_words
from dashboard.panels.export import export_buttons
from dashboard.panels.plans_shown import ShownPlans


def rates_table(shown: ShownPlans) -> None:
    st.header("What use costs in credits")
    rates = shown.rates
    if not rates.height:
        st.info(
            "No plan here charges credits. A rate would be listed for each feature that does.",
            icon=":material/inbox:",
        )
        return
    table = _by_plan(shown)
    st.dataframe(
        table,
        hide_index=True,
        column_config={"Feature": st.column_config.TextColumn(pinned=True)},
        alt=f"Table of what {table.height} features cost in credits, by plan",
        placeholder="–",
    )
    st.caption("A formula is reckoned from the keys of each event; – is not charged in credits.")
    export_buttons(rates, shown.about("rates of plans"), "rates")


def _by_plan(shown: ShownPlans) -> pl.DataFrame:
    """The plans on sale in the order of their cards, then the others."""
    order = [plan["plan_id"] for plan in shown.plans]
    order += [each for each in shown.rates["plan_id"].unique(maintain_order=True)
              if each not in order]  # fmt: skip
    plans = dict(shown.rates.select("plan_id", "plan_name").iter_rows())
    names = list(plans.values())
    rows: dict[str, dict[str, str]] = {}
    for each in shown.rates.sort("feature_name").to_dicts():
        rows.setdefault(each["feature_name"], {})[each["plan_id"]] = plan_words.rate(
            each, shown.credit_names
        )
    columns = {
        plan_id: plans[plan_id] if names.count(plans[plan_id]) == 1 else plan_id
        for plan_id in order
        if plan_id in plans
    }
    return pl.DataFrame(
        [
            {"Feature": feature} | {title: told.get(plan_id) for plan_id, title in columns.items()}
            for feature, told in rows.items()
        ],
        infer_schema_length=None,
    )
