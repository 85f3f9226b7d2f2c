"""Settlement: the queue becomes usage, ledger rows and changed grants, in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from data.credits.amounts import CREDITS_LIMIT, AmountError, to_units
from data.credits.pool import EntryType
from data.credits.rates import Rate
from data.metering.offers import Meter
from data.metering.service import grants
from data.metering.service.state import (
    Owner,
    PoolKey,
    Report,
    State,
    check_pools,
    keep_made,
    ledger_rows,
)
from data.metering.service.store import Writer

# Each transaction costs some 10 ms beside its rows; while it runs, the others wait.
BATCH = 5_000
ADDITIVE = ("COUNT", "SUM")
"""What a meter may do to be settled: what others make of one event, only their period tells."""
ONE = Decimal(1)

Rates = dict[Owner, Rate | None]

by_time = attrgetter("occurred_at")


@dataclass(slots=True)
class Charge:
    """What one report comes to: units of a feature, and their credits where a rate prices them."""

    feature_id: str | None
    currency_id: str | None
    units: Decimal
    credits: Decimal | None


@dataclass(slots=True)
class _Outcome:
    """Rows that one settlement will write, and the rates it has looked up."""

    usage: list[tuple[object, ...]] = field(default_factory=list)
    ledger: list[tuple[object, ...]] = field(default_factory=list)
    unmatched: list[tuple[object, ...]] = field(default_factory=list)
    new_grants: list[tuple[object, ...]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    rates: Rates = field(default_factory=dict)


def settle(state: State, writer: Writer, meters: Sequence[Meter], now: datetime) -> int:
    """Settle what is queued and let grants start and end up to `now`; the number settled.

    Events settle in the order of their time, those of one time as they came (the sort is
    stable), and a grant that ended before an event's time has lapsed by then. On an exception,
    `Unbalanced` among them, nothing must be written and the state be read anew.
    """
    state.queue.sort(key=by_time)
    queued, outcome = state.queue[:BATCH], _Outcome()
    fed = _by_name(meters)
    for report in queued:
        for charge in _charges(state, fed, report, outcome):
            _settle(state, report, charge, outcome, now)
    if len(queued) < BATCH:
        for key in list(state.pools):
            _advance(state, key, now, outcome)
    if queued or outcome.touched:
        check_pools(state, {state.owners[grant_id] for grant_id in outcome.touched})
        _write(writer, state, queued, outcome, now)
        del state.queue[: len(queued)]
    return len(queued)


def _by_name(meters: Iterable[Meter]) -> dict[str, list[Meter]]:
    fed: dict[str, list[Meter]] = defaultdict(list)
    for meter in meters:
        if meter.aggregation in ADDITIVE:
            fed[meter.event_name].append(meter)
    return fed


def _charges(
    state: State, fed: dict[str, list[Meter]], report: Report, outcome: _Outcome
) -> Sequence[Charge]:
    """What a report comes to: one charge, or for a raw event one for each meter it feeds."""
    if report.event_name is None:
        assert report.units is not None
        return [Charge(report.feature_id, report.currency_id, report.units, report.credits)]
    if report.customer_id not in state.customers:
        return _keep_unmatched(report, "unknown customer", outcome)
    wanted = [meter for meter in fed.get(report.event_name, ()) if feeds(meter, report)]
    if not wanted:
        return _keep_unmatched(report, "no meter counts this event", outcome)
    try:
        return [rated(state, meter, report, outcome.rates) for meter in wanted]
    except AmountError as error:
        return _keep_unmatched(report, str(error), outcome)


def feeds(meter: Meter, report: Report) -> bool:
    if not meter.filters:
        return True
    return all(report.dimensions.get(key) == value for key, value in meter.filters.items())


def rated(state: State, meter: Meter, report: Report, rates: Rates) -> Charge:
    """What a raw event comes to for one meter; `rates` are those looked up so far."""
    units = ONE
    if meter.aggregation == "SUM":
        try:
            units = to_units(report.dimensions.get(meter.dimension or "", "0"))
        except AmountError:
            units = Decimal(0)
    owner = (report.customer_id, report.resource_id, meter.feature_id)
    if owner not in rates:
        rates[owner] = state.rate(*owner)
    rate = rates[owner]
    if rate is None:
        return Charge(meter.feature_id, None, units, None)
    credits = rate.charge(units, report.dimensions)
    return Charge(meter.feature_id, rate.currency_id, units, credits)


def _keep_unmatched(report: Report, reason: str, outcome: _Outcome) -> list[Charge]:
    """Set aside what cannot be settled, with the reason, so that it holds up nothing else."""
    outcome.unmatched.append(
        (report.event_id, report.customer_id, report.event_name, report.occurred_at,
         report.received_at, list(report.dimensions.items()), reason)
    )  # fmt: skip
    return []


def _settle(state: State, report: Report, charge: Charge, outcome: _Outcome, now: datetime) -> None:
    charged, is_raw = Decimal(0), report.event_name is not None
    if charge.credits is not None and charge.currency_id is not None:
        key = (report.customer_id, charge.currency_id, report.resource_id)
        if not is_raw:
            state.pending[key] -= charge.credits
        if state.pool(key).owed + charge.credits >= CREDITS_LIMIT:
            _keep_unmatched(report, "no number could hold the pool's debt", outcome)
            return
        charged = _burn(state, key, report, charge, outcome, now)
    if is_raw:
        assert charge.feature_id is not None
        state.totals[report.customer_id, report.resource_id, charge.feature_id] += charge.units
    outcome.usage.append(
        (report.event_id, report.customer_id, report.resource_id, charge.feature_id,
         charge.currency_id, report.occurred_at, report.received_at, charge.units,
         charged, list(report.dimensions.items()))
    )  # fmt: skip


def _burn(
    state: State, key: PoolKey, report: Report, charge: Charge, outcome: _Outcome, now: datetime
) -> Decimal:
    """Burn the charge's credits from its pool; what was really taken."""
    assert charge.credits is not None
    _advance(state, key, min(report.occurred_at, now), outcome)
    pool = state.pool(key)
    postings = pool.burn(charge.credits, report.occurred_at)
    outcome.new_grants += keep_made(state, key, now)
    outcome.touched.update([posting.grant_id for posting in postings])
    burned = [posting for posting in postings if posting.entry_type is EntryType.CONSUMED]
    outcome.ledger += ledger_rows(state, key, burned, report.event_id, charge.feature_id)
    outcome.ledger += ledger_rows(state, key, postings[len(burned) :])
    return -sum([posting.amount for posting in burned], Decimal(0))


def _advance(state: State, key: PoolKey, now: datetime, outcome: _Outcome) -> None:
    pool = state.pool(key)
    due = pool.next_change()
    postings = pool.advance(now)
    if postings or (due is not None and due <= now):
        outcome.new_grants += keep_made(state, key, now)
        outcome.touched.update(pool.grants)
        outcome.ledger += ledger_rows(state, key, postings)


def _write(
    writer: Writer, state: State, queued: Sequence[Report], outcome: _Outcome, now: datetime
) -> None:
    writer.add("usage_events", outcome.usage)
    writer.add("ledger", outcome.ledger)
    writer.add("unmatched_events", outcome.unmatched)
    writer.add("grants", outcome.new_grants)
    grants.write(state, writer, outcome.touched, now)
    writer.remove_queued(report.queue_seq for report in queued)
