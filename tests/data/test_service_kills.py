"""SIGKILL at any moment under load: what was acknowledged counts once, and the books agree.

One store lives through 20 kills, or through 1000 with SOAK=1 in the environment.
"""

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest
from local_metering import (
    CREATE_GRANT,
    CURRENCY,
    CUSTOMER,
    SEAT_CREDITS,
    Api,
    MeteringProcess,
    at,
    event,
    measurement,
)

from data.metering.client import MeteringClient
from data.metering.errors import Unreachable
from data.metering.service.app import SERVER_KEY
from data.metering.service.store import FILE_NAME
from data.metering.service.verification import verify

pytestmark = pytest.mark.xdist_group("metering over http")

KILLS = 1000 if os.environ.get("SOAK") else 20
CLIENTS = 4
LONGEST_LIFE = 0.8
SEED = 20_260_522
CALLS = "api-credits"

PAGE = "pageInfo { hasNextPage endCursor }"
GRANTS = f"""query ($input: GetCreditGrantsInput!) {{ creditGrants(input: $input) {{
    {PAGE} edges {{ node {{ displayName grantType amount }} }} }} }}"""
LEDGER = f"""query ($input: CreditLedgerInput!) {{ creditsLedger(input: $input) {{
    {PAGE} edges {{ node {{ amount }} }} }} }}"""

Send = Callable[[Api], Any]


@dataclass
class Sent:
    """What went over the wire. Keyed writes that got no answer are sent again until one comes."""

    seats: int = 0
    consumed: int = 0
    events: int = 0
    keys: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)
    granted_perhaps: set[str] = field(default_factory=set)
    unanswered: list[Send] = field(default_factory=list)


def test_nothing_acknowledged_is_lost_or_counted_twice(tmp_path: Path) -> None:
    store, dice, sent = tmp_path / "store", random.Random(SEED), Sent()
    for turn in range(KILLS):
        api = MeteringProcess(store, "--empty")
        if not turn:
            api.provision()
        live_and_die(api, turn, dice, sent)
        assert "Traceback" not in api.log.read_text()
        assert verify(store).startswith("OK: ")
    api = MeteringProcess(store, "--empty")
    for send in sent.unanswered:
        send(api)
    api.stop()  # what is queued stays queued
    api = MeteringProcess(store, "--empty")
    settle(api, sent)
    check(api, sent)
    api.stop()
    assert verify(store).startswith("OK: ")
    assert counted_once(store) == sent.keys


def live_and_die(api: MeteringProcess, turn: int, dice: random.Random, sent: Sent) -> None:
    """Clients write, and the process is killed at a moment that the dice choose."""
    dead, life = Event(), dice.uniform(0, LONGEST_LIFE)
    seeds = [dice.random() for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [
            pool.submit(write, api.url, f"{turn}-{number}", random.Random(seed), dead)
            for number, seed in enumerate(seeds)
        ]
        dead.wait(life)
        api.kill()
        dead.set()
        for client in clients:
            add(sent, client.result())


def write(url: str, name: str, dice: random.Random, dead: Event) -> Sent:
    """One client: writes of every kind until the process is gone."""
    api, sent, number = Api(MeteringClient(url, SERVER_KEY, attempts=1)), Sent(), 0
    while not dead.is_set():
        number += 1
        try:
            one_write(api, f"{name}-{number}", dice, sent)
        except Unreachable:
            break
    api.client.close()
    return sent


def one_write(api: Api, key: str, dice: random.Random, sent: Sent) -> None:
    kind = dice.choice(("usage", "bulk", "consume", "events", "events", "grant"))
    if kind == "grant":
        sent.granted_perhaps.add(key)
        name = {"displayName": key, "grantType": "PAID", "amount": dice.randint(1, 500)}
        pool = {"customerId": CUSTOMER, "currencyId": CURRENCY}
        api.tell(CREATE_GRANT, input=name | pool)
        sent.granted.add(key)
        return
    send = keyed(kind, key, dice.randint(1, 60), sent)
    sent.unanswered.append(send)
    send(api)
    sent.unanswered.pop()


def keyed(kind: str, key: str, count: int, sent: Sent) -> Send:
    """A write with idempotency keys; each of its parts has its own as a dimension, too."""
    if kind == "consume":
        sent.consumed += count
        sent.keys.add(key)
        return lambda api: api.consume(count, key, dimensions={"key": key})
    parts = [f"{key}-{part}" for part in range(1 if kind == "usage" else count)]
    sent.keys.update(parts)
    if kind == "events":
        sent.events += count
        events = [event(part, timestamp=at(), dimensions={"key": part}) for part in parts]
        return lambda api: api.report_events(*events)
    sent.seats += len(parts)
    usages = [measurement(1, idempotencyKey=part, dimensions={"key": part}) for part in parts]
    if kind == "usage":
        return lambda api: api.report(**usages[0])
    return lambda api: api.report_bulk(usages)


def add(sent: Sent, more: Sent) -> None:
    sent.seats += more.seats
    sent.consumed += more.consumed
    sent.events += more.events
    sent.keys |= more.keys
    sent.granted |= more.granted
    sent.granted_perhaps |= more.granted_perhaps
    sent.unanswered += more.unanswered


def settle(api: MeteringProcess, sent: Sent) -> None:
    """Wait until nothing is queued: the balance told in advance is the settled one."""
    pause = Event()
    for _ in range(600):
        told = api.consume(0, "ask", customerId=CUSTOMER)["credit"]
        settled = api.balance()
        calls = api.balance(currencyId=CALLS)["totalConsumed"] if sent.events else 0
        if calls == sent.events and settled["totalConsumed"] == told["currentUsage"]:
            return
        pause.wait(0.05)
    raise AssertionError(f"{calls} of {sent.events} events are settled after 30 s")


def check(api: MeteringProcess, sent: Sent) -> None:
    """What the API says of the balance, the grants and the ledger."""
    grants = [g for g in listed(api, GRANTS, "creditGrants") if g["grantType"] != "OVERDRAFT"]
    names = [grant["displayName"] for grant in grants]
    assert len(names) == len(set(names))
    assert sent.granted <= set(names) <= sent.granted_perhaps
    balance, ledger = api.balance(), listed(api, LEDGER, "creditsLedger")
    taken = sent.seats * SEAT_CREDITS + sent.consumed
    assert balance["totalConsumed"] == taken
    assert balance["currentBalance"] == sum(grant["amount"] for grant in grants) - taken
    assert balance["currentBalance"] == sum(row["amount"] for row in ledger)


def listed(api: Api, document: str, root: str) -> list[Any]:
    asked = {"input": {"customerId": CUSTOMER, "currencyId": CURRENCY}}
    return api.client.ask_nodes(document, asked, root)


def counted_once(store: Path) -> set[str]:
    """The keys in the dimensions of what has settled; none is there twice."""
    with duckdb.connect(str(store / FILE_NAME), read_only=True) as database:
        sql = "select dimensions['key'] from usage_events where dimensions['key'] is not null"
        keys = [key for (key,) in database.execute(sql).fetchall()]
    assert len(keys) == len(set(keys))
    return set(keys)
