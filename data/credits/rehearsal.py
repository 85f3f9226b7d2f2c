"""Rehearsal: a pool's past played again from a moment on, under another auto-recharge rule."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from data.credits.grants import ACTIVE, NEVER, NONE, SCHEDULED, Grant, GrantStatus, GrantType
from data.credits.outlook import Bought
from data.credits.pool import CONSUMED, GRANTED, EntryType, Pool, Posting
from data.credits.recharge import RechargeRule

Point = tuple[datetime, Decimal]
"""A time, and the balance from then on."""
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Written:
    """A row of a pool's ledger; rows of one burn have one `event`, feature and time."""

    at: datetime
    entry_type: EntryType
    grant_id: str
    amount: Decimal
    event: str | None = None
    feature: str | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the rule would have done.

    Invariant: `opening` + the amounts of all `postings` = `closing`. `stopped` are the stretches in
    which the balance was below the threshold and the month's cap, or what can be kept, forbade to
    buy.
    """

    opening: Decimal
    closing: Decimal
    bought: tuple[Bought, ...]
    course: tuple[Point, ...]
    stopped: tuple[Stretch, ...]
    postings: tuple[Posting, ...]


def rehearse(
    grants: Iterable[Grant],
    rows: Sequence[Written],
    rule: RechargeRule,
    since: datetime,
    until: datetime,
) -> Rehearsal:
    """The pool from `since` to `until`, had the rule been saved at `since`.

    grants: all of the pool as they stand after the rows; rows: the ledger from the first row of
    `since` or later on, in the order written. What was there before stays as it was, what recharges
    bought since is left out, and the other grants come and go as they did. What each event burned
    is what its rows say, in their order: an event that came late is late again. Grants have the
    terms that they have now.
    """
    return _Run(list(grants), rows, since).go(rule, until)


def add_point(course: list[Point], at: datetime, balance: Decimal) -> None:
    """Note the balance from a time on: of several at one instant only the last lasted."""
    if course and course[-1][0] >= at:
        course[-1] = (course[-1][0], balance)
    elif not course or course[-1][1] != balance:
        course.append((at, balance))


def below_zero(course: Sequence[Point], until: datetime) -> timedelta:
    """How long the balance was 0 or less."""
    ends = [*(at for at, _ in course[1:]), until]
    pairs = zip(course, ends, strict=True)
    return sum((end - at for (at, balance), end in pairs if balance <= 0), timedelta())


def days_of(stretches: Iterable[Stretch]) -> int:
    """The calendar days of UTC that the stretches touch."""
    days: set[date] = set()
    for since, until in stretches:
        last = max(since, until - timedelta.resolution)
        days.update(
            since.date() + timedelta(n) for n in range((last.date() - since.date()).days + 1)
        )
    return len(days)


class _Run:
    """One pool's way through its past."""

    def __init__(self, grants: Sequence[Grant], rows: Sequence[Written], since: datetime) -> None:
        self.rows, self.since = rows, since
        self.clock = since
        late = _late(rows, since)
        held, coming = _opening(grants, rows, since)
        is_late = {g.grant_id: g.grant_id in late or g.created_at > g.effective_at for g in coming}
        self.late = {g.grant_id: g for g in coming if is_late[g.grant_id]}
        there = [*held, *(g for g in coming if not is_late[g.grant_id])]
        self.pool = Pool("rehearsal", there)
        known = {g.grant_id for g in (*there, *coming) if g.grant_type is not GrantType.OVERDRAFT}
        self.voids = sorted(
            ((g.voided_at, g.grant_id) for g in grants
             if g.voided_at is not None and g.voided_at >= since and g.grant_id in known),
            reverse=True,
        )  # fmt: skip
        self.bought: list[Bought] = []
        self.course: list[Point] = []
        self.stopped: list[Stretch] = []
        self.stopped_at: datetime | None = None
        self.postings: list[Posting] = []

    def go(self, rule: RechargeRule, until: datetime) -> Rehearsal:
        opening = self.pool.balance
        self.course.append((self.since, opening))
        self.note(self.pool.advance(self.since))
        self.note(self.pool.set_rule(rule, self.since))
        for burn in _burns(self.rows):
            self.follow(burn)
        self.pass_time(max(self.clock, until))
        if self.stopped_at is not None:
            self.stopped.append((self.stopped_at, max(self.stopped_at, until)))
        return Rehearsal(
            opening,
            self.pool.balance,
            tuple(self.bought),
            tuple(self.course),
            tuple(self.stopped),
            tuple(self.postings),
        )

    def follow(self, rows: list[Written]) -> None:
        """Burn what the rows of one burn burned; of another row, take its time and a late grant."""
        first = rows[0]
        self.clock = max(self.clock, first.at)
        self.pass_time(self.clock)
        if first.entry_type is CONSUMED:
            self.note(self.pool.burn(-sum((row.amount for row in rows), NONE), first.at))
        elif first.entry_type is GRANTED and first.grant_id in self.late:
            grant = self.late[first.grant_id]
            self.clock = max(self.clock, grant.created_at)
            self.pass_time(self.clock)
            self.note(self.pool.add(grant, self.clock))

    def pass_time(self, now: datetime) -> None:
        """Moment by moment, so that the course has each."""
        while (due := self.next_due()) <= now:
            if self.voids and self.voids[-1][0] <= due:
                at, grant_id = self.voids.pop()
                if grant_id in self.pool.grants:
                    self.note(self.pool.void(grant_id, max(at, self.pool.clock)))
            else:
                self.note(self.pool.advance(due))
        self.note(self.pool.advance(now))

    def next_due(self) -> datetime:
        change = self.pool.next_change() or NEVER
        return min(change, self.voids[-1][0]) if self.voids else change

    def note(self, postings: list[Posting]) -> None:
        pool = self.pool
        self.postings += postings
        for grant in pool.made:
            if grant.is_recharge:
                self.bought.append(Bought(grant.created_at, grant.amount, grant.cost))
        pool.made.clear()
        add_point(self.course, pool.clock, pool.balance)
        is_stopped = pool.rule is not None and pool.floor is None
        if is_stopped and self.stopped_at is None:
            self.stopped_at = pool.clock
        elif not is_stopped and self.stopped_at is not None:
            self.stopped.append((self.stopped_at, pool.clock))
            self.stopped_at = None


