"""A pool of grants: every change of its balance, as the rows its ledger gets."""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from data.credits.grants import NONE, Grant, GrantStatus, GrantType, burn_order


class EntryType(StrEnum):
    """What a ledger row records; values as the metering API spells them."""

    CONSUMED = "CREDITS_CONSUMED"
    TRANSFER_SOURCE = "CREDITS_CONSUMPTION_TRANSFER_SOURCE"
    TRANSFER_TARGET = "CREDITS_CONSUMPTION_TRANSFER_TARGET"
    EXPIRED = "CREDITS_EXPIRED"
    GRANTED = "CREDITS_GRANTED"
    UPDATED = "CREDITS_UPDATED"
    VOIDED = "CREDITS_VOIDED"


@dataclass(frozen=True, slots=True)
class Posting:
    """One ledger row to be: what happened to which grant; positive adds to the balance."""

    entry_type: EntryType
    grant_id: str
    amount: Decimal
    at: datetime


class VoidError(ValueError):
    """A grant that cannot be voided: already voided, expired, or an overdraft."""


class Pool:
    """The grants of one customer, currency and resource, and the rules by which they change.

    Invariant: `balance` = sum of what remains = sum of all postings ever returned.
    """

    def __init__(self, name: str, grants: Iterable[Grant] = ()) -> None:
        """`name` makes the ids of overdrafts; `grants` restores a pool as it was stored."""
        self.name = name
        self.grants = {grant.grant_id: grant for grant in grants}
        active = [g for g in self.grants.values() if g.status is GrantStatus.ACTIVE]
        self.overdraft = next((g for g in active if g.grant_type is GrantType.OVERDRAFT), None)
        self._open = sorted(
            (
                g
                for g in active
                if g.grant_type is not GrantType.OVERDRAFT and g.consumed < g.amount
            ),
            key=burn_order,
        )

    @property
    def balance(self) -> Decimal:
        """Credits left; negative in overdraft."""
        return sum((grant.remaining for grant in self.grants.values()), NONE)

    @property
    def granted(self) -> Decimal:
        """Credits of the active grants (contract, section 2.14)."""
        return sum((g.amount for g in self._active()), NONE)

    @property
    def consumed(self) -> Decimal:
        """Credits consumed of the active grants, the overdraft's debt included."""
        return sum((g.consumed for g in self._active()), NONE)

    @property
    def owed(self) -> Decimal:
        """The overdraft's debt; 0 while there is none."""
        return self.overdraft.consumed if self.overdraft else NONE

    def add(self, grant: Grant, now: datetime) -> list[Posting]:
        """Take a new grant in; one that is effective counts at once and settles an overdraft."""
        self.grants[grant.grant_id] = grant
        return self.advance(now)

    def advance(self, now: datetime) -> list[Posting]:
        """Let time pass: grants that have ended lapse, grants whose time has come count.

        At one instant endings come first, so that a window is half-open.
        """
        due: list[tuple[datetime, bool, datetime, str]] = []
        for grant in self.grants.values():
            ends = grant.expire_at is not None and grant.expire_at <= now
            if grant.status is GrantStatus.SCHEDULED and grant.effective_at <= now:
                due.append((grant.effective_at, True, grant.created_at, grant.grant_id))
            if ends and grant.status in (GrantStatus.ACTIVE, GrantStatus.SCHEDULED):
                assert grant.expire_at is not None
                due.append((grant.expire_at, False, grant.created_at, grant.grant_id))
        postings: list[Posting] = []
        for at, starts, _, grant_id in sorted(due):
            grant = self.grants[grant_id]
            postings += self._start(grant, at) if starts else self._expire(grant, at)
        return postings

    def next_change(self) -> datetime | None:
        """When a grant next starts or ends by itself."""
        times = [g.effective_at for g in self.grants.values() if g.status is GrantStatus.SCHEDULED]
        times += [g.expire_at for g in self._active() if g.expire_at is not None]
        return min(times, default=None)

    def burn(self, amount: Decimal, at: datetime) -> list[Posting]:
        """Take credits for an event of that time; what no grant covers goes to the overdraft.

        A late event burns what was available at its time and still has credits: nothing
        written before is rewritten. A negative amount gives back, latest burned first, never
        more than was consumed. Returns a posting for each grant touched.
        """
        if amount < 0:
            return self._give_back(-amount, at)
        postings, left = [], amount
        for grant in [g for g in self._open if g.is_usable(at)]:
            if not left:
                break
            part = min(left, grant.amount - grant.consumed)
            postings.append(self._consume(grant, part, at))
            left -= part
        if left:
            postings.append(self._consume(self._debt(at), left, at))
        return postings

    def void(self, grant_id: str, at: datetime) -> list[Posting]:
        """Cancel a grant: what is left of it leaves the balance at once."""
        grant = self.grants[grant_id]
        if grant.grant_type is GrantType.OVERDRAFT:
            raise VoidError("Overdraft credit grants cannot be voided.")
        if grant.status is GrantStatus.VOIDED:
            raise VoidError(f"Grant {grant_id} is already voided.")
        if grant.status is GrantStatus.EXPIRED:
            raise VoidError(f"Grant {grant_id} has expired and cannot be voided.")
        lapsed = grant.remaining
        grant.voided_at = at
        self._end(grant, GrantStatus.VOIDED)
        return [Posting(EntryType.VOIDED, grant_id, -lapsed, at)] if lapsed else []

    def _active(self) -> list[Grant]:
        return [g for g in self.grants.values() if g.status is GrantStatus.ACTIVE]

    def _start(self, grant: Grant, at: datetime) -> list[Posting]:
        grant.status = GrantStatus.ACTIVE
        insort(self._open, grant, key=burn_order)
        return [
            Posting(EntryType.GRANTED, grant.grant_id, grant.amount, at),
            *self._settle(grant, at),
        ]

    def _settle(self, grant: Grant, at: datetime) -> list[Posting]:
        if self.overdraft is None:
            return []
        debt, moved = self.overdraft, min(self.overdraft.consumed, grant.amount)
        debt.consumed -= moved
        if not debt.consumed:
            debt.status, debt.voided_at, self.overdraft = GrantStatus.VOIDED, at, None
        grant.consumed += moved
        self._close_if_spent(grant)
        return [
            Posting(EntryType.TRANSFER_SOURCE, debt.grant_id, moved, at),
            Posting(EntryType.TRANSFER_TARGET, grant.grant_id, -moved, at),
        ]

    def _expire(self, grant: Grant, at: datetime) -> list[Posting]:
        if grant.status is not GrantStatus.ACTIVE:
            return []
        lapsed = grant.remaining
        self._end(grant, GrantStatus.EXPIRED)
        return [Posting(EntryType.EXPIRED, grant.grant_id, -lapsed, at)] if lapsed else []

    def _end(self, grant: Grant, status: GrantStatus) -> None:
        grant.status = status
        if grant in self._open:
            self._open.remove(grant)

    def _consume(self, grant: Grant, part: Decimal, at: datetime) -> Posting:
        grant.consumed += part
        self._close_if_spent(grant)
        return Posting(EntryType.CONSUMED, grant.grant_id, -part, at)

    def _close_if_spent(self, grant: Grant) -> None:
        if grant.grant_type is not GrantType.OVERDRAFT and grant.consumed >= grant.amount:
            self._open.remove(grant)

    def _debt(self, at: datetime) -> Grant:
        if self.overdraft is None:
            count = sum(g.grant_type is GrantType.OVERDRAFT for g in self.grants.values())
            self.overdraft = Grant(
                f"overdraft-{self.name}-{count + 1}",
                GrantType.OVERDRAFT,
                NONE,
                effective_at=at,
                created_at=at,
                status=GrantStatus.ACTIVE,
            )
            self.grants[self.overdraft.grant_id] = self.overdraft
        return self.overdraft

    def _give_back(self, amount: Decimal, at: datetime) -> list[Posting]:
        postings, left = [], amount
        burned = [g for g in self._active() if g.consumed and g is not self.overdraft]
        last_first = sorted(burned, key=burn_order, reverse=True)
        for grant in ([self.overdraft] if self.overdraft else []) + last_first:
            part = min(left, grant.consumed)
            if part:
                postings.append(self._return(grant, part, at))
                left -= part
        return postings

    def _return(self, grant: Grant, part: Decimal, at: datetime) -> Posting:
        was_spent = grant.grant_type is not GrantType.OVERDRAFT and grant.consumed >= grant.amount
        grant.consumed -= part
        if was_spent:
            insort(self._open, grant, key=burn_order)
        if grant is self.overdraft and not grant.consumed:
            grant.status, grant.voided_at, self.overdraft = GrantStatus.VOIDED, at, None
        return Posting(EntryType.CONSUMED, grant.grant_id, part, at)
