"""Companies with random histories: every way in which a pool's balance can change, by a seed."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from data.credits.grants import Grant, GrantType
from data.credits.pool import Pool, Posting, UpdateError, VoidError
from data.tables import SCHEMAS, Tables

START, NOW = datetime(2026, 3, 1), datetime(2026, 5, 22, 14, 35)
CURRENCIES = ("ai-tokens", "legacy")
FEATURES = ("chat", "images")
MODELS = ("gpt", "gemini", "")
HOUR = timedelta(hours=1)
GRANTED = (GrantType.PAID, GrantType.PROMOTIONAL, GrantType.RECURRING)


def company(count: int, seed: int, kind: Callable[[str], Pool] = Pool) -> Tables:
    """`count` customers with one pool each: most of the customer, some of a resource or archived.

    Customer 0 never had a grant, customer 1 has one, the last has a thousand. `kind` makes a pool
    of its name.
    """
    rows: dict[str, list[tuple[object, ...]]] = {"customers": [], "resources": []}
    pools = []
    for number in range(count):
        dice = random.Random(seed * 100_003 + number)
        customer_id = f"customer-{number:04d}"
        resource_id = "workspace" if number % 7 == 3 else None
        currency_id = CURRENCIES[number % 5 == 4]
        rows["customers"].append((customer_id, f"Customer {number}", None, START))
        if resource_id:
            rows["resources"].append((customer_id, resource_id, START))
        pools.append(_History(customer_id, currency_id, resource_id, dice, kind))
        pools[-1].live(grants={0: 0, 1: 1, count - 1: 1000}.get(number))
    rows["grants"] = [row for pool in pools for row in pool.grant_rows()]
    entries = [(at, row) for pool in pools for at, row in pool.entries]
    entries.sort(key=lambda entry: entry[0])
    rows["ledger"] = [(seq, *row) for seq, (_, row) in enumerate(entries, start=1)]
    rows["usage_events"] = [row for pool in pools for row in pool.events]
    rows["features"] = [
        (name, name.title(), "NUMBER", "Incremental", None, None, START) for name in FEATURES
    ]
    rows["currencies"] = [
        ("ai-tokens", "AI Tokens", None, "token", "tokens", "ACTIVE"),
        ("legacy", "Legacy credits", None, "credit", "credits", "ARCHIVED"),
    ]
    return {name: pl.DataFrame(given, SCHEMAS[name], orient="row") for name, given in rows.items()}


@dataclass
class _History:
    """One pool's life, a random step after the other."""

    customer_id: str
    currency_id: str
    resource_id: str | None
    dice: random.Random
    kind: Callable[[str], Pool]
    clock: datetime = START
    entries: list[tuple[datetime, tuple[object, ...]]] = field(default_factory=list)
    events: list[tuple[object, ...]] = field(default_factory=list)
    pool: Pool = field(init=False)

    def __post_init__(self) -> None:
        self.pool = self.kind(f"{self.customer_id}-{self.currency_id}")

    def live(self, grants: int | None) -> None:
        steps = list(self._steps(grants))
        pause = (NOW - START) / (len(steps) + 1)
        for step in steps:
            self.clock = _whole(self.clock + pause * self.dice.uniform(0.2, 1.0))
            self._write(self.pool.advance(self.clock))
            step()
        self._write(self.pool.advance(NOW))

    def _steps(self, grants: int | None) -> Iterator[Any]:
        if grants is None:
            kinds = [self._grant, self._burn, self._burn, self._burn, self._void, self._update]
            yield from self.dice.choices(kinds, k=self.dice.randint(5, 40))
            return
        yield from self.dice.sample([self._grant] * grants + [self._burn] * 9, grants + 9)

    def _grant(self) -> None:
        amount = Decimal(self.dice.choice([0, 5, 50, 400])) + self._small()
        starts = self.clock + self.dice.choice([0, 0, 0, 100]) * HOUR
        lasts = self.dice.choice([None, 30, 300, 5000])
        grant = Grant(
            f"grant-{self.customer_id}-{len(self.pool.grants)}",
            self.dice.choice(GRANTED),
            amount,
            effective_at=starts,
            created_at=self.clock,
            expire_at=starts + lasts * HOUR if lasts else None,
            priority=self.dice.choice([10, 50, 50]),
            cost=amount / 2,
        )
        self._write(self.pool.add(grant, self.clock))

    def _burn(self) -> None:
        at = _whole(self.clock - self.dice.choice([0, 0, 0, 40]) * HOUR * self.dice.random())
        credits = self.dice.choice([1, 1, 1, 30, -1]) * (self._small() * 10)
        event_id = f"event-{self.customer_id}-{len(self.events)}"
        feature = self.dice.choice(FEATURES)
        postings = self.pool.burn(credits, at)
        charged = -sum((posting.amount for posting in postings), Decimal(0))
        model = self.dice.choice(MODELS)
        pairs = [{"key": "model", "value": model}] if model else []
        pairs.append({"key": "user", "value": f"user-{self.dice.randint(1, 5)}"})
        self.events.append(
            (event_id, self.customer_id, self.resource_id, feature, self.currency_id, at,
             self.clock, Decimal(1), charged, pairs)
        )  # fmt: skip
        self._write(postings, self.clock, event_id, feature)

    def _void(self) -> None:
        if self.pool.grants:
            with suppress(VoidError):
                grant_id = self.dice.choice(list(self.pool.grants))
                self._write(self.pool.void(grant_id, self.clock))

    def _update(self) -> None:
        if self.pool.grants:
            grant = self.dice.choice(list(self.pool.grants.values()))
            with suppress(UpdateError):
                postings = self.pool.update(
                    grant.grant_id, self.clock, priority=self.dice.choice([1, 90]),
                    effective_at=grant.effective_at, expire_at=self.clock + 200 * HOUR,
                )  # fmt: skip
                self._write(postings)

    def _small(self) -> Decimal:
        return Decimal(self.dice.randint(1, 9_999_999)) / 1_000_000

    def _write(
        self,
        postings: list[Posting],
        at: datetime | None = None,
        event_id: str | None = None,
        feature_id: str | None = None,
    ) -> None:
        scope = (self.customer_id, self.currency_id, self.resource_id)
        for kind, grant_id, amount, happened_at in postings:
            row = (*scope, kind.value, amount, grant_id, event_id, feature_id, happened_at)
            self.entries.append((at or happened_at, row))

    def grant_rows(self) -> Iterator[tuple[object, ...]]:
        for grant in self.pool.grants.values():
            yield (
                grant.grant_id, self.customer_id, self.currency_id, self.resource_id,
                grant.grant_type.title(), grant.grant_type.value, grant.status.value, grant.amount,
                grant.consumed, grant.cost, "USD", grant.priority, "NOT_REQUIRED",
                grant.effective_at, grant.expire_at, grant.voided_at, grant.created_at,
                grant.created_at, None, None, False,
            )  # fmt: skip


def _whole(instant: datetime) -> datetime:
    """To the millisecond, as times go over the wire."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
