"""How an ordinary customer's pool is paid for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil, floor, log10

import numpy as np
import numpy.typing as npt

from data.credits.grants import GrantType
from data.demo.arrivals import DAYS
from data.demo.customers import Customer
from data.demo.planned import PlannedGrant, cost_of, paid, promotion
from data.demo.refills import AutoRecharge, Refill, TopUp
from data.demo.sold import catalogue

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PoolUsage:
    """What one pool will burn, known beforehand so that its grants can be made to measure."""

    customer: Customer
    currency_id: str
    resource_id: str | None
    now: datetime
    occurred: npt.NDArray[np.datetime64]
    credits: npt.NDArray[np.float64]

    @property
    def start(self) -> datetime:
        """When the pool opens: a year ago, or when its customer joined."""
        return max(self.now - DAYS * DAY, self.customer.created_at(self.now))

    @property
    def total(self) -> float:
        """Credits of the whole year."""
        return float(self.credits.sum())

    @property
    def monthly(self) -> float:
        """Credits of an average month since the pool opened."""
        return self.total / max((self.now - self.start) / DAY, 1) * 30

    def burned(self, first: float, last: float = 0) -> float:
        """Credits used from so many days ago until so many days ago."""
        after, before = (np.datetime64(self.now - days * DAY, "us") for days in (first, last))
        return float(self.credits[(self.occurred >= after) & (self.occurred < before)].sum())

    def days_worth(self, days: float) -> float:
        """Credits that so many days take at the pace of the last two weeks."""
        return self.burned(14) / 14 * days


@dataclass(frozen=True, slots=True)
class Funding:
    """The grants planned for a pool, in any order, beside the rule that refills it, if any."""

    grants: list[PlannedGrant] = field(default_factory=list)
    refill: Refill | None = None


def ordinary(pool: PoolUsage, rng: np.random.Generator) -> Funding:
    """What the plan includes, now and then a promotion, and what is bought when that runs low."""
    grants = [*included(pool), *_promotions(pool, rng)]
    if not pool.total:
        return Funding(grants)
    recharges = pool.currency_id == "ai-tokens" and not pool.resource_id and rng.random() < 0.1
    if recharges:
        first = commitment(pool, float(round_lot(pool.monthly)))
        return Funding([*grants, first], _auto_recharge(pool))
    top_up = _top_up(pool, rng)
    return Funding([*grants, top_up.lot(pool.start)], top_up)


def whole(amount: float) -> Decimal:
    """The next whole number of credits, at least one."""
    return Decimal(max(1, ceil(amount)))


def round_lot(amount: float) -> Decimal:
    """The amount as people buy it: two digits and zeros, at least 50."""
    step = 10 ** max(floor(log10(max(amount, 1))) - 1, 0)
    return Decimal(max(50, ceil(amount / step) * step))


def commitment(
    pool: PoolUsage, amount: float, name: str = "Annual commitment", days_ago: float = DAYS
) -> PlannedGrant:
    """Credits bought in advance that never expire."""
    at = max(pool.start, pool.now - days_ago * DAY)
    return paid(name, whole(amount), pool.currency_id, at)


def included(pool: PoolUsage) -> Iterator[PlannedGrant]:
    """The plan's monthly credits for each seat, from the month in which the pool opens.

    They lapse when the next ones come; no resource has any.
    """
    plan = catalogue().plans[pool.customer.plan_id]
    by_seat = sum(each.included for each in plan.credits if each.currency_id == pool.currency_id)
    if not by_seat or pool.resource_id is not None:
        return
    since = pool.customer.created_at(pool.now)
    while since <= pool.now:
        until = _next_month(since)
        if until > pool.start:
            yield PlannedGrant(
                f"{plan.display_name} plan, {since:%B %Y}",
                GrantType.RECURRING,
                by_seat * pool.customer.seats,
                created_at=since,
                expire_at=until,
            )
        since = until


def _next_month(at: datetime) -> datetime:
    return at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1, day=min(at.day, 28))


def _promotions(pool: PoolUsage, rng: np.random.Generator) -> Iterator[PlannedGrant]:
    """A welcome to those who joined this year, an offer to some of the others."""
    if pool.resource_id is not None or pool.currency_id != "ai-tokens":
        return
    if pool.customer.joined < DAYS:
        yield promotion("Welcome credits", Decimal(500), pool.start, 90 * DAY, "Welcome promotion")
    elif rng.random() < 0.3:
        amount = round_lot(pool.monthly * rng.uniform(0.3, 1.2))
        at = pool.now - int(rng.integers(5 * 24, 300 * 24)) * timedelta(hours=1)
        yield promotion("Partner offer", amount, at, 75 * DAY)


def _top_up(pool: PoolUsage, rng: np.random.Generator) -> TopUp:
    """Lots of one to twelve months' use; a few customers have lately stopped buying them."""
    has_stopped = rng.random() < 0.06
    return TopUp(
        pool.currency_id,
        threshold=whole(pool.monthly * 0.15),
        amount=round_lot(pool.monthly * rng.choice([1, 1.5, 2, 3, 6, 12])),
        lasts=int(rng.choice([180, 540])) * DAY if rng.random() < 0.5 else None,
        until=pool.now - int(rng.integers(5, 40)) * DAY if has_stopped else None,
    )


def _auto_recharge(pool: PoolUsage) -> AutoRecharge:
    target = max(round_lot(pool.monthly * 0.8), Decimal(300))
    return AutoRecharge(
        pool.customer.customer_id,
        pool.currency_id,
        threshold=round_lot(float(target) * 0.15),
        target=target,
        cap=round_lot(float(cost_of(target, pool.currency_id)) * 8),
        created_at=pool.start,
    )
