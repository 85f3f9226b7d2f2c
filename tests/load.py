"""A load of the metering API, made in a process of its own: python -m tests.load WHAT URL SECONDS.

WHAT is `events`, batches of 1000 raw events from 4 clients, or `usage`, single measurements from
32 clients, each client sending as soon as it has its answer. Prints one line of JSON: how many
were acknowledged, in how many seconds, and the 95th percentile of an answer in seconds.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from urllib.parse import urlsplit
from uuid import uuid4

from data.metering.service.app import SERVER_KEY
from tests.data.local_metering import CUSTOMER, REPORT_EVENT, REPORT_USAGE, event, measurement

HEADERS = {"X-API-KEY": SERVER_KEY, "Content-Type": "application/json"}
EVENTS = 1000
CLIENTS = {"events": 4, "usage": 32}
RUN = b"the-run-"
MODELS = ("small", "large", "vision")


def main(what: str, url: str, seconds: str) -> None:
    clients = CLIENTS[what]
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(send, what, url, started + float(seconds)) for _ in range(clients)]
        waits = [wait for run in runs for wait in run.result()]
    took = time.perf_counter() - started
    acknowledged = len(waits) * (EVENTS if what == "events" else 1)
    p95 = statistics.quantiles(waits, n=20)[-1]
    print(json.dumps({"acknowledged": acknowledged, "seconds": took, "p95": p95}))


def send(what: str, url: str, until: float) -> list[float]:
    """Seconds of each request of one client; every answer must be without errors."""
    address, waits = urlsplit(url), []
    connection = HTTPConnection(address.hostname or "", address.port)
    requests = batches() if what == "events" else measurements()
    while (sent := time.perf_counter()) < until:
        connection.request("POST", address.path, next(requests), HEADERS)
        answer = connection.getresponse().read()
        assert b'"errors"' not in answer, answer
        waits.append(time.perf_counter() - sent)
    connection.close()
    return waits


def batches() -> Iterator[bytes]:
    """Bodies of 1000 events; half count calls, half cost by a formula over their dimensions."""
    events = [
        event(
            f"{RUN.decode()}-{number}",
            eventName=("api_call", "llm_request")[number % 2],
            dimensions={
                "model": MODELS[number % 3],
                "team": f"team-{number % 7}",
                "input_tokens": number,
                "output_tokens": 2 * number,
            },
        )
        for number in range(EVENTS)
    ]
    body = written(REPORT_EVENT, events={"usageEvents": events})
    while True:
        yield body.replace(RUN, uuid4().hex.encode())


def measurements() -> Iterator[bytes]:
    run = uuid4().hex
    for number in count():
        yield written(
            REPORT_USAGE,
            input=measurement(1, customerId=CUSTOMER, idempotencyKey=f"{run}-{number}"),
        )


def written(query: str, **variables: object) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


if __name__ == "__main__":
    main(*sys.argv[1:])
