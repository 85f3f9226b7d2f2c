"""What was consumed, opened step by step: features and days, values of keys, single events."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import address_value, choose
from dashboard.controls.key_picker.address import put_picked_values
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.balance_shown import Shown
from dashboard.panels.export import export_buttons
from dashboard.tables import MOST_DRAWN, drawn, exact_format
from queries.keys import Keys
from queries.question import Answer
from queries.statement import (
    BUCKET,
    BUCKET_TEXT,
    FEATURE,
    GRANT,
    Spent,
    SpentEvents,
)
from queries.statement.explain import explain, spent_by
from queries.time import Span, bucket_end, to_local, zone_of
from queries.usage.shape import NOT_SET

EVENTS = "events"
SETTLED = "(taken over from an overdraft)"
COLUMN = {FEATURE: "feature_id", GRANT: "grant_id", BUCKET: "bucket"}
NAMES = {FEATURE: "Feature", GRANT: "Grant", BUCKET: "Time"}
STEP = "step"
SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Path:
    """The steps taken so far, each (key, value), in the order in which they were taken."""

    steps: tuple[tuple[str, str], ...]

    @property
    def grant_id(self) -> str | None:
        return dict(self.steps).get(GRANT)

    @property
    def bucket(self) -> datetime | None:
        text = dict(self.steps).get(BUCKET)
        return datetime.fromisoformat(text) if text else None

    @property
    def feature_id(self) -> str | None:
        return dict(self.steps).get(FEATURE)

    @property
    def only(self) -> tuple[tuple[str, str], ...]:
        """What events are narrowed by: the feature and the dimension keys."""
        return tuple(step for step in self.steps if step[0] not in (GRANT, BUCKET))

    @property
    def has_dimensions(self) -> bool:
        return any(key not in COLUMN for key, _ in self.steps)


def spent(shown: Shown) -> None:
    """The consumption of the span, split by what the reader chooses; a row opens the next level."""
    path = _read_path(shown)
    _chips(shown, path)
    options = _splits(shown, path)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=260):
            asked = address_value(SPLIT, "")
            first = next(iter(options))
            if asked not in options:
                put_picked_values(SPLIT, [])
            split = choose("Split by", options, key=SPLIT, default=first)
        opener = st.container(width=360)
    if split == EVENTS:
        _events(shown, path)
        return
    answer = _split(shown, path, split)
    _table(shown, path, split, options[split], answer)
    with opener:
        _look_into(shown, split, answer.frame)


def _read_path(shown: Shown) -> Path:
    """The steps of the address that can be followed here; others are left out."""
    cuts = {f"{cut:{BUCKET_TEXT}}" for cut in shown.question.cuts}
    steps = {}
    for text in st.query_params.get_all(STEP):
        key, separator, value = text.partition(":")
        if separator and (key != BUCKET or value in cuts):
            steps[key] = value
    return Path(tuple(steps.items()))


def _chips(shown: Shown, path: Path) -> None:
    if not path.steps:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Opened", width="content")
        for key, value in path.steps:
            name = NAMES.get(key, key)
            st.button(
                plain(f"{name} is {_value_name(shown, key, value)}"),
                key=f"close {key}",
                icon=":material/close:",
                help="Close this level again",
                on_click=_close,
                args=(key, value),
            )


def _close(key: str, value: str) -> None:
    left = [text for text in st.query_params.get_all(STEP) if text != f"{key}:{value}"]
    if left:
        st.query_params[STEP] = left
    else:
        st.query_params.pop(STEP, None)


def _splits(shown: Shown, path: Path) -> dict[str, str]:
    """What the rest can be split by: what has not been narrowed yet, single events last."""
    question = shown.question
    keys = ask(
        Keys(question.customer_id, question.currency_id, question.resource_id), shown.scope.source
    ).frame["key"]
    taken = dict(path.steps)
    named = {FEATURE: "Feature", BUCKET: question.grain.capitalize(), GRANT: "Grant that paid"}
    options = named | {key: key for key in keys if key not in named} | {EVENTS: "Single events"}
    return {key: name for key, name in options.items() if key not in taken}


def _split(shown: Shown, path: Path, split: str) -> Answer:
    """By what the statement knows from the statement; by keys of events from a question of its own.

    Raises CannotAnswer where the source does not know it.
    """
    question = shown.question
    if split in COLUMN and not path.has_dimensions:
        frame = spent_by(
            shown.answer.frame,
            question,
            COLUMN[split],
            grant_id=path.grant_id,
            feature_id=path.feature_id,
            bucket=path.bucket,
        )
        return Answer(frame, shown.answer.source, shown.answer.as_of)
    asked = Spent(
        question.customer_id,
        question.currency_id,
        _span(shown, path),
        split,
        question.resource_id,
        path.grant_id,
        path.only,
        question.grain,
        question.zone,
    )
    return ask(asked, shown.scope.source)


def _span(shown: Shown, path: Path) -> Span:
    question = shown.question
    if path.bucket is None:
        return question.span
    end = bucket_end(path.bucket, question.grain, zone_of(question.zone))
    return Span(path.bucket, min(end, question.span.end))


def _table(shown: Shown, path: Path, split: str, name: str, answer: Answer) -> None:
    """The rows with their shares, and that they add up to the line they open."""
    frame, total = answer.frame, Decimal(answer.frame["credits"].sum() or 0)
    if not frame.height:
        st.info("Nothing was consumed here.", icon=":material/inbox:")
        return
    names = [_value_name(shown, split, value) for value in frame["value"]]
    share = (pl.col("credits") / total if total > 0 else pl.lit(None)).cast(pl.Float64)
    table = frame.select(pl.Series(name, names, pl.String), share=share, credits=pl.col("credits"))
    event = st.dataframe(
        drawn(table),
        hide_index=True,
        column_config={
            name: st.column_config.TextColumn(name, pinned=True),
            "share": st.column_config.ProgressColumn(
                "Share", format="percent", min_value=0.0, max_value=1.0, width="small"
            ),
            "credits": st.column_config.NumberColumn(
                f"Credits ({shown.unit})", format=exact_format(table, "credits")
            ),
        },
        key=f"opened {split} {path.steps}",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"Consumption by {name} of the {shown.title}",
    )
    _tell_sum(shown, path, total, frame.height)
    about = shown.about(f"consumption by {name}") | _opened(shown, path)
    export_buttons(table, about, "balance-consumption")
    _open_selected(split, frame, event.selection.rows)


def _open_selected(split: str, frame: pl.DataFrame, rows: list[int]) -> None:
    """A click on a row goes one level down; what no event says has none."""
    value = frame["value"][rows[0]] if rows and rows[0] < frame.height else None
    if value is not None:
        _open(split, value)
        st.rerun()


def _look_into(shown: Shown, split: str, frame: pl.DataFrame) -> None:
    """The same by keyboard."""
    values = [value for value in frame["value"].head(MOST_DRAWN) if value is not None]
    st.selectbox(
        "Open",
        values,
        index=None,
        format_func=lambda value: _value_name(shown, split, value),
        placeholder="Choose a row, or click on it",
        key=f"open {split}",
        on_change=_open_chosen,
        args=(split,),
    )


def _open_chosen(split: str) -> None:
    value = st.session_state.get(f"open {split}")
    if value is not None:
        _open(split, value)
        st.session_state[f"open {split}"] = None


def _open(key: str, value: str) -> None:
    st.query_params[STEP] = [*st.query_params.get_all(STEP), f"{key}:{value}"]
    put_picked_values(SPLIT, [])


def _tell_sum(shown: Shown, path: Path, total: Decimal, count: int) -> None:
    """The rows' sum against the line they open, where the statement knows that line."""
    rows = f"{count:,} rows add" if count != 1 else "one row adds"
    found = f"The {rows} up to **{plain(exact(total))}** {plain(shown.unit)}"
    if path.has_dimensions:
        st.caption(f"{found}.")
        return
    expected = _expected(shown, path)
    if total == expected:
        st.caption(f":material/verified: {found}, all that was consumed here.")
        return
    st.error(
        f"This does not add up: the rows sum to {plain(exact(total))}, but "
        f"{plain(exact(expected))} {plain(shown.unit)} were consumed here, a difference of "
        f"{plain(exact(total - expected))}.",
        icon=":material/error:",
    )


