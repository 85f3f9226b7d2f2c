"""Usage from a metering API, whose buckets are UTC and whose widths it chooses itself.

A bucket of the question is a union of buckets of the API, if the API's are narrow enough. How
narrow they are for given dates is documented nowhere, so it is read off the answer; an answer
that is too coarse is asked again in two halves, down to one bucket, which any answer fits.
"""

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import polars as pl

from data.metering.client import Answer, MeteringClient
from data.metering.wire import time
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.documents import document
from queries.question import CannotAnswer
from queries.usage import CUSTOMER, FEATURE, MOST_KEYS, TopUsage, Usage
from queries.usage.top import fold

AT_ONCE = 4
DAYS_IN_ONE = timedelta(days=92)
HOURS_IN_ONE = timedelta(hours=48)

Group = tuple[str, ...]
Amounts = dict[tuple[datetime, Group], tuple[Decimal, int]]


@dataclass(frozen=True, slots=True)
class _Point:
    group: Group
    stamp: datetime
    credits: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class _Window:
    """Part of the span: `cuts` are the bucket starts in it, the first at or before its start."""

    start: datetime
    end: datetime
    cuts: tuple[datetime, ...]


def read(question: Usage, client: MeteringClient) -> pl.DataFrame:
    """The frame that `Usage` describes; raises CannotAnswer and MeteringError."""
    if question.customer_id is None:
        raise CannotAnswer(
            "The metering API answers for one customer at a time. "
            "All customers are in the extract: choose it as the source."
        )
    keys = _keys(question)
    gather = partial(_gather, question, client, keys)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = list(pool.map(gather, _windows(question)))
    return _frame(question, keys, parts)


def top(question: TopUsage, client: MeteringClient) -> pl.DataFrame:
    """The frame that `TopUsage` describes; raises as `read` does."""
    return fold(read(question.usage, client), question)


def _keys(question: Usage) -> list[str]:
    """The dimension keys to ask for: those grouped by and those filtered on."""
    wanted = [*question.by, *(f.key for f in question.filters)]
    keys = [key for key in dict.fromkeys(wanted) if key not in (FEATURE, CUSTOMER)]
    if len(keys) > MOST_KEYS:
        raise CannotAnswer(
            f"The metering API can group and filter by {MOST_KEYS} keys together, not by "
            f"{len(keys)} ({', '.join(keys)}). Remove one, or choose the extract as the source."
        )
    return keys


def _windows(question: Usage) -> list[_Window]:
    """Windows that the API is expected to answer finely enough, as few as possible."""
    starts, end = question.cuts, question.span.end
    inner, width = starts[1:], None
    if _unit(inner) == "month":
        return [_Window(starts[0], end, tuple(starts))]
    if _unit(inner) == "day":
        width = DAYS_IN_ONE
    elif _unit(inner) == "hour":
        width = HOURS_IN_ONE
    if width is None or (end - starts[0]) / width >= len(starts):
        ends = [*inner, end]
        return [_Window(a, b, (a,)) for a, b in zip(starts, ends, strict=True)]
    edges = [starts[0]]
    while edges[-1] < end:
        edges.append(min(edges[-1] + width, end))
    return [_Window(a, b, _within(starts, a, b)) for a, b in itertools.pairwise(edges)]


def _within(starts: Sequence[datetime], begin: datetime, end: datetime) -> tuple[datetime, ...]:
    first = bisect_right(starts, begin) - 1
    return (starts[first], *(cut for cut in starts[first + 1 :] if cut < end))


def _unit(times: Sequence[datetime]) -> str:
    """The widest of month, day, hour whose starts hold all these times; no times are months."""
    if all(t == t.replace(day=1, hour=0, minute=0, second=0, microsecond=0) for t in times):
        return "month"
    if all(t == t.replace(hour=0, minute=0, second=0, microsecond=0) for t in times):
        return "day"
    if all(t == t.replace(minute=0, second=0, microsecond=0) for t in times):
        return "hour"
    return "instant"


def _gather(question: Usage, client: MeteringClient, keys: list[str], window: _Window) -> Amounts:
    points = _ask(question, client, keys, window)
    if not points or len(window.cuts) == 1 or _fits(points, window):
        return _sum(points, window)
    middle = window.cuts[len(window.cuts) // 2]
    halves = (
        _Window(window.start, middle, _within(window.cuts, window.start, middle)),
        _Window(middle, window.end, _within(window.cuts, middle, window.end)),
    )
    amounts: Amounts = {}
    for half in halves:
        amounts |= _gather(question, client, keys, half)
    return amounts


def _fits(points: list[_Point], window: _Window) -> bool:
    """Whether the answer's buckets, as wide as their stamps allow, nest in the window's."""
    stamps = sorted({p.stamp for p in points if p.stamp != window.start})
    order = ("instant", "hour", "day", "month")
    return bool(stamps) and order.index(_unit(stamps)) <= order.index(_unit(window.cuts[1:]))


def _sum(points: list[_Point], window: _Window) -> Amounts:
    amounts: Amounts = defaultdict(lambda: (Decimal(0), 0))
    for point in points:
        at = max(point.stamp, window.start)
        bucket = window.cuts[bisect_right(window.cuts, at) - 1]
        credits, events = amounts[bucket, point.group]
        amounts[bucket, point.group] = (credits + point.credits, events + point.events)
    return dict(amounts)


def _ask(question: Usage, client: MeteringClient, keys: list[str], window: _Window) -> list[_Point]:
    given = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
        "startDate": window.start,
        "endDate": window.end,
        "groupBy": [*keys, FEATURE] if keys else None,
    }
    pages = client.ask_pages(document("usage/usage.graphql"), {"input": given}, "creditUsage")
    return [point for page in pages for series in page["series"] for point in _points(series, keys)]


def _points(series: Answer, keys: list[str]) -> list[_Point]:
    tags = {tag["key"]: tag["value"] for tag in series["tags"] or []}
    group = (*(tags.get(key, "") for key in keys), series["featureId"] or "")
    return [
        _Point(group, time(p["timestamp"]), Decimal(p["value"]), p["eventCount"])
        for p in series["points"]
    ]


def _frame(question: Usage, keys: list[str], parts: list[Amounts]) -> pl.DataFrame:
    named = {key: f"of {key}" for key in (*keys, FEATURE)}
    rows = [
        (bucket, *group, credits, events)
        for part in parts
        for (bucket, group), (credits, events) in part.items()
    ]
    types: ColumnTypes = {"bucket": TIME, **dict.fromkeys(named.values(), pl.String)}
    types |= {"credits": CREDITS_SUM, "events": pl.Int64}
    found = pl.DataFrame(rows, schema=types, orient="row")
    for wanted in question.filters:
        is_kept = pl.col(named[wanted.key]).is_in(wanted.values)
        found = found.filter(~is_kept if wanted.is_without else is_kept)
    columns = {named[key]: c for key, c in zip(question.by, question.columns, strict=True)}
    groups = ["bucket", *question.columns]
    return (
        found.rename(columns)
        .group_by(groups)
        .agg(pl.col("credits").sum(), pl.col("events").sum())
        .select(question.schema.names())
        .sort(groups)
    )
