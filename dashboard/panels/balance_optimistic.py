"""The optimistic balance beside the settled one, until the one has become the other."""

from datetime import datetime
from decimal import Decimal

import streamlit as st

from dashboard import asking
from dashboard.failures import guarded
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.balance_shown import Shown
from data.clock import utc_now
from queries.answer import answer
from queries.balance import Balance, Optimistic
from queries.balance.optimistic import News, Standing, newest
from queries.question import Live
from queries.time import to_local, zone_of

SECONDS = 3
HEARD, WAITED = "optimistic news", "waited for"


def optimistic(shown: Shown) -> None:
    """Live and now only: an extract knows what has settled, and the past has."""
    if isinstance(shown.scope.source, Live) and shown.is_now:
        st.fragment(_standing, run_every=SECONDS)(shown)


def _standing(shown: Shown) -> None:
    """Asked anew each time, past the answers that are kept; what has settled redraws the page."""
    with guarded():
        standing = _ask(shown)
        if standing is None:
            return
        _tell(shown, standing)
        if standing.settled != shown.balance:
            asking.forget()
            st.rerun()


def _ask(shown: Shown) -> Standing | None:
    """The newest that was heard of the pool, beside its settled balance of now."""
    question = shown.question
    pool = (question.customer_id, question.currency_id, question.resource_id)
    rows = answer(Optimistic(*pool), shown.scope.source).frame.to_dicts()
    heard = [News(row["at"], row["granted"], row["consumed"]) for row in rows]
    known: dict[object, News] = st.session_state.setdefault(HEARD, {})
    news = newest(known.get(pool), heard[0] if heard else None)
    if news is None:
        return None
    known[pool] = news
    settled = answer(Balance(*pool), shown.scope.source).frame["balance"].sum()
    return Standing(news, Decimal(settled))


def _tell(shown: Shown, standing: Standing) -> None:
    waited: dict[object, tuple[Decimal, datetime]] = st.session_state.setdefault(WAITED, {})
    pool = (shown.question.customer_id, shown.question.currency_id, shown.question.resource_id)
    unit = shown.unit
    if not standing.is_settled:
        waited[pool] = (standing.news.balance, utc_now())
        st.info(
            f"Settled **{_text(standing.settled)}**, optimistic **{_text(standing.news.balance)}** "
            f"{plain(unit)}: {_text(abs(standing.waiting))} have been reported and wait to be "
            f"settled. Last heard {_clock(standing.news.at, shown)}; asked again every "
            f"{SECONDS} s.",
            icon=":material/hourglass_top:",
        )
    elif pool in waited:
        expected, at = waited[pool]
        off = standing.settled - expected
        found = "as the optimistic balance had said" if not off else (
            f"{_text(off)} off the optimistic balance of {_text(expected)}"
        )  # fmt: skip
        st.success(
            f"What was waiting at {_clock(at, shown)} has settled: "
            f"**{_text(standing.settled)}** {plain(unit)}, {found}.",
            icon=":material/done_all:",
        )
    else:
        st.caption(
            "The optimistic balance is the same: nothing that was reported waits to be settled."
        )


def _text(amount: Decimal) -> str:
    return plain(exact(amount).replace("-", "−"))


def _clock(at: datetime, shown: Shown) -> str:
    zone = shown.question.zone
    return f"{to_local(at, zone_of(zone)):%H:%M:%S} {plain(zone)}"
