"""Every question that an extract answers, asked at random, against the plain row-by-row answer.

`EVENTS=1000000 python -m pytest tests/queries/test_any_question.py` asks a larger company, and
`SOAK=1` asks longer.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from event_files import CATALOGUE, END, KEYS, MAPPING, PLAN, START, TICK, ZONES, a_time, write_files
from histories import NOW as WRITTEN_AT
from histories import company as history
from reference import ANSWERS, Company, Event, bucket, expected

from data.credits.pool import EntryType
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.ingest import ingest
from data.extract.mapping import parse_mapping
from data.extract.publish import publish
from data.metering.catalogue import Catalogue, read_catalogue
from data.tables import SCHEMAS, Tables
from queries.answer import READERS, Question, answer
from queries.balance import Balance, Optimistic, Standings
from queries.catalogue import Currencies, Features
from queries.customers import Customers, Resources, Subscriptions
from queries.entitlements import Entitleable, InForce, Planned, Promotions
from queries.estimates import EstimateChange, EstimateNew, EventCost, UsageCost
from queries.grants import Grants
from queries.keys import Keys
from queries.ledger import EventRows, LedgerEvent, LedgerPage, LeftThen, WrittenSince
from queries.plans import Countries, Coupons, Paywall, Rates
from queries.portfolio import AllCustomers, AllGrants, AllMoves, AllRecharges, AllUse
from queries.question import Extracted
from queries.recharge import Recharge, RechargeLimits
from queries.statement import Spent, SpentEvents, Statement
from queries.time import MOST_BUCKETS, Grain, Span
from queries.usage import MOST_FILTERS, Filter, TopUsage, Usage
from queries.usage import extracted as usage_extracted
from queries.whatif import Change, Replayed, Repriced, Scenario, TodaysRates

ROWS = int(os.environ.get("EVENTS", "2400"))
LOADS = 4
ASKED = 2
"""How often each question is asked after each load; usage ten times as often."""
SEEDS = range(2, 22) if os.environ.get("SOAK") else [2]
CURRENCIES = ("ai-tokens", "legacy")
ELSEWHERE = {
    Replayed: "tests/data/test_replay.py has its naive loop",
    Optimistic: "an extract cannot answer it",
    Standings: "an extract cannot answer it",
    WrittenSince: "an extract cannot answer it",
    RechargeLimits: "an extract has none",
    EstimateNew: "live only",
    EstimateChange: "live only",
    UsageCost: "live only",
    EventCost: "live only",
    Paywall: "live only",
    Countries: "live only",
    InForce: "live only",
    Planned: "live only",
    Rates: "the catalogue's, no events: tests/queries/test_plans.py",
    Coupons: "the catalogue's, no events: tests/queries/test_plans.py",
    Promotions: "given, no events: tests/queries/test_entitlements.py",
    Entitleable: "the catalogue's, no events: tests/queries/test_entitlements.py",
}
PRICES = (
    "x2", "x0.333333", "+20 %", "-15 %", "0.05", "0", "0.002*input + 0.5", "input/3 + size",
    "0.1*size", "input*output", "1.5",
)  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.json"
    path.write_text(json.dumps(CATALOGUE))
    return read_catalogue(path)


def test_every_question_is_judged_here_or_elsewhere() -> None:
    assert ANSWERS.keys() | ELSEWHERE.keys() == READERS.keys()
    assert not ANSWERS.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("begins", ["with event files", "with a ledger"])
def test_after_every_load_any_question_has_the_plain_answer(
    tmp_path: Path,
    catalogue: Catalogue,
    begins: str,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice, company, folder = Random(seed), Company(), tmp_path / "extract"
    if begins == "with a ledger":
        _write(company, folder, seed)
    known = [row["customer_id"] for row in company.tables["customers"]]
    names = known or [f"acme|{n}@example.com" if n == 3 else f"customer-{n}" for n in range(40)]
    for load in range(LOADS):
        now = END + timedelta(days=load)
        given = write_files(tmp_path, dice, ROWS // 3 // LOADS, load, names, now)
        done = ingest(given.paths, parse_mapping(MAPPING), catalogue, folder, now)
        publish(folder)
        _learn(company, catalogue)
        added = company.add(given.events)
        assert (done.read, done.rejected) == (given.read, given.rejected)
        assert (done.added, done.already_there) == (added, len(given.events) - added)
        assert done.already_there
        # So that two passes are made of few events, too, by the marks of groups and by filters.
        monkeypatch.setattr(usage_extracted, "AT_ONCE", (200_000, 0)[load % 2])
        monkeypatch.setattr(usage_extracted, "MOST_MARKED", (1 << 20, 0)[load // 2 % 2])
        with Extract(folder) as extract:
            for question in _questions(Random(100 * seed + load), company):
                _check(question, company, Extracted(extract), f"seed {seed}, load {load}")


def test_pages_of_a_ledger_join_to_the_whole(tmp_path: Path) -> None:
    company, folder = Company(), tmp_path / "extract"
    _write(company, folder, 3)
    with Extract(folder) as extract:
        for pool in sorted(_pools(company), key=str):
            rows, page = [], LedgerPage(pool[0], CURRENCIES[0], pool[1], count=7)
            while True:
                found = answer(page, Extracted(extract))
                rows += found.frame.rows()
                if found.follows is None:
                    break
                page = replace(page, place=found.follows)
            assert rows == expected(replace(page, place=None), company)


def _write(company: Company, folder: Path, seed: int) -> None:
    """A company with grants and a ledger, subscribed at random, in the lists and published."""
    tables = history(15, seed)
    tables |= _subscribed(tables, Random(seed))
    write(tables, folder / STAGING, source="a history", cut_off=WRITTEN_AT, loaded_at=WRITTEN_AT)
    publish(folder)
    for name, frame in tables.items():
        company.tables[name] = frame.to_dicts()
    company.events = [
        Event(
            **{name: row[name] for name in Event.__dataclass_fields__ if name in row},
            loaded_at=row["received_at"],
        )
        for row in (
            event | {"dimensions": {pair["key"]: pair["value"] for pair in event["dimensions"]}}
            for event in company.tables.pop("usage_events")
        )
    ]


def _subscribed(tables: Tables, dice: Random) -> Tables:
    """Subscriptions and saved settings for some of the customers."""
    names = tables["customers"]["customer_id"].to_list()
    subscriptions = [
        {
            "subscription_id": f"subscription-{number}",
            "customer_id": dice.choice(names),
            "plan_id": dice.choice([PLAN, "dearer"]),
            "status": dice.choice(["ACTIVE", "ACTIVE", "IN_TRIAL", "CANCELED"]),
            "started_at": START + timedelta(days=dice.randrange(50)),
        }
        for number in range(20)
    ]
    settings = [
        {"customer_id": name, "currency_id": CURRENCIES[0], "is_enabled": True,
         "threshold_type": "CreditAmount", "threshold_value": Decimal(number)}
        for number, name in enumerate(names[::2])
    ]  # fmt: skip
    rows = {"subscriptions": subscriptions, "recharge_settings": settings}
    return {name: pl.DataFrame(given, SCHEMAS[name]) for name, given in rows.items()}


def _learn(company: Company, catalogue: Catalogue) -> None:
    """The extract takes over what the catalogue says; what it had besides stays."""
    ids = {"currencies": ("currency_id",), "features": ("feature_id",), "rates": ("plan_id",)}
    for name, columns in ids.items():
        told = catalogue.tables[name].to_dicts()
        named = {tuple(row[column] for column in columns) for row in told}
        kept = [
            row
            for row in company.tables[name]
            if tuple(row[column] for column in columns) not in named
        ]
        company.tables[name] = kept + told


def _check(question: Any, company: Company, source: Extracted, when: str) -> None:
    found = answer(question, source)
    rows, plain = found.frame.rows(), expected(question, company)
    if isinstance(question, LedgerPage):
        assert found.is_cut == (len(plain) > question.count)
        plain = plain[: question.count]
    else:
        assert not found.is_cut
    column = found.frame.columns.index("dimensions") if "dimensions" in found.frame else None
    if column is not None:
        rows, plain = [[_unordered(row, column) for row in each] for each in (rows, plain)]
    assert rows == plain, f"{when}: {question}"


def _unordered(row: tuple[Any, ...], column: int) -> tuple[Any, ...]:
    """The row with its text of dimensions as a set of parts: their order means nothing."""
    text: str = row[column]
    return (*row[:column], Counter(text.split(", ")), *row[column + 1 :])


# Questions at random


def _questions(dice: Random, company: Company) -> Iterator[Question]:
    yield AllCustomers()
    yield Currencies()
    yield Features()
    for _ in range(10 * ASKED):
        yield _usage(dice, company)
        yield TopUsage(_usage(dice, company), dice.choice([1, 2, 5, 20]))
    for make in MAKERS * ASKED:
        yield make(dice, company)


def _pools(company: Company) -> list[tuple[str, str | None]]:
    tables = company.tables
    pools = [(row["customer_id"], None) for row in tables["customers"]]
    return pools + [(row["customer_id"], row["resource_id"]) for row in tables["resources"]]


def _pool(dice: Random, company: Company) -> tuple[str, str | None]:
    """A pool; one with many events as often as any other."""
    return dice.choice([dice.choice(company.events).pool, dice.choice(_pools(company))])


def _span(dice: Random, company: Company, at: datetime) -> Span:
    """Edges at odd microseconds, midnights, full hours; often at that very time or behind it."""
    if dice.random() < 0.1:
        return Span(START - timedelta(days=3), max(e.occurred_at for e in company.events) + TICK)
    others = {at + timedelta(days=dice.choice([-40, -1, 1, 40])), a_time(dice), a_time(dice)}
    others.add(_a_months_start(dice, at))
    edges = {at + dice.choice([0, 0, 1]) * TICK, dice.choice(sorted(others))}
    if len(edges) < 2 or dice.random() < 0.2:
        edges = {START, a_time(dice) + TICK}
    start, end = sorted(edges)
    return Span(start, end)


def _a_months_start(dice: Random, at: datetime) -> datetime:
    """Where that month began in some zone; of another time where that is no time to ask for."""
    if not START <= at <= WRITTEN_AT:
        at = a_time(dice)
    return bucket(at, Span(START - timedelta(days=60), WRITTEN_AT), Grain.MONTH, dice.choice(ZONES))


def _a_moment(dice: Random, company: Company) -> datetime:
    return dice.choice(company.events).occurred_at


def _cut(dice: Random, company: Company, at: datetime) -> dict[str, Any]:
    """A span, a grain that it allows, a zone."""
    span = _span(dice, company, at)
    widths = {Grain.HOUR: timedelta(hours=1), Grain.DAY: timedelta(days=1)}
    allowed = [
        g for g in Grain if (span.end - span.start) / widths.get(g, timedelta(7)) < MOST_BUCKETS - 5
    ]
    if dice.random() < 0.3:
        span = Span(span.start, min(span.end, span.start + timedelta(days=30)))
        allowed = list(Grain)
    return {"span": span, "grain": dice.choice(allowed), "zone": dice.choice(ZONES)}


def _by(dice: Random, is_of_all: bool) -> tuple[str, ...]:
    keys = dice.sample(KEYS, dice.choice([0, 1, 1, 2, 3]))
    keys += ["featureId"] * (dice.random() < 0.3)
    keys += ["customerId"] * (is_of_all and dice.random() < 0.3)
    dice.shuffle(keys)
    return tuple(keys)


def _filters(dice: Random, company: Company) -> tuple[Filter, ...]:
    count = dice.choice([0, 0, 0, 1, 1, 2, MOST_FILTERS])
    names = dice.sample((*KEYS, "featureId", "customerId"), count)
    return tuple(Filter(n, _values(dice, company, n), dice.random() < 0.5) for n in names)


def _values(dice: Random, company: Company, key: str) -> tuple[str, ...]:
    """Some of the key's values, most often those it has; '' is events without it."""
    return tuple({_a_value(dice, company, key) for _ in range(dice.randint(1, 3))})


