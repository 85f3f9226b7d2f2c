"""The table under the chart, and a closer look at one of its rows."""

from dataclasses import replace

import polars as pl
import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import choose
from dashboard.controls.filters import add_filters
from dashboard.controls.key_picker.address import put_picked_values
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.panels.shown import CUT, Shown, key_name
from dashboard.tables import MOST_DRAWN, drawn, usage_columns
from queries.keys import Keys
from queries.usage import FEATURE, Filter, Usage
from queries.usage.shape import NOT_SET, breakdown, total


def table(shown: Shown) -> None:
    """A row for each group, and a closer look at one of them."""
    frame = breakdown(shown.groups, shown.previous, shown.question)
    frame = _named(frame, shown.question, shown)
    now = total(shown.over_time)
    before = total(shown.previous).events if shown.previous is not None else 0
    if not now.events and not before:
        return
    st.markdown(
        f"**{frame.height:,}** {'rows' if frame.height != 1 else 'row'} · total "
        f"**{plain(exact(now.credits))}** {plain(shown.unit)} in **{now.events:,}** events"
        + (f" · the first {MOST_DRAWN:,} rows are drawn" if frame.height > MOST_DRAWN else "")
    )
    keys = [key_name(key) for key in shown.question.by]
    st.dataframe(
        drawn(frame),
        hide_index=True,
        column_config=usage_columns(frame, keys, shown.unit),
        alt=f"Table of {shown.title}",
        placeholder="–",
    )
    export_buttons(frame, shown.about(), "credit-usage")
    if shown.question.by:
        _look_into(shown)


def _named(frame: pl.DataFrame, question: Usage, shown: Shown) -> pl.DataFrame:
    """A table with its keys' names as columns, features by name."""
    renamed = frame.rename(
        {column: key_name(key) for column, key in zip(question.columns, question.by, strict=True)}
    )
    named = {
        key_name(key): pl.col(key_name(key)).replace(dict(shown.names))
        for key in question.by
        if key == FEATURE
    }
    keys = [key_name(key) for key in question.by]
    return renamed.with_columns(**named).with_columns(
        pl.when(pl.col(key) == "").then(pl.lit(NOT_SET)).otherwise(key).alias(key) for key in keys
    )


def _look_into(shown: Shown) -> None:
    """One group: keep only it, leave it out, or break it down by another key."""
    question = shown.question
    rows = list(shown.groups.select(question.columns).head(MOST_DRAWN).iter_rows())
    names = {shown.name_of(row): row for row in rows}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=320):
            options = {"": "Choose a row", **{name: name for name in names}}
            chosen = choose("Look into", options, key="into", default="")
        row = names.get(chosen)
        if row is None:
            if chosen:
                st.caption("This table has no such row; choose one from the list.")
            return
        pairs = list(zip(question.by, row, strict=True))
        st.button("Only this", on_click=_narrow, args=("only", pairs), icon=":material/filter_alt:")
        st.button(
            "Without this",
            on_click=_narrow,
            args=("without", pairs[:1]),
            icon=":material/filter_alt_off:",
            help="Leaves out every event with this value of the first key",
        )
        with st.container(width=220):
            key = _nested_key(shown)
    if key:
        _nested(shown, pairs, key, chosen)


def _narrow(kind: str, pairs: list[tuple[str, str]]) -> None:
    add_filters(kind, pairs)
    put_picked_values("into", [])


def _nested_key(shown: Shown) -> str:
    question = shown.question
    keys = ask(
        Keys(question.customer_id, question.currency_id, question.resource_id), shown.scope.source
    ).frame["key"]
    options = {"": "Choose a key", FEATURE: "Feature"} | {key: key for key in keys}
    unused = {key: name for key, name in options.items() if key not in question.by}
    return choose("Break it down by", unused, key="nested", default="")


def _nested(shown: Shown, pairs: list[tuple[str, str]], key: str, name: str) -> None:
    question = shown.question
    kept = [f for f in question.filters if f.key not in dict(pairs)]
    only = [Filter(k, (value,)) for k, value in pairs]
    asked = replace(question.whole(), by=(key,), filters=(*only, *kept))
    found = ask(asked, shown.scope.source)
    st.caption(f"{plain(name)} by {plain(key_name(key))}")
    if found.is_cut:
        st.warning(CUT, icon=":material/content_cut:")
    nested = breakdown(found.frame, None, asked).drop("previous", "change", "change_ratio")
    nested = _named(nested, asked, shown)
    st.dataframe(
        drawn(nested),
        hide_index=True,
        column_config=usage_columns(nested, [key_name(key)], shown.unit),
        alt=f"{name} by {key}",
        placeholder="–",
    )
