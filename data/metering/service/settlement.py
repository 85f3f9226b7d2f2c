"""Settlement: the queue becomes usage, ledger rows and changed grants, in one transaction."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from data.credits.amounts import CREDITS_LIMIT, AmountError, to_units
from data.metering.catalogue import Meter
from data.metering.service.state import PoolKey, State, ledger_rows, overdraft_row
from data.metering.service.store import Row, Store, Writer

BATCH = 20_000
QUEUED = f"select * from queue order by occurred_at, queue_seq limit {BATCH}"


@dataclass(slots=True)
class _Outcome:
    """Rows that one settlement will write."""

    usage: list[tuple[object, ...]] = field(default_factory=list)
    ledger: list[tuple[object, ...]] = field(default_factory=list)
    unmatched: list[tuple[object, ...]] = field(default_factory=list)
    new_grants: list[tuple[object, ...]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


def settle(store: Store, state: State, meters: Sequence[Meter], now: datetime) -> int:
    """Settle what is queued and let grants start and end up to `now`; the number settled.

    Events settle in the order of their time, and a grant that ended before an event's time has
    lapsed by then. On an exception nothing is written, and the state must be read anew.
    """
    queued = store.rows(QUEUED)
    outcome = _Outcome()
    for item in queued:
        for usage in _metered(state, meters, item, outcome):
            _charge(state, usage, outcome, now)
    if len(queued) < BATCH:
        for key in list(state.pools):
            _advance(state, key, now, outcome)
    if queued or outcome.touched:
        with store.transaction() as writer:
            _write(writer, state, queued, outcome, now)
    return len(queued)


def _metered(state: State, meters: Sequence[Meter], item: Row, outcome: _Outcome) -> Iterable[Row]:
    """The usage an item stands for: itself, or for a raw event one for each meter it feeds."""
    item["dimensions"] = json.loads(item["dimensions"])
    if item["event_name"] is None:
        return [item]
    wanted = [meter for meter in meters if feeds(meter, item)]
    if item["customer_id"] not in state.customers:
        return _keep_unmatched(item, "unknown customer", outcome)
    if not wanted:
        return _keep_unmatched(item, "no meter counts this event", outcome)
    try:
        return [rated(state, meter, item) for meter in wanted]
    except AmountError as error:
        return _keep_unmatched(item, str(error), outcome)


def feeds(meter: Meter, item: Row) -> bool:
    return meter.event_name == item["event_name"] and all(
        item["dimensions"].get(key) == value for key, value in meter.filters.items()
    )


def rated(state: State, meter: Meter, item: Row) -> Row:
    """The usage that a raw event is for one meter; `credits` is None without a rate."""
    units = Decimal(1)
    if meter.aggregation == "SUM":
        try:
            units = to_units(item["dimensions"].get(meter.dimension, "0"))
        except AmountError:
            units = Decimal(0)
    rate = state.rate(item["customer_id"], item["resource_id"], meter.feature_id)
    return item | {
        "feature_id": meter.feature_id,
        "units": units,
        "currency_id": rate.currency_id if rate else None,
        "credits": rate.charge(units, item["dimensions"]) if rate else None,
        "is_raw": True,
    }


def _keep_unmatched(item: Row, reason: str, outcome: _Outcome) -> list[Row]:
    """Set aside what cannot be settled, with the reason, so that it holds up nothing else."""
    outcome.unmatched.append(
        (item["event_id"], item["customer_id"], item["event_name"], item["occurred_at"],
         item["received_at"], json.dumps(item["dimensions"]), reason)
    )  # fmt: skip
    return []


def _charge(state: State, usage: Row, outcome: _Outcome, now: datetime) -> None:
    charged, is_raw = Decimal(0), usage.get("is_raw", False)
    if usage["credits"] is not None:
        key = (usage["customer_id"], usage["currency_id"], usage["resource_id"])
        if not is_raw:
            state.pending[key] -= usage["credits"]
        if state.pool(key).owed + usage["credits"] >= CREDITS_LIMIT:
            _keep_unmatched(usage, "no number could hold the pool's debt", outcome)
            return
        charged = _burn(state, key, usage, outcome, now)
    if is_raw:
        owner = (usage["customer_id"], usage["resource_id"], usage["feature_id"])
        state.totals[owner] += usage["units"]
    outcome.usage.append(
        (usage["event_id"], usage["customer_id"], usage["resource_id"], usage["feature_id"],
         usage["currency_id"], usage["occurred_at"], usage["received_at"], usage["units"],
         charged, [{"key": k, "value": v} for k, v in usage["dimensions"].items()])
    )  # fmt: skip


def _burn(state: State, key: PoolKey, usage: Row, outcome: _Outcome, now: datetime) -> Decimal:
    """Burn the usage's credits from its pool; what was really taken."""
    _advance(state, key, min(usage["occurred_at"], now), outcome)
    pool = state.pool(key)
    known = pool.overdraft
    postings = pool.burn(usage["credits"], usage["occurred_at"])
    if pool.overdraft is not None and pool.overdraft is not known:
        outcome.new_grants.append(overdraft_row(key, pool.overdraft, now))
        state.owners[pool.overdraft.grant_id] = key
    outcome.touched.update(posting.grant_id for posting in postings)
    outcome.ledger += ledger_rows(state, key, postings, usage["event_id"], usage["feature_id"])
    return -sum((posting.amount for posting in postings), Decimal(0))


def _advance(state: State, key: PoolKey, now: datetime, outcome: _Outcome) -> None:
    pool = state.pool(key)
    due = pool.next_change()
    if due is None or due > now:
        return
    postings = pool.advance(now)
    outcome.touched.update(pool.grants)
    outcome.ledger += ledger_rows(state, key, postings)


def _write(
    writer: Writer, state: State, queued: list[Row], outcome: _Outcome, now: datetime
) -> None:
    writer.add("usage_events", outcome.usage)
    writer.add("ledger", outcome.ledger)
    writer.add("unmatched_events", outcome.unmatched)
    writer.add("grants", outcome.new_grants)
    write_grants(writer, state, outcome.touched, now)
    writer.remove_queued(item["queue_seq"] for item in queued)


def write_grants(writer: Writer, state: State, grant_ids: Iterable[str], now: datetime) -> None:
    """Store what changed on these grants."""
    rows = []
    for grant_id in grant_ids:
        grant = state.pools[state.owners[grant_id]].grants[grant_id]
        status: str = grant.status.value
        rows.append((grant_id, status, grant.consumed, grant.voided_at, now))
    if rows:
        writer.update_grants(rows)