def _expected(shown: Shown, path: Path) -> Decimal:
    """What was consumed here, by the statement."""
    if not path.steps:
        return -explain(shown.answer.frame, shown.question).consumed
    by_type = spent_by(
        shown.answer.frame,
        shown.question,
        "event_type",
        grant_id=path.grant_id,
        feature_id=path.feature_id,
        bucket=path.bucket,
    )
    return Decimal(by_type["credits"].sum() or 0)


def _events(shown: Shown, path: Path) -> None:
    question = shown.question
    asked = SpentEvents(
        question.customer_id,
        question.currency_id,
        _span(shown, path),
        question.resource_id,
        path.grant_id,
        path.only,
    )
    answer = ask(asked, shown.scope.source)
    if not answer.frame.height:
        st.info("No event was charged here.", icon=":material/inbox:")
        return
    wall = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(question.zone)
    names = {value: _value_name(shown, GRANT, value) for value in answer.frame["grant_id"]}
    table = answer.frame.with_columns(
        wall.dt.strftime("%Y-%m-%d %H:%M:%S").alias("occurred_at"),
        pl.col("feature_id").replace(dict(shown.names)),
        pl.col("grant_id").replace(names),
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "occurred_at": f"Time ({question.zone})",
            "event_id": "Event",
            "feature_id": "Feature",
            "grant_id": "Grant that paid",
            "credits": st.column_config.NumberColumn(
                f"Credits ({shown.unit})", format=exact_format(table, "credits")
            ),
            "dimensions": st.column_config.TextColumn("Dimensions", width="large"),
        },
        alt=f"Single events of the {shown.title}",
        placeholder="–",
    )
    total = Decimal(answer.frame["credits"].sum() or 0)
    if answer.is_cut:
        st.caption(
            f"The {answer.frame.height:,} largest are shown, in all "
            f"{plain(exact(total))} {plain(shown.unit)}. Open a level above to see fewer."
        )
    else:
        _tell_sum(shown, path, total, answer.frame.height)
    about = shown.about("events behind a balance") | _opened(shown, path)
    export_buttons(table, about, "balance-events")


def _opened(shown: Shown, path: Path) -> dict[str, str]:
    """What an export is narrowed by."""
    steps = [f"{NAMES.get(key, key)} is {_value_name(shown, key, v)}" for key, v in path.steps]
    return {"opened": "; ".join(steps) or "all that was consumed"}


def _value_name(shown: Shown, key: str, value: str | None) -> str:
    if value is None:
        return SETTLED
    if key == GRANT:
        return shown.name_of(value)
    if key == FEATURE:
        return shown.names.get(value, value) or NOT_SET
    if key == BUCKET:
        local = to_local(datetime.fromisoformat(value), zone_of(shown.question.zone))
        return f"{local:%a %-d %b %Y %H:%M}"
    return value or NOT_SET