def _a_value(dice: Random, company: Company, key: str) -> str:
    event = dice.choice(company.events)
    own = {"featureId": event.feature_id or "", "customerId": event.customer_id}
    return dice.choice(["", "no such value"] + [own.get(key, event.dimensions.get(key, ""))] * 4)


def _whom(dice: Random, company: Company) -> tuple[str, ...] | None:
    if dice.random() < 0.6:
        return None
    return tuple({_pool(dice, company)[0] for _ in range(3)} | {"nobody"})


def _usage(dice: Random, company: Company) -> Usage:
    customer, resource = _pool(dice, company) if dice.random() < 0.6 else (None, None)
    own = [e for e in company.events if customer is None or e.pool == (customer, resource)]
    of = dice.choice(own or company.events)
    at = of.occurred_at
    return Usage(
        customer,
        of.currency_id,
        resource_id=resource,
        by=_by(dice, customer is None),
        filters=_filters(dice, company),
        **_cut(dice, company, at),
    )


def _keys(dice: Random, company: Company) -> Keys:
    customer, resource = _pool(dice, company) if dice.random() < 0.6 else (None, None)
    search = dice.choice(["", "", "E", "rare_1", "nothing"])
    return Keys(customer, dice.choice(CURRENCIES), resource, search)


def _all_use(dice: Random, company: Company) -> AllUse:
    of = dice.choice(company.events)
    cut = _cut(dice, company, of.occurred_at)
    return AllUse(of.currency_id, customers=_whom(dice, company), **cut)


