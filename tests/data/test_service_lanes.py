"""Events checked by us and events checked by graphql-core: equal answers, equal rows.

A directive in the document sends the same variables the general way.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import simplejson
from local_metering import REPORT_EVENT, Answer, LocalApi, event

from data.metering.service.graphql import events_aside

GENERAL = REPORT_EVENT.replace(
    "reportEvent(events: $events)", "reportEvent(events: $events) @include(if: true)"
)
FIELDS = (
    "customerId", "eventName", "idempotencyKey", "resourceId", "timestamp", "dimensions", "more",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, "", "x" * 256, 7, 1.5, True, [], {}, ["a"], {"a": "b"}, {"a b": 1}, {"a": []},
    {"n": None, "b": False, "i": -3, "f": 2.50, "big": 10**500}, "2026-05-20", "yesterday",
    "2026-05-20T10:00:00+02:00", "2026-05-20T10:00:00.123456Z", "9999-12-31T23:59:59-12:00",
)  # fmt: skip


@pytest.fixture
def twins(begun: Path, tmp_path: Path) -> Iterator[tuple[LocalApi, LocalApi]]:
    apis = [LocalApi(copytree(begun, tmp_path / name)) for name in ("ours", "general")]
    yield apis[0], apis[1]
    for api in apis:
        api.close()


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_answer_and_store_the_same(twins: tuple[LocalApi, LocalApi], seed: int) -> None:
    dice = random.Random(seed)
    refused = 0
    for turn in range(150):
        variables = request(dice, turn)
        ours, general = (
            answer(api, document, variables)
            for api, document in zip(twins, (REPORT_EVENT, GENERAL), strict=True)
        )
        assert ours == general
        refused += "errors" in ours
    assert 20 < refused < 130
    assert stored(twins[0]) == stored(twins[1]) != []


def test_events_without_oddities_are_checked_by_us() -> None:
    """Else the other test would compare the general way with itself."""
    plain = event("1", timestamp="2026-05-20T10:00:00Z", dimensions={"model": "m"}, resourceId=None)
    rest, events = events_aside({"events": {"usageEvents": [plain]}}, "events")
    assert rest == {"events": {"usageEvents": []}}
    assert events is not None
    assert [one["idempotencyKey"] for one in events] == ["1"]


def request(dice: random.Random, turn: int) -> Answer:
    """Variables of up to 4 events, every other request with something odd in it."""
    events: list[Any] = [
        event(f"{turn}-{n}", dimensions={"n": n}) for n in range(dice.randint(0, 4))
    ]
    given: Answer = {"usageEvents": events}
    if turn % 2 and events:
        odd = dice.choice(events)
        field, value = dice.choice(FIELDS), dice.choice(ODD)
        if dice.random() < 0.1:
            del odd[dice.choice(FIELDS[:3])]
        else:
            odd[field] = value
    if dice.random() < 0.1:
        given[dice.choice(("usageEvents", "environmentId", "more"))] = dice.choice(ODD)
    return {"events": dice.choice(ODD) if dice.random() < 0.05 else given}


def answer(api: LocalApi, document: str, variables: Answer) -> Answer:
    body = simplejson.dumps({"query": document, "variables": variables}, use_decimal=True)
    _, said = api.post(body.encode())
    for error in said.get("errors", ()):
        error["extensions"].pop("traceId")
    return said


def stored(api: LocalApi) -> list[Answer]:
    return api.service.store.rows("select * from queue order by queue_seq")
