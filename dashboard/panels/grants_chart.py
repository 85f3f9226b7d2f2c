"""The timeline of the Grants page."""

import streamlit as st

from dashboard.charts import timeline as chart
from dashboard.charts.palette import palette
from dashboard.charts.timeline import MOST_BARS, Timeline
from dashboard.panels.grants_shown import ShownGrants


def draw_chart(shown: ShownGrants) -> None:
    """The listed grants over time, with the text alternative; the rest is said."""
    grants = shown.listed
    if not grants.height:
        return
    theme = palette(st.context.theme.type)
    drawn = Timeline(grants, shown.as_of, shown.zone, shown.unit, theme)
    st.plotly_chart(
        chart.figure(drawn),
        key="timeline",
        alt=chart.sentence(drawn),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
    )
    if grants.height > MOST_BARS:
        st.caption(
            f"{MOST_BARS} of {grants.height:,} grants are drawn: first those that hold credits, "
            "then those still to come, then the newest. The table lists all."
        )
