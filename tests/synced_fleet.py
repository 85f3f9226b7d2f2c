"""A fleet that the local metering API knows, and the syncs of it that the bench measures.

Alone, with the API at a URL: python -m tests.synced_fleet URL FOLDER makes one sync without limits,
and prints one line of JSON.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.clock import utc_now
from data.extract.duckdb import Extract
from data.extract.sync.asking import LIMITS, UNDOCUMENTED, Asker
from data.extract.sync.run import sync
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY
from data.metering.service.service import Service
from data.metering.service.store import open_read_only
from data.tables import SCHEMAS, Tables
from tests import fleet_extract
from tests.data.local_metering import MeteringProcess, catalogue, wire

CUSTOMERS, EVENTS = 200, 1_200_000
"""As many events make a million ledger rows: what is used without credits makes none."""
FEATURE = "feature-chat-completions"
KEYS = {"model": 6, "region": 3, "team": 5}
"""key → how many values it has"""
SOURCE = "the metering API of the bench"
NEW, OF = 1000, 50
"""So many consumptions, of so many customers, between two syncs."""
KILLS = 5
CONSUME = """mutation ($input: ConsumeCreditsAsyncInput!) { consumeCreditsAsync(input: $input) }"""


def fill(store: Path) -> None:
    """Give the local API's store the fleet's year, its rows in the order of their time."""
    service = Service(store, catalogue(), settle_every=None)
    service.fill(tables())
    service.close()


def tables() -> Tables:
    """As the local API would have made them: of one feature of the demo company's catalogue."""
    made = fleet_extract.tables(EVENTS, CUSTOMERS)
    ledger = made["ledger"].sort("occurred_at", "ledger_seq")
    numbered = ledger.with_columns(ledger_seq=pl.int_range(1, ledger.height + 1))
    named = pl.when(pl.col("feature_id").is_not_null()).then(pl.lit(FEATURE)).alias("feature_id")
    whole = {
        "customers": made["customers"].with_columns(created_at=fleet_extract.fleets.START),
        "grants": _whole(made["grants"]),
        "ledger": numbered.with_columns(named),
        "usage_events": made["usage_events"]
        .sort("occurred_at", "event_id")
        .with_columns(named, dimensions=_dimensions(EVENTS)),
    }
    return {name: frame.cast(SCHEMAS[name]) for name, frame in whole.items()}


def _whole(grants: pl.DataFrame) -> pl.DataFrame:
    return grants.with_columns(
        pl.col("display_name").fill_null("Grant"),
        pl.col("priority").fill_null(50),
        pl.col("cost_amount").fill_null(0),
        pl.col("updated_at").fill_null(pl.col("created_at")),
        payment_collection=pl.lit("NOT_REQUIRED"),
        is_recharge=False,
    )


def _dimensions(count: int) -> pl.Expr:
    rng = np.random.default_rng(2)
    return pl.concat_list(
        pl.struct(
            key=pl.lit(key),
            value=pl.format(f"{key}-{{}}", pl.Series(rng.integers(0, values, count))),
        )
        for key, values in KEYS.items()
    )


def bench(folder: Path) -> None:
    """A first sync, one with nothing new, one after some consumptions, and a first with kills."""
    fill(folder / "store")
    api = MeteringProcess(folder / "store", "--empty")
    first = synced(api.url, folder / "extract")
    tell("first sync", first)
    print(f"{'usage by month and feature as the API tells it':70}{same_usage(api, folder)!s:>10}")
    tell("sync with nothing new", synced(api.url, folder / "extract"))
    killed(api.url, folder / "killed", first["seconds"])
    is_same = content(folder / "extract") == content(folder / "killed")
    print(f"{f'the same extract after {KILLS} kills':70}{is_same!s:>10}", flush=True)
    consume(api)
    tell(f"sync after {NEW:,} consumptions", synced(api.url, folder / "extract"))
    print(f"{'usage by month and feature as the API tells it':70}{same_usage(api, folder)!s:>10}")
    api.stop()
    print(f"{'ledgers as in the store':70}{same_ledgers(folder)!s:>10}", flush=True)


def synced(url: str, folder: Path) -> dict[str, Any]:
    """One sync in a process of its own."""
    done: dict[str, Any] = json.loads(subprocess.check_output(command(url, folder)))
    return done


