"""The Streamlit entry: page settings and navigation."""

from pathlib import Path

import streamlit as st

from dashboard.sources import current

VIEWS = Path(__file__).parent / "views"

st.set_page_config(page_title="Credits", page_icon=":material/toll:", layout="wide")
page = st.navigation(
    [
        st.Page(
            VIEWS / "usage.py",
            title="Usage",
            icon=":material/bar_chart:",
            url_path="usage",
            default=True,
            help="Credits used over time by any key of your events, and why that changed.",
        )
    ]
)
problem = current().problem
if problem and current().extract:
    st.warning(problem, icon=":material/link_off:")
page.run()
if current().is_demo:
    st.caption(
        "The company and its numbers are invented. To connect your own, set METERING\\_API\\_URL "
        "and METERING\\_API\\_KEY; the README tells how. Without sign-in this app listens on this "
        "machine only, and you are its local user."
    )
