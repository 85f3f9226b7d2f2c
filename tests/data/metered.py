"""A small company that a metering API knows, and its syncs: what tests of them share."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import simplejson
from local_metering import LocalApi, at, event

from data.extract.sync.asking import Asker
from data.extract.sync.run import Synced, sync
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, respond

CUSTOMERS = ("alpha", "bravo", "charlie", "delta", "echo")
DESK = "desk"
SOURCE = "the metering API of a test"
EVENTS = {"alpha": 230, "bravo": 40, "charlie": 20, "delta": 6}
"""The ledger of the first has several pages; the last has no usage at all."""

Respond = Callable[[Mapping[str, str], bytes], tuple[int, bytes]]


class Killed(BaseException):
    """The process ends here: nobody catches it."""


def founded(store: Path) -> LocalApi:
    """The company, with a week behind it; what it uses costs three ways of decimals."""
    api = LocalApi(store)
    for customer in CUSTOMERS:
        api.provision(customer)
        api.grant(Decimal("250.5"), customerId=customer, effectiveAt=at(days=7), comment="Welcome")
        given = {"grantType": "PROMOTIONAL", "priority": 5}
        api.grant(90, customerId=customer, currencyId="api-credits", effectiveAt=at(days=6))
        api.grant(3, customerId=customer, **given | {"expireAt": "2026-06-20T12:00:00Z"})
    api.save_recharge(
        customerId="bravo", thresholdValue=5, targetBalance=20, maxSpendLimit=900,
        grantExpirationPeriod="OneYear",
    )  # fmt: skip
    for customer, count in EVENTS.items():
        api.report_events(*(used(customer, number) for number in range(count)))
    api.settle()
    return api


def used(customer: str, number: int, **given: Any) -> dict[str, Any]:
    """An event: of four dimensions that not all have, some in the pool of a resource."""
    dimensions = {
        "model": ("large", "small", "tiny")[number % 3],
        "region": ("eu", "us")[number % 2],
        "team": f"team {number % 4}",
        "user": f"user-{number}",
        "input_tokens": 100 + number,
        "output_tokens": 7 * number,
    }
    if number % 5 == 0:
        del dimensions["region"]
    asked = {
        "customerId": customer,
        "eventName": ("llm_request", "api_call", "embedding_request")[number % 3],
        "timestamp": at(hours=1 + (number * 37) % 140, minutes=number % 50),
        "dimensions": dimensions,
    }
    if customer in ("alpha", "bravo") and number % 7 == 0:
        asked["resourceId"] = DESK
    return event(f"{customer}-{number}", **asked | given)


def asker(api: LocalApi, carry: Respond | None = None, **paced: Any) -> Asker:
    """One that asks the API in this process, or whatever answers in its place."""
    answer = carry or partial(respond, api.service)

    def reply(request: httpx.Request) -> httpx.Response:
        status, body = answer(request.headers, request.content)
        return httpx.Response(status, content=body)

    transport = httpx.MockTransport(reply)
    client = MeteringClient("http://inside/graphql", SERVER_KEY, transport=transport, attempts=1)
    return Asker(client, **{"limits": None} | paced)


def synced(api: LocalApi, folder: Path, carry: Respond | None = None, **given: Any) -> Synced:
    return sync(asker(api, carry), folder, **{"source": SOURCE, "now": api.clock.now} | given)


def killing(api: LocalApi, calls: int) -> Respond:
    """Answers so many calls; the process dies at the next."""
    left = calls

    def carry(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        nonlocal left
        if left <= 0:  # several threads may have come to it
            raise Killed
        left -= 1
        return respond(api.service, headers, body)

    return carry


def newest_first(api: LocalApi) -> Respond:
    """The same API with a ledger that runs from the newest row to the oldest."""
    turned = {"first": "last", "last": "first", "after": "before", "before": "after"}

    def carry(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        request = simplejson.loads(body, use_decimal=True)
        if "creditsLedger" not in request["query"]:
            return respond(api.service, headers, body)
        asked = request["variables"]["input"]
        asked["paging"] = {turned[name]: value for name, value in asked["paging"].items()}
        body = simplejson.dumps(request, use_decimal=True).encode()
        status, answer = respond(api.service, headers, body)
        told = simplejson.loads(answer, use_decimal=True)
        page = told["data"]["creditsLedger"]
        page["edges"].reverse()
        info = page["pageInfo"]
        info["hasNextPage"], info["hasPreviousPage"] = info["hasPreviousPage"], info["hasNextPage"]
        return status, simplejson.dumps(told, use_decimal=True).encode()

    return carry
