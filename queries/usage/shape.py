"""From the answer to what is drawn and listed: top series with the rest as others, totals, shares.

Every shape keeps the sum: credits and events of the series, of the table and of the answer agree.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from data.credits.amounts import PRECISION, to_credits
from data.tables import CREDITS_SUM
from queries.usage import TopUsage, Usage
from queries.usage.top import by_group

NOT_SET = "(not set)"
OTHERS = "Others"
Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One line or stack of the chart, dense over the question's buckets."""

    group: Group | None
    """The values of the keys; None for the others together."""
    credits: tuple[Decimal, ...]
    events: tuple[int, ...]
    count: int = 1
    """How many groups are in it."""

    @property
    def total(self) -> Decimal:
        return sum(self.credits, Decimal(0))


@dataclass(frozen=True, slots=True)
class Total:
    credits: Decimal
    events: int

    @property
    def per_event(self) -> Decimal | None:
        """Credits per event, to 6 decimals; None without events."""
        if not self.events:
            return None
        return to_credits(PRECISION.divide(self.credits, Decimal(self.events)))


def total(frame: pl.DataFrame) -> Total:
    """All that the rows hold in two numbers."""
    return Total(Decimal(frame["credits"].sum() or 0), int(frame["events"].sum() or 0))


def groups(found: pl.DataFrame) -> pl.DataFrame:
    """Of an answer to `TopUsage` each group's `credits` and `events`, the largest first."""
    return found.filter(pl.col("bucket").is_null()).drop("bucket")


def over_time(found: pl.DataFrame) -> pl.DataFrame:
    """Of an answer to `TopUsage` the rows of its buckets."""
    return found.filter(pl.col("bucket").is_not_null())


def top_series(found: pl.DataFrame, question: TopUsage) -> list[Series]:
    """The largest groups, largest first, then one series for all others.

    A bucket in which nothing happened is there with zero.
    """
    usage, rows = question.usage, over_time(found)
    if not usage.columns:
        return [_dense(_sums(rows)[0], usage, None)] if rows.height else []
    listed = groups(found).select(usage.columns)
    ranks = listed.head(question.most).with_row_index("rank")
    sums = _sums(rows.join(ranks, on=usage.columns, how="left"), question.most)
    chosen = [_dense(sums[rank], usage, tuple(group)) for rank, *group in ranks.iter_rows()]
    if question.most in sums:
        chosen.append(_dense(sums[question.most], usage, None, listed.height - question.most))
    return chosen


def whole_series(found: pl.DataFrame, question: TopUsage) -> Series | None:
    """All groups together; None without any events."""
    rows = over_time(found)
    return _dense(_sums(rows)[0], question.usage, None) if rows.height else None


_Buckets = dict[datetime, tuple[Decimal, int]]


def _sums(ranked: pl.DataFrame, last: int = 0) -> dict[int, _Buckets]:
    """rank → bucket → (credits, events); what has no rank has the last"""
    found: dict[int, _Buckets] = defaultdict(dict)
    rank = pl.col("rank").fill_null(last) if "rank" in ranked.columns else pl.lit(last)
    amounts = [pl.col("credits").sum(), pl.col("events").sum()]
    summed = ranked.group_by(rank.alias("rank"), "bucket").agg(amounts)
    for rank, bucket, credits, events in summed.iter_rows():
        found[rank][bucket] = (credits, events)
    return found


def _dense(found: _Buckets, question: Usage, group: Group | None, count: int = 1) -> Series:
    nothing = (Decimal(0), 0)
    credits, events = zip(*(found.get(cut, nothing) for cut in question.cuts), strict=True)
    return Series(group, credits, events, count)


def cumulative(series: Series) -> tuple[Decimal, ...]:
    """Running totals of a series' credits."""
    running, sums = Decimal(0), []
    for credits in series.credits:
        running += credits
        sums.append(running)
    return tuple(sums)


def breakdown(frame: pl.DataFrame, previous: pl.DataFrame | None, question: Usage) -> pl.DataFrame:
    """The table: a row for each group of this period or the previous, largest first.

    Key columns; `credits`, `share` of all credits (Float64, 0 to 1), `events`, `per_event`
    (Decimal, null without events), `previous` credits and `change` (null when there is nothing
    to compare with), `change_ratio` (Float64, null without a previous amount).
    """
    keys = question.columns
    now = by_group(frame, question)
    if previous is None or not previous.height:
        table = now.with_columns(pl.lit(None, CREDITS_SUM).alias("previous"))
    else:
        before = by_group(previous, question).select(*keys, pl.col("credits").alias("previous"))
        table = now.join(before, on=keys, how="full", coalesce=True) if keys else now.hstack(before)
        table = table.with_columns(pl.col("credits", "events", "previous").fill_null(0))
    whole = total(frame).credits
    return (
        table.with_columns(
            _share(whole).alias("share"),
            (pl.col("credits") - pl.col("previous")).cast(CREDITS_SUM).alias("change"),
            pl.struct("credits", "events").map_elements(_per_event, CREDITS_SUM).alias("per_event"),
        )
        .with_columns(
            pl.when(pl.col("previous") > 0)
            .then(pl.col("change").cast(pl.Float64) / pl.col("previous").cast(pl.Float64))
            .alias("change_ratio")
        )
        .select(
            *keys, "credits", "share", "events", "per_event", "previous", "change", "change_ratio"
        )
        .sort(["credits", *keys], descending=[True, *([False] * len(keys))])
    )


def _share(whole: Decimal) -> pl.Expr:
    if not whole:
        return pl.lit(0.0)
    return pl.col("credits").cast(pl.Float64) / float(whole)


def _per_event(row: dict[str, Decimal | int]) -> Decimal | None:
    return Total(Decimal(row["credits"]), int(row["events"])).per_event
