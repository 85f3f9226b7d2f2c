"""The chart of the Overview: what was granted and what left, over time; and its table."""

from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard.charts import moves as chart
from dashboard.charts.moves import COLOURS, Moved
from dashboard.charts.palette import palette
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.panels.overview_shown import ShownPortfolio
from dashboard.tables import drawn, exact_format
from queries.time import Grain, partial_bucket, to_local, zone_of

NAMES = {
    ("granted", "PAID"): "Granted, paid",
    ("granted", "RECURRING"): "Granted, recurring",
    ("granted", "PROMOTIONAL"): "Granted, promotional",
    ("consumed", None): "Consumed",
    ("expired", None): "Expired",
    ("voided", None): "Voided",
}


def draw_chart(shown: ShownPortfolio) -> None:
    """The chart with its text alternative, and its numbers one click away."""
    question, series = shown.wanted.moves(), _series(shown)
    if not series:
        st.info(
            "Nothing was granted, used or lost in this period. Choose a longer one, or another "
            "currency.",
            icon=":material/inbox:",
        )
        return
    zone = zone_of(question.zone)
    partial = partial_bucket(question.span, question.grain, zone, shown.now)
    st.plotly_chart(
        chart.figure(question, series, palette(st.context.theme.type), shown.unit, partial),
        key="moves",
        alt=chart.sentence(question, series, shown.unit),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
    )
    with st.expander("The chart as a table"):
        _table(shown, series)


def _series(shown: ShownPortfolio) -> list[Moved]:
    """Those with anything in them, in the order in which they are stacked."""
    cuts = shown.wanted.moves().cuts
    amounts: dict[str, dict[object, Decimal]] = {}
    for bucket, move, grant_type, amount in shown.moves.iter_rows():
        one = amounts.setdefault(NAMES.get((move, grant_type), "Updated"), {})
        one[bucket] = one.get(bucket, Decimal(0)) + amount
    return [
        Moved(name, tuple(amounts[name].get(cut, Decimal(0)) for cut in cuts))
        for name in COLOURS
        if name in amounts
    ]


def _table(shown: ShownPortfolio, series: list[Moved]) -> None:
    """The newest bucket first; a change is the sum of its row."""
    question = shown.wanted.moves()
    pattern = "%a %Y-%m-%d %H:%M" if question.grain is Grain.HOUR else "%a %Y-%m-%d"
    walls = [f"{to_local(cut, zone_of(question.zone)):{pattern}}" for cut in question.cuts]
    columns = {one.name: pl.Series(one.amounts, dtype=pl.Decimal(38, 6)) for one in series}
    net = pl.sum_horizontal(*columns).cast(pl.Decimal(38, 6))
    first = f"{question.grain.capitalize()} from"
    frame = pl.DataFrame({first: walls, **columns}).with_columns(net.alias("Change")).reverse()
    number = st.column_config.NumberColumn
    st.dataframe(
        drawn(frame),
        hide_index=True,
        column_config={first: st.column_config.TextColumn(first, pinned=True)}
        | {name: number(name, format=exact_format(frame, name)) for name in frame.columns[1:]},
        alt=f"What moved the balances of {shown.title}",
    )
    total = sum((one.total for one in series), Decimal(0))
    text = " · ".join(f"{one.name.lower()} {_exact(one.total)}" for one in series)
    st.caption(f"In all: {plain(text)}. Together {plain(_exact(total))} {plain(shown.unit)}.")
    export_buttons(frame, shown.about("what moved the balances"), "portfolio-moves")


def _exact(amount: Decimal) -> str:
    return exact(amount).replace("-", "−")