def _opening(
    grants: Iterable[Grant], rows: Iterable[Written], since: datetime
) -> tuple[list[Grant], list[Grant]]:
    """(the grants as they stood at `since`, those that begin later, as they were made)."""
    moved: defaultdict[str, Decimal] = defaultdict(Decimal)
    begun = set()
    for row in rows:
        moved[row.grant_id] += row.amount
        if row.entry_type is GRANTED:
            begun.add(row.grant_id)
    held, coming = [], []
    for grant in grants:
        is_later = grant.grant_id in begun or max(grant.created_at, grant.effective_at) >= since
        left = grant.remaining - moved[grant.grant_id]
        if grant.grant_type is GrantType.OVERDRAFT:
            if left:
                held.append(replace(grant, status=ACTIVE, consumed=-left, voided_at=None))
        elif is_later:
            if not grant.is_recharge and _ever_counts(grant, begun):
                coming.append(replace(grant, status=SCHEDULED, consumed=NONE, voided_at=None))
        elif _had_ended(grant, since) or grant.status is GrantStatus.PAYMENT_PENDING:
            held.append(replace(grant))
        else:
            consumed = grant.amount - left
            held.append(replace(grant, status=ACTIVE, consumed=consumed, voided_at=None))
    return held, coming


def _ever_counts(grant: Grant, begun: set[str]) -> bool:
    """Not one that was voided, or waits for its payment, before it has begun."""
    return grant.grant_id in begun or grant.status is SCHEDULED


def _had_ended(grant: Grant, at: datetime) -> bool:
    ends = [end for end in (grant.expire_at, grant.voided_at) if end is not None]
    return grant.has_ended and min(ends, default=NEVER) < at


def _late(rows: Iterable[Written], since: datetime) -> set[str]:
    """The grants that began, by their rows, when their time had passed: a payment came late."""
    late, clock = set(), since
    for row in rows:
        if row.entry_type is GRANTED and row.at < clock:
            late.add(row.grant_id)
        clock = max(clock, row.at)
    return late


def _burns(rows: Iterable[Written]) -> Iterator[list[Written]]:
    """The rows of one burn together, every other row by itself."""
    for (is_burn, *_), group in groupby(rows, _burn_of):
        if is_burn:
            yield list(group)
        else:
            yield from ([row] for row in group)


def _burn_of(row: Written) -> tuple[object, ...]:
    is_burn = row.entry_type is CONSUMED
    return (True, row.event, row.feature, row.at) if is_burn else (False,)
