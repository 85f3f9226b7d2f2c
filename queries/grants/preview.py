"""What a change of a pool's grants would do, played through the pool itself before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from data.credits.grants import NEVER, Grant, GrantStatus, GrantType
from data.credits.pool import Pool
from queries.grants.commands import CreateGrant
from queries.grants.order import as_grant

NEW = "the grant that is previewed"


@dataclass(frozen=True, slots=True)
class GrantPreview:
    """`before` and `after` are balances of now; what is `settled` of the overdraft `owed`, and
    `left` of the grant, is of the moment at which it takes effect, if nothing else happens first.

    An auto-recharge is not played: none is asked for, and a grant only ever puts it off.
    """

    status: GrantStatus
    starts_at: datetime
    before: Decimal
    after: Decimal
    owed: Decimal
    settled: Decimal
    left: Decimal

    @property
    def still_owed(self) -> Decimal:
        return self.owed - self.settled


@dataclass(frozen=True, slots=True)
class VoidPreview:
    """What leaves the balance, and what is left of it."""

    before: Decimal
    after: Decimal

    @property
    def leaves(self) -> Decimal:
        return self.before - self.after


def preview_grant(grants: pl.DataFrame, command: CreateGrant, now: datetime) -> GrantPreview:
    """The pool, its grants as `Grants` answers, with the command carried out now."""
    pool = _pool(grants, now)
    starts_at = command.effective_at or now
    before, owed = pool.balance, pool.owed
    grant = Grant(
        NEW,
        GrantType(command.grant_type),
        command.amount,
        effective_at=starts_at,
        created_at=now,
        expire_at=command.expire_at,
        priority=command.priority,
    )
    pool.add(grant, now)
    status, after = grant.status, pool.balance
    if status is GrantStatus.SCHEDULED:
        pool.advance(starts_at - datetime.resolution)
        owed = pool.owed
        pool.advance(starts_at)
    return GrantPreview(status, starts_at, before, after, owed, grant.consumed, grant.remaining)


def preview_void(grants: pl.DataFrame, grant_id: str, now: datetime) -> VoidPreview:
    """The pool with the grant voided now; raises VoidError where it cannot be."""
    pool = _pool(grants, now)
    before = pool.balance
    pool.void(grant_id, now)
    return VoidPreview(before, pool.balance)


def why_not_void(grant: Mapping[str, Any], now: datetime) -> str:
    """Why the grant, a row as `Grants` answers, cannot be voided: a sentence, empty if it can."""
    if grant["grant_type"] == GrantType.OVERDRAFT:
        return "An overdraft cannot be voided: the next grant settles it."
    if grant["status"] == GrantStatus.VOIDED:
        return "This grant is voided already."
    if grant["status"] == GrantStatus.EXPIRED or (grant["expire_at"] or NEVER) <= now:
        return "This grant has expired: nothing of it is left in the balance to be voided."
    return ""


def _pool(grants: pl.DataFrame, now: datetime) -> Pool:
    pool = Pool("preview", [as_grant(row) for row in grants.iter_rows(named=True)])
    pool.advance(now)
    return pool
