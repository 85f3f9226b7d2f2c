"""The Streamlit entry: page settings and navigation."""

from pathlib import Path

import streamlit as st

from dashboard.access import LOCAL_USER, current_actor
from dashboard.sources import current

VIEWS = Path(__file__).parent / "views"

st.set_page_config(page_title="Credits", page_icon=":material/toll:", layout="wide")
LOOK = [
    st.Page(
        VIEWS / "overview.py",
        title="Overview",
        icon=":material/monitoring:",
        default=True,
        help="All customers: what is outstanding, who runs out, what lapses.",
    ),
    st.Page(
        VIEWS / "usage.py",
        title="Usage",
        icon=":material/bar_chart:",
        url_path="usage",
        help="Credits used over time by any key of your events, and why that changed.",
    ),
    st.Page(
        VIEWS / "balance.py",
        title="Balance",
        icon=":material/account_balance_wallet:",
        url_path="balance",
        help="What a balance is made of, down to single events, and when it runs out.",
    ),
    st.Page(
        VIEWS / "ledger.py",
        title="Ledger",
        icon=":material/receipt_long:",
        url_path="ledger",
        help="Every change of a balance, row by row.",
    ),
    st.Page(
        VIEWS / "grants.py",
        title="Grants",
        icon=":material/redeem:",
        url_path="grants",
        help="The blocks of credits a customer holds; grant and void them.",
    ),
]
PRICE = [
    st.Page(
        VIEWS / "plans.py",
        title="Plans",
        icon=":material/sell:",
        url_path="plans",
        help="What is sold: plans with prices, credits and entitlements, and coupons.",
    ),
    st.Page(
        VIEWS / "estimates.py",
        title="Estimates",
        icon=":material/request_quote:",
        url_path="estimates",
        help="What a subscription, a change, a usage or an event would cost.",
    ),
    st.Page(
        VIEWS / "what_if.py",
        title="What-if",
        icon=":material/science:",
        url_path="what-if",
        help="What other prices would have done to the past.",
    ),
]
CHANGE = [
    st.Page(
        VIEWS / "auto_recharge.py",
        title="Auto-recharge",
        icon=":material/autorenew:",
        url_path="auto-recharge",
        help="When a pool buys credits by itself, what that costs, and a rehearsal of it.",
    ),
    st.Page(
        VIEWS / "entitlements.py",
        title="Entitlements",
        icon=":material/verified_user:",
        url_path="entitlements",
        help="What a customer may use beside its plans; grant and revoke it.",
    ),
    st.Page(
        VIEWS / "report_usage.py",
        title="Report usage",
        icon=":material/upload:",
        url_path="report-usage",
        help="Report measurements and events, and see what they do to the balance.",
    ),
    st.Page(
        VIEWS / "activity.py",
        title="Activity",
        icon=":material/history:",
        url_path="activity",
        help="Every change made from this app.",
    ),
]
# In sections they would be a list that screen readers cannot follow: axe says so of Streamlit's.
page = st.navigation([*LOOK, *PRICE, *CHANGE])
problem = current().problem
if problem and current().extract:
    st.warning(problem, icon=":material/link_off:")
page.run()
if current().is_demo:
    st.caption(
        "The company and its numbers are invented. To connect your own, set METERING\\_API\\_URL "
        "and METERING\\_API\\_KEY; the README tells how."
    )
if current_actor() == LOCAL_USER:
    st.caption("Without sign-in this app listens on this machine only, and you are its local user.")