def _all_moves(dice: Random, company: Company) -> AllMoves:
    of = _a_row(dice, company)
    cut = _cut(dice, company, of["occurred_at"])
    return AllMoves(of["currency_id"], customers=_whom(dice, company), **cut)


def _repriced(dice: Random, company: Company) -> Repriced:
    key = dice.choice([None, "customerId", "model", "rare_1", "size", dice.choice(KEYS)])
    changes: dict[tuple[str | None, str | None], Change] = {}
    for _ in range(dice.randint(0, 4)):
        feature = dice.choice([None, "chat", "calls", "images", "search"])
        value = None if key is None else dice.choice([None, _a_value(dice, company, key)])
        value = value and value[:255]
        changes[feature, value] = Change(feature, dice.choice(PRICES), value)
    scenario = Scenario("other prices", tuple(changes.values()), key)
    of = dice.choice(company.events)
    span = _span(dice, company, of.occurred_at)
    return Repriced(of.currency_id, span, scenario, _whom(dice, company))


def _todays_rates(dice: Random, company: Company) -> TodaysRates:
    return TodaysRates(dice.choice(CURRENCIES), _whom(dice, company))


def _ledger_event(dice: Random, company: Company) -> LedgerEvent:
    event = dice.choice(company.events)
    pool = event.pool if dice.random() < 0.8 else _pool(dice, company)
    return LedgerEvent(pool[0], event.event_id, pool[1])


