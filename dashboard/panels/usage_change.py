"""Why usage changed: the split of the difference to the previous period."""

from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard.formats import day_span, exact, signed
from dashboard.markdown import plain
from dashboard.panels.shown import Shown
from dashboard.tables import drawn, exact_format
from queries.usage import Usage
from queries.usage.change import Amounts, Change, split
from queries.usage.top import by_group

PARTS = ("before", "now", "change", "volume", "mix", "rate")


def change(shown: Shown) -> None:
    """The difference to the previous period: volume, mix and rate, adding up to the last credit."""
    previous = shown.previous
    span = day_span(shown.previous_span.start, shown.previous_span.end, shown.question.zone)
    if previous is None:
        st.caption("Comparison is off. Switch it on above to see why usage changed.")
        return
    parts = split(_amounts(previous, shown.question), _amounts(shown.groups, shown.question))
    if not parts.groups:
        st.caption(
            f"There is not enough data to explain a change: this period or the one before "
            f"({plain(span)}) has no events."
        )
        return
    with st.container(horizontal=True):
        for label, amount, help in (
            ("Change", parts.total, f"Against {span}"),
            ("Volume", parts.volume, "More or fewer events, in the same proportions"),
            ("Mix", parts.mix, "Events that moved between cheap and dear groups, or are new"),
            ("Rate", parts.rate, "The same kind of event costing more or less"),
        ):
            st.metric(label, signed(amount), help=help, border=True)
    st.caption(
        f"Volume, mix and rate add up to the last credit: {plain(_sum_text(parts))} "
        f"{plain(shown.unit)} against {plain(span)}."
    )
    if shown.question.by:
        _change_table(shown, parts)


def _sum_text(parts: Change) -> str:
    """5 − 2 + 1 = 4."""
    terms = [exact(parts.volume).replace("-", "−")]
    for part in (parts.mix, parts.rate):
        terms.append(f"{'−' if part < 0 else '+'} {exact(abs(part))}")
    return f"{' '.join(terms)} = {exact(parts.total).replace('-', '−')}"


def _amounts(frame: pl.DataFrame, question: Usage) -> Amounts:
    groups = by_group(frame, question)
    return {tuple(row[:-2]): (row[-2] or Decimal(0), row[-1] or 0) for row in groups.iter_rows()}


def _change_table(shown: Shown, parts: Change) -> None:
    rows = [
        {"group": shown.name_of(one.group)} | {part: getattr(one, part) for part in PARTS}
        for one in parts.groups
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {"group": pl.String}
    schema |= {name: pl.Decimal(38, 6) for name in PARTS}
    number = st.column_config.NumberColumn
    frame = pl.DataFrame(rows, schema)
    st.dataframe(
        drawn(frame),
        hide_index=True,
        column_config={"group": st.column_config.TextColumn("Group", pinned=True)}
        | {name: number(name.capitalize(), format=exact_format(frame, name)) for name in PARTS},
        alt=f"Why usage changed, by group: {shown.title}",
    )
