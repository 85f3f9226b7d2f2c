"""What an extract should answer, worked out row by row: slow, plain, and knowing none of our SQL.

One function for each question. Each takes the question and a company as Python has it in lists,
and gives the rows of the answer in their order. Nothing here is shared with what it judges but
the arithmetic of one event's charge (`data.credits.rates`), which has tests of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from data.credits.rates import Rate
from queries.balance import Balance
from queries.catalogue import Currencies, Features
from queries.customers import Customers, Resources, Subscriptions
from queries.grants import COLUMNS as GRANT_COLUMNS
from queries.grants import Grants
from queries.keys import Keys
from queries.ledger import EventRows, LedgerEvent, LedgerPage, LeftThen
from queries.portfolio import AllCustomers, AllGrants, AllMoves, AllRecharges, AllUse
from queries.recharge import COLUMNS as RECHARGE_COLUMNS
from queries.recharge import Recharge
from queries.statement import Spent, SpentEvents, Statement
from queries.time import Grain, Span
from queries.usage import TopUsage, Usage
from queries.whatif import Change, Repriced, TodaysRates

NONE = Decimal(0)
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31)
STEP = Decimal("0.000001")
TRANSFER = "CREDITS_CONSUMPTION_TRANSFER"
MOVES = {
    "CREDITS_GRANTED": "granted",
    "CREDITS_CONSUMED": "consumed",
    "CREDITS_EXPIRED": "expired",
    "CREDITS_VOIDED": "voided",
}

Pool = tuple[str, str | None]
"""Customer, resource."""
Row = Mapping[str, Any]
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Event:
    """One row of usage_events: an event that fed a feature."""

    event_id: str
    customer_id: str
    resource_id: str | None
    feature_id: str | None
    currency_id: str | None
    occurred_at: datetime
    loaded_at: datetime
    units: Decimal
    credits: Decimal
    dimensions: Mapping[str, str]

    @property
    def pool(self) -> Pool:
        return self.customer_id, self.resource_id


@dataclass(slots=True)
class Company:
    """All that an extract holds: its events, and the rows of its other tables."""

    events: list[Event] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, events: Iterable[Event]) -> int:
        """Take in what is new; how much that was. The first that is read of an event counts."""
        held = {(event.event_id, event.feature_id) for event in self.events}
        known = {row["customer_id"] for row in self.tables["customers"]}
        pools = {(row["customer_id"], row["resource_id"]) for row in self.tables["resources"]}
        before = len(self.events)
        for event in events:
            if (event.event_id, event.feature_id) in held:
                continue
            held.add((event.event_id, event.feature_id))
            self.events.append(event)
            if event.customer_id not in known:
                known.add(event.customer_id)
                named = {"customer_id": event.customer_id, "name": event.customer_id}
                self.tables["customers"].append(named | {"email": None})
            if event.resource_id is not None and event.pool not in pools:
                pools.add(event.pool)
                named = {"customer_id": event.customer_id, "resource_id": event.resource_id}
                self.tables["resources"].append(named)
        return len(self.events) - before


def expected(question: object, company: Company) -> Rows:
    """The rows of the answer, in their order."""
    return ANSWERS[type(question)](question, company)


def usage(question: Usage, company: Company) -> Rows:
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [NONE, 0])
    for event in _of_currency(company, question.currency_id, question.span):
        whole = question.customer_id is None
        if not whole and event.pool != (question.customer_id, question.resource_id):
            continue
        if any((_value(event, f.key) in f.values) == f.is_without for f in question.filters):
            continue
        at = bucket(event.occurred_at, question.span, question.grain, question.zone)
        group = sums[at, *(_value(event, key) for key in question.by)]
        group[0] += event.credits
        group[1] += 1
    return sorted((*group, *sum_) for group, sum_ in sums.items())


def top_usage(question: TopUsage, company: Company) -> Rows:
    whole: dict[tuple[str, ...], list[Any]] = defaultdict(lambda: [NONE, 0])
    for _, *group, credits, events in (rows := usage(question.usage, company)):
        sums = whole[tuple(group)]
        sums[0] += credits
        sums[1] += events
    ordered = sorted(whole, key=lambda group: (-whole[group][0], group))
    listed = [(None, *group, *whole[group]) for group in ordered]
    chosen, others = ordered[: question.most], (None,) * len(question.usage.by)
    drawn: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [NONE, 0])
    for at, *group, credits, events in rows:
        sums = drawn[at, *(group if tuple(group) in chosen else others)]
        sums[0] += credits
        sums[1] += events
    in_order = sorted(drawn, key=lambda row: (row[0], [(text is None, text) for text in row[1:]]))
    return listed + [(*row, *drawn[row]) for row in in_order]


def keys(question: Keys, company: Company) -> Rows:
    found: set[str] = set()
    for event in _of_currency(company, question.currency_id):
        if question.customer_id is None or event.pool == (
            question.customer_id,
            question.resource_id,
        ):
            found |= event.dimensions.keys()
    return sorted((key,) for key in found if question.search.lower() in key.lower())


def all_use(question: AllUse, company: Company) -> Rows:
    sums: dict[tuple[Pool, datetime], Decimal] = defaultdict(Decimal)
    for event in _of_currency(company, question.currency_id, question.span, question.customers):
        at = bucket(event.occurred_at, question.span, question.grain, question.zone)
        sums[event.pool, at] += event.credits
    ordered = sorted(sums.items(), key=lambda item: (_pool_order(item[0][0]), item[0][1]))
    return [(*pool, at, credits) for (pool, at), credits in ordered]


def repriced(question: Repriced, company: Company) -> Rows:
    sums: dict[Pool, list[Any]] = defaultdict(lambda: [0, 0, NONE, NONE])
    for event in _of_currency(company, question.currency_id, question.span, question.customers):
        change = _change(event, question.scenario.changes, question.scenario.key)
        charge = event.credits if change is None else _charge(event, change)
        of_pool = sums[event.pool]
        of_pool[0] += 1
        of_pool[1] += charge != event.credits
        of_pool[2] += event.credits
        of_pool[3] += charge
    return [(*pool, *sums[pool]) for pool in sorted(sums, key=_pool_order)]


def todays_rates(question: TodaysRates, company: Company) -> Rows:
    sums: dict[str | None, list[Any]] = defaultdict(lambda: [0, 0, NONE, NONE])
    for event in _of_currency(company, question.currency_id, customers=question.customers):
        rate = _rate(event, company)
        charge = event.credits if rate is None else rate.charge(event.units, event.dimensions)
        of_feature = sums[event.feature_id]
        of_feature[0] += 1
        of_feature[1] += charge != event.credits
        of_feature[2] += event.credits
        of_feature[3] += charge
    ordered = sorted(sums, key=lambda feature: (feature is None, feature or ""))
    return [(feature, *sums[feature]) for feature in ordered]


def ledger_event(question: LedgerEvent, company: Company) -> Rows:
    pool = question.customer_id, question.resource_id
    found = [e for e in company.events if e.pool == pool and e.event_id == question.event_id]
    found.sort(key=lambda event: (event.feature_id is None, event.feature_id or ""))
    return [
        (
            event.event_id,
            event.feature_id,
            event.currency_id,
            event.occurred_at,
            event.loaded_at,
            event.units,
            event.credits,
            dimensions_text(event),
        )
        for event in found
    ]


def ledger_page(question: LedgerPage, company: Company) -> Rows:
    """All rows below the place that pass the filters: a page is the first of them."""
    balance, rows = NONE, []
    for row in _ledger(question, company):
        before, balance = balance, balance + row["amount"]
        is_below = question.place is None or row["ledger_seq"] < int(question.place)
        if is_below and _passes(row, question):
            rows.append(_page_row(row, before, balance))
    return rows[::-1]


def event_rows(question: EventRows, company: Company) -> Rows:
    pool = question.customer_id, question.currency_id, question.resource_id
    return ledger_page(LedgerPage(*pool, event_id=question.event_id), company)


def left_then(question: LeftThen, company: Company) -> Rows:
    left: dict[str, Decimal] = defaultdict(Decimal)
    changed = set()
    for row in _ledger(question, company):
        left[row["grant_id"]] += row["amount"] if row["ledger_seq"] <= int(question.place) else 0
        if row["ledger_seq"] > int(question.place) and row["event_type"] == "CREDITS_UPDATED":
            changed.add(row["grant_id"])
    return sorted(
        (grant_id, amount, grant_id in changed)
        for grant_id, amount in left.items()
        if amount or grant_id in changed
    )


def statement(question: Statement, company: Company) -> Rows:
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [NONE, FIRST])
    for row in _ledger(question, company):
        at = row["occurred_at"]
        start: datetime | None = None
        if at >= question.span.end:
            start = question.span.end
        elif at >= question.span.start:
            start = bucket(at, question.span, question.grain, question.zone)
        group = sums[start, row["grant_id"], row["event_type"], row["feature_id"]]
        group[0] += row["amount"]
        group[1] = max(group[1], at)
    ordered = sorted(
        sums, key=lambda of: (of[0] or FIRST, of[1], of[2], of[3] is not None, of[3] or "")
    )
    return [(*group, *sums[group]) for group in ordered]


def spent(question: Spent, company: Company) -> Rows:
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for row, event in _consumed(question, company):
        at = bucket(row["occurred_at"], question.span, question.grain, question.zone)
        value: str | None
        match question.by:
            case "grantId":
                value = row["grant_id"]
            case "bucket":
                value = f"{at:%Y-%m-%dT%H:%M}"
            case _:
                value = _spent_value(row, event, question.by)
        sums[value] -= row["amount"]
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))
    return [(value, credits) for value, credits in ordered if credits]


def spent_events(question: SpentEvents, company: Company) -> Rows:
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    texts: dict[tuple[Any, ...], str] = {}
    for row, event in _consumed(question, company):
        single = row["occurred_at"], row["event_id"], row["feature_id"], row["grant_id"]
        sums[single] -= row["amount"]
        texts[single] = "" if event is None else dimensions_text(event)
    ordered = sorted(
        sums,
        key=lambda of: (
            -sums[of],
            LAST - of[0],
            *((name is None, name or "") for name in of[1:]),
        ),
    )
    return [(*single, sums[single], texts[single]) for single in ordered]


def balance(question: Balance, company: Company) -> Rows:
    found = _grants(question, company)
    active = [row for row in found if row["status"] == "ACTIVE"]
    granted = sum((row["amount"] for row in active), NONE)
    consumed = sum((row["consumed_amount"] for row in active), NONE)
    return [(granted, consumed, granted - consumed)] if found else []


def grants(question: Grants, company: Company) -> Rows:
    return [_grant_row(row) for row in _newest_first(_grants(question, company))]


def all_grants(question: AllGrants, company: Company) -> Rows:
    rows = [row for row in company.tables["grants"] if _is_asked(row, question)]
    ordered = sorted(_newest_first(rows), key=lambda row: _pool_order(_pool(row)))
    return [(*_pool(row), *_grant_row(row)) for row in ordered]


def all_moves(question: AllMoves, company: Company) -> Rows:
    types = {row["grant_id"]: row["grant_type"] for row in company.tables["grants"]}
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in company.tables["ledger"]:
        kind = row["event_type"]
        is_in = question.span.start <= row["occurred_at"] < question.span.end
        if is_in and _is_asked(row, question) and not kind.startswith(TRANSFER):
            at = bucket(row["occurred_at"], question.span, question.grain, question.zone)
            granted = types[row["grant_id"]] if kind == "CREDITS_GRANTED" else None
            sums[at, MOVES.get(kind, "updated"), granted] += row["amount"]
    ordered = sorted(sums, key=lambda of: (of[0], of[1], of[2] is not None, of[2] or ""))
    return [(*group, sums[group]) for group in ordered if sums[group]]


def recharge(question: Recharge, company: Company) -> Rows:
    asked = question.customer_id, question.currency_id
    return [
        tuple(row[column] for column in RECHARGE_COLUMNS)
        for row in company.tables["recharge_settings"]
        if (row["customer_id"], row["currency_id"]) == asked
    ]


def all_recharges(question: AllRecharges, company: Company) -> Rows:
    rows = [row for row in company.tables["recharge_settings"] if _is_asked(row, question)]
    columns = ("customer_id", *RECHARGE_COLUMNS)
    ordered = sorted(rows, key=lambda row: row["customer_id"])
    return [tuple(row[column] for column in columns) for row in ordered]


def customers(question: Customers, company: Company) -> Rows:
    columns = ("customer_id", "name", "email")
    rows = [tuple(row[column] for column in columns) for row in company.tables["customers"]]
    wanted = question.search.lower()
    return sorted(row for row in rows if wanted in " ".join(filter(None, row)).lower())


def all_customers(question: AllCustomers, company: Company) -> Rows:
    del question
    return sorted((row["customer_id"], row["name"]) for row in company.tables["customers"])


def resources(question: Resources, company: Company) -> Rows:
    rows = company.tables["resources"]
    return sorted(
        (row["resource_id"],) for row in rows if row["customer_id"] == question.customer_id
    )


def subscriptions(question: Subscriptions, company: Company) -> Rows:
    columns = ("subscription_id", "plan_id", "resource_id", "started_at")
    found = [
        tuple(row[column] for column in columns)
        for row in company.tables["subscriptions"]
        if row["customer_id"] == question.customer_id and row["status"] == "ACTIVE"
    ]
    return sorted(found, key=lambda row: (row[3], row[0]))


def currencies(question: Currencies, company: Company) -> Rows:
    del question
    columns = (
        "currency_id", "display_name", "symbol", "unit_singular", "unit_plural", "status",
    )  # fmt: skip
    rows = sorted(
        company.tables["currencies"],
        key=lambda row: (row["status"] is None, row["status"] or "", row["currency_id"]),
    )
    return [tuple(row[column] for column in columns) for row in rows]


def features(question: Features, company: Company) -> Rows:
    del question
    return sorted((row["feature_id"], row["display_name"]) for row in company.tables["features"])


def bucket(at: datetime, span: Span, grain: Grain, zone: str) -> datetime:
    """The start of the bucket that holds `at`, naive UTC: by the clock of the zone, in the span."""
    if grain is Grain.WHOLE:
        return span.start
    local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    if grain is Grain.HOUR:
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return max(at - past, span.start)
    first = local.date()
    if grain is Grain.WEEK:
        first -= timedelta(days=first.weekday())
    if grain is Grain.MONTH:
        first = first.replace(day=1)
    midnight = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    return max(midnight.astimezone(UTC).replace(tzinfo=None), span.start)


def dimensions_text(event: Event) -> str:
    """`key=value, …`, in no order that anything depends on."""
    return ", ".join(f"{key}={value}" for key, value in event.dimensions.items())


def _of_currency(
    company: Company,
    currency_id: str,
    span: Span | None = None,
    customers: tuple[str, ...] | None = None,
) -> Iterator[Event]:
    for event in company.events:
        is_in = span is None or span.start <= event.occurred_at < span.end
        is_of = customers is None or event.customer_id in customers
        if is_in and is_of and event.currency_id == currency_id:
            yield event


def _value(event: Event, key: str) -> str:
    """What the event is grouped under; '' where it has none."""
    if key == "customerId":
        return event.customer_id
    return (event.feature_id if key == "featureId" else event.dimensions.get(key)) or ""


def _change(event: Event, changes: Iterable[Change], key: str | None) -> Change | None:
    """The change that says something of the event: one of its value first, then of its feature."""
    if event.feature_id is None:
        return None
    value = None if key is None else _value(event, key)
    said = {(change.feature_id, change.value): change for change in changes}
    for named in ((event.feature_id, value), (None, value), (event.feature_id, None), (None, None)):
        if named in said:
            return said[named]
    return None


def _charge(event: Event, change: Change) -> Decimal:
    price = change.terms
    if price.formula is not None:
        return Rate("", "", NONE, price.formula).charge(event.units, event.dimensions)
    exact = price.per_credit * event.credits + price.per_unit * event.units
    return exact.quantize(STEP, rounding=ROUND_HALF_UP)


def _rate(event: Event, company: Company) -> Rate | None:
    """By the resource's subscription before the customer's, the latest first, that rates it."""
    rates = {
        row["plan_id"]: Rate("", "", row["amount"], row["cost_formula"])
        for row in company.tables["rates"]
        if (row["feature_id"], row["currency_id"]) == (event.feature_id, event.currency_id)
    }
    held = [
        row
        for row in company.tables["subscriptions"]
        if row["customer_id"] == event.customer_id
        and row["resource_id"] in (None, event.resource_id)
        and row["status"] in ("ACTIVE", "IN_TRIAL")
        and row["plan_id"] in rates
    ]
    held.sort(key=lambda row: row["subscription_id"])
    held.sort(key=lambda row: row["started_at"], reverse=True)
    held.sort(key=lambda row: row["resource_id"] != event.resource_id)
    return rates[held[0]["plan_id"]] if held else None


def _ledger(
    question: LedgerPage | LeftThen | Statement | Spent | SpentEvents, company: Company
) -> list[Row]:
    """The pool's rows as they were written."""
    asked = question.customer_id, question.currency_id, question.resource_id
    rows = [
        row
        for row in company.tables["ledger"]
        if (row["customer_id"], row["currency_id"], row["resource_id"]) == asked
    ]
    return sorted(rows, key=lambda row: row["ledger_seq"])


