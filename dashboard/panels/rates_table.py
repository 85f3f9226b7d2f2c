"""What use costs in credits: a row for each feature, a column for each plan."""

import polars as pl
import streamlit as st

from dashboard.markdown import plain
from dashboard.panels import plan_words
from dashboard.panels.export import export_buttons
from dashboard.panels.plans_shown import ShownPlans

NOT_CHARGED = "–"


def rates_table(shown: ShownPlans) -> None:
    st.header("What use costs in credits")
    rates = rates_on_sale(shown)
    if not rates.height:
        st.info(
            "No plan here charges credits. A rate would be listed for each feature that does.",
            icon=":material/inbox:",
        )
        return
    table = _by_plan(shown, rates)
    st.table(
        table.select(pl.all().map_elements(plain, pl.String)),
        border="horizontal",
        hide_index=True,
        alt=f"Table of what {table.height} features cost in credits, by plan",
    )
    st.caption("A formula is reckoned from the keys of each event; – is not charged in credits.")
    export_buttons(rates, shown.about("rates of plans"), "rates")


def rates_on_sale(shown: ShownPlans) -> pl.DataFrame:
    """Those of the plans that have a card; all where the source does not tell which are on sale."""
    if shown.cannot is not None:
        return shown.rates
    return shown.rates.filter(pl.col("plan_id").is_in([plan["plan_id"] for plan in shown.plans]))


def _by_plan(shown: ShownPlans, rates: pl.DataFrame) -> pl.DataFrame:
    """The plans in the order of their cards; – is not charged in credits."""
    order = [plan["plan_id"] for plan in shown.plans]
    order += [each for each in rates["plan_id"].unique(maintain_order=True)
              if each not in order]  # fmt: skip
    plans = dict(rates.select("plan_id", "plan_name").iter_rows())
    names = list(plans.values())
    rows: dict[str, dict[str, str]] = {}
    for each in rates.sort("feature_name").to_dicts():
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
            {"Feature": feature}
            | {title: told.get(plan_id, NOT_CHARGED) for plan_id, title in columns.items()}
            for feature, told in rows.items()
        ],
        infer_schema_length=None,
    )