def command(url: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.synced_fleet", url, str(folder)]


def main(url: str, folder: str) -> None:
    started = time.perf_counter()
    asker = Asker(MeteringClient(url, SERVER_KEY), None)
    done = sync(asker, Path(folder), source=SOURCE, now=utc_now(), by=tuple(KEYS), tell=_tell)
    told = {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time(),
        "peak": _peak(),
        "added": done.added,
        "calls": done.calls,
        "warning": done.warning,
    }
    print(json.dumps(told))


def _peak() -> int:
    """Bytes; what `getrusage` tells of a child is at least what its parent had."""
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) * 1024


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def tell(name: str, done: Mapping[str, Any]) -> None:
    calls = done["calls"]
    minutes = max(count / LIMITS.get(root, UNDOCUMENTED) for root, count in calls.items())
    print(f"{name:70}{done['seconds']:10.1f} s", flush=True)
    print(f"{'  its own work':70}{done['cpu']:10.1f} s")
    print(f"{'  peak memory':70}{done['peak'] / 1e6:10.0f} MB")
    print(f"{'  ledger rows and cells that came':70}{done['added']:10,}")
    for root, count in sorted(calls.items(), key=lambda call: (-call[1], call[0]))[:5]:
        print(f"{f'  calls of {root}':70}{count:10,}")
    print(f"{'  within the documented limits at least':70}{minutes:10.1f} min")
    print(f"  {done['warning'] or 'balances, ledgers and grants say the same'}", flush=True)


def killed(url: str, folder: Path, seconds: float) -> None:
    """A first sync that is killed again and again, each time some way further."""
    for _ in range(KILLS):
        with subprocess.Popen(command(url, folder), stdout=subprocess.DEVNULL) as process:
            try:
                process.wait(seconds / (KILLS + 2))
            except subprocess.TimeoutExpired:
                process.kill()
                continue
            raise AssertionError("It ended before it was killed.")
    tell(f"sync that goes on after {KILLS} kills", synced(url, folder))


def content(folder: Path) -> list[tuple[Any, ...]]:
    """How many rows the large tables have, and a checksum of them whatever their order."""
    queries = (
        "select count(*), bit_xor(hash(event_id, occurred_at, credits, events)) from usage_events",
        "select count(*), bit_xor(hash(customer_id, amount, grant_id, event_id, occurred_at, "
        "balance_after)) from ledger inner join customers using (customer_key)",
        "select count(*), bit_xor(hash(grant_id, status, amount, consumed_amount)) from grants",
    )
    with Extract(folder) as extract:
        return [extract.read(query, {}).row(0) for query in queries]


def consume(api: MeteringProcess) -> None:
    """Consumptions now, of all values of the keys; done when they have settled."""
    currency = fleet_extract.CURRENCY
    consumptions = [
        {
            "customerId": f"customer-{number % OF}",
            "currencyId": currency,
            "amount": Decimal("0.25"),
            "createdAt": wire(utc_now() - timedelta(minutes=number)),
            "dimensions": {key: f"{key}-{number % values}" for key, values in KEYS.items()},
            "idempotencyKey": f"new-{number}",
        }
        for number in range(NEW)
    ]
    pool = {"customerId": "customer-0", "currencyId": currency}
    before = api.balance(**pool)["totalConsumed"]
    api.tell(CONSUME, input={"consumptions": consumptions})
    while api.balance(**pool)["totalConsumed"] == before:
        time.sleep(0.05)  # between looks at what has settled


USED = """
select
    customer_id,
    feature_id,
    date_trunc('month', occurred_at) as month,
    sum(credits) as credits,
    sum(events) as events
from usage_events
inner join customers using (customer_key)
left join features using (feature_key)
group by all
"""


def same_usage(api: MeteringProcess, folder: Path) -> bool:
    with Extract(folder / "extract") as extract:
        rows = extract.read(USED, {}).iter_rows()
        read = {(*key, at): (credits, events) for *key, at, credits, events in rows}
    live = {}
    for customer_id in {customer_id for customer_id, *_ in read}:
        for key, point in _months(api, customer_id):
            live[customer_id, *key] = point
    return read == live


def _months(api: MeteringProcess, customer_id: str) -> list[tuple[Any, Any]]:
    """((feature, month), (credits, events)) of all that a customer ever used"""
    given = {"customerId": customer_id, "currencyId": fleet_extract.CURRENCY}
    told = api.usage(**given, startDate="2025-01-01T00:00:00Z", endDate=wire(utc_now()))
    return [
        ((one["featureId"], datetime.fromisoformat(point["timestamp"][:19])),
         (point["value"], point["eventCount"]))
        for one in told["series"]
        for point in one["points"]
    ]  # fmt: skip


def same_ledgers(folder: Path) -> bool:
    sums = "select customer_id, count(*) as rows, sum(amount) as credits from ledger {} group by 1"
    with open_read_only(folder / "store") as store, Extract(folder / "extract") as extract:
        kept = store.sql(sums.format("")).fetchall()
        read = extract.read(sums.format("inner join customers using (customer_key)"), {}).rows()
    return set(kept) == set(read)


if __name__ == "__main__":
    main(*sys.argv[1:])