def _passes(row: Row, question: LedgerPage) -> bool:
    span = question.span
    return (
        (not question.types or row["event_type"] in question.types)
        and question.grant_id in (None, row["grant_id"])
        and question.feature_id in (None, row["feature_id"])
        and question.event_id in (None, row["event_id"])
        and (span is None or span.start <= row["occurred_at"] < span.end)
    )


def _page_row(row: Row, before: Decimal, after: Decimal) -> tuple[Any, ...]:
    named = (row["grant_id"], row["feature_id"], row["event_id"], str(row["ledger_seq"]))
    return (row["occurred_at"], row["event_type"], row["amount"], before, after, *named)


def _consumed(
    question: Spent | SpentEvents, company: Company
) -> Iterator[tuple[Row, Event | None]]:
    """The rows that the question is about, each with its event where the extract has that.

    What moved between grants is consumption of a grant, and none of the pool.
    """
    pool = question.customer_id, question.resource_id
    events = {(e.event_id, e.feature_id): e for e in company.events if e.pool == pool}
    for row in _ledger(question, company):
        kind = row["event_type"]
        is_consumed = kind == "CREDITS_CONSUMED"
        if question.grant_id is not None:
            is_consumed |= kind.startswith(TRANSFER)
            is_consumed &= row["grant_id"] == question.grant_id
        event = events.get((row["event_id"], row["feature_id"]))
        if (
            is_consumed
            and question.span.start <= row["occurred_at"] < question.span.end
            and all(_spent_value(row, event, key) == value for key, value in question.only)
        ):
            yield row, event


