"""A rule rehearsed over a pool's past, beside what really happened."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from data.credits.grants import NONE
from data.credits.outlook import Bought
from data.credits.pool import EntryType
from data.credits.recharge import RechargeRule
from data.credits.rehearsal import Point, Written, add_point, below_zero, days_of, rehearse
from data.tables import CREDITS, CREDITS_SUM, TIME, ColumnTypes
from queries.grants.order import as_grant
from queries.grants.terms import in_force, with_terms
from queries.question import QuestionError
from queries.recharge.past import Past
from queries.time import MOST_BUCKETS, Grain, Span, cuts, zone_of

BALANCE_COLUMNS: ColumnTypes = {
    "ends_at": TIME,
    "rehearsed": CREDITS_SUM,
    "rehearsed_lowest": CREDITS_SUM,
    "recharges": pl.Int64,
    "really": CREDITS_SUM,
    "really_lowest": CREDITS_SUM,
    "real_recharges": pl.Int64,
}
BALANCES = pl.Schema(BALANCE_COLUMNS)
BOUGHT = pl.Schema({"bought_at": TIME, "credits": CREDITS, "cost": CREDITS})


@dataclass(frozen=True, slots=True)
class Side:
    """How a pool fared: the recharges, the balance's course, and the days the cap stopped it.

    `capped_days` are of UTC, as the cap's months are; None where it is not known.
    """

    opening: Decimal
    closing: Decimal
    bought: tuple[Bought, ...]
    course: tuple[Point, ...]
    below_zero: timedelta
    capped_days: int | None

    @property
    def credits(self) -> Decimal:
        return sum((each.credits for each in self.bought), NONE)

    @property
    def money(self) -> Decimal:
        """US dollars."""
        return sum((each.cost for each in self.bought), NONE)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """`changed` names grants whose terms were changed meanwhile: the present ones were used."""

    span: Span
    rehearsed: Side
    really: Side
    changed: tuple[str, ...]


def rehearsal_of(past: Past, rule: RechargeRule) -> Rehearsed:
    """Both begin with the same balance and burn the same events.

    Raises QuestionError where the grants do not lead back to the balance that the ledger tells.
    """
    rows = [_written(row) for row in past.rows.iter_rows(named=True)]
    grants = [
        replace(as_grant(row), cost=row["cost_amount"] or NONE)
        for row in past.grants.iter_rows(named=True)
    ]
    told = rehearse(grants, rows, rule, past.since, past.until)
    really = _really(past)
    if told.opening != really.opening:
        raise QuestionError(
            f"By its grants this pool had {told.opening:f} credits at the beginning, by its ledger "
            f"{really.opening:f}: what was rehearsed on it could not be trusted."
        )
    rehearsed = Side(
        told.opening,
        told.closing,
        told.bought,
        told.course,
        below_zero(told.course, past.until),
        days_of(told.stopped),
    )
    changed = past.rows.filter(event_type=EntryType.UPDATED.value)["grant_id"].unique().sort()
    span = Span(past.since, past.until)
    return Rehearsed(span, rehearsed, really, tuple(changed.to_list()))


def balances(rehearsed: Rehearsed, grain: Grain, zone: str) -> pl.DataFrame:
    """Both balances at the end of each bucket of the span; columns as in `BALANCES`.

    The last bucket ends where the data does. Raises QuestionError where there are too many.
    """
    starts = cuts(rehearsed.span, grain, zone_of(zone))
    ends = [*starts[1:], rehearsed.span.end]
    columns: dict[str, Sequence[object]] = {"ends_at": ends}
    for names, side in (
        (("rehearsed", "rehearsed_lowest", "recharges"), rehearsed.rehearsed),
        (("really", "really_lowest", "real_recharges"), rehearsed.really),
    ):
        last, lowest = _by_end(side.course, ends)
        columns |= dict(zip(names, (last, lowest, _counted(side.bought, ends)), strict=True))
    return pl.DataFrame(columns, BALANCES)


def finest(rehearsed: Rehearsed) -> Grain:
    """The grain in which a chart draws the balances."""
    hours = (rehearsed.span.end - rehearsed.span.start) / timedelta(hours=1)
    return Grain.HOUR if hours < MOST_BUCKETS else Grain.DAY


def bought_frame(bought: Iterable[Bought]) -> pl.DataFrame:
    """Recharges, the newest first; columns as in `BOUGHT`."""
    rows = [(each.at, each.credits, each.cost) for each in bought]
    return pl.DataFrame(rows[::-1], BOUGHT, orient="row")


def _really(past: Past) -> Side:
    """What the ledger and the recharges tell; an event that came late counts from then on."""
    opening = past.rows["balance_before"][0] if past.rows.height else _held(past)
    course: list[Point] = [(past.since, opening)]
    for at, balance in past.rows.select("occurred_at", "balance_after").iter_rows():
        add_point(course, at, balance)
    bought = [
        Bought(row["created_at"], row["amount"], row["cost_amount"] or NONE)
        for row in past.grants.filter(pl.col("is_recharge")).reverse().iter_rows(named=True)
        if row["created_at"] >= past.since
    ]
    return Side(
        opening,
        course[-1][1],
        tuple(bought),
        tuple(course),
        below_zero(course, max(past.until, course[-1][0])),
        None,
    )


def _held(past: Past) -> Decimal:
    return Decimal(in_force(with_terms(past.grants))["remaining"].sum())


def _by_end(
    course: Sequence[Point], ends: Sequence[datetime]
) -> tuple[list[Decimal], list[Decimal]]:
    """(the balance at each end, the lowest since the end before it)."""
    times = [at for at, _ in course]
    last, lowest, begin = [], [], 0
    for end in ends:
        until = bisect_right(times, end)
        balances = [balance for _, balance in course[max(begin - 1, 0) : until]]
        last.append(balances[-1])
        lowest.append(min(balances))
        begin = until
    return last, lowest


def _counted(bought: Iterable[Bought], ends: Sequence[datetime]) -> list[int]:
    counts = [0] * len(ends)
    for each in bought:
        counts[min(bisect_right(ends, each.at), len(ends) - 1)] += 1
    return counts


def _written(row: dict[str, Any]) -> Written:
    return Written(
        row["occurred_at"],
        EntryType(row["event_type"]),
        row["grant_id"],
        row["amount"],
        row["event_id"],
        row["feature_id"],
    )
