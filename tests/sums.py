"""What must add up in any pool, checked through the questions that the Balance page asks."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from dashboard.charts.burn_down import Band, BurnDown, figure
from data.tables import Tables
from queries.answer import answer
from queries.balance import Balance
from queries.grants import Grants
from queries.question import Source
from queries.statement import Spent, Statement
from queries.statement.explain import (
    LINES,
    MOVES,
    Explanation,
    Segment,
    burn_down,
    by_bucket,
    by_grant,
    explain,
    spent_by,
)
from queries.time import Grain, Span

Pool = tuple[str, str, str | None]
"""Customer, currency, resource."""
NONE = Decimal(0)
ENDS = timedelta(hours=1)


def pools(tables: Tables) -> list[Pool]:
    """Every pool that has grants."""
    rows = tables["grants"].select("customer_id", "currency_id", "resource_id").unique()
    return sorted(rows.iter_rows(), key=str)


def running(tables: Tables) -> dict[Pool, Decimal]:
    """The running ledger of each pool, summed row by row in the order written."""
    names = ("customer_id", "currency_id", "resource_id", "amount")
    balances: dict[Pool, Decimal] = {}
    for *pool, amount in tables["ledger"].sort("ledger_seq").select(names).iter_rows():
        key = (pool[0], pool[1], pool[2])
        balances[key] = balances.get(key, NONE) + amount
    return balances


def statement(pool: Pool, start: datetime, end: datetime, grain: Grain = Grain.WEEK) -> Statement:
    customer_id, currency_id, resource_id = pool
    return Statement(customer_id, currency_id, Span(start, end), grain, resource_id=resource_id)


def balances(
    pool: Pool, sources: Iterable[Source], of_ledger: Decimal
) -> Iterator[tuple[str, Decimal]]:
    """The balance now, by whoever knows it: (who, the balance)."""
    yield "the running ledger", of_ledger
    for source in sources:
        yield f"the balance of {source}", answer(Balance(*pool), source).frame["balance"].sum()
        grants = answer(Grants(*pool), source).frame.filter(status="ACTIVE")
        left = grants["amount"].sum() - grants["consumed_amount"].sum()
        yield f"the sum of the grants of {source}", left


def differences(
    pool: Pool, question: Statement, frame: pl.DataFrame, now: Iterable[tuple[str, Decimal]]
) -> Iterator[str]:
    """What does not add up, in words; nothing where all of it does. `frame` is the answer."""
    whole = explain(frame, question)
    for name, amount in now:
        if whole.now != amount:
            yield f"{pool}: explained {whole.now}, {name} {amount}"
    yield from _levels(pool, frame, question, whole)
    segments = burn_down(frame, question)
    last = sum((segment.remaining[-1] for segment in segments), NONE)
    if last != whole.closing:
        yield f"{pool}: the burn-down ends at {last}, the statement at {whole.closing}"
    ends = _drawn_ends(segments, question)
    if segments and (sum(ends[:-1], NONE) != whole.closing or ends[-1] != whole.closing):
        yield f"{pool}: the chart ends at {sum(ends[:-1], NONE)} and {ends[-1]}"


def _drawn_ends(segments: Iterable[Segment], question: Statement) -> list[Decimal]:
    """The last points of the chart itself: of each stacked grant, and of the line."""
    bands = tuple(Band(s.grant_id, "PAID", s.remaining) for s in segments)
    if not bands:
        return []
    times = (*question.cuts, question.span.end)
    traces = figure(BurnDown(times, bands, (), "UTC", "tokens")).data
    return [Decimal(repr(float(trace.y[-1] or 0))) for trace in traces]


def _levels(
    pool: Pool, frame: pl.DataFrame, question: Statement, whole: Explanation
) -> Iterator[str]:
    """Grants, buckets and features against the lines of the whole pool."""
    grants, buckets = by_grant(frame, question), by_bucket(frame, question)
    for line in LINES:
        if (grants[line].sum() or NONE) != whole.amount_of(line):
            yield f"{pool}: {line} by grant"
    for line in MOVES:
        if buckets[line].sum() != whole.amount_of(line):
            yield f"{pool}: {line} by bucket"
    if buckets["opening"][0] != whole.opening or buckets["closing"][-1] != whole.closing:
        yield f"{pool}: opening and closing by bucket"
    for by in ("feature_id", "bucket", "grant_id"):
        if spent_by(frame, question, by)["credits"].sum() != -whole.consumed:
            yield f"{pool}: consumed by {by}"


def spent_differences(pool: Pool, source: Source, question: Statement, key: str) -> Iterator[str]:
    """Whether consumption by a key sums to the statement's, of the pool and of each grant."""
    frame = answer(question, source).frame
    customer_id, currency_id, resource_id = pool
    consumed = by_grant(frame, question).select("grant_id", "consumed").rows()
    for grant_id, amount in [(None, explain(frame, question).consumed), *consumed]:
        asked = Spent(customer_id, currency_id, question.span, key, resource_id, grant_id)
        found = answer(asked, source).frame["credits"].sum()
        if found != -amount:
            yield f"{pool}: {key} of {grant_id or 'the pool'} {found}, consumed {-amount}"
