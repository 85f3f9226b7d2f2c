"""What the tests of the Usage page put in the place of the world: data, a clock, a transport."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

import httpx
import polars as pl

from dashboard import asking
from data.extract.duckdb import Extract
from data.metering.service.app import respond
from data.metering.service.service import Service
from data.tables import Tables

NOW = datetime(2026, 5, 22, 14, 35, 20)

Answer = Callable[[httpx.Request], httpx.Response]
Amounts = dict[tuple[str, ...], tuple[Decimal, int]]
"""group → (credits, events)"""


@dataclass(frozen=True)
class Demo:
    """The demo company at NOW: its tables, and the two sources that were made from them."""

    tables: Tables
    service: Service
    extract: Extract

    def used(
        self,
        customer_id: str | None,
        start: datetime,
        end: datetime = NOW,
        *,
        currency_id: str = "ai-tokens",
        resource_id: str | None = None,
        by: Sequence[str] = (),
        only: Mapping[str, str] | None = None,
        without: Mapping[str, str] | None = None,
    ) -> Amounts:
        """Counted event by event, without either source."""
        counted: Amounts = defaultdict(lambda: (Decimal(0), 0))
        events = self.tables["usage_events"].filter(
            pl.col("occurred_at") >= start,
            pl.col("occurred_at") < end,
            currency_id=currency_id,
        )
        if customer_id is not None:
            is_own = pl.col("resource_id").eq_missing(pl.lit(resource_id))
            events = events.filter(is_own, customer_id=customer_id)
        for event in events.iter_rows(named=True):
            values = defaultdict(str, {pair["key"]: pair["value"] for pair in event["dimensions"]})
            values |= {"featureId": event["feature_id"], "customerId": event["customer_id"]}
            is_in = all(values[key] == value for key, value in (only or {}).items())
            is_out = any(values[key] == value for key, value in (without or {}).items())
            if is_in and not is_out:
                group = tuple(values[key] for key in by)
                credits, count = counted[group]
                counted[group] = (credits + event["credits"], count + 1)
        return dict(counted)

    def balance(self, customer_id: str, resource_id: str | None = None) -> Decimal:
        """The sum of the ledger."""
        is_own = pl.col("resource_id").eq_missing(pl.lit(resource_id))
        rows = self.tables["ledger"].filter(
            is_own, customer_id=customer_id, currency_id="ai-tokens"
        )
        return Decimal(rows["amount"].sum())


@dataclass
class Clock:
    """Stands in for `datetime` where the clock is read; it moves only when told to."""

    at: datetime = NOW

    def now(self, zone: tzinfo) -> datetime:
        return self.at.replace(tzinfo=zone)

    def advance(self, by: timedelta) -> None:
        """Time goes by, and the kept answers with it."""
        self.at += by
        asking.forget()


class Api:
    """The transport to the demo's metering API; `fault` answers in its place."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.fault: Answer | None = None
        self.count = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        if self.fault is not None:
            return self.fault(request)
        return self.answer(request)

    def answer(self, request: httpx.Request, key: str | None = None) -> httpx.Response:
        """What the service says, to the key of the request or to another one."""
        headers = {"x-api-key": key} if key else request.headers
        status, body = respond(self.service, headers, request.content)
        return httpx.Response(status, content=body)
