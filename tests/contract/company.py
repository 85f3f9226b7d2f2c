"""One company, told twice: reported to a local metering API, and ingested into an extract."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from data.extract.duckdb import Extract
from data.extract.ingest import ingest
from data.extract.mapping import parse_mapping
from data.extract.publish import publish
from data.metering.catalogue import Catalogue, read_catalogue
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, respond
from data.metering.service.service import Service
from queries.documents import document
from queries.question import Extracted, Live

NOW = datetime(2026, 11, 20, 12, 30)
SINCE = datetime(2025, 10, 1)
CURRENCY = "credits"
CUSTOMERS = ("acme", "globex")
RESOURCE = "workspace-1"
WIDE = 3000
"""How many values the key `wide` has in the first week."""

CATALOGUE = {
    "currencies": [{"currency_id": CURRENCY, "display_name": "Credits", "status": "ACTIVE"}],
    "features": [
        {"feature_id": name, "display_name": name.title(), "feature_type": "NUMBER",
         "meter_type": "Incremental"}
        for name in ("chat", "calls", "images")
    ],
    "meters": [
        {"event_name": "chat", "feature_id": "chat", "aggregation": "SUM", "dimension": "tokens"},
        {"event_name": "chat", "feature_id": "calls"},
        {"event_name": "image", "feature_id": "images"},
    ],
    "plans": [
        {"plan_id": "plan", "display_name": "Plan", "rates": [
            {"feature_id": "chat", "currency_id": CURRENCY, "amount": 0.001},
            {"feature_id": "calls", "currency_id": CURRENCY, "amount": 0.25},
            {"feature_id": "images", "currency_id": CURRENCY,
             "cost_formula": "(width * height) / 7 + 0.0000005"},
        ]}
    ],
}  # fmt: skip

MAPPING = {
    "event_id": {"column": "idempotencyKey"},
    "customer": {"column": "customerId"},
    "time": {"column": "timestamp"},
    "resource": {"column": "resourceId"},
    "event_name": {"column": "eventName"},
    "plan": {"constant": "plan"},
    "dimensions": {"*": {"column": "dimensions"}},
}

# Days on which the clocks change in Berlin, New York and Sydney.
CLOCK_CHANGES = (
    datetime(2025, 10, 26),
    datetime(2025, 11, 2),
    datetime(2026, 3, 29),
    datetime(2026, 4, 5),
)


@dataclass(frozen=True)
class Company:
    live: Live
    extracted: Extracted
    events: list[dict[str, object]]


def told_twice(folder: Path) -> Iterator[Company]:
    """Report the events, settle them, ingest the same ones, and close both at the end."""
    catalogue = _catalogue(folder)
    events = [*_everyday(random.Random(7)), *_wide()]
    service = Service(folder / "store", catalogue, clock=lambda: NOW, settle_every=None)
    client = MeteringClient.inside(partial(respond, service), SERVER_KEY)
    _report(client, events)
    service.settle()
    extract = _ingest(folder, catalogue, events)
    yield Company(Live(client), Extracted(extract), events)
    extract.close()
    service.close()


def _catalogue(folder: Path) -> Catalogue:
    path = folder / "catalogue.json"
    path.write_text(json.dumps(CATALOGUE))
    return read_catalogue(path)


def _report(client: MeteringClient, events: list[dict[str, object]]) -> None:
    for customer in CUSTOMERS:
        given = {"customerId": customer, "subscriptionParams": {"planId": "plan"}}
        provision = document("reports/provision_customer.graphql")
        client.tell(provision, {"input": given}, is_keyed=True)
    for start in range(0, len(events), 1000):
        batch = {"events": {"usageEvents": events[start : start + 1000]}}
        client.tell(document("reports/report_events.graphql"), batch, is_keyed=True)


def _ingest(folder: Path, catalogue: Catalogue, events: list[dict[str, object]]) -> Extract:
    lines = folder / "events.jsonl"
    lines.write_text("".join(json.dumps(event) + "\n" for event in events))
    done = ingest([lines], parse_mapping(MAPPING), catalogue, folder / "extract", NOW)
    assert done.rejected == 0
    publish(folder / "extract")
    return Extract(folder / "extract")


def _everyday(dice: random.Random) -> Iterator[dict[str, object]]:
    """Events over 14 months, thick around the clock changes; keys are missing on some."""
    minutes = int((NOW - SINCE).total_seconds() // 60)
    for number in range(2500):
        at = SINCE + timedelta(minutes=dice.randrange(minutes), seconds=dice.randrange(60))
        if number % 3 == 0:
            at = dice.choice(CLOCK_CHANGES) + timedelta(minutes=dice.randrange(-1440, 2880))
        if number % 50 == 0:
            at = at.replace(minute=0, second=0)
        yield _event(f"event-{number}", at, dice)


def _event(key: str, at: datetime, dice: random.Random) -> dict[str, object]:
    dimensions: dict[str, object] = {
        "model": dice.choice(["gemini", "claude", "gpt", "Llama 3"]),
        "model_version": dice.choice([1, 2.0, 2.5, "beta"]),
        "is_trial": dice.choice([True, False]),
        "credits": dice.choice(["low", "high"]),
        "region": dice.choice(["eu", "us", ""]),
        "tokens": dice.randrange(0, 9000),
        "width": dice.randrange(1, 900),
        "height": dice.randrange(1, 900),
    }
    missing = dice.sample(["model", "model_version", "region", "is_trial"], dice.randrange(3))
    return {
        "customerId": dice.choice(CUSTOMERS),
        "eventName": dice.choice(["chat", "chat", "image"]),
        "idempotencyKey": key,
        "timestamp": f"{at.isoformat()}Z",
        "resourceId": dice.choice([None, None, RESOURCE]),
        "dimensions": {k: v for k, v in dimensions.items() if k not in missing},
    }


def _wide() -> Iterator[dict[str, object]]:
    for number in range(WIDE):
        at = SINCE + timedelta(minutes=number * 3)
        yield {
            "customerId": CUSTOMERS[0],
            "eventName": "image",
            "idempotencyKey": f"wide-{number}",
            "timestamp": f"{at.isoformat()}Z",
            "resourceId": None,
            "dimensions": {"wide": f"value-{number:04}", "width": number, "height": 3},
        }


def charged(event: dict[str, object]) -> Decimal:
    """What an event costs by the catalogue, computed by hand."""
    dimensions = event["dimensions"]
    assert isinstance(dimensions, dict)
    step = Decimal("0.000001")
    if event["eventName"] == "chat":
        return Decimal(dimensions["tokens"]) * Decimal("0.001") + Decimal("0.25")
    area = Decimal(dimensions["width"] * dimensions["height"])
    return (area / 7 + Decimal("0.0000005")).quantize(step, "ROUND_HALF_UP")
