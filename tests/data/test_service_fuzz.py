"""Requests by chance: each gets an answer, none a failure, and what is refused changes nothing.

5 000 in the suite and 100 000 with SOAK=1. A failure names the seed and the request.
"""

import logging
import os
from http.client import HTTPConnection
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import urlsplit

import pytest
import simplejson
from fuzzing import Chance
from local_metering import Answer, LocalApi, MeteringProcess, event, fingerprint

from data.metering.service.app import SERVER_KEY
from data.metering.service.verification import verify

GROUP = 50
GROUPS = 2000 if os.environ.get("SOAK") else 100
OVER_HTTP = 300


@pytest.mark.parametrize("seed", range(4))
def test_every_request_is_answered_and_what_is_refused_changes_nothing(
    seed: int, begun: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    api = LocalApi(copytree(begun, tmp_path / "store"))
    chance = Chance(seed, something_in(api))
    answered = 0
    for _ in range(GROUPS // 4):
        refused = []
        for body in [chance.body() for _ in range(GROUP)]:
            if "errors" in asked(api, seed, body):
                refused.append(body)
            else:
                answered += 1
        # Sent again, those that are refused again have changed nothing.
        before = fingerprint(api)
        for body in refused:
            if "errors" not in asked(api, seed, body):
                before = fingerprint(api)
        assert fingerprint(api) == before, (seed, refused)
        api.clock.forward(minutes=30)
        api.settle()
    assert answered > GROUPS * GROUP // 4 // 5
    assert caplog.records == []
    api.close()
    assert verify(api.store).startswith("OK")


def test_requests_by_chance_get_their_answers_over_http(served: MeteringProcess) -> None:
    served.provision("customer-fuzz")
    chance, address = Chance(99, ["nobody's"]), urlsplit(served.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    for _ in range(OVER_HTTP):
        body = chance.body()
        connection.request("POST", address.path, body, {"X-API-KEY": SERVER_KEY})
        answer = connection.getresponse()
        check(99, body, answer.status, simplejson.loads(answer.read(), use_decimal=True))
    connection.close()
    assert "Traceback" not in served.log.read_text()


def something_in(api: LocalApi) -> list[str]:
    """Grants of each status, a debt, settled events, and the ids of the grants."""
    api.provision("customer-fuzz")
    api.grant(1000)
    api.grant(50, grantType="PROMOTIONAL", priority=1)
    api.grant(5, paymentCollectionMethod="INVOICE")
    api.void(api.grant(5)["grantId"])
    api.consume(30, "first")
    api.report_events(*(event(f"e{n}") for n in range(20)))
    api.settle()
    grants = api.grants() + api.grants(currencyId="api-credits")
    return [grant[name] for grant in grants for name in ("grantId", "id")]


def asked(api: LocalApi, seed: int, body: bytes) -> Answer:
    status, answer = api.post(body)
    check(seed, body, status, answer)
    return answer


def check(seed: int, body: bytes, status: int, answer: Any) -> None:
    context = (seed, body.decode(errors="replace"), answer)
    assert status == 200, context
    assert isinstance(answer, dict), context
    assert answer.get("errors") or isinstance(answer["data"], dict), context
    for error in answer.get("errors") or ():
        assert error["extensions"]["code"] not in ("", "UnexpectedError"), context
        assert error["message"], context
