"""Replay: the events of many pools burned through their grants, a stretch at a time.

Within a stretch no grant starts or ends and no recharge is bought, so the pool is asked once for
the sum of all its events. What it takes from each grant tiles the running sum of the events, and
where the two meet are the ledger's rows: found for the whole fleet at once, never event by event.
"""

import gc
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from data.credits.fleet import (
    ENTRY_CODES,
    Fleet,
    exact,
    frames,
    microseconds,
    millionths,
    time_of,
)
from data.credits.grants import BurnOrder, Grant, GrantStatus, GrantType, burn_order
from data.credits.pool import CONSUMED, Pool, Posting
from data.credits.recharge import RechargeRule

FAR_OFF = 2**63 - 1
COLUMNS = (
    "pool", "grant_id", "grant_type", "status", "amount", "priority",
    "created_at", "effective_at", "expire_at", "voided_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay wrote; `grant` is a row of `grants`, `event` a row of the events given.

    ledger: pool, entry_type, grant, amount, occurred_at, event (null where no event caused the
    row); each pool's rows in the order written, pools one behind the other.
    balances: pool, granted, consumed, expired, voided, balance; granted − consumed − expired −
    voided = balance.
    segments: pool, grant, since, until, credits: what one grant paid in one stretch, from its
    first event to its last.
    grants: pool, grant_id, grant_type, status, amount, consumed_amount, effective_at, expire_at,
    voided_at, cost_amount, is_recharge: as they ended, those made on the way included.
    """

    ledger: pl.DataFrame
    balances: pl.DataFrame
    segments: pl.DataFrame
    grants: pl.DataFrame


def replay(
    grants: pl.DataFrame,
    events: pl.DataFrame,
    *,
    order: BurnOrder = burn_order,
    rules: Mapping[Any, RechargeRule] | None = None,
    rules_since: Mapping[Any, datetime] | None = None,
    until: datetime | None = None,
) -> Replay:
    """Burn events through grants, pool by pool, as `Pool` would one event after the other.

    grants: pool, grant_id, grant_type, status, amount, priority, created_at, effective_at,
    expire_at, voided_at. Overdrafts among them are passed over, since the replay makes its own;
    those that await payment never count.
    events: pool, occurred_at, credits, in the order in which each pool learned of them, and
    `known_at`, null or left out where that is the same. Credits have up to 6 decimals.
    rules: a pool's auto-recharge, in force from the pool's time in `rules_since`, or else from its
    first event. until: time passes until then after the last event.
    Raises AmountError where a pool's credits add up to 4.6 × 10^12 or more.
    """
    fleet, rules = Fleet(events), rules or {}
    with uncollected():
        made = _made(grants)
        for name in dict.fromkeys([*fleet.spans, *grants["pool"].to_list(), *rules]):
            run = _Run(fleet, name, made[name], order)
            if rule := rules.get(name):
                run.follow(rule, (rules_since or {}).get(name))
            run.go(until)
    return Replay(*frames(fleet, grants.schema["pool"]))


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for cycles meanwhile: millions of objects are made, and none of them is in one."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Run:
    """One pool's way through its events."""

    def __init__(
        self,
        fleet: Fleet,
        name: Hashable,
        grants: Sequence[tuple[Grant, datetime | None]],
        order: BurnOrder,
    ) -> None:
        self.fleet = fleet
        planned = [grant for grant, _ in grants if grant.created_at <= grant.effective_at]
        self.pool = Pool(str(name), planned, order=order)
        self.code = len(fleet.pools)
        fleet.pools.append(self.pool)
        fleet.names.append(name)
        self.numbers: dict[str, int] = {}
        for grant in planned:
            self.number(grant)
        self.milestones = _milestones(grants)
        self.first, self.last = fleet.spans.get(name, (len(fleet.rows), len(fleet.rows)))
        self.paid = 0
        """The running sum of the events so far."""
        self.boundaries = [t for g, _ in grants for t in (g.effective_at, g.expire_at) if t]
        self.odd = self.odd_events(self.first)
        """Events that are a stretch of their own, the last first."""
        self.due = self.next_due()

    def follow(self, rule: RechargeRule, since: datetime | None) -> None:
        """Recharge by the rule from then on, or as soon as time passes."""
        if since is not None:
            self.milestones.append(_Milestone(since, What.FOLLOW, 0, rule))
            self.milestones.sort(key=WHEN, reverse=True)
            self.due = self.next_due()
            return
        self.pool.follow(rule)
        if self.first < self.last:
            self.due = min(self.due, self.fleet.clock_at[self.first])

    def go(self, until: datetime | None) -> None:
        clock = self.fleet.clock_at
        at = self.first
        while at < self.last:
            if self.due <= clock[at]:
                self.pass_time(time_of(clock[at]), before=at)
            end = self.stretch_end(at)
            self.burn(at, end)
            at = end
        if until is not None:
            self.pass_time(until, before=self.last)

    def pass_time(self, now: datetime, before: int) -> None:
        """Make and void the grants whose time has come, and let others start and end."""
        postings: list[Posting] = []
        while self.milestones and self.milestones[-1].at <= now:
            postings += self.reach(self.milestones.pop())
        postings += self.pool.advance(now)
        self.welcome(before)
        self.write(postings, before)
        self.due = self.next_due()

    def reach(self, milestone: "_Milestone") -> list[Posting]:
        at, _, _, subject = milestone
        if isinstance(subject, RechargeRule):
            return self.pool.set_rule(subject, at)
        if milestone.what is What.VOID:
            return self.pool.void(subject.grant_id, at)
        self.number(subject)
        return self.pool.add(subject, at)

    def stretch_end(self, at: int) -> int:
        """The first event that does not belong to the stretch that begins with this one."""
        fleet, last = self.fleet, self.last
        while self.odd and self.odd[-1] < at:
            self.odd.pop()
        if self.odd and self.odd[-1] == at:
            return at + 1
        end = bisect_left(fleet.clock_at, self.due, at, self.odd[-1] if self.odd else last)
        if self.pool.floor is None:
            return end
        slack = self.paid + millionths(self.pool.balance - self.pool.floor)
        return min(end, bisect_right(fleet.sum_at, slack, at, end) + 1)

    def burn(self, at: int, end: int) -> None:
        """Burn a stretch, and note which grants paid up to where on the running sum."""
        fleet, pool = self.fleet, self.pool
        gives_back = fleet.credits_at[at] < 0
        amount = fleet.credits_at[at] if gives_back else fleet.sum_at[end - 1] - self.paid
        if pool.rule:
            pool.advance(time_of(fleet.clock_at[end - 1]))
        elif not amount:
            return
        postings = pool.burn(exact(amount), time_of(fleet.occurred_at[at]))
        burned = [posting for posting in postings if posting.entry_type is CONSUMED]
        if pool.made:
            self.date_debt(pool.made[0], burned, at, end)
            self.welcome(end)
        if gives_back:
            self.write(burned, before=at, event=at)
        else:
            self.tile(burned, at, end)
        if pool.rule:
            self.write(postings[len(burned) :], before=end)
            self.due = self.next_due()

    def tile(self, burned: Iterable[Posting], at: int, end: int) -> None:
        sums = self.fleet.sum_at
        for posting in burned:
            self.paid -= millionths(posting.amount)
            last = bisect_left(sums, self.paid, at, end)
            grant, is_split = self.numbers[posting.grant_id], sums[last] > self.paid
            self.fleet.pieces.extend((self.code, grant, self.paid, last, is_split))

    def date_debt(self, debt: Grant, burned: Sequence[Posting], at: int, end: int) -> None:
        """A debt is as old as the event that opened it, not as its stretch."""
        if debt.grant_type is GrantType.OVERDRAFT:
            covered = self.fleet.sum_at[end - 1] + millionths(burned[-1].amount)
            opened_by = bisect_right(self.fleet.sum_at, covered, at, end)
            debt.effective_at = debt.created_at = time_of(self.fleet.occurred_at[opened_by])

    def welcome(self, at: int) -> None:
        """Number the grants that the pool has made; a recharge bounds late events anew."""
        for grant in self.pool.made:
            self.number(grant)
            if grant.expire_at is not None:
                self.boundaries += [grant.effective_at, grant.expire_at]
                self.odd = self.odd_events(at)
        self.pool.made.clear()

    def number(self, grant: Grant) -> None:
        self.numbers[grant.grant_id] = len(self.fleet.grants)
        self.fleet.grants.append(grant)
        self.fleet.owners.append(self.code)

    def write(self, postings: Iterable[Posting], before: int, event: int = -1) -> None:
        extend, code, numbers = self.fleet.extras.extend, self.code, self.numbers
        for entry_type, grant_id, amount, at in postings:
            entry, grant = ENTRY_CODES[entry_type], numbers[grant_id]
            extend((before, code, entry, grant, millionths(amount), microseconds(at), event))

    def next_due(self) -> int:
        times = [self.milestones[-1].at] if self.milestones else []
        change = self.pool.next_change()
        if change is not None:
            times.append(change)
        return microseconds(min(times)) if times else FAR_OFF

    def odd_events(self, first: int) -> list[int]:
        """Those that give back, or that were known only past a boundary; the last one first."""
        fleet, span = self.fleet, slice(first, self.last)
        occurred, clock = fleet.occurred[span], fleet.clock[span]
        is_odd = fleet.credits[span] < 0
        if (occurred != clock).any():
            bounds = np.array(sorted({microseconds(at) for at in self.boundaries}), np.int64)
            is_odd |= bounds.searchsorted(occurred, "right") != bounds.searchsorted(clock, "right")
        odd: list[int] = (np.flatnonzero(is_odd)[::-1] + first).tolist()
        return odd


class What(IntEnum):
    """What a pool's plan holds beside its grants' own starts and ends; at one instant in order."""

    MAKE = 0
    VOID = 1
    FOLLOW = 2


class _Milestone(NamedTuple):
    """A grant to make or to void, or a rule to follow; `number` breaks ties."""

    at: datetime
    what: What
    number: int
    subject: Grant | RechargeRule


WHEN = itemgetter(0, 1, 2)


def _milestones(grants: Iterable[tuple[Grant, datetime | None]]) -> list[_Milestone]:
    """When grants that begin before they are made are made, and when grants are voided."""
    milestones = []
    for number, (grant, voided_at) in enumerate(grants):
        if grant.created_at > grant.effective_at:
            milestones.append(_Milestone(grant.created_at, What.MAKE, number, grant))
        if voided_at is not None:
            milestones.append(_Milestone(voided_at, What.VOID, number, grant))
    return sorted(milestones, key=WHEN, reverse=True)


def _made(grants: pl.DataFrame) -> dict[Any, list[tuple[Grant, datetime | None]]]:
    """Each pool's grants as they were made, and when they were voided."""
    made = defaultdict(list)
    for row in grants.select(COLUMNS).iter_rows():
        pool, grant_id, grant_type, status, amount, priority, *times = row
        if grant_type == GrantType.OVERDRAFT:
            continue
        created_at, effective_at, expire_at, voided_at = times
        grant = Grant(
            grant_id,
            GrantType(grant_type),
            amount,
            effective_at=effective_at,
            created_at=created_at,
            expire_at=expire_at,
            priority=priority,
        )
        if status == GrantStatus.PAYMENT_PENDING:
            grant.status = GrantStatus.PAYMENT_PENDING
        made[pool].append((grant, voided_at))
    return made
