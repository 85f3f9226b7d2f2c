"""Every pool of the company burned down: the tables `grants`, `ledger` and `recharge_settings`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count

import numpy as np
import polars as pl

from data.credits.grants import NONE
from data.credits.pool import Pool
from data.demo.burning import PoolYear
from data.demo.customers import Customer
from data.demo.funding import PoolUsage
from data.demo.refills import RECHARGE, AutoRecharge
from data.demo.sold import catalogue
from data.demo.stories import fund
from data.tables import SCHEMAS, Tables

PoolKey = tuple[str, str, str | None]
"""Customer, currency, resource."""


def burn_pools(
    now: datetime, customers: Sequence[Customer], events: pl.DataFrame, rng: np.random.Generator
) -> Tables:
    """Run every pool's year; its events burn in the order in which they arrived."""
    used = _by_pool(events)
    grant_ids = (f"grant-{number:05d}" for number in count(1))
    years: dict[PoolKey, PoolYear] = {}
    for customer in customers:
        for key in _pools_of(customer, used):
            usage = used.get(key, events.clear().with_row_index("event"))
            pool = PoolUsage(
                customer,
                *key[1:],
                now,
                usage["occurred_at"].to_numpy(),
                usage["credits"].cast(pl.Float64).to_numpy(),
            )
            years[key] = PoolYear(Pool("-".join(filter(None, key))), grant_ids)
            rows = usage.select("received_at", "occurred_at", "credits", "event").iter_rows()
            years[key].run(fund(pool, rng), rows, now)
    return {
        "grants": _grants(years),
        "ledger": _ledger(years, events),
        "recharge_settings": _recharge_settings(years, now),
    }


def _by_pool(events: pl.DataFrame) -> dict[PoolKey, pl.DataFrame]:
    arrived = events.with_row_index("event").sort("received_at", "event")
    pools = arrived.partition_by(
        "customer_id", "currency_id", "resource_id", as_dict=True, maintain_order=True
    )
    return {
        (customer, currency, resource): usage
        for (customer, currency, resource), usage in pools.items()
    }


def _pools_of(customer: Customer, used: Mapping[PoolKey, object]) -> list[PoolKey]:
    """The pools that a customer uses, and the one its plan always gives credits to."""
    burned = {key for key in used if key[0] == customer.customer_id}
    if any(each.included for each in catalogue().plans[customer.plan_id].credits):
        burned.add((customer.customer_id, "ai-tokens", None))
    return sorted(burned, key=lambda key: (key[1], key[2] or ""))


def _grants(years: Mapping[PoolKey, PoolYear]) -> pl.DataFrame:
    rows = [row for key, year in years.items() for row in _grant_rows(key, year)]
    return pl.DataFrame(rows, SCHEMAS["grants"], orient="row")


def _grant_rows(key: PoolKey, year: PoolYear) -> Iterator[dict[str, object]]:
    changed = {entry.posting.grant_id: entry.written_at for entry in year.entries}
    for grant in year.pool.grants.values():
        plan = year.plans.get(grant.grant_id)
        yield {
            "grant_id": grant.grant_id,
            "customer_id": key[0],
            "currency_id": key[1],
            "resource_id": key[2],
            "display_name": plan.display_name if plan else "Overdraft",
            "grant_type": grant.grant_type.value,
            "status": grant.status.value,
            "amount": grant.amount,
            "consumed_amount": grant.consumed,
            "cost_amount": plan.cost if plan else NONE,
            "cost_currency": "USD",
            "priority": grant.priority,
            "payment_collection": plan.payment_collection if plan else "NOT_REQUIRED",
            "effective_at": grant.effective_at,
            "expire_at": grant.expire_at,
            "voided_at": grant.voided_at,
            "created_at": grant.created_at,
            "updated_at": changed.get(grant.grant_id, grant.created_at),
            "comment": plan.comment if plan else None,
            "additional_metadata": None,
            "is_recharge": plan is not None and plan.display_name == RECHARGE,
        }


def _ledger(years: Mapping[PoolKey, PoolYear], events: pl.DataFrame) -> pl.DataFrame:
    """All entries in the order written; what is written at one instant keeps its pool's order."""
    entries = [(key, entry) for key, year in years.items() for entry in year.entries]
    entries.sort(key=lambda row: row[1].written_at)
    postings = [entry.posting for _, entry in entries]
    caused_by = pl.Series([entry.event for _, entry in entries], dtype=pl.UInt32)
    return pl.DataFrame(
        {
            "ledger_seq": range(1, len(entries) + 1),
            "customer_id": [key[0] for key, _ in entries],
            "currency_id": [key[1] for key, _ in entries],
            "resource_id": [key[2] for key, _ in entries],
            "event_type": [posting.entry_type.value for posting in postings],
            "amount": [posting.amount for posting in postings],
            "grant_id": [posting.grant_id for posting in postings],
            "event_id": events["event_id"].gather(caused_by),
            "feature_id": events["feature_id"].gather(caused_by),
            "occurred_at": [posting.at for posting in postings],
        },
        SCHEMAS["ledger"],
    )


def _recharge_settings(years: Mapping[PoolKey, PoolYear], now: datetime) -> pl.DataFrame:
    rules = [year.refill for year in years.values() if isinstance(year.refill, AutoRecharge)]
    return pl.DataFrame([rule.settings(now) for rule in rules], SCHEMAS["recharge_settings"])
