"""A pool of grants: every change of its balance, as the rows its ledger gets."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from data.credits.grants import (
    ACTIVE,
    EXPIRED,
    NEVER,
    NONE,
    SCHEDULED,
    VOIDED,
    BurnOrder,
    Grant,
    GrantStatus,
    GrantType,
    burn_order,
)
from data.credits.months import add_months, month_of
from data.credits.recharge import RechargeRule


class EntryType(StrEnum):
    """What a ledger row records; values as the metering API spells them."""

    CONSUMED = "CREDITS_CONSUMED"
    TRANSFER_SOURCE = "CREDITS_CONSUMPTION_TRANSFER_SOURCE"
    TRANSFER_TARGET = "CREDITS_CONSUMPTION_TRANSFER_TARGET"
    EXPIRED = "CREDITS_EXPIRED"
    GRANTED = "CREDITS_GRANTED"
    UPDATED = "CREDITS_UPDATED"
    VOIDED = "CREDITS_VOIDED"


class Posting(NamedTuple):
    """One ledger row to be: what happened to which grant; positive adds to the balance."""

    entry_type: EntryType
    grant_id: str
    amount: Decimal
    at: datetime


CONSUMED, GRANTED, LAPSED = EntryType.CONSUMED, EntryType.GRANTED, EntryType.EXPIRED
RANK = attrgetter("rank")

_Moment = tuple[datetime, bool, datetime, str]
"""When a grant ends (False) or starts (True), with its age and id to break ties."""


class VoidError(ValueError):
    """A grant that cannot be voided: already voided, expired, or an overdraft."""


class UpdateError(ValueError):
    """A change of a grant that has ended, that has begun already, or that leaves it no time."""


class Pool:
    """The grants of one customer, currency and resource, and the rules by which they change.

    Let time pass with `advance` before an event burns. Invariant: `balance` = `remaining` = sum
    of all postings ever returned.
    """

    def __init__(
        self,
        name: str,
        grants: Iterable[Grant] = (),
        *,
        order: BurnOrder = burn_order,
        rule: RechargeRule | None = None,
    ) -> None:
        """`name` makes the ids of grants it makes; `grants` restores a pool as it was stored.

        A `rule` first acts when time first passes.
        """
        self.name = name
        self.order = order
        self.clock = datetime(1, 1, 1)
        self.balance = NONE
        self.overdraft: Grant | None = None
        self.made: list[Grant] = []
        """Overdrafts and recharges, which the pool makes by itself; whoever stores them clears."""
        self.grants: dict[str, Grant] = {}
        self._active: dict[str, Grant] = {}
        self._open: list[Grant] = []
        self._schedule: list[_Moment] = []
        self._passed = 0
        self._spent: defaultdict[datetime, Decimal] = defaultdict(Decimal)
        self._counts = {GrantType.OVERDRAFT: 0, GrantType.PAID: 0}
        self.follow(rule)
        for grant in grants:
            self._restore(grant)
        self._schedule.sort()

    @property
    def remaining(self) -> Decimal:
        """The sum of what remains of each grant; negative in overdraft."""
        return sum((grant.remaining for grant in self._active.values()), NONE)

    @property
    def granted(self) -> Decimal:
        """Credits of the active grants (contract, section 2.14)."""
        return sum((g.amount for g in self._active.values()), NONE)

    @property
    def consumed(self) -> Decimal:
        """Credits consumed of the active grants, the overdraft's debt included."""
        return sum((g.consumed for g in self._active.values()), NONE)

    @property
    def owed(self) -> Decimal:
        """The overdraft's debt; 0 while there is none."""
        return self.overdraft.consumed if self.overdraft else NONE

    @property
    def floor(self) -> Decimal | None:
        """The balance below which a burn buys credits; None while nothing can be bought."""
        return self._floor if self.rule and self._retry_at is NEVER else None

    def spent(self, at: datetime) -> Decimal:
        """US dollars that recharges have cost in the calendar month of that time."""
        return self._spent.get(month_of(at), NONE)

    def add(self, grant: Grant, now: datetime) -> list[Posting]:
        """Take a new grant in; one that is effective counts at once and settles an overdraft."""
        self.grants[grant.grant_id] = grant
        self._plan(grant)
        return self.advance(now)

    def pay(self, grant_id: str, now: datetime) -> list[Posting]:
        """The payment that a grant was waiting for has come: it counts from its effective time."""
        grant = self.grants[grant_id]
        if grant.status is GrantStatus.PAYMENT_PENDING:
            self._unplan(grant)
            grant.status = SCHEDULED
            self._plan(grant)
        return self.advance(now)

    def advance(self, now: datetime) -> list[Posting]:
        """Let time pass: grants that have ended lapse, grants whose time has come count.

        At one instant endings come first, so that a window is half-open, and a recharge last.
        """
        postings: list[Posting] = []
        while (at := self._next_moment()) <= now:
            self.clock = max(self.clock, at)
            while self._passed < len(self._schedule) and self._schedule[self._passed][0] <= at:
                _, starts, _, grant_id = self._schedule[self._passed]
                self._passed += 1
                grant = self.grants[grant_id]
                postings += self._start(grant, at) if starts else self._expire(grant, at)
            if self.rule:
                postings += self._recharge()
        self.clock = max(self.clock, now)
        return postings + self._recharge() if self._is_new_rule else postings

    def next_change(self) -> datetime | None:
        """When a grant next starts or ends by itself, or a recharge may be tried again."""
        moment = self._next_moment()
        return None if moment is NEVER else moment

    def burn(self, amount: Decimal, at: datetime) -> list[Posting]:
        """Take credits for an event of that time; what no grant covers goes to the overdraft.

        A late event burns what was available at its time and still has credits: nothing
        written before is rewritten. A negative amount gives back, latest burned first, never
        more than was consumed. Returns a posting for each grant touched, and a recharge's.
        """
        postings = self._take(amount, at) if amount >= 0 else self._give_back(-amount, at)
        return postings + self._recharge() if self.rule else postings

    def void(self, grant_id: str, at: datetime) -> list[Posting]:
        """Cancel a grant: what is left of it leaves the balance at once; or raise VoidError."""
        grant = self.grants[grant_id]
        if grant.grant_type is GrantType.OVERDRAFT:
            raise VoidError("Overdraft credit grants cannot be voided.")
        if grant.status is VOIDED:
            raise VoidError(f"Grant {grant_id} is already voided.")
        if _has_expired(grant, at):
            raise VoidError(f"Grant {grant_id} has expired and cannot be voided.")
        postings = self.advance(at)
        lapsed = grant.remaining
        grant.voided_at = at
        self._unplan(grant)
        self._end(grant, VOIDED)
        if lapsed:
            postings.append(self._post(EntryType.VOIDED, grant, -lapsed, at))
        return postings + self._recharge()

    def update(
        self,
        grant_id: str,
        at: datetime,
        *,
        priority: int,
        effective_at: datetime,
        expire_at: datetime | None,
    ) -> list[Posting]:
        """Change a grant's place in the order and its window; or raise UpdateError."""
        grant = self.grants[grant_id]
        _check_update(grant, at, effective_at, expire_at)
        postings = self.advance(at)
        was_open = grant in self._open
        if was_open:
            self._open.remove(grant)
        self._unplan(grant)
        grant.priority, grant.effective_at, grant.expire_at = priority, effective_at, expire_at
        self._plan(grant)
        if was_open:
            insort(self._open, grant, key=RANK)
        postings.append(self._post(EntryType.UPDATED, grant, NONE, at))
        return postings + self.advance(at)

    def set_rule(self, rule: RechargeRule | None, at: datetime) -> list[Posting]:
        """Recharge by this rule from now on; a balance already below its threshold does at once."""
        postings = self.advance(at)
        self.follow(rule)
        return postings + self._recharge()

    def follow(self, rule: RechargeRule | None) -> None:
        """Recharge by this rule as soon as time passes."""
        self.rule = rule
        self._is_new_rule = rule is not None
        self._floor = rule.floor() if rule else NONE
        self._retry_at = NEVER

    def _restore(self, grant: Grant) -> None:
        self.grants[grant.grant_id] = grant
        grant.rank = self.order(grant)
        self._schedule += _moments(grant)
        self._count(grant)
        if grant.status is not ACTIVE:
            return
        self.balance += grant.remaining
        self._active[grant.grant_id] = grant
        if grant.grant_type is GrantType.OVERDRAFT:
            self.overdraft = grant
        elif grant.consumed < grant.amount:
            insort(self._open, grant, key=RANK)

    def _count(self, grant: Grant) -> None:
        """Keep what the ids of further overdrafts and recharges, and the month's cap, need."""
        if grant.grant_type is GrantType.OVERDRAFT or grant.is_recharge:
            self._counts[grant.grant_type] += 1
        if grant.is_recharge:
            self._spent[month_of(grant.created_at)] += grant.cost

    def _plan(self, grant: Grant) -> None:
        """Put a grant's start and end on the schedule."""
        grant.rank = self.order(grant)
        for moment in _moments(grant):
            insort(self._schedule, moment, lo=self._passed)

    def _unplan(self, grant: Grant) -> None:
        """Take what is still to come of a grant from the schedule."""
        coming = self._schedule[self._passed :]
        self._schedule[self._passed :] = [m for m in coming if m[3] != grant.grant_id]

    def _next_moment(self) -> datetime:
        if self._passed == len(self._schedule):
            return self._retry_at
        return min(self._schedule[self._passed][0], self._retry_at)

    def _start(self, grant: Grant, at: datetime) -> list[Posting]:
        grant.status = ACTIVE
        self._active[grant.grant_id] = grant
        postings = [self._post(GRANTED, grant, grant.amount, at)]
        if self.overdraft is not None and grant.amount:
            postings += self._settle(self.overdraft, grant, at)
        if grant.consumed < grant.amount:
            insort(self._open, grant, key=RANK)
        return postings

    def _settle(self, debt: Grant, grant: Grant, at: datetime) -> list[Posting]:
        """Move the debt, or as much of it as the new grant holds, over to the grant."""
        moved = min(debt.consumed, grant.amount)
        debt.consumed -= moved
        grant.consumed += moved
        if not debt.consumed:
            self._close_debt(debt, at)
        return [
            self._post(EntryType.TRANSFER_SOURCE, debt, moved, at),
            self._post(EntryType.TRANSFER_TARGET, grant, -moved, at),
        ]

    def _close_debt(self, debt: Grant, at: datetime) -> None:
        debt.voided_at, self.overdraft = at, None
        self._end(debt, VOIDED)

    def _expire(self, grant: Grant, at: datetime) -> list[Posting]:
        lapsed = grant.remaining
        self._end(grant, EXPIRED)
        return [self._post(LAPSED, grant, -lapsed, at)] if lapsed else []

    def _end(self, grant: Grant, status: GrantStatus) -> None:
        grant.status = status
        self._active.pop(grant.grant_id, None)
        if grant in self._open:
            self._open.remove(grant)

    def _take(self, amount: Decimal, at: datetime) -> list[Posting]:
        postings: list[Posting] = []
        left, spent = amount, []
        for grant in self._open:
            if not left:
                break
            if not grant.covers(at):
                continue
            part = min(left, grant.amount - grant.consumed)
            postings.append(self._consume(grant, part, at))
            left -= part
            if grant.consumed == grant.amount:
                spent.append(grant)
        for grant in spent:
            self._open.remove(grant)
        if left:
            postings.append(self._consume(self._debt(at), left, at))
        return postings

    def _consume(self, grant: Grant, part: Decimal, at: datetime) -> Posting:
        grant.consumed += part
        return self._post(CONSUMED, grant, -part, at)

    def _debt(self, at: datetime) -> Grant:
        if self.overdraft is None:
            self.overdraft = self._make("overdraft", GrantType.OVERDRAFT, NONE, at)
            self.overdraft.status = ACTIVE
            self._active[self.overdraft.grant_id] = self.overdraft
        return self.overdraft

    def _give_back(self, amount: Decimal, at: datetime) -> list[Posting]:
        postings, left = [], amount
        burned = [g for g in self._active.values() if g.consumed and g is not self.overdraft]
        last_first = sorted(burned, key=RANK, reverse=True)
        for grant in ([self.overdraft] if self.overdraft else []) + last_first:
            if not left:
                break
            part = min(left, grant.consumed)
            postings.append(self._return(grant, part, at))
            left -= part
        return postings

    def _return(self, grant: Grant, part: Decimal, at: datetime) -> Posting:
        was_spent = grant.consumed == grant.amount
        grant.consumed -= part
        if grant is self.overdraft:
            if not grant.consumed:
                self._close_debt(grant, at)
        elif was_spent:
            insort(self._open, grant, key=RANK)
        return self._post(CONSUMED, grant, part, at)

    def _recharge(self) -> list[Posting]:
        """Buy what the rule says at the pool's clock; where the cap forbids it, try next month."""
        self._retry_at, self._is_new_rule = NEVER, False
        if self.rule is None or self.balance >= self._floor:
            return []
        amount = self.rule.amount(self.balance)
        cost = self.rule.cost(amount)
        if not self.rule.fits(cost, self.spent(self.clock)):
            self._retry_at = add_months(month_of(self.clock), 1)
            return []
        grant = self._make("recharge", GrantType.PAID, amount, self.clock)
        grant.cost, grant.is_recharge, grant.status = cost, True, ACTIVE
        grant.expire_at = self.rule.expires(self.clock)
        self._spent[month_of(self.clock)] += cost
        self._plan(grant)
        return self._start(grant, self.clock)

    def _make(self, what: str, kind: GrantType, amount: Decimal, at: datetime) -> Grant:
        self._counts[kind] += 1
        grant_id = f"{what}-{self.name}-{self._counts[kind]}"
        grant = Grant(grant_id, kind, amount, effective_at=at, created_at=at)
        self.grants[grant_id] = grant
        self.made.append(grant)
        return grant

    def _post(self, entry_type: EntryType, grant: Grant, amount: Decimal, at: datetime) -> Posting:
        self.balance += amount
        return Posting(entry_type, grant.grant_id, amount, at)


def _moments(grant: Grant) -> Iterator[_Moment]:
    """Its start and end, so far as they are still to come."""
    if grant.status is SCHEDULED:
        yield grant.effective_at, True, grant.created_at, grant.grant_id
    if grant.expire_at is not None and not grant.has_ended:
        yield grant.expire_at, False, grant.created_at, grant.grant_id


def _has_expired(grant: Grant, at: datetime) -> bool:
    return grant.status is EXPIRED or (grant.expire_at is not None and grant.expire_at <= at)


def _check_update(
    grant: Grant, at: datetime, effective_at: datetime, expire_at: datetime | None
) -> None:
    if grant.grant_type is GrantType.OVERDRAFT or grant.status is VOIDED:
        raise UpdateError(f"Grant {grant.grant_id} is {grant.status.lower()}: it stays as it is.")
    if _has_expired(grant, at):
        raise UpdateError(f"Grant {grant.grant_id} has expired: it stays as it is.")
    if grant.status is ACTIVE and effective_at != grant.effective_at:
        raise UpdateError(f"Grant {grant.grant_id} has begun: effectiveAt cannot be changed.")
    if expire_at is not None and expire_at <= effective_at:
        raise UpdateError("expireAt must be later than effectiveAt.")
