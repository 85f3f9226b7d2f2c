"""How reports are written: many in one transaction, each with its own answer, keys for 7 days."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from local_metering import CUSTOMER, NOON, SEATS, Clock, LocalApi, at, event, measurement

from data.metering.errors import MeteringError
from data.metering.service.state import Unbalanced
from data.metering.service.verification import verify

DEAR = 36_000_000_000
"""So many seats cost 900,000,000,000 credits: no pool can owe that twice."""


class HeldClock(Clock):
    """A clock that keeps the first who asks waiting, and with it the thread that writes."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = Event(), Event()

    def __call__(self) -> datetime:
        if not self.asked.is_set():
            self.asked.set()
            self.go_on.wait(30)
        return self.now


def test_reports_that_wait_together_are_answered_each_for_itself(api: LocalApi) -> None:
    """One is refused before it wrote anything, one after: neither takes the others with it."""
    clock = HeldClock()
    api.service.clock = clock
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(api.consume, 1, "first")
        assert clock.asked.wait(30)
        waiting: list[Future[Any]] = [
            pool.submit(api.consume, 2, "a"),
            pool.submit(api.report, 1, featureId="magic"),
            pool.submit(api.report_bulk, [measurement(DEAR), measurement(DEAR)]),
            pool.submit(api.report_events, event("1"), event("2")),
            pool.submit(api.consume, 4, "b"),
        ]
        wait_for(api, len(waiting))
        clock.go_on.set()
    assert first.result()["credit"]["currentUsage"] == 1
    with pytest.raises(MeteringError, match="no feature 'magic'"):
        waiting[1].result()
    with pytest.raises(MeteringError, match=r"owe 10\^12 or more"):
        waiting[2].result()
    assert api.consume(0, "ask")["credit"]["currentUsage"] == 7
    assert len(api.service.store.rows("from queue where event_name is not null")) == 2


def test_a_commit_that_fails_fails_every_report_in_it(api: LocalApi) -> None:
    clock = HeldClock()
    api.service.clock = clock
    rename(api, "seen_keys", "hidden")
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(api.consume, 1, "first")]
        assert clock.asked.wait(30)
        waiting += [pool.submit(api.consume, 2, str(number)) for number in range(3)]
        wait_for(api, 3)
        clock.go_on.set()
    for one in waiting:
        with pytest.raises(MeteringError, match="its log has the details"):
            one.result()
    rename(api, "hidden", "seen_keys")
    assert api.service.store.rows("from queue") == []
    assert api.consume(2, "0")["credit"]["currentUsage"] == 2


def test_an_event_that_counts_again_has_an_id_of_its_own(api: LocalApi) -> None:
    first = api.report(1, idempotencyKey="weekly")["id"]
    api.report_events(event("weekly", timestamp=at()))
    api.clock.forward(days=7)
    second = api.report(1, idempotencyKey="weekly")["id"]
    api.report_events(event("weekly", timestamp=at()))
    assert api.report(1, idempotencyKey="weekly")["id"] == second != first
    api.settle()
    api.close()
    assert "4 usage events" in verify(api.store)


def test_keys_of_more_than_7_days_are_forgotten(api: LocalApi) -> None:
    api.consume(1, "old")
    api.clock.forward(days=6)
    api.consume(1, "new")
    api.settle()
    assert len(api.service.store.rows("from seen_keys")) == 2
    api.clock.forward(days=1, hours=1)
    api.settle()
    (kept,) = api.service.store.rows("from seen_keys")
    assert kept["seen_at"].day == NOON.day + 6
    assert api.consume(1, "new")["credit"]["currentUsage"] == 2
    assert api.consume(1, "old")["credit"]["currentUsage"] == 3


def test_a_pool_that_does_not_balance_stops_the_settlement(api: LocalApi) -> None:
    """Nothing is written, and what is queued stays acknowledged."""
    api.grant(100)
    api.settle()
    with api.service.store.transaction() as writer:
        writer.rows("update grants set consumed_amount = 40")
    api.restart()
    api.report(1, dimensions={"key": "kept"})
    figures = "leave 35.000000 credits, but its ledger sums to 75.000000"
    for _ in range(2):
        with pytest.raises(Unbalanced, match=f"Pool {CUSTOMER}-ai-tokens: its grants {figures}"):
            api.settle()
    store = api.service.store
    assert [row["feature_id"] for row in store.rows("from queue")] == [SEATS]
    assert store.rows("from usage_events") == []
    assert [row["amount"] for row in store.rows("from ledger")] == [Decimal(100)]


def rename(api: LocalApi, table: str, name: str) -> None:
    with api.service.store.transaction() as writer:
        writer.rows(f"alter table {table} rename to {name}")


def wait_for(api: LocalApi, count: int) -> None:
    """Until so many reports wait behind the one that is held: nothing outside tells of them."""
    pause, waiting = Event(), api.service._waiting
    for _ in range(1000):
        if waiting.qsize() >= count:
            return
        pause.wait(0.01)
    raise AssertionError(f"{waiting.qsize()} of {count} are waiting")
