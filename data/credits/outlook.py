"""Outlook: coming use run through a pool, so that expiries, scheduled grants and recharges count.

Use flows evenly through each day. Between two moments at which a grant starts or ends, or a
recharge may be tried again, the pool is asked once for all of it; a recharge is bought at the
moment at which the balance falls below the rule's floor, or within the hour after it.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from data.credits.fleet import exact, microseconds, millionths, time_of
from data.credits.grants import NONE
from data.credits.pool import LAPSED, Pool, Posting

HOURS = 24


@dataclass(frozen=True, slots=True)
class Flow:
    """Credits used by certain times, in millionths; in between they flow evenly.

    times: microseconds, rising; the first is now. used: by then, never falling; 0 first.
    """

    times: Sequence[int]
    used: Sequence[int]

    def by(self, at: int) -> int:
        """What is used by a time that the flow reaches."""
        day = bisect_left(self.times, at)
        if self.times[day] == at:
            return self.used[day]
        before, after = self.used[day - 1], self.used[day]
        since, until = self.times[day - 1], self.times[day]
        return before + (after - before) * (at - since) // (until - since)

    def when(self, used: int) -> int:
        """The first time by which so much is used, at most all of it."""
        day = bisect_left(self.used, used)
        if not day:
            return self.times[0]
        before, after = self.used[day - 1], self.used[day]
        since, until = self.times[day - 1], self.times[day]
        return since - (before - used) * (until - since) // (after - before)

    @property
    def hourly(self) -> int:
        """What is used in an hour of an average day."""
        return self.used[-1] // (HOURS * (len(self.times) - 1))


@dataclass(frozen=True, slots=True)
class Bought:
    """A recharge: credits, and their cost in US dollars."""

    at: datetime
    credits: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """How a pool fares with a flow.

    `ran_out` is the first time at which zero or less was left, where no recharge covered it at
    once; `lapsed` tells by grant what ended unused, `started` what scheduled grants brought.
    At the times of `marks` something started, lapsed or was bought, and `reach` is what was left
    and what was used together, in millionths, from then on.
    """

    flow: Flow
    ran_out: datetime | None
    lapsed: dict[str, Decimal]
    bought: tuple[Bought, ...]
    started: Decimal
    marks: list[int]
    reach: list[int]

    def left(self) -> Iterator[Decimal]:
        """What was left at each of the flow's times but the first.

        Invariant: held at first + started + bought − used − lapsed = left at last.
        """
        for at, used in zip(self.flow.times[1:], self.flow.used[1:], strict=True):
            yield exact(self.reach[bisect_right(self.marks, at) - 1] - used)


def course(pool: Pool, flow: Flow) -> Course:
    """Let the flow burn through the pool, which is as it stands now; it ends as it will stand."""
    return _Run(pool, flow).go()


class _Run:
    """One pool's way through a flow."""

    def __init__(self, pool: Pool, flow: Flow) -> None:
        self.pool, self.flow = pool, flow
        self.at, self.used = flow.times[0], 0
        self.ran_out: int | None = None
        self.lapsed: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.bought: list[Bought] = []
        self.held = pool.balance
        self.marks: list[int] = []
        self.reach: list[int] = []

    def go(self) -> Course:
        end = self.flow.times[-1]
        self.pass_time(self.at)
        while self.at < end:
            due = self.pool.next_change()
            self.burn_until(end if due is None else min(microseconds(due), end))
        burned, lapsed = exact(self.used), sum(self.lapsed.values(), NONE)
        bought = sum((each.credits for each in self.bought), NONE)
        return Course(
            flow=self.flow,
            ran_out=None if self.ran_out is None else time_of(self.ran_out),
            lapsed=dict(self.lapsed),
            bought=tuple(self.bought),
            started=self.pool.balance - self.held - bought + burned + lapsed,
            marks=self.marks,
            reach=self.reach,
        )

    def burn_until(self, until: int) -> None:
        """Burn up to the next recharge, or else up to the end of the stretch."""
        used = self.flow.by(until)
        floor = self.pool.floor
        if floor is not None:
            slack = millionths(self.pool.balance - floor)
            enough = self.used + max(slack, self.flow.hourly) + 1
            if enough < used and (at := self.flow.when(enough)) < until:
                self.pass_time(at)
                self.burn(enough)
                self.mark()
                return
        self.burn(used)
        self.pass_time(until)

    def burn(self, used: int) -> None:
        before = millionths(self.pool.balance)
        amount = used - self.used
        if amount:
            self.note(self.pool.burn(exact(amount), time_of(self.at)))
            if before > 0:
                self.note_end(self.flow.when(self.used + before) if before <= amount else self.at)
        self.used = used

    def pass_time(self, at: int) -> None:
        self.at = at
        self.note(self.pool.advance(time_of(at)))
        self.note_end(at)
        self.mark()

    def note_end(self, at: int) -> None:
        if self.ran_out is None and self.pool.balance <= 0:
            self.ran_out = at

    def note(self, postings: Iterable[Posting]) -> None:
        for posting in postings:
            if posting.entry_type is LAPSED:
                self.lapsed[posting.grant_id] -= posting.amount
        for grant in self.pool.made:
            if grant.is_recharge:
                self.bought.append(Bought(grant.created_at, grant.amount, grant.cost))
        self.pool.made.clear()

    def mark(self) -> None:
        self.marks.append(self.at)
        self.reach.append(millionths(self.pool.balance) + self.used)
