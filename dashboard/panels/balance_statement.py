"""The statement: one balance out of another, with its proof, and its lines by grant and by day."""

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboard.controls.choices import pick
from dashboard.formats import exact, moment
from dashboard.markdown import plain
from dashboard.panels.balance_shown import Shown
from dashboard.panels.export import export_buttons
from dashboard.tables import MOST_DRAWN, drawn, exact_format
from queries.statement.explain import LINES, MOVES, by_bucket, by_grant
from queries.time import Grain

NAMES = {
    "opening": "Opening",
    "granted": "Granted",
    "consumed": "Consumed",
    "expired": "Expired",
    "voided": "Voided",
    "updated": "Updated",
    "closing": "Balance",
}
SPLITS = {"grant": "By grant", "time": "Over time"}


def statement(shown: Shown) -> None:
    """The lines that lead to the balance, each a number; under them the proof."""
    whole = shown.whole
    lines = [line for line in LINES if line in ("closing", "granted", "consumed") or
             whole.amount_of(line)]  # fmt: skip
    with st.container(horizontal=True):
        for line in lines:
            amount = whole.amount_of(line)
            label = _closing_name(shown) if line == "closing" else NAMES[line]
            text = exact(amount) if line in ("opening", "closing") else _moved(amount)
            st.metric(label, plain(text.replace("-", "−")), border=True, help=_help(line, shown))
    _proof(shown)


def _closing_name(shown: Shown) -> str:
    return "Balance now" if shown.is_now else "Balance then"


def _moved(amount: Decimal) -> str:
    sign = "+ " if amount > 0 else "− " if amount < 0 else ""
    return f"{sign}{exact(abs(amount))}"


def _help(line: str, shown: Shown) -> str | None:
    zone = shown.question.zone
    return {
        "opening": f"The balance at {moment(shown.question.span.start, zone)}",
        "granted": "Credits of grants that began",
        "consumed": "Credits used by metered events, what was given back taken off",
        "expired": "Credits of grants that ended with something left",
        "voided": "Credits of grants that were cancelled",
        "updated": "Changes of grants",
        "closing": f"At {moment(shown.ends_at, zone)}, in {shown.unit}",
    }[line]


def _proof(shown: Shown) -> None:
    """The sum in exact decimals, and what it was checked against; a difference is never hidden."""
    whole = shown.whole
    closing = f"{exact(whole.closing).replace('-', '−')} {shown.unit}"
    st.markdown(f"{plain(_sum_text(shown))} = **{plain(closing)}**")
    ledger = "the whole ledger"
    if whole.since:
        ledger = f"the whole ledger (this balance, and {_moved(whole.since)} since then)"
    if shown.is_proven:
        told = " and ".join(name for name, _ in shown.proofs())
        st.caption(
            f":material/verified: Proven to the last decimal: {plain(ledger)} sums to "
            f"{plain(exact(whole.now).replace('-', '−'))}, and so do {plain(told)}."
        )
        return
    wrong = [
        f"{name} is {exact(amount)}, a difference of {exact(amount - whole.now)}"
        for name, amount in shown.proofs()
        if amount != whole.now
    ]
    st.error(
        f"This does not add up. {plain(ledger[0].upper() + ledger[1:])} sums to "
        f"{plain(exact(whole.now))}, but "
        f"{plain('; '.join(wrong))} {plain(shown.unit)}.{plain(_culprits(shown))}",
        icon=":material/error:",
    )


def _sum_text(shown: Shown) -> str:
    """5 opening + 2 granted − 3 consumed."""
    whole = shown.whole
    terms = [f"{exact(whole.opening)} opening"] if whole.opening else []
    for move in MOVES:
        amount = whole.amount_of(move)
        if amount or move == "consumed" or (move == "granted" and not terms):
            sign = "−" if amount < 0 or (move == "consumed" and not amount) else "+"
            lead = "" if not terms and sign == "+" else f"{sign} "
            terms.append(f"{lead}{exact(abs(amount))} {NAMES[move].lower()}")
    return " ".join(terms).replace("-", "−")


def _culprits(shown: Shown) -> str:
    """The grants whose ledger and whose own figures differ."""
    ledger = shown.answer.frame.group_by("grant_id").agg(pl.col("amount").sum())
    is_active = pl.col("status") == "ACTIVE"
    left = pl.when(is_active).then(pl.col("amount") - pl.col("consumed_amount")).otherwise(0)
    own = shown.grants.select("grant_id", left=left)
    both = own.join(ledger, on="grant_id", how="full", coalesce=True).fill_null(0)
    names = [shown.name_of(g) for g in both.filter(pl.col("left") != pl.col("amount"))["grant_id"]]
    if not names:
        return ""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f" It differs for {', '.join(names[:3])}{more}."


def lines(shown: Shown) -> None:
    """Every line by grant or over time; each column adds up to the line."""
    split = pick(f"Lines ({shown.unit})", SPLITS, key="lines", default="grant")
    frame = _by_grant(shown) if split == "grant" else _over_time(shown)
    used = [line for line in LINES if line == "closing" or (frame[line] != 0).any()]
    frame = frame.select(frame.columns[0], *used)
    st.dataframe(
        drawn(frame),
        hide_index=True,
        column_config=_columns(frame),
        alt=f"Lines {SPLITS[split].lower()} of the {shown.title}",
        placeholder="–",
    )
    sums = " · ".join(
        f"{NAMES[line].lower()} {exact(shown.whole.amount_of(line)).replace('-', '−')}"
        for line in used
        if split == "grant" or line in MOVES
    )
    more = f" The first {MOST_DRAWN:,} are drawn." if frame.height > MOST_DRAWN else ""
    rows = f"{frame.height:,} rows add" if frame.height != 1 else "one row adds"
    st.caption(f"The {rows} up to: {plain(sums)}.{more}")
    export_buttons(frame, shown.about(f"balance {SPLITS[split].lower()}"), f"balance-by-{split}")


def _by_grant(shown: Shown) -> pl.DataFrame:
    """The grants that hold the most come first, by name."""
    frame = by_grant(shown.answer.frame, shown.question)
    size = pl.max_horizontal(pl.col(LINES).abs())
    frame = frame.sort([pl.col("closing").abs(), size, "grant_id"], descending=[True, True, False])
    names = [shown.name_of(grant_id) for grant_id in frame["grant_id"]]
    return frame.select(pl.Series("Grant", names, pl.String), *LINES)


def _over_time(shown: Shown) -> pl.DataFrame:
    """The newest bucket first, on the clock of the display zone."""
    frame = by_bucket(shown.answer.frame, shown.question).sort("bucket", descending=True)
    wall = (
        pl.col("bucket")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(shown.question.zone)
        .dt.strftime("%a %Y-%m-%d %H:%M" if shown.question.grain is Grain.HOUR else "%a %Y-%m-%d")
    )
    return frame.select(wall.alias(f"{shown.question.grain.capitalize()} from"), *LINES)


def _columns(frame: pl.DataFrame) -> dict[str, Any]:
    first = frame.columns[0]
    amounts = {
        line: st.column_config.NumberColumn(
            NAMES[line] if line != "closing" else "Closing", format=exact_format(frame, line)
        )
        for line in frame.columns[1:]
    }
    return {first: st.column_config.TextColumn(first, pinned=True)} | amounts
