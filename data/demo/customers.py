"""Who buys from the demo company: how large each customer is, and how it differs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from data.demo.names import company_names, slug

ORDINARY_EVENTS = 86_000
GROWTH = "plan-revvenu-growth"
FREE = "plan-revvenu-free"
SCALE = "plan-revvenu-scale"
PAY_AS_YOU_GO = "plan-revvenu-pay-as-you-go"


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer; `events` is its usage over the twelve months, `joined` days before now.

    `calls` is the share of its events that the second currency pays for, `tokens` how long its
    requests are beside the usual, `growth` the exponent by which its usage grew over the year.
    """

    customer_id: str
    name: str
    plan_id: str
    events: int
    joined: int = 700
    resources: tuple[str, ...] = ()
    resource_share: float = 0.3
    calls: float = 0.0
    tokens: float = 1.0
    users: int = 15
    growth: float = 0.8
    is_tidy: bool = False
    """Whether it sends every everyday key, only now and then forgetting one."""

    @property
    def seats(self) -> int:
        """Seats of its subscription; the plan's credits come for each of them."""
        return max(1, self.events // 200)

    @property
    def email(self) -> str:
        return f"billing@{slug(self.name.partition(' (')[0])}.example"

    def created_at(self, now: datetime) -> datetime:
        """The moment it joined; never after the 28th, so that every month has its anniversary."""
        at = now - timedelta(days=self.joined, hours=5)
        return at.replace(day=min(at.day, 28), microsecond=0) if self.joined > 30 else at


def ordinary(count: int, rng: np.random.Generator) -> list[Customer]:
    """Customers without a story, largest first; sizes fall off as Zipf says."""
    weights = 1 / np.arange(2, count + 2)
    sizes = np.maximum(90, weights / weights.sum() * ORDINARY_EVENTS).astype(int)
    return [
        _ordinary(rank, int(events), name, rng)
        for rank, (events, name) in enumerate(zip(sizes, company_names(count, rng), strict=True))
    ]


def _ordinary(rank: int, events: int, name: str, rng: np.random.Generator) -> Customer:
    joined_lately = rank > 20 and rng.random() < 0.25
    workspaces = int(rng.integers(1, 3)) if rng.random() < 0.12 else 0
    return Customer(
        customer_id=f"customer-{slug(name)}",
        name=name,
        plan_id=_plan(rank, rng),
        events=events,
        joined=int(rng.integers(40, 360) if joined_lately else rng.integers(380, 1100)),
        resources=tuple(f"workspace-{slug(name)}-{n + 1}" for n in range(workspaces)),
        calls=float(rng.uniform(0.1, 0.6)) if rng.random() < 0.35 else 0.0,
        tokens=float(rng.lognormal(0.2 if rank < 40 else -0.1, 0.5)),
        users=3 + int(events**0.55),
        growth=float(rng.normal(0.8, 0.7)),
    )


def _plan(rank: int, rng: np.random.Generator) -> str:
    if rank < 18:
        return SCALE
    if rank < 80:
        return str(rng.choice([GROWTH, PAY_AS_YOU_GO], p=[0.75, 0.25]))
    return str(rng.choice([GROWTH, PAY_AS_YOU_GO, FREE], p=[0.2, 0.2, 0.6]))
