"""What the service keeps in memory: the catalogue, the pools and what is on its way to them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from data.credits.grants import NEVER, Grant, GrantStatus, GrantType
from data.credits.pool import Pool, Posting
from data.credits.rates import Rate
from data.metering.catalogue import Catalogue
from data.metering.offers import PlanCredits
from data.metering.service.store import Row, Store

PoolKey = tuple[str, str, str | None]
"""(customer_id, currency_id, resource_id or None for the customer-level pool)"""
Owner = tuple[str, str | None, str]
"""(customer_id, resource_id, feature_id): whose units are counted together."""


def pool_name(key: PoolKey) -> str:
    return "-".join(part for part in key if part)


class Unbalanced(RuntimeError):
    """A pool's grants and its ledger disagree: the message has both figures."""


@dataclass(slots=True)
class Report:
    """One thing reported. Raw events have an `event_name` and are rated when they settle.

    `event_id`, `queue_seq` and `received_at` are known once it is accepted.
    """

    key: bytes | None
    """Equal for what must count once; None counts each time."""
    customer_id: str
    resource_id: str | None
    occurred_at: datetime
    dimensions: dict[str, str]
    event_name: str | None = None
    feature_id: str | None = None
    currency_id: str | None = None
    units: Decimal | None = None
    credits: Decimal | None = None
    event_id: str = ""
    queue_seq: int = 0
    received_at: datetime = NEVER

    @property
    def pool(self) -> PoolKey | None:
        if self.currency_id is None:
            return None
        return (self.customer_id, self.currency_id, self.resource_id)


