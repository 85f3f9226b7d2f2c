"""What comes next: which grant burns and why, when the pool runs out, what lapses unused."""

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboard.formats import compact, exact, moment, percent
from dashboard.markdown import plain
from dashboard.panels.balance_shown import Ahead, Shown
from dashboard.tables import drawn, exact_format
from queries.grants.order import burns_next, why_first
from queries.outlook import HORIZON, METHOD, RunOut, Said, Status
from queries.time import to_local, zone_of

MOST_IN_LINE = 20
NO_END = f"later than {HORIZON} days"


def look_ahead(shown: Shown) -> None:
    """Nothing of it for a balance of the past."""
    _in_line(shown)
    if shown.ahead is None:
        st.caption(
            "This is the order of now. The forecast belongs to the balance of now, too: explain a "
            "time that ends now, such as the last 7 days, and leave “Balance at” empty."
        )
        return
    _run_out(shown, shown.ahead)
    _lapses(shown, shown.ahead)
    _hindsight(shown, shown.ahead)
    with st.expander("How this is forecast"):
        st.markdown(plain(METHOD))


def _in_line(shown: Shown) -> None:
    """The grants in the order in which they burn, each with the rule that puts it before the next.

    It is the order of now, whatever moment is looked at.
    """
    rows = burns_next(shown.grants).to_dicts()
    if not rows:
        st.markdown("**Burns next:** nothing is left to burn. Usage goes to the overdraft.")
        return
    first = rows[0]
    left = exact(first["amount"] - first["consumed_amount"])
    text = f"**Burns next:** {plain(shown.name_of(first['grant_id']))}, {plain(left)} left"
    if len(rows) == 1:
        st.markdown(f"{text}, the only grant with credits.")
        return
    second = shown.name_of(rows[1]["grant_id"])
    st.markdown(f"{text}. It comes before {plain(second)}: {plain(why_first(*rows[:2]))}.")
    with st.expander(f"The order of the {len(rows):,} grants with credits"):
        st.caption(
            "Lower priority burns first; then what expires sooner; then promotional before paid "
            "and recurring; then what began earlier; then what is older."
        )
        st.dataframe(
            _line_table(shown, rows[:MOST_IN_LINE]),
            hide_index=True,
            alt=f"Burn order of {shown.header.whose}",
            placeholder="–",
        )


