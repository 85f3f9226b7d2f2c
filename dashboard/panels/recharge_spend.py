"""How auto-recharge stands: whether it is on, and this month's spend against its cap."""

import streamlit as st

from dashboard.charts import spend as chart
from dashboard.charts.palette import palette
from dashboard.charts.spend import Spend
from dashboard.formats import exact, moment, money
from dashboard.markdown import plain
from dashboard.panels.recharge_history import latest_change
from dashboard.panels.recharge_shown import ShownRecharge
from queries.recharge.terms import MONEY, Terms

NEVER_SAVED = "nothing was ever saved here: this pool does not buy credits by itself."


def spend_panel(shown: ShownRecharge) -> None:
    """The settings as a sentence, then the bar of the month."""
    terms = shown.terms
    standing = NEVER_SAVED if terms is None else _standing(shown, terms)
    if shown.is_extract:
        when = f"As of the extract of {moment(shown.answer.as_of, shown.zone)}"
        st.markdown(plain(f"{when}{', ' if terms is None else ': '}{standing}"))
        _changed_since(shown)
    else:
        st.markdown(plain(standing[:1].upper() + standing[1:]))
    if terms is None:
        return
    month = f"{shown.answer.as_of:%B %Y}"
    if terms.cap is None or terms.cap == 0:
        cap = "no cap is set" if terms.cap is None else "the cap of 0 lets nothing be bought"
        st.markdown(plain(f"{money(shown.spent, MONEY)} were spent in {month} (UTC); {cap}."))
        return
    drawn = Spend(shown.spent, terms.cap, month, palette(st.context.theme.type))
    of_cap = f"{money(shown.spent, MONEY)} of {money(terms.cap, MONEY)}"
    st.markdown(f"**{plain(of_cap)}** spent in {month} (UTC), {drawn.share:.0%} of the cap")
    st.plotly_chart(
        chart.figure(drawn), key="spend", alt=chart.sentence(drawn),
        config={"displayModeBar": False},
    )  # fmt: skip
    if drawn.passed is not None:
        st.warning(_alarm(drawn), icon=":material/notifications_active:")


def _changed_since(shown: ShownRecharge) -> None:
    """What an extract cannot hold: the latest change after it, as far as this app made it."""
    later = latest_change(shown, shown.answer.as_of)
    if later is not None:
        at = moment(later.fact.at, shown.zone)
        st.warning(
            plain(
                f"It has been changed since, from this app on {at}, to {later.change.summary}. The "
                "live source tells how it stands now."
            ),
            icon=":material/update:",
        )


def _standing(shown: ShownRecharge, terms: Terms) -> str:
    unit = "USD" if terms.threshold_type == "DollarAmount" else shown.unit
    rule = (
        f"below {exact(terms.threshold)} {unit} it fills the balance up to {exact(terms.target)} "
        f"{shown.unit}"
    )
    at = f", as last changed on {moment(shown.changed_at, shown.zone)}" if shown.changed_at else ""
    return f"on{at}: {rule}." if shown.is_on else f"off{at}. Its numbers are kept: {rule}."


def _alarm(drawn: Spend) -> str:
    cap = plain(money(drawn.cap, MONEY))
    if drawn.passed == 100:
        return (
            f"The cap of {cap} is reached: nothing more is bought until the month ends or the cap "
            "is raised."
        )
    return (
        f"{drawn.passed} % of the cap of {cap} is reached: a recharge that would pass the cap is "
        "not made."
    )