def _a_row(dice: Random, company: Company) -> dict[str, Any]:
    """A row of the ledger; where there is none, one that could be."""
    if ledger := company.tables["ledger"]:
        customer = dice.choice(sorted({row["customer_id"] for row in ledger}))
        return dice.choice([row for row in ledger if row["customer_id"] == customer])
    customer, resource = _pool(dice, company)
    named = {"customer_id": customer, "currency_id": CURRENCIES[0], "resource_id": resource}
    return (
        named
        | {"grant_id": "no-grant", "event_id": "e", "feature_id": "chat", "ledger_seq": 7}
        | {"occurred_at": _a_moment(dice, company)}
    )


def _pool_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("customer_id", "currency_id", "resource_id")}


def _ledger_page(dice: Random, company: Company) -> LedgerPage:
    row = _a_row(dice, company)
    narrowed = {
        "types": tuple(dice.sample(list(EntryType), 2)),
        "grant_id": row["grant_id"],
        "feature_id": row["feature_id"],
        "event_id": row["event_id"],
        "span": _span(dice, company, row["occurred_at"]),
    }
    chosen = dice.sample(sorted(narrowed), dice.choice([0, 1, 1, 2]))
    place = dice.choice([None, str(row["ledger_seq"])])
    count = dice.choice([1, 10, 100, 5000])
    return LedgerPage(
        **_pool_of(row), count=count, place=place, **{name: narrowed[name] for name in chosen}
    )