def _line_table(shown: Shown, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    reasons = [*(why_first(a, b) for a, b in itertools.pairwise(rows)), None]
    return pl.DataFrame(
        {
            "Grant": [shown.name_of(row["grant_id"]) for row in rows],
            f"Left ({shown.unit})": [row["amount"] - row["consumed_amount"] for row in rows],
            "Before the next because": reasons,
        }
    )


def _run_out(shown: Shown, ahead: Ahead) -> None:
    outlook = ahead.outlook
    st.markdown(f"**Runs out:** {plain(_run_out_text(outlook.run_out, shown.question.zone))}")
    bought = outlook.recharges.filter(pl.col("use") == "expected")
    notes = [note for note in (outlook.renewal_note, outlook.recharge_note) if note]
    if bought.height:
        cost = Decimal(bought["cost"].sum())
        notes.append(
            f"Auto-recharge is counted in: {bought.height} "
            f"{'purchase' if bought.height == 1 else 'purchases'} in {HORIZON} days, "
            f"{exact(cost)} US dollars."
        )
    for note in notes:
        st.caption(plain(note))


def _run_out_text(said: RunOut, zone: str) -> str:
    """When, as a range of days; or why nothing is said."""
    if said.status is Status.UNKNOWN:
        return f"no forecast. {said.sentence}"
    if said.status is Status.OVERDRAFT:
        return f"it has: the pool is in overdraft. {said.sentence}".strip()
    if said.status is Status.OUT:
        return f"it has: nothing is left. {said.sentence}".strip()
    if said.status is Status.BEYOND:
        return f"not within {HORIZON} days, even with high use. {said.sentence}".strip()
    return f"{_range(said, *_run_out_days(said, zone))}. {said.sentence}".strip()


def _range(said: RunOut, earliest: str, expected: str, latest: str) -> str:
    if said.expected is None:
        return (
            f"on {earliest} at the earliest, with high use; as expected, not within {HORIZON} days"
        )
    if said.latest is None:
        return f"on {earliest} at the earliest, expected {expected}; with low use, {latest}"
    if earliest == latest:
        return f"on {earliest}"
    return f"between {earliest} and {latest}, expected {expected}"


def _run_out_days(said: RunOut, zone: str) -> list[str]:
    """The earliest, the expected and the latest."""
    return [
        f"{to_local(at, zone_of(zone)):%-d %b %Y}" if at else NO_END
        for at in (said.earliest, said.expected, said.latest)
    ]


def _run_out_cell(said: RunOut, zone: str) -> str:
    """As `_run_out_text`, short enough for a table."""
    if said.status is not Status.WITHIN:
        return _run_out_text(said, zone)
    earliest, expected, latest = _run_out_days(said, zone)
    return f"{earliest} – {latest}, expected {expected}"


def _lapses(shown: Shown, ahead: Ahead) -> None:
    """Credits at risk: what of each grant is expected to lapse unused."""
    lapses = ahead.outlook.lapses
    if not ahead.outlook.has_forecast:
        return
    at_risk = lapses.filter(pl.col("lapse_high") > 0)
    if not at_risk.height:
        st.markdown(
            f"**Credits at risk:** none. Every grant that ends within {HORIZON} days is expected "
            "to be used up before."
            if lapses.height
            else f"**Credits at risk:** none. No grant ends within {HORIZON} days."
        )
        return
    total = compact(Decimal(at_risk["lapse"].sum()))
    st.markdown(
        f"**Credits at risk:** {plain(total)} {plain(shown.unit)} are expected to lapse within "
        f"{HORIZON} days."
    )
    names = [shown.name_of(grant_id) for grant_id in at_risk["grant_id"]]
    ends = [moment(at, shown.question.zone) for at in at_risk["expire_at"]]
    table = at_risk.select(
        pl.Series("grant", names, pl.String),
        pl.Series("ends", ends, pl.String),
        "remaining",
        "lapse",
        "lapse_low",
        "lapse_high",
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        drawn(table),
        hide_index=True,
        column_config={
            "grant": "Grant",
            "ends": "Ends",
            "remaining": number("Left now", format=exact_format(table, "remaining")),
            "lapse": number("Expected to lapse", format="%,.0f"),
            "lapse_low": number("At least", format="%,.0f"),
            "lapse_high": number("At most", format="%,.0f"),
        },
        alt=f"Credits at risk of {shown.header.whose}",
    )


def _hindsight(shown: Shown, ahead: Ahead) -> None:
    """What the same method said before, beside what came."""
    if not any(said.expected is not None for said in ahead.said):
        return
    st.markdown(
        f"**What the same method said before,** of the {plain(shown.unit)} used from then to the "
        "last midnight of UTC:"
    )
    zone = shown.question.zone
    rows = [_said_row(said, zone) for said in ahead.said]
    st.dataframe(
        pl.DataFrame(rows),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(name, format="%,.0f")
            for name in ("Expected", "Low", "High", "Really used")
        },
        alt=f"What the forecast of {shown.header.whose} said before",
        placeholder="–",
    )


def _said_row(said: Said, zone: str) -> dict[str, object]:
    held = {True: "yes", False: "no", None: None}[said.has_held]
    ratio = said.error_ratio
    return {
        "Said": f"{said.days_ago} days ago",
        "Expected": said.expected,
        "Low": said.low,
        "High": said.high,
        "Really used": said.actual,
        "Off by": None if ratio is None else percent(ratio),
        "Within the range": held or (None if said.run_out else said.sentence),
        "Runs out, it said": _run_out_cell(said.run_out, zone) if said.run_out else None,
    }