def _spent_value(row: Row, event: Event | None, key: str) -> str | None:
    """None where the row is of no event at all, '' where the event has no such key."""
    if row["event_id"] is None:
        return None
    if key == "featureId":
        return row["feature_id"] or ""
    return event.dimensions.get(key, "") if event else ""


def _grants(question: Balance | Grants, company: Company) -> list[dict[str, Any]]:
    asked = question.customer_id, question.currency_id, question.resource_id
    return [
        row
        for row in company.tables["grants"]
        if (row["customer_id"], row["currency_id"], row["resource_id"]) == asked
    ]


def _newest_first(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    by_id = sorted(rows, key=lambda row: row["grant_id"])
    return sorted(by_id, key=lambda row: row["created_at"], reverse=True)


def _grant_row(row: dict[str, Any]) -> tuple[Any, ...]:
    held = row | {"is_recharge": bool(row["is_recharge"])}
    return tuple(held[column] for column in GRANT_COLUMNS)


def _is_asked(row: Row, question: AllGrants | AllMoves | AllRecharges) -> bool:
    is_of = question.customers is None or row["customer_id"] in question.customers
    return is_of and row["currency_id"] == question.currency_id


def _pool(row: Row) -> Pool:
    return row["customer_id"], row["resource_id"]


def _pool_order(pool: Pool) -> tuple[str, bool, str]:
    return pool[0], pool[1] is not None, pool[1] or ""


ANSWERS: dict[type, Callable[[Any, Company], Rows]] = {
    Usage: usage,
    TopUsage: top_usage,
    Keys: keys,
    Balance: balance,
    Grants: grants,
    LedgerPage: ledger_page,
    LedgerEvent: ledger_event,
    EventRows: event_rows,
    LeftThen: left_then,
    Statement: statement,
    Spent: spent,
    SpentEvents: spent_events,
    Recharge: recharge,
    AllCustomers: all_customers,
    AllGrants: all_grants,
    AllRecharges: all_recharges,
    AllUse: all_use,
    AllMoves: all_moves,
    Repriced: repriced,
    TodaysRates: todays_rates,
    Customers: customers,
    Resources: resources,
    Subscriptions: subscriptions,
    Currencies: currencies,
    Features: features,
}
