"""write: the frames of data/tables.py become one whole extract."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.tables import SCHEMAS, Tables

MAY = datetime(2026, 5, 1)
ROW = {
    "event_id": "e-1",
    "customer_id": "c-1",
    "resource_id": None,
    "feature_id": "f-1",
    "currency_id": "ai",
    "occurred_at": MAY,
    "received_at": MAY,
    "units": Decimal(1),
    "credits": Decimal(1),
    "dimensions": [],
}


def frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        {column: [row.get(column) for row in rows] for column in SCHEMAS[name].names()},
        schema=SCHEMAS[name],
    )


def tables(events: list[dict[str, Any]], customers: tuple[str, ...] = ("c-1", "c-2")) -> Tables:
    return {
        "customers": frame("customers", [{"customer_id": each} for each in customers]),
        "resources": frame("resources", [{"customer_id": "c-2", "resource_id": "r"}]),
        "currencies": frame("currencies", [{"currency_id": "ai"}]),
        "features": frame("features", [{"feature_id": "f-1"}, {"feature_id": "f-2"}]),
        "usage_events": frame("usage_events", [ROW | event for event in events]),
    }


def written(folder: Path, given: Tables) -> Extract:
    write(given, folder / STAGING, source="test", cut_off=MAY, loaded_at=MAY)
    publish(folder)
    return Extract(folder)


def rows_of(extract: Extract, sql: str) -> list[tuple[Any, ...]]:
    return extract.read(sql, {}).rows()


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def test_every_row_of_every_table_arrives(tmp_path: Path) -> None:
    given = tables([{}, {"event_id": "e-2", "customer_id": "c-2", "resource_id": "r"}])
    pool = {"customer_id": "c-2", "currency_id": "ai", "resource_id": "r"}
    amounts = {"amount": Decimal("0.000001"), "consumed_amount": Decimal(0)}
    given["plans"] = frame("plans", [{"plan_id": "p"}])
    rate = {"plan_id": "p", "feature_id": "f-1", "currency_id": "ai", "amount": Decimal(2)}
    given["rates"] = frame("rates", [rate])
    given["subscriptions"] = frame(
        "subscriptions", [pool | {"subscription_id": "s", "plan_id": "p", "status": "ACTIVE"}]
    )
    given["grants"] = frame(
        "grants", [pool | amounts | {"grant_id": "g", "grant_type": "PAID", "status": "ACTIVE"}]
    )
    entry = pool | amounts | {"ledger_seq": 1, "event_type": "CREDITS_GRANTED", "grant_id": "g"}
    given["ledger"] = frame("ledger", [entry | {"occurred_at": MAY}])
    given["recharge_settings"] = frame("recharge_settings", [pool])
    given["promotional_entitlements"] = frame(
        "promotional_entitlements", [{"customer_id": "c-2", "feature_id": "f-2"}]
    )
    given["addons"] = frame("addons", [{"addon_id": "a"}])
    given["coupons"] = frame("coupons", [{"coupon_id": "k"}])
    extract = written(tmp_path, given)
    [(counts,)] = rows_of(extract, "select map_entries(row_counts) from metadata")
    assert {each["key"]: each["value"] for each in counts} == {
        name: given[name].height for name in SCHEMAS
    }
    assert rows_of(
        extract,
        "select customer_id, resource_id, currency_id, amount from grants "
        "join customers using (customer_key) join resources using (resource_key) "
        "join currencies using (currency_key)",
    ) == [("c-2", "r", "ai", Decimal("0.000001"))]


def test_an_extract_of_nothing_can_be_written(tmp_path: Path) -> None:
    extract = written(tmp_path, {})
    assert rows_of(extract, "select count(*) from usage_events") == [(0,)]
    assert rows_of(extract, "select promoted_keys from metadata") == [([],)]


def test_the_eight_most_used_keys_are_promoted_and_ties_go_by_name(tmp_path: Path) -> None:
    common = pairs(zone="z", model="m")
    rare = [pairs(**{key: "v"}) for key in ("h", "g", "f", "e", "d", "c", "b", "a")]
    events = [
        {"event_id": f"e-{number}", "dimensions": common + extra}
        for number, extra in enumerate(rare)
    ]
    extract = written(tmp_path, tables(events))
    promoted = ["model", "zone", "a", "b", "c", "d", "e", "f"]
    assert rows_of(extract, "select promoted_keys from metadata") == [(promoted,)]
    assert rows_of(
        extract,
        "select value_of(1, dim_1), value_of(2, dim_2), value_of(8, dim_8), map_entries(rest) "
        "from usage_events where event_id in ('e-0', 'e-2') order by event_id",
    ) == [("m", "z", None, [{"key": "h", "value": "v"}]), ("m", "z", "v", [])]


def test_the_events_of_a_pool_lie_together_in_the_order_of_time(tmp_path: Path) -> None:
    random = Random(5)
    events = [
        {
            "event_id": f"e-{random.randrange(10**6)}-{number}",
            "customer_id": (customer := random.choice(["c-1", "c-2"])),
            "resource_id": random.choice([None, "r"]) if customer == "c-2" else None,
            "occurred_at": MAY + timedelta(minutes=random.randrange(200_000)),
            "credits": Decimal(random.randrange(10**9)).scaleb(-6),
        }
        for number in range(3000)
    ]
    extract = written(tmp_path, tables(events))
    rows = rows_of(
        extract,
        "select customer_key, resource_key is not null, occurred_at from usage_events",
    )
    assert rows == sorted(rows)
    [(credits,)] = rows_of(extract, "select sum(credits) from usage_events")
    assert credits == sum(event["credits"] for event in events)


@pytest.mark.parametrize("ids", ["e-{:05}", "{}", "e-{}", "{:x}", "n° {:03} ", "{:030}", "e-{}x"])
def test_an_id_comes_back_as_it_was_however_it_is_kept(tmp_path: Path, ids: str) -> None:
    given = [ids.format(number) for number in (*range(9, 12), *range(99, 102), 4_711, 10**9)]
    given += ["", "e-", "e-+0009", "e- 00009", "00009", "e-0000²"]
    extract = written(tmp_path, tables([{"event_id": each} for each in given]))
    assert sorted(row[0] for row in rows_of(extract, "select event_id from usage_events")) == (
        sorted(given)
    )


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1),
        datetime(1969, 12, 31, 23, 59, 59, 999999),
        datetime(1970, 1, 1),
        datetime(9999, 11, 30, 23, 59, 59, 999999),
    ],
)
def test_a_time_comes_back_to_the_microsecond(tmp_path: Path, moment: datetime) -> None:
    later = moment + timedelta(microseconds=900_000_001)
    given = [{"occurred_at": moment, "received_at": later}, {"occurred_at": later}]
    extract = written(tmp_path, tables(given))
    rows = rows_of(extract, "select occurred_at, loaded_at from usage_events order by occurred_at")
    assert rows == [(moment, later), (later, MAY)]


def test_an_event_without_a_time_of_arrival_counts_as_loaded_now(tmp_path: Path) -> None:
    late = MAY + timedelta(days=3)
    given = tables([{"received_at": None}, {"event_id": "e-2", "received_at": late}])
    extract = written(tmp_path, given)
    rows = rows_of(extract, "select loaded_at from usage_events order by event_id")
    assert rows == [(MAY,), (late,)]


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"customer_id": "nobody"}, "nobody"),
        ({"resource_id": "r"}, "r, which its own table does not list"),
        ({"feature_id": "f-3"}, "f-3"),
        ({"currency_id": "gold"}, "gold"),
        ({"credits": None}, "credits"),
    ],
)
def test_a_row_that_would_be_lost_is_refused_and_nothing_is_left(
    tmp_path: Path, event: dict[str, Any], named: str
) -> None:
    with pytest.raises(ExtractError, match=named):
        written(tmp_path, tables([event]))
    assert list(tmp_path.iterdir()) == []
