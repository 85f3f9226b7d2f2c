"""The service: every write of the local metering API, its state and its settlement clock."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, TypeVar
from uuid import uuid4

from data.clock import utc_now
from data.metering.catalogue import Catalogue
from data.metering.service import (
    effective,
    grants,
    promotions,
    recharge,
    reports,
    selling,
    settlement,
)
from data.metering.service.faults import Fault, bad_input
from data.metering.service.state import Report, State, read_state
from data.metering.service.store import Row, Store, Writer
from data.metering.written import CatalogueError
from data.tables import Tables

logger = logging.getLogger(__name__)

Given = Mapping[str, Any]
LARGEST_BULK = 100
LARGEST_BATCH = 1000
MOST_TOGETHER = 64
SETTLE_EVERY = 1.0
"""Aggregations that can be settled event by event."""

Answer = TypeVar("Answer")
Waiting = tuple[Callable[[State, Writer], Any], Future[Any]]
"""What changes the state and writes the same, and its answer once that is on disk."""


class Service:
    """One store with its rules. Writes are acknowledged once they are on disk.

    Reports come many at a time and a commit costs milliseconds, so a thread writes those that
    wait in one transaction; every other write has its own. Another thread settles the queue
    every second; with `settle_every=None` nothing settles until `settle` is called.

    Why a kill neither loses a report nor counts it twice: a report and its idempotency key are
    written together, before the answer. Settling it removes it from the queue and adds its usage,
    its ledger rows and what its grants consumed in one transaction, of which a kill leaves all or
    nothing. The state in memory is what the file says and is read anew when a write fails.
    """

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        *,
        clock: Callable[[], datetime] = utc_now,
        settle_every: float | None = SETTLE_EVERY,
    ) -> None:
        self.store = Store(folder)
        self.clock = clock
        self.catalogue = catalogue
        self.meters = catalogue.meters
        self._lock = Lock()
        self._is_ahead = False
        self._closing = Event()
        self._waiting: SimpleQueue[Waiting | None] = SimpleQueue()
        self._take_over_catalogue()
        self.state = self._read_state()
        self._add_customers()
        self._threads = [Thread(target=self._write_often, daemon=True)]
        if settle_every is not None:
            settler = Thread(target=self._settle_often, args=(settle_every,), daemon=True)
            self._threads.append(settler)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._closing.set()
        self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        self.store.close()

    def fill(self, tables: Tables) -> None:
        """Give an empty store a whole company; what the catalogue has filled stays."""
        given = self.catalogue.tables
        with self._lock:
            self.store.load({name: frame for name, frame in tables.items() if name not in given})
            self.state = self._read_state()

    def provision_customer(self, given: Given) -> Row:
        """Add a customer, or keep the one there is; subscribe it where a plan is named."""
        customer_id, now = reports.identifier(given, "customerId"), self.clock()
        with self._writing() as (state, writer):
            if customer_id not in state.customers:
                row = (customer_id, given.get("name"), given.get("email"), now)
                writer.add("customers", [row])
                names = ("customer_id", "name", "email", "created_at")
                state.customers[customer_id] = dict(zip(names, row, strict=True))
            subscription = None
            if given.get("subscriptionParams"):
                subscription = _subscribe(
                    self.catalogue, state, writer, customer_id, given["subscriptionParams"], now
                )
        return {"customer": state.customers[customer_id], "subscription": subscription}

    def create_grant(self, given: Given) -> str:
        """Grant credits; the new grant's id. It settles an overdraft first."""
        with self._writing() as (state, writer):
            return grants.create(state, writer, given, self.clock())

    def update_grant(self, given: Given) -> str:
        """Change a grant's name, window or priority; its id."""
        with self._writing() as (state, writer):
            return grants.update(state, writer, given, self.clock())

    def void_grant(self, given: Given) -> str:
        """Cancel a grant: what is left of it leaves the balance; its id."""
        with self._writing() as (state, writer):
            return grants.void(state, writer, given, self.clock())

    def save_recharge(self, given: Given) -> Row:
        """The settings as they are now; an enabled rule may have bought at once."""
        with self._writing() as (state, writer):
            return recharge.save(state, writer, given, self.clock())

    def consume(self, given: Given) -> Row:
        """Take credits directly; the optimistic balance in the answer."""

        def consumed(state: State, writer: Writer) -> Row:
            report, is_new = self._accept(writer, reports.consumption(state, given, self.clock()))
            return {
                "amount": report.credits,
                "credit": self._credit(report, is_new),
                "currencyId": report.currency_id,
                "customerId": report.customer_id,
                "resourceId": report.resource_id,
                "timestamp": report.occurred_at,
            }

        return self._report(consumed)

    def consume_async(self, consumptions: Sequence[Given]) -> None:
        """Up to 1000 consumptions, all or none; repeated ones are dropped."""
        if not 1 <= len(consumptions) <= LARGEST_BATCH:
            raise bad_input(
                f"{len(consumptions)} consumptions in one call; 1 to {LARGEST_BATCH} are allowed."
            )
        now = self.clock()

        def queued(state: State, writer: Writer) -> None:
            given = [reports.consumption(state, one, now) for one in consumptions]
            fresh = reports.not_seen(state, given, now)
            reports.check_debt(state, fresh)
            reports.enqueue(state, writer, fresh, now)

        self._report(queued)

    def report_usage(self, given: Given) -> Row:
        """One measurement; the optimistic balance in the answer."""
        return self.report_usage_bulk([given])[0]

    def report_usage_bulk(self, usages: Sequence[Given]) -> list[Row]:
        """Up to 100 measurements, all or none, answered in request order."""
        if len(usages) > LARGEST_BULK:
            raise bad_input(f"{len(usages)} measurements in one call; at most {LARGEST_BULK}.")

        def measured(state: State, writer: Writer) -> list[Row]:
            answers, now = [], self.clock()
            used = partial(effective.used_now, state, writer, now)
            for given in usages:
                reports.measurement(state, given, now, used)  # a bad one stops before any write
            for given in usages:
                report = reports.measurement(state, given, now, used)
                answers.append(self._measured(writer, *self._accept(writer, report)))
            return answers

        return self._report(measured)

    def grant_promotions(self, given: Given) -> list[Row]:
        """Promotional entitlements of one customer, all or none."""
        with self._writing() as (state, writer):
            return promotions.grant(state, writer, given, self.clock())

    def revoke_promotion(self, given: Given) -> Row:
        """The promotional entitlement that there was."""
        with self._writing() as (state, writer):
            return promotions.revoke(state, writer, given)

    @contextmanager
    def reading(self) -> Iterator[State]:
        """The state with nothing half done in it."""
        with self._lock:
            yield self.state

    def report_events(self, events: Sequence[Given]) -> None:
        """Up to 1000 raw events, all or none; repeated ones are dropped."""
        if not 1 <= len(events) <= LARGEST_BATCH:
            raise bad_input(f"{len(events)} events in one call; 1 to {LARGEST_BATCH} are allowed.")
        now = self.clock()
        given = [reports.event(event, now) for event in events]

        def queued(state: State, writer: Writer) -> None:
            reports.enqueue(state, writer, reports.not_seen(state, given, now), now)

        self._report(queued)

    def settle(self) -> None:
        """Settle everything that is queued now."""
        while True:
            with self._writing() as (state, writer):
                now = self.clock()
                count = settlement.settle(state, writer, self.meters, now)
                reports.forget(state, writer, now)
            # Those who wait to write come in between: a lock alone is not fair to them.
            if count < settlement.BATCH or self._closing.wait(0.001):
                return

    def _settle_often(self, every: float | None) -> None:
        while True:
            try:
                self.settle()
            except Exception as error:
                # What is queued stays queued: the next turn tries again.
                logger.exception("Settlement failed and wrote nothing: %s", error)
            if self._closing.wait(every):
                return

    def _report(self, operation: Callable[[State, Writer], Answer]) -> Answer:
        """Hand a report to the writing thread; its answer once it is on disk."""
        if self._closing.is_set():
            raise RuntimeError("The service is closed.")
        answer: Future[Answer] = Future()
        self._waiting.put((operation, answer))
        return answer.result()

    def _write_often(self) -> None:
        while waiting := self._waiting.get():
            together = [waiting]
            while len(together) < MOST_TOGETHER and not self._waiting.empty():
                if (waiting := self._waiting.get()) is None:
                    self._waiting.put(None)
                    break
                together.append(waiting)
            self._write_together(together)

    def _write_together(self, waiting: Sequence[Waiting]) -> None:
        """One transaction for all; where it fails, one for each, so that each has its own error.

        An operation that raises before it has written anything spoils nothing.
        """
        outcomes: list[Any] = []
        try:
            with self._writing() as (state, writer):
                for operation, _ in waiting:
                    writes = writer.writes
                    try:
                        outcomes.append(operation(state, writer))
                    except Exception as error:
                        if writer.writes != writes:
                            raise
                        outcomes.append(error)
        except Exception as error:
            if len(waiting) > 1:
                for one in waiting:
                    self._write_together([one])
                return
            outcomes = [error]
        for (_, answer), outcome in zip(waiting, outcomes, strict=True):
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    @contextmanager
    def _writing(self) -> Iterator[tuple[State, Writer]]:
        """One transaction; only a Fault before the first write leaves the state as it is."""
        with self._lock:
            if self._is_ahead:
                self._believe_the_file()
            writer = None
            try:
                with self.store.transaction() as writer:
                    yield self.state, writer
            except BaseException as error:
                if writer is not None and (writer.writes or not isinstance(error, Fault)):
                    self._is_ahead = True
                    self._believe_the_file()
                raise

    def _read_state(self) -> State:
        state = read_state(self.store, self.catalogue)
        recharge.follow(state)
        return state

    def _believe_the_file(self) -> None:
        """After a failed transaction, memory may be ahead of what is stored."""
        self.state = self._read_state()
        self._is_ahead = False

    def _accept(self, writer: Writer, report: Report) -> tuple[Report, bool]:
        """Queue a report unless its key was seen."""
        now = self.clock()
        fresh = reports.not_seen(self.state, [report], now)
        reports.check_debt(self.state, fresh)
        reports.enqueue(self.state, writer, fresh, now)
        return report, bool(fresh)

    def _credit(self, report: Report, is_new: bool) -> Row | None:
        if report.pool is None:
            return None
        granted, consumed = self.state.wallet(report.pool)
        return {
            "currencyId": report.currency_id,
            "consumed": report.credits if is_new else Decimal(0),
            "currentUsage": consumed,
            "usageLimit": granted,
            "timestamp": self.clock(),
        }

    def _measured(self, writer: Writer, report: Report, is_new: bool) -> Row:
        owner = (report.customer_id, report.resource_id, report.feature_id or "")
        period = effective.usage_period(self.state, owner, self.clock())
        start, end = period or (None, None)
        return {
            "id": report.event_id,
            "createdAt": self.clock(),
            "credit": self._credit(report, is_new),
            "currentUsage": effective.used(self.state, writer, owner, period),
            "customerId": report.customer_id,
            "environmentId": "local",
            "featureId": report.feature_id,
            "nextResetDate": end,
            "resourceId": report.resource_id,
            "timestamp": report.occurred_at,
            "usagePeriodEnd": end,
            "usagePeriodStart": start,
            "value": report.units,
        }

    def _take_over_catalogue(self) -> None:
        """Make the store's tables those of the catalogue; refused where grants would be lost."""
        granted = self.store.rows("select distinct currency_id from grants order by all")
        for currency_id in (row["currency_id"] for row in granted):
            if currency_id not in self.catalogue.currencies:
                raise CatalogueError(
                    f"The catalogue lacks the currency {currency_id!r}, in which the store has "
                    "grants: keep it, with the status ARCHIVED when it is no longer sold."
                )
        with self.store.transaction() as writer:
            for name, frame in self.catalogue.tables.items():
                writer.replace_frame(name, frame)

    def _add_customers(self) -> None:
        """Give a store the customers that its catalogue begins with."""
        for customer in self.catalogue.customers:
            if customer.customer_id not in self.state.customers:
                plan = {"planId": customer.plan_id} if customer.plan_id else None
                given = {"customerId": customer.customer_id, "subscriptionParams": plan}
                self.provision_customer(given | {"name": customer.name, "email": customer.email})


def _subscribe(
    catalogue: Catalogue,
    state: State,
    writer: Writer,
    customer_id: str,
    given: Given,
    now: datetime,
) -> Row:
    terms = selling.default_terms(catalogue, given)
    plan_id = terms.plan.plan_id
    resource_id = reports.optional_identifier(given, "resourceId")
    reports.ensure_resource(state, writer, customer_id, resource_id, now)
    wanted = (plan_id, resource_id, "ACTIVE")
    for held in state.subscriptions[customer_id]:
        if (held["plan_id"], held["resource_id"], held["status"]) == wanted:
            return held
    if given.get("promotionCode"):
        selling.promotion(catalogue, state, given["promotionCode"])
    subscription: Row = {
        "subscription_id": f"subscription-{plan_id}-{uuid4().hex[:6]}",
        "customer_id": customer_id,
        "resource_id": resource_id,
        "plan_id": plan_id,
        "status": "ACTIVE",
        "started_at": given.get("startDate") or now,
        **terms.stored(),
        "promotion_code": given.get("promotionCode"),
    }
    writer.add("subscriptions", [tuple(subscription.values())])
    state.subscriptions[customer_id].append(subscription)
    return subscription