def _event_rows(dice: Random, company: Company) -> EventRows:
    row = _a_row(dice, company)
    event_id = row["event_id"] or "none"
    return EventRows(**_pool_of(row), event_id=event_id, place=str(row["ledger_seq"]))


def _left_then(dice: Random, company: Company) -> LeftThen:
    row = _a_row(dice, company)
    return LeftThen(**_pool_of(row), place=str(row["ledger_seq"]))


def _statement(dice: Random, company: Company) -> Statement:
    row = _a_row(dice, company)
    return Statement(**_pool_of(row), **_cut(dice, company, row["occurred_at"]))


def _spent(dice: Random, company: Company) -> Spent:
    row, keys = _a_row(dice, company), (*KEYS, "user", "model", "featureId")
    return Spent(
        **_pool_of(row),
        **_cut(dice, company, row["occurred_at"]),
        by=dice.choice([*keys, "grantId", "bucket"]),
        grant_id=dice.choice([None, None, row["grant_id"]]),
        only=_only(dice, company),
    )


def _spent_events(dice: Random, company: Company) -> SpentEvents:
    row = _a_row(dice, company)
    span = _span(dice, company, row["occurred_at"])
    grant_id = dice.choice([None, None, row["grant_id"]])
    return SpentEvents(**_pool_of(row), span=span, grant_id=grant_id, only=_only(dice, company))


def _only(dice: Random, company: Company) -> tuple[tuple[str, str], ...]:
    names = dice.sample(("model", "user", "featureId", "rare_1"), dice.choice([0, 0, 1, 2]))
    return tuple((name, _a_value(dice, company, name)) for name in names)


def _of_pool(kind: Callable[..., Any]) -> Callable[[Random, Company], Any]:
    return lambda dice, company: kind(**_pool_of(_a_row(dice, company)))


def _of_customer(kind: Callable[[str], Any]) -> Callable[[Random, Company], Any]:
    return lambda dice, company: kind(_pool(dice, company)[0])


def _of_currency(kind: Callable[..., Any]) -> Callable[[Random, Company], Any]:
    return lambda dice, company: kind(dice.choice(CURRENCIES), _whom(dice, company))


MAKERS: list[Callable[[Random, Company], Any]] = [
    _keys, _all_use, _all_use, _all_moves, _repriced, _repriced, _todays_rates, _ledger_event,
    _ledger_page, _ledger_page, _event_rows, _left_then, _statement, _spent, _spent, _spent_events,
    _of_pool(Balance), _of_pool(Grants), _of_customer(Resources), _of_customer(Subscriptions),
    _of_currency(AllGrants), _of_currency(AllRecharges),
    lambda dice, company: Recharge(_pool(dice, company)[0], dice.choice(CURRENCIES)),
    lambda dice, _: Customers(dice.choice(["", "customer-1", "ACME", "nobody"])),
]  # fmt: skip
