"""32 clients at once over HTTP: no error, no lost update, and the balance told is the one settled.

Each request has the client's own limit of 10 seconds.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, Event

import pytest
from local_metering import SEAT_CREDITS, Api, MeteringProcess, at, event, measurement

from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY
from data.metering.service.verification import verify

pytestmark = pytest.mark.xdist_group("metering over http")

CLIENTS = 32
TURNS = 3
SEED = 20_260_522
BULK = 5
CALLS = "api-credits"
GRANTED = 100


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeteringProcess]:
    api = MeteringProcess(tmp_path_factory.mktemp("alone") / "store", "--empty")
    api.provision()
    api.grant(1000)
    yield api
    api.stop()


def test_32_clients_lose_no_update(alone: MeteringProcess) -> None:
    start = Barrier(CLIENTS, timeout=60)
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(work, alone.url, number, start) for number in range(CLIENTS)]
        totals = [total for client in clients for total in client.result()]
    writes = CLIENTS * TURNS
    assert sorted(totals) == list(range(1 + BULK, writes * (1 + BULK) + 1, 1 + BULK))
    told = alone.consume(0, "told in advance")["credit"]
    settle(alone, calls=writes * BULK, consumed=told["currentUsage"])
    balance = alone.balance()
    assert balance["totalGranted"] == told["usageLimit"] == 1000 + writes * GRANTED
    taken = writes * ((1 + BULK) * SEAT_CREDITS + Decimal("0.5"))
    assert balance["totalConsumed"] == told["currentUsage"] == taken
    alone.stop()
    assert verify(alone.store).startswith("OK: ")


def work(url: str, number: int, start: Barrier) -> list[int]:
    """One client's turns, each a write of every kind and questions between them, in any order.

    No two bulks end with the same total, and none is missing from the row of totals.
    """
    api, dice = Api(MeteringClient(url, SERVER_KEY, attempts=1)), random.Random(SEED + number)
    totals: list[int] = []
    start.wait()
    for turn in range(TURNS):
        key = f"{number}-{turn}"
        steps = [
            lambda key=key: totals.append(bulk(api, key)),
            lambda key=key: api.consume(Decimal("0.5"), key),
            lambda: api.grant(GRANTED),
            lambda key=key: api.report_events(
                *(event(f"{key}-{n}", timestamp=at()) for n in range(BULK))
            ),
            api.balance,
            api.ledger_page,
            api.grants,
            api.usage,
            api.fields,
        ]
        dice.shuffle(steps)
        for step in steps:
            step()
    api.client.close()
    return totals


def bulk(api: Api, key: str) -> int:
    """What was used in all after 6 seats more; a repeat changes nothing."""
    usages = [measurement(1, idempotencyKey=f"{key}-{part}") for part in range(BULK + 1)]
    answers = [int(answer["currentUsage"]) for answer in api.report_bulk(usages)]
    assert answers == list(range(answers[0], answers[0] + BULK + 1))
    assert api.report_bulk(usages[:1])[0]["credit"]["consumed"] == 0
    return answers[-1]


def settle(api: Api, *, calls: int, consumed: object) -> None:
    """Wait until all is settled, for 30 s at most."""
    pause = Event()
    for _ in range(600):
        seen = api.balance(currencyId=CALLS)["totalConsumed"], api.balance()["totalConsumed"]
        if seen == (calls, consumed):
            return
        pause.wait(0.05)
    raise AssertionError(f"{seen} instead of {calls} and {consumed}")
