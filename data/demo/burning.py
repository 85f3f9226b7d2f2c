"""A pool's year: its events burned through its grants in the order in which they became known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from data.credits.grants import NONE, Grant, GrantStatus
from data.credits.pool import Pool, Posting
from data.demo.funding import Funding
from data.demo.planned import PlannedGrant
from data.demo.refills import Refill

Usage = tuple[datetime, datetime, Decimal, int]
"""received_at, occurred_at, credits, place among all events."""
NEVER = datetime(9999, 12, 31)


class Entry(NamedTuple):
    """A posting, when it was written, and the place of the event that caused it."""

    written_at: datetime
    posting: Posting
    event: int | None


@dataclass(slots=True)
class PoolYear:
    """One pool from its first grant to now: its entries in the order written, its grants' plans.

    Invariant: `balance`, the running sum of the entries, is the pool's own balance.
    """

    pool: Pool
    grant_ids: Iterator[str]
    refill: Refill | None = None
    balance: Decimal = NONE
    entries: list[Entry] = field(default_factory=list)
    plans: dict[str, PlannedGrant] = field(default_factory=dict)
    milestones: list[tuple[datetime, int, PlannedGrant]] = field(default_factory=list)
    """Grants to be made or voided, the latest first."""
    next_change: datetime = NEVER

    def run(self, funding: Funding, usage: Iterable[Usage], now: datetime) -> None:
        """Make the grants, burn the usage, refill, and let time pass until `now`."""
        self.refill = funding.refill
        self._plan(funding.grants)
        for received_at, occurred_at, credits, event in usage:
            if received_at >= self.next_change:
                self._catch_up(received_at)
            self._write(self.pool.burn(credits, occurred_at), received_at, event)
            if self.refill and self.balance < self.refill.threshold:
                self._buy(self.refill, received_at)
        self._catch_up(now)
        assert self.balance == self.pool.balance, f"{self.pool.name} does not add up"

    def _plan(self, grants: Iterable[PlannedGrant]) -> None:
        for grant in grants:
            self.milestones.append((grant.created_at, len(self.milestones), grant))
            if grant.voided_at:
                self.milestones.append((grant.voided_at, len(self.milestones), grant))
        self.milestones.sort(reverse=True)
        self._look_ahead()

    def _catch_up(self, now: datetime) -> None:
        """What happens by itself until `now`: grants are made, start, end, are voided."""
        while self.milestones and self.milestones[-1][0] <= now:
            at, _, plan = self.milestones.pop()
            if at == plan.voided_at:
                self._advance(at)
                voided = next(key for key, other in self.plans.items() if other is plan)
                self._write(self.pool.void(voided, at), at)
            else:
                self._make(plan)
        self._advance(now)
        self._look_ahead()

    def _look_ahead(self) -> None:
        planned = self.milestones[-1][0] if self.milestones else NEVER
        self.next_change = min(planned, self.pool.next_change() or NEVER)

    def _advance(self, now: datetime) -> None:
        for posting in self.pool.advance(now):
            self._write([posting], posting.at)

    def _make(self, plan: PlannedGrant) -> None:
        self._advance(plan.created_at)
        grant_id = next(self.grant_ids)
        self.plans[grant_id] = plan
        grant = Grant(
            grant_id,
            plan.grant_type,
            plan.amount,
            effective_at=plan.effective_at or plan.created_at,
            created_at=plan.created_at,
            expire_at=plan.expire_at,
            priority=plan.priority,
        )
        if plan.payment_collection != "NOT_REQUIRED":
            grant.status = GrantStatus.PAYMENT_PENDING
        self._write(self.pool.add(grant, plan.created_at), plan.created_at)

    def _buy(self, refill: Refill, at: datetime) -> None:
        plan = refill.buy(self.balance, at)
        if plan:
            self._make(plan)
            self._look_ahead()

    def _write(self, postings: list[Posting], at: datetime, event: int | None = None) -> None:
        for posting in postings:
            self.balance += posting.amount
            self.entries.append(Entry(at, posting, event))