@dataclass(slots=True)
class State:
    """Everything a write needs to know, rebuilt from the store at the start and after a failure."""

    catalogue: Catalogue
    customers: dict[str, Row]
    resources: dict[tuple[str, str], Row]
    currencies: dict[str, Row]
    features: dict[str, Row]
    plans: dict[str, Row]
    rates: dict[tuple[str, str], Rate]
    subscriptions: dict[str, list[Row]]
    pools: dict[PoolKey, Pool]
    owners: dict[str, PoolKey]
    """grant_id → the pool it belongs to."""
    totals: dict[Owner, Decimal]
    """Units reported so far."""
    promotions: dict[str, dict[str, Row]]
    """customer_id → feature_id → its promotional entitlement, ended or not."""
    recharges: dict[tuple[str, str], Row]
    """(customer_id, currency_id) → its recharge settings, where some were saved."""
    booked: dict[PoolKey, Decimal]
    """The sum of each pool's ledger rows."""
    seen: dict[bytes, datetime]
    """The idempotency keys of the last 7 days and when each was accepted, oldest first."""
    queue: list[Report]
    """Accepted and not yet settled."""
    pending: dict[PoolKey, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Credits in the queue."""
    next_ledger_seq: int = 1
    next_queue_seq: int = 1

    def pool(self, key: PoolKey) -> Pool:
        if key not in self.pools:
            self.pools[key] = Pool(pool_name(key))
        return self.pools[key]

    def has_wallet(self, key: PoolKey) -> bool:
        """Whether anything was ever granted to the pool, or consumed from it."""
        return key in self.pools or key in self.pending

    def wallet(self, key: PoolKey) -> tuple[Decimal, Decimal]:
        """(granted, consumed as if everything reported had settled) of a pool, if there is one."""
        pool = self.pools.get(key)
        granted, consumed = (pool.granted, pool.consumed) if pool else (Decimal(0), Decimal(0))
        return granted, consumed + self.pending.get(key, Decimal(0))

    def active(self, customer_id: str, resource_id: str | None) -> list[Row]:
        """The active subscriptions that hold for a resource: its own, then the customer's."""
        active = [s for s in self.subscriptions.get(customer_id, []) if s["status"] == "ACTIVE"]
        own = [s for s in active if s["resource_id"] == resource_id]
        return own + [s for s in active if s["resource_id"] is None and s not in own]

    def rate(self, customer_id: str, resource_id: str | None, feature_id: str) -> Rate | None:
        """The feature's rate on an active subscription: the resource's, else the customer's."""
        for subscription in self.active(customer_id, resource_id):
            rate = self.rates.get((subscription["plan_id"], feature_id))
            if rate:
                return rate
        return None

    def sold(
        self, customer_id: str, resource_id: str | None, currency_id: str
    ) -> PlanCredits | None:
        """How an active subscription's plan sells credits of a currency, if one does."""
        for subscription in self.active(customer_id, resource_id):
            plan = self.catalogue.plans.get(subscription["plan_id"])
            for credits in plan.credits if plan else ():
                if credits.currency_id == currency_id:
                    return credits
        return None

    def default_currency(self, customer_id: str, resource_id: str | None) -> str | None:
        """The customer's first active currency: of its pools, else of the catalogue."""
        active = [c for c, row in self.currencies.items() if row["status"] == "ACTIVE"]
        owned = [c for c in active if self.has_wallet((customer_id, c, resource_id))]
        return next(iter(owned + active), None)


def read_state(store: Store, catalogue: Catalogue) -> State:
    """The state as the store has it."""
    pools = _pools(store.rows("select * from grants"))
    state = State(
        catalogue=catalogue,
        customers={row["customer_id"]: row for row in store.rows("from customers")},
        resources={(r["customer_id"], r["resource_id"]): r for r in store.rows("from resources")},
        currencies={row["currency_id"]: row for row in store.rows("from currencies")},
        features={row["feature_id"]: row for row in store.rows("from features")},
        plans={row["plan_id"]: row for row in store.rows("from plans")},
        rates={(row["plan_id"], row["feature_id"]): _rate(row) for row in store.rows("from rates")},
        subscriptions=defaultdict(list),
        pools=pools,
        owners={grant_id: key for key, pool in pools.items() for grant_id in pool.grants},
        totals=defaultdict(Decimal),
        promotions=defaultdict(dict),
        recharges={
            (row["customer_id"], row["currency_id"]): row
            for row in store.rows("from recharge_settings")
        },
        booked=defaultdict(Decimal),
        seen={key: row["seen_at"] for row in store.rows(SEEN) for key in row["keys"]},
        queue=[Report(**row) for row in store.rows(QUEUED)],
    )
    for row in store.rows("from subscriptions order by started_at"):
        state.subscriptions[row["customer_id"]].append(row)
    for row in store.rows("from promotional_entitlements"):
        state.promotions[row["customer_id"]][row["feature_id"]] = row
    for row in store.rows(TOTALS):
        state.totals[row["customer_id"], row["resource_id"], row["feature_id"]] = row["units"]
    for row in store.rows(BOOKED):
        state.booked[row["customer_id"], row["currency_id"], row["resource_id"]] = row["credits"]
    for report in state.queue:
        if report.pool and report.credits:
            state.pending[report.pool] += report.credits
    state.next_ledger_seq = store.rows(NEXT_LEDGER_SEQ)[0]["seq"]
    state.next_queue_seq = max((report.queue_seq for report in state.queue), default=0) + 1
    return state


TOTALS = """
select customer_id, resource_id, feature_id, sum(units) as units
from (
    select customer_id, resource_id, feature_id, units from usage_events
    union all
    select customer_id, resource_id, feature_id, units from queue where units is not null
)
where feature_id is not null
group by all
"""
BOOKED = """
select customer_id, currency_id, resource_id, sum(amount) as credits from ledger group by all
"""
# Keys of one batch were seen at one time: a row for each batch is read twice as fast.
SEEN = "select seen_at, list(seen_key) as keys from seen_keys group by seen_at order by seen_at"
QUEUED = "select null as key, * from queue order by occurred_at, queue_seq"
NEXT_LEDGER_SEQ = "select coalesce(max(ledger_seq), 0) + 1 as seq from ledger"


def _pools(rows: Iterable[Row]) -> dict[PoolKey, Pool]:
    grants: dict[PoolKey, list[Grant]] = defaultdict(list)
    for row in rows:
        key = (row["customer_id"], row["currency_id"], row["resource_id"])
        grants[key].append(_grant(row))
    return {key: Pool(pool_name(key), owned) for key, owned in grants.items()}


def _grant(row: Row) -> Grant:
    return Grant(
        row["grant_id"],
        GrantType(row["grant_type"]),
        row["amount"],
        effective_at=row["effective_at"],
        created_at=row["created_at"],
        expire_at=row["expire_at"],
        priority=row["priority"],
        consumed=row["consumed_amount"],
        status=GrantStatus(row["status"]),
        voided_at=row["voided_at"],
        cost=row["cost_amount"],
        is_recharge=bool(row["is_recharge"]),
    )


def _rate(row: Row) -> Rate:
    amount = Decimal(1) if row["amount"] is None else row["amount"]
    return Rate(row["feature_id"], row["currency_id"], amount, row["cost_formula"])


def ledger_rows(
    state: State,
    key: PoolKey,
    postings: Iterable[Posting],
    event_id: str | None = None,
    feature_id: str | None = None,
) -> list[tuple[object, ...]]:
    """Ledger rows for the postings of one pool, numbered on."""
    customer_id, currency_id, resource_id = key
    rows: list[tuple[object, ...]] = []
    for posting in postings:
        entry: str = posting.entry_type.value
        rows.append(
            (state.next_ledger_seq, customer_id, currency_id, resource_id, entry,
             posting.amount, posting.grant_id, event_id, feature_id, posting.at)
        )  # fmt: skip
        state.next_ledger_seq += 1
        state.booked[key] += posting.amount
    return rows


def check_pools(state: State, keys: Iterable[PoolKey]) -> None:
    """Raise Unbalanced unless what remains of each pool's grants is the sum of its ledger."""
    for key in keys:
        balance, booked = state.pools[key].remaining, state.booked[key]
        if balance != booked:
            raise Unbalanced(
                f"Pool {pool_name(key)}: its grants leave {balance} credits, "
                f"but its ledger sums to {booked}."
            )


def keep_made(state: State, key: PoolKey, now: datetime) -> list[tuple[object, ...]]:
    """Rows of grants for the overdraft and the recharge that a pool has just made by itself."""
    made = state.pools[key].made
    rows = [_made_row(key, grant, now) for grant in made]
    state.owners.update((grant.grant_id, key) for grant in made)
    made.clear()
    return rows


def _made_row(key: PoolKey, grant: Grant, now: datetime) -> tuple[object, ...]:
    return (
        grant.grant_id, *key, "Auto-recharge" if grant.is_recharge else "Overdraft",
        grant.grant_type.value, grant.status.value, grant.amount, grant.consumed,
        grant.cost, "USD", grant.priority, "NOT_REQUIRED",
        grant.effective_at, grant.expire_at, grant.voided_at, grant.created_at, now,
        None, None, grant.is_recharge,
    )  # fmt: skip
