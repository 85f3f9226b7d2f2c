"""ingest: event files of three formats become rated usage, and bad rows become rejects."""

import csv
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.errors import EventsError, ExtractError, MappingError
from data.extract.folder import STAGING, only_writer
from data.extract.ingest import Ingested, ingest
from data.extract.mapping import EventMapping, parse_mapping, read_mapping
from data.extract.publish import publish
from data.metering.catalogue import Catalogue, read_catalogue
from data.tables import SCHEMAS

NOW = datetime(2026, 6, 1)
PLACES = ", ".join([*(f"dim_{place}" for place in range(1, 9)), "rest"])
EVENT_COLUMNS = (
    "event_id, customer_id, resource_id, feature_id, currency_id, occurred_at, loaded_at, "
    f"units, credits, dimensions({PLACES}) as dimensions"
)
EVENTS = (
    f"select {EVENT_COLUMNS} from usage_events join customers using (customer_key) "
    "left join (select resource_key, resource_id from resources) using (resource_key) "
    "join features using (feature_key) join currencies using (currency_key) "
)

FORMULA = "0.0025*input + 0.0075*output / 3"
CATALOGUE: dict[str, Any] = {
    "currencies": [{"currency_id": "ai"}, {"currency_id": "api"}],
    "features": [{"feature_id": each} for each in ("calls", "chat", "tokens", "unrated")],
    "meters": [
        {"event_name": "asked", "feature_id": "calls"},
        {"event_name": "asked", "feature_id": "tokens", "aggregation": "SUM", "dimension": "input"},
        {"event_name": "paid", "feature_id": "calls", "filters": {"status": "ok"}},
    ],
    "plans": [
        {
            "plan_id": "small",
            "rates": [
                {"feature_id": "calls", "currency_id": "api", "amount": 2},
                {"feature_id": "tokens", "currency_id": "ai", "amount": 0.000335},
                {"feature_id": "chat", "currency_id": "ai", "cost_formula": FORMULA},
            ],
        },
        {
            "plan_id": "large",
            "rates": [{"feature_id": "calls", "currency_id": "api", "amount": 1.5}],
        },
    ],
}
MAPPING = {
    "event_id": {"column": "id"},
    "customer": {"column": "who"},
    "time": {"column": "at"},
    "feature": {"column": "what"},
    "value": {"column": "much"},
    "plan": {"constant": "small"},
}
ROW = {"id": "e-1", "who": "c-1", "at": "2026-05-01T00:00:00Z", "what": "calls", "much": "3"}


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.json"
    path.write_text(json.dumps(CATALOGUE))
    return read_catalogue(path)


def mapping(**entries: object) -> EventMapping:
    """MAPPING with entries added, and those given as None left out."""
    document = MAPPING | entries
    return parse_mapping({name: given for name, given in document.items() if given is not None})


def csv_file(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def json_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def staged(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """The answer from what an ingest has just staged, published for it."""
    publish(folder)
    with Extract(folder) as extract:
        return extract.read(sql, {}).rows()


def only(folder: Path, column: str) -> Any:
    """The value of the one event's column."""
    [(value,)] = staged(folder, f"select {column} from ({EVENTS})")
    return value


def rejects(done: Ingested) -> list[list[str]]:
    with done.rejects.open(newline="", encoding="utf-8") as text:
        return list(csv.reader(text))[1:]


# Formats


def as_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize(
    ("name", "make"),
    [("f.csv", csv_file), ("f.parquet", as_parquet), ("f.jsonl", json_lines)],
)
def test_each_format_gives_the_same_usage(
    tmp_path: Path, catalogue: Catalogue, name: str, make: Any
) -> None:
    rows = [ROW | {"model": "gpt", "pool": "r-1"}, ROW | {"id": "e-2", "model": "", "pool": ""}]
    given = mapping(dimensions={"model": {"column": "model"}}, resource={"column": "pool"})
    done = ingest([make(tmp_path / name, rows)], given, catalogue, tmp_path / "x", NOW)
    assert (done.read, done.added, done.already_there, done.rejected) == (2, 2, 0, 0)
    may, units, charged = datetime(2026, 5, 1), Decimal("3.00000"), Decimal("6.000000")
    tail = ("calls", "api", may, NOW, units, charged)
    assert staged(tmp_path / "x", EVENTS + "order by event_id") == [
        ("e-1", "c-1", "r-1", *tail, {"model": "gpt"}),
        ("e-2", "c-1", None, *tail, {}),
    ]


DIMENSIONS = {"model": "gpt", "input": 3, "share": 0.5, "whole": 3.0, "cached": True, "none": None}
TEXTS = {"model": "gpt", "input": "3", "share": "0.5", "whole": "3", "cached": "true"}


def object_in_csv(path: Path) -> Path:
    return csv_file(path / "f.csv", [ROW | {"dims": json.dumps(DIMENSIONS)}])


def object_in_json(path: Path) -> Path:
    return json_lines(path / "f.ndjson", [ROW | {"dims": DIMENSIONS}])


def struct_in_parquet(path: Path) -> Path:
    return as_parquet(path / "f.parquet", [ROW | {"dims": DIMENSIONS}])


def map_in_parquet(path: Path) -> Path:
    dims = pa.array([list(TEXTS.items())], pa.map_(pa.string(), pa.string()))
    table = pa.Table.from_pylist([ROW]).append_column("dims", dims)
    pq.write_table(table, path / "f.parquet")
    return path / "f.parquet"


@pytest.mark.parametrize("make", [object_in_csv, object_in_json, struct_in_parquet, map_in_parquet])
def test_one_column_may_hold_all_dimensions(
    tmp_path: Path, catalogue: Catalogue, make: Any
) -> None:
    given = mapping(dimensions={"*": {"column": "dims"}})
    ingest([make(tmp_path)], given, catalogue, tmp_path / "x", NOW)
    assert only(tmp_path / "x", "dimensions") == TEXTS


def test_a_single_key_wins_over_the_object_and_constants_count(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    file = json_lines(tmp_path / "f.jsonl", [ROW | {"d": {"a": "object", "b": "object"}, "m": "m"}])
    single = {"a": {"column": "m"}, "n": {"constant": 7}, "t": {"constant": True}}
    given = mapping(dimensions={"*": {"column": "d"}} | single)
    ingest([file], given, catalogue, tmp_path / "x", NOW)
    dimensions = only(tmp_path / "x", "dimensions")
    assert dimensions == {"a": "m", "b": "object", "n": "7", "t": "true"}


def test_texts_of_a_csv_stay_as_they_are_written(tmp_path: Path, catalogue: Catalogue) -> None:
    file = csv_file(tmp_path / "f.csv", [ROW | {"who": "007", "zip": "01.50"}])
    given = mapping(dimensions={"zip": {"column": "zip"}})
    ingest([file], given, catalogue, tmp_path / "x", NOW)
    [row] = staged(tmp_path / "x", f"select customer_id, dimensions from ({EVENTS})")
    assert row == ("007", {"zip": "01.50"})


def test_without_an_event_id_the_file_and_the_row_make_one(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    file = csv_file(tmp_path / "code.csv", [ROW, ROW])
    for _ in range(2):
        done = ingest([file], mapping(event_id=None), catalogue, tmp_path / "x", NOW)
        ids = staged(tmp_path / "x", f"select event_id from ({EVENTS}) order by 1")
        assert ids == [("code.csv:1",), ("code.csv:2",)]
    assert (done.added, done.already_there) == (0, 2)
    (tmp_path / "other").mkdir()
    twin = csv_file(tmp_path / "other" / "code.csv", [ROW])
    with pytest.raises(MappingError, match=r"Two files are named code\.csv"):
        ingest([file, twin], mapping(event_id=None), catalogue, tmp_path / "x", NOW)


# Times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-11-16 18:17:03.9799600", datetime(2023, 11, 16, 18, 17, 3, 979960)),
        ("2023-11-16T18:17:03.9799609Z", datetime(2023, 11, 16, 18, 17, 3, 979960)),
        ("2026-03-29T03:30:00+02:00", datetime(2026, 3, 29, 1, 30)),
        ("2026-01-01T00:30:00-0500", datetime(2026, 1, 1, 5, 30)),
        ("2026-01-01 05:45:00.25+05:45", datetime(2026, 1, 1, 0, 0, 0, 250_000)),
        (" 2026-01-01 ", datetime(2026, 1, 1)),
    ],
)
def test_times_with_a_zone_become_utc_and_others_are_utc(
    tmp_path: Path, catalogue: Catalogue, text: str, expected: datetime
) -> None:
    file = csv_file(tmp_path / "f.csv", [ROW | {"at": text}])
    ingest([file], mapping(), catalogue, tmp_path / "x", NOW)
    assert only(tmp_path / "x", "occurred_at") == expected


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1_767_225_600_123_456_789], pa.timestamp("ns")),
        pa.array([1_767_225_600_123_456], pa.timestamp("us", "Europe/Berlin")),
        pa.array([1_767_225_600_123_456], pa.timestamp("us", "UTC")),
    ],
)
def test_times_of_parquet_keep_their_instant(
    tmp_path: Path, catalogue: Catalogue, column: Any
) -> None:
    table = pa.Table.from_pylist([ROW]).drop(["at"]).append_column("at", column)
    pq.write_table(table, tmp_path / "f.parquet")
    ingest([tmp_path / "f.parquet"], mapping(), catalogue, tmp_path / "x", NOW)
    assert only(tmp_path / "x", "occurred_at") == datetime(2026, 1, 1, 0, 0, 0, 123_456)


def test_a_date_is_its_midnight(tmp_path: Path, catalogue: Catalogue) -> None:
    file = as_parquet(tmp_path / "f.parquet", [ROW | {"at": datetime(2026, 1, 1).date()}])
    ingest([file], mapping(), catalogue, tmp_path / "x", NOW)
    assert only(tmp_path / "x", "occurred_at") == datetime(2026, 1, 1)


# Rates


def test_credits_equal_a_plain_decimal_computation_over_the_file(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    random = Random(11)
    rows = [
        ROW
        | {
            "id": f"e-{number}",
            "what": random.choice(["calls", "tokens", "chat"]),
            "much": f"{random.randrange(10**9)}.{random.randrange(10**7):07}",
            "input": str(random.randrange(10**7) / 8),
            "output": random.choice(["", "many", str(random.randrange(10**6))]),
        }
        for number in range(2000)
    ]
    dimensions = {key: {"column": key} for key in ("input", "output")}
    file = csv_file(tmp_path / "f.csv", rows)
    ingest([file], mapping(dimensions=dimensions), catalogue, tmp_path / "x", NOW)

    def cut(number: Decimal, places: str) -> Decimal:
        return number.quantize(Decimal(places), rounding=ROUND_HALF_UP)

    expected = {}
    for row in rows:
        units = cut(Decimal(row["much"]), "0.00001")
        output = Decimal(row["output"]) if row["output"].isdigit() else Decimal(0)
        credits = {
            "calls": units * 2,
            "tokens": units * Decimal("0.000335"),
            "chat": Decimal("0.0025") * Decimal(row["input"]) + Decimal("0.0075") * output / 3,
        }[row["what"]]
        expected[row["id"]] = (units, cut(credits, "0.000001"))
    found = staged(tmp_path / "x", f"select event_id, units, credits from ({EVENTS})")
    assert {event_id: (units, credits) for event_id, units, credits in found} == expected


def test_meters_turn_an_event_into_usage_of_every_feature_it_feeds(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    rows = [
        ROW | {"name": "asked", "d": {"input": 1.5}},
        ROW | {"id": "e-2", "name": "asked", "d": {}},
        ROW | {"id": "e-3", "name": "paid", "d": {"status": "ok"}},
        ROW | {"id": "e-4", "name": "paid", "d": {"status": "failed"}},
        ROW | {"id": "e-5", "name": "asked", "d": {"input": "lots"}},
        ROW | {"id": "e-6", "name": "slept", "d": {}},
    ]
    given = mapping(
        feature=None, value=None, event_name={"column": "name"}, dimensions={"*": {"column": "d"}}
    )
    file = json_lines(tmp_path / "f.jsonl", rows)
    done = ingest([file], given, catalogue, tmp_path / "x", NOW)
    assert (done.read, done.added, done.rejected) == (6, 5, 3)
    sql = f"select event_id, feature_id, units, credits from ({EVENTS}) order by 1, 2"
    assert staged(tmp_path / "x", sql) == [
        ("e-1", "calls", Decimal(1), Decimal(2)),
        ("e-1", "tokens", Decimal("1.5"), Decimal("0.000503")),
        ("e-2", "calls", Decimal(1), Decimal(2)),
        ("e-2", "tokens", Decimal(0), Decimal(0)),
        ("e-3", "calls", Decimal(1), Decimal(2)),
    ]
    assert [reason for _, _, reason in rejects(done)] == [
        "the filters of all meters of the event 'paid' leave it out",
        "'lots' is not a number.",
        "no meter of the catalogue counts the event 'slept'",
    ]


def subscribed(folder: Path, *subscriptions: Mapping[str, object]) -> None:
    """Publish an extract of customers that have these subscriptions."""
    names = ("customers", "resources", "plans", "subscriptions")
    rows: dict[str, list[Mapping[str, object]]] = {
        "customers": [{"customer_id": "c-1", "name": "First"}, {"customer_id": "c-2"}],
        "resources": [{"customer_id": "c-1", "resource_id": "r-1"}],
        "plans": [{"plan_id": "large"}, {"plan_id": "small"}],
        "subscriptions": [
            {"subscription_id": f"s-{number}", "status": "ACTIVE"} | dict(each)
            for number, each in enumerate(subscriptions)
        ],
    }
    tables = {
        name: pl.DataFrame(
            {column: [row.get(column) for row in rows[name]] for column in SCHEMAS[name].names()},
            schema=SCHEMAS[name],
        )
        for name in names
    }
    old = datetime(2026, 1, 1)
    write(tables, folder / STAGING, source="known", cut_off=old, loaded_at=old)
    publish(folder)


OF_CUSTOMER = {"customer_id": "c-1", "plan_id": "small", "started_at": datetime(2025, 1, 1)}
OF_RESOURCE = {"customer_id": "c-1", "resource_id": "r-1", "plan_id": "large"}
ENDED = {"customer_id": "c-1", "plan_id": "large", "status": "CANCELED"}
LATER = {"customer_id": "c-1", "plan_id": "large", "started_at": datetime(2025, 2, 1)}


@pytest.mark.parametrize(
    ("subscriptions", "row", "credits"),
    [
        ([OF_CUSTOMER], {}, 6),
        ([OF_CUSTOMER, ENDED], {}, 6),
        ([OF_CUSTOMER, LATER], {}, Decimal("4.5")),
        ([OF_CUSTOMER, OF_RESOURCE], {"pool": "r-1"}, Decimal("4.5")),
        ([OF_CUSTOMER, OF_RESOURCE], {"pool": "r-2"}, 6),
        ([OF_CUSTOMER, OF_RESOURCE], {"pool": "r-1", "what": "tokens"}, Decimal("0.001005")),
        ([OF_CUSTOMER], {"plan": "large"}, Decimal("4.5")),
        ([], {"what": "tokens"}, Decimal("0.001005")),
    ],
)
def test_the_plan_is_the_named_the_subscribed_or_the_only_one(
    tmp_path: Path,
    catalogue: Catalogue,
    subscriptions: list[Mapping[str, object]],
    row: dict[str, str],
    credits: Decimal | int,
) -> None:
    subscribed(tmp_path / "x", *subscriptions)
    file = csv_file(tmp_path / "f.csv", [ROW | {"pool": "", "plan": ""} | row])
    given = mapping(plan={"column": "plan"}, resource={"column": "pool"})
    ingest([file], given, catalogue, tmp_path / "x", NOW)
    assert only(tmp_path / "x", "credits") == credits


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            {"who": "c-2"},
            "the customer has no subscription, and small, large of the catalogue has a rate for "
            "the feature 'calls': the mapping can name a plan",
        ),
        (
            {"who": "c-2", "what": "unrated"},
            "the customer has no subscription, and no plan of the catalogue has a rate for the "
            "feature 'unrated': the mapping can name a plan",
        ),
        (
            {"what": "tokens"},
            "the plan 'large' of the customer 'c-1' has no rate for the feature 'tokens'",
        ),
        (
            {"what": "tokens", "plan": "large"},
            "the plan 'large' has no rate for the feature 'tokens'",
        ),
        ({"plan": "huge"}, "the plan 'huge' has no rate for the feature 'calls'"),
    ],
)
def test_usage_that_no_plan_rates_is_rejected(
    tmp_path: Path, catalogue: Catalogue, row: dict[str, str], reason: str
) -> None:
    subscribed(tmp_path / "x", LATER)
    file = csv_file(tmp_path / "f.csv", [ROW | {"plan": ""} | row])
    done = ingest([file], mapping(plan={"column": "plan"}), catalogue, tmp_path / "x", NOW)
    assert rejects(done) == [["f.csv", "1", reason]]


# Rejects


def test_bad_rows_are_listed_with_their_reason_and_the_rest_is_loaded(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    good = {**ROW, "dims": "{}"}
    bad: list[tuple[dict[str, str], str]] = [
        ({"who": ""}, "the row has no customer"),
        ({"id": ""}, "the row has no event id"),
        ({"at": ""}, "the row has no time"),
        ({"at": "yesterday"}, "the time 'yesterday' is not ISO 8601"),
        ({"at": "0001-01-01T00:00:00+09:00"}, "the time 0001-01-01 00:00:00+09:00 is out of range"),
        ({"what": ""}, "the row has no feature"),
        ({"what": "nap"}, "the feature 'nap' is not in the catalogue"),
        ({"much": ""}, "the value is None, not a number"),
        ({"much": "ten"}, "'ten' is not a number."),
        ({"much": "NaN"}, "'NaN' is not a finite number."),
        ({"much": "1e17"}, "1e17 is out of range: a usage value reaches to ±(2^53 − 1)."),
        ({"dims": "{model"}, "the dimensions are no JSON"),
        ({"dims": "[1]"}, "the dimensions are [1], not an object"),
        ({"dims": '{"a b": 1}'}, "the dimension key 'a b' is not allowed"),
        ({"dims": '{"a\\n": 1}'}, "the dimension key 'a\\n' is not allowed"),
        ({"dims": '{"a": [1]}'}, "'a' is [1], not a string, number or boolean"),
        ({"dims": '{"a": NaN}'}, "the dimensions are no JSON: NaN is no number in JSON"),
        ({"dims": '{"a": 1.5e999}'}, "'a' is 1.5E+999, which is out of range"),
        ({"dims": '{"a": "\\ud800"}'}, "'a' holds half a character"),
        ({"dims": '{"input": "1e1000005"}', "what": "chat"}, "The formula"),
        ({"dims": '{"input": "1e99"}', "what": "chat"}, "2.50000"),
    ]
    rows = [good, *(good | {"id": f"bad-{n}"} | row for n, (row, _) in enumerate(bad))]
    given = mapping(dimensions={"*": {"column": "dims"}})
    done = ingest([csv_file(tmp_path / "f.csv", rows)], given, catalogue, tmp_path / "x", NOW)
    found = rejects(done)
    assert [(file, int(row)) for file, row, _ in found] == [
        ("f.csv", number) for number in range(2, len(rows) + 1)
    ]
    for (_, expected), (_, _, reason) in zip(bad, found, strict=True):
        assert reason.startswith(expected)
    assert (done.read, done.added, done.rejected) == (len(rows), 1, len(bad))
    assert only(tmp_path / "x", "event_id") == "e-1"


def test_rows_that_cannot_be_read_are_rejects_too(tmp_path: Path, catalogue: Catalogue) -> None:
    ragged = tmp_path / "f.csv"
    huge = "x" * 200_000
    ragged.write_text(
        f"id,who,at,what,much\ne-1,c,2026-05-01,calls,1\n\ne-2,c,2026\n"
        f"e-3,c,2026-05-01,calls,{huge}\ne-4,c,2026-05-01,calls,1\n"
    )
    lines = tmp_path / "f.jsonl"
    lines.write_bytes(
        b'\n{"id": \n[1]\n{"id": "\xff"}\n' + b"[" * 100_000 + b"\n" + json.dumps(ROW).encode()
    )
    done = ingest([ragged, lines], mapping(), catalogue, tmp_path / "x", NOW)
    assert [(file, row) for file, row, _ in rejects(done)] == [
        ("f.csv", "3"),
        ("f.csv", "4"),
        ("f.jsonl", "2"),
        ("f.jsonl", "3"),
        ("f.jsonl", "4"),
        ("f.jsonl", "5"),
    ]
    assert rejects(done)[0][2] == "the row has 3 cells, the header has 5"
    assert rejects(done)[3][2].startswith("the line is no JSON")
    assert done.added == 2


def test_other_types_are_refused_as_values(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [
        ROW | {"id": "e-1", "much": True},
        ROW | {"id": "e-2", "much": [1]},
        ROW | {"id": "e-3", "at": 1_767_225_600},
        ROW | {"id": "e-4", "who": {"id": 1}},
        ROW | {"id": "e-5", "who": 42, "much": 2.5},
    ]
    file = json_lines(tmp_path / "f.jsonl", rows)
    done = ingest([file], mapping(), catalogue, tmp_path / "x", NOW)
    assert [reason for _, _, reason in rejects(done)] == [
        "the value is True, not a number",
        "the value is [1], not a number",
        "1767225600 is not a time",
        "'customer' is {'id': 1}, not a string, number or boolean",
    ]
    assert staged(tmp_path / "x", f"select customer_id, units from ({EVENTS})") == [
        ("42", Decimal("2.5"))
    ]


# Extending


def test_an_event_is_known_again_whether_its_id_is_kept_as_a_number_or_as_a_text(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    may, june = "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"
    ids = [("e-01", may), ("e-02", may), ("odd", may), ("e-1", may), ("n7", june), ("e-99", june)]
    rows = [ROW | {"id": event_id, "at": at} for event_id, at in ids]
    folder = tmp_path / "x"
    for number in (0, 4):
        file = csv_file(tmp_path / f"{number}.csv", rows[number : number + 4])
        ingest([file], mapping(), catalogue, folder, NOW)
        publish(folder)
    others = [ROW | {"id": event_id} for event_id in ("e-03", "e-001", "n8", "e-+1", "n-01", "01")]
    tokens = [row | {"what": "tokens"} for row in rows]
    file = csv_file(tmp_path / "again.csv", [*rows, *others, *tokens])
    done = ingest([file], mapping(), catalogue, folder, NOW)
    assert (done.added, done.already_there) == (len(others) + len(tokens), len(rows))
    counted = "select count(*) as c, count(distinct event_id) as d from usage_events"
    assert staged(folder, counted) == [(18, 12)]


def test_files_with_nothing_new_leave_the_files_of_events_as_they_are(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    file = csv_file(tmp_path / "a.csv", [ROW, ROW | {"id": "e-2"}])
    for _ in range(2):
        done = ingest([file], mapping(), catalogue, tmp_path / "x", NOW)
        publish(tmp_path / "x")
    assert (done.added, done.already_there) == (0, 2)
    assert len(list((tmp_path / "x").glob("usage-*.duckdb"))) == 1


def test_what_is_there_is_not_added_again(tmp_path: Path, catalogue: Catalogue) -> None:
    first = csv_file(tmp_path / "a.csv", [ROW, ROW | {"id": "e-2"}, ROW | {"much": "99"}])
    done = ingest([first], mapping(), catalogue, tmp_path / "x", NOW)
    assert (done.read, done.added, done.already_there) == (3, 2, 1)
    publish(tmp_path / "x")
    other_feature = ROW | {"what": "tokens"}
    second = csv_file(tmp_path / "b.csv", [ROW | {"much": "99"}, other_feature, ROW | {"id": "n"}])
    done = ingest([first, second], mapping(), catalogue, tmp_path / "x", NOW)
    assert (done.read, done.added, done.already_there) == (6, 2, 4)
    sql = f"select event_id, feature_id, units from ({EVENTS}) order by 1, 2"
    assert staged(tmp_path / "x", sql) == [
        ("e-1", "calls", 3),
        ("e-1", "tokens", 3),
        ("e-2", "calls", 3),
        ("n", "calls", 3),
    ]


def test_the_published_version_stays_as_it_is_until_the_next_is_published(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    folder = tmp_path / "x"
    ingest([csv_file(tmp_path / "a.csv", [ROW])], mapping(), catalogue, folder, NOW)
    version = publish(folder)
    before = version.read_bytes()
    more = csv_file(tmp_path / "b.csv", [ROW | {"id": "e-2"}])
    ingest([more], mapping(), catalogue, folder, NOW)
    assert version.read_bytes() == before
    assert (folder / "current").read_text().strip() == version.name
    assert staged(folder, "select count(*) from usage_events") == [(2,)]


def test_order_and_time_of_arrival_are_kept_when_older_events_come_later(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    random = Random(3)
    folder = tmp_path / "x"
    start = datetime(2026, 1, 1)
    for turn in range(3):
        rows = [
            ROW
            | {
                "id": f"{turn}-{random.randrange(10**6)}-{number}",
                "who": f"c-{random.randrange(5)}",
                "at": (start + timedelta(hours=random.randrange(4000 - 1000 * turn))).isoformat(),
            }
            for number in range(300)
        ]
        file = csv_file(tmp_path / f"{turn}.csv", rows)
        ingest([file], mapping(), catalogue, folder, NOW + timedelta(days=turn))
        publish(folder)
    rows = staged(
        folder,
        "select date_trunc('month', occurred_at), customer_key, slot, micro, event_id, loaded_at "
        "from usage_events",
    )
    assert len(rows) == 900
    assert [row[1:4] for row in rows] == sorted(row[1:4] for row in rows)
    assert all(row[5] == NOW + timedelta(days=int(row[4][0])) for row in rows)


def test_promoted_keys_are_chosen_anew_and_no_value_is_lost(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    folder = tmp_path / "x"
    given = mapping(dimensions={"*": {"column": "d"}})
    rows = [ROW | {"id": f"a-{n}", "d": {f"old{k}": f"{n}" for k in range(9)}} for n in range(3)]
    ingest([json_lines(tmp_path / "a.jsonl", rows)], given, catalogue, folder, NOW)
    assert staged(folder, "select promoted_keys from metadata") == [
        ([f"old{k}" for k in range(8)],)
    ]
    rows = [
        ROW | {"id": f"b-{n}", "at": "2026-07-01", "d": {f"new{k}": f"{n}" for k in range(6)}}
        for n in range(4)
    ]
    ingest([json_lines(tmp_path / "b.jsonl", rows)], given, catalogue, folder, NOW)
    [(promoted,)] = staged(folder, "select promoted_keys from metadata")
    assert promoted == [*(f"new{k}" for k in range(6)), "old0", "old1"]
    found = dict(staged(folder, f"select event_id, dimensions from ({EVENTS})"))
    assert found["a-2"] == {f"old{k}": "2" for k in range(9)}
    assert found["b-3"] == {f"new{k}": "3" for k in range(6)}


def test_columns_keep_their_keys_as_long_as_the_same_eight_lead(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    folder = tmp_path / "x"
    given = mapping(dimensions={"*": {"column": "d"}})
    for turn, leading in enumerate(["a", "b"]):
        rows = [
            ROW | {"id": f"{turn}-{n}", "d": {leading: "x"} | ({"a": "y", "b": "z"} if n else {})}
            for n in range(3 + turn)
        ]
        file = json_lines(tmp_path / f"{turn}.jsonl", rows)
        ingest([file], given, catalogue, folder, NOW)
        assert staged(folder, "select promoted_keys from metadata") == [(["a", "b"],)]


def test_unknown_customers_and_resources_are_added_and_known_ones_keep_their_keys(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    folder = tmp_path / "x"
    subscribed(folder, OF_CUSTOMER)
    rows = [
        ROW | {"who": "a-new", "pool": "r-1", "at": "2026-05-02"},
        ROW | {"id": "e-2", "who": "a-new", "pool": "r-1"},
        ROW | {"id": "e-3", "pool": "r-1"},
        ROW | {"id": "e-4", "who": "rejected", "at": "never", "pool": ""},
    ]
    file = csv_file(tmp_path / "f.csv", rows)
    ingest([file], mapping(resource={"column": "pool"}), catalogue, folder, NOW)
    assert staged(folder, "from customers select customer_key, customer_id, name, created_at") == [
        (1, "c-1", "First", None),
        (2, "c-2", None, None),
        (3, "a-new", "a-new", datetime(2026, 5, 1)),
    ]
    assert staged(folder, "from resources select resource_key, customer_key, resource_id") == [
        (1, 1, "r-1"),
        (2, 3, "r-1"),
    ]


def test_the_catalogue_of_the_ingest_is_in_the_extract(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    folder = tmp_path / "x"
    subscribed(folder, OF_CUSTOMER)
    for _ in range(2):
        ingest([csv_file(tmp_path / "f.csv", [ROW])], mapping(), catalogue, folder, NOW)
        publish(folder)
    assert staged(folder, "from plans select plan_id") == [("large",), ("small",)]
    sql = (
        "select plan_id, feature_id, currency_id, amount, cost_formula from rates "
        "join features using (feature_key) join currencies using (currency_key) order by 1, 2"
    )
    assert staged(folder, sql) == [
        ("large", "calls", "api", Decimal("1.5"), None),
        ("small", "calls", "api", Decimal(2), None),
        ("small", "chat", "ai", None, FORMULA),
        ("small", "tokens", "ai", Decimal("0.000335"), None),
    ]


def test_the_metadata_reach_as_far_as_the_events(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = tmp_path / "x"
    ingest([csv_file(tmp_path / "f.csv", [ROW])], mapping(), catalogue, folder, NOW)
    sql = "select source, cut_off, loaded_at, row_counts['usage_events'] from metadata"
    cut_off = datetime(2026, 5, 1, 0, 0, 0, 1)
    assert staged(folder, sql) == [("event files", cut_off, NOW, 1)]
    early = csv_file(tmp_path / "g.csv", [ROW | {"id": "e-0", "at": "2020-01-01"}])
    ingest([early], mapping(), catalogue, folder, NOW + timedelta(days=1))
    assert staged(folder, sql) == [("event files", cut_off, NOW + timedelta(days=1), 2)]


# Mistakes, as sentences


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([], "A mapping is an object with the entries event_id, customer"),
        ({"custmer": {"column": "c"}}, "There is no entry 'custmer': known are event_id"),
        ({"customer": {"column": "c"}}, "The entry 'time' is missing"),
        (MAPPING | {"customer": "c"}, """The entry 'customer' is "c": give it {"column"""),
        (MAPPING | {"customer": {"column": ""}}, "The entry 'customer' is"),
        (MAPPING | {"customer": {"constant": None}}, "The entry 'customer' is"),
        (MAPPING | {"customer": {"constant": ""}}, "The entry 'customer' is"),
        (MAPPING | {"customer": {"column": "c", "constant": "d"}}, "The entry 'customer' is"),
        (MAPPING | {"event_name": {"column": "n"}}, "Give either 'feature' and 'value', or"),
        ({k: v for k, v in MAPPING.items() if k != "feature"}, "Give either 'feature' and"),
        ({k: v for k, v in MAPPING.items() if k != "value"}, "A 'feature' needs a 'value'"),
        (
            {k: v for k, v in MAPPING.items() if k != "feature"} | {"event_name": {"column": "n"}},
            "Beside an 'event_name' there is no 'value'",
        ),
        (MAPPING | {"dimensions": ["model"]}, "The entry 'dimensions' is an object"),
        (MAPPING | {"dimensions": {"a b": {"column": "c"}}}, "The dimension key 'a b' is not"),
        (MAPPING | {"dimensions": {"a": "c"}}, """The entry 'dimensions.a' is "c": give it"""),
        (MAPPING | {"dimensions": {"*": {"constant": "c"}}}, "The entry 'dimensions.*' needs a"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_what_to_change(
    tmp_path: Path, document: object, sentence: str
) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(document))
    with pytest.raises(MappingError) as caught:
        read_mapping(path)
    assert str(caught.value).startswith(f"{path}: {sentence}")


def test_a_mapping_that_is_no_json_says_where(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text('{"customer":\n}')
    with pytest.raises(MappingError, match=r"mapping\.json, line 2: "):
        read_mapping(path)
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(MappingError, match=r"mapping\.json is not JSON in UTF-8"):
        read_mapping(path)
    with pytest.raises(MappingError, match="cannot be read: No such file or directory"):
        read_mapping(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"feature": {"constant": "nap"}}, "The mapping's feature 'nap' is not in the catalogue"),
        ({"plan": {"constant": "huge"}}, "which has large, small"),
        (
            {"feature": None, "value": None, "event_name": {"constant": "slept"}},
            "The mapping's event_name 'slept' is not in the catalogue, which has asked, paid",
        ),
        ({"customer": {"column": "client"}}, r"f\.csv has no column 'client'; it has id, who"),
    ],
)
def test_a_mapping_that_does_not_fit_stages_nothing(
    tmp_path: Path, catalogue: Catalogue, entries: dict[str, object], sentence: str
) -> None:
    file = csv_file(tmp_path / "f.csv", [ROW])
    with pytest.raises(MappingError, match=sentence):
        ingest([file], mapping(**entries), catalogue, tmp_path / "x", NOW)
    assert not (tmp_path / "x" / STAGING).exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("f.xlsx", b"", "f.xlsx is none of the files known here: .csv, .parquet, .jsonl, .ndjson"),
        ("f.arrow", b"ARROW1 nothing", "f.arrow cannot be read: "),
        ("f.feather", b"\xff\xff\xff\xff\x10", "f.feather cannot be read: "),
        ("f.csv", b"id,who,at,what,much\n\xff", "f.csv is not UTF-8: invalid start byte"),
        ("f.csv", b"id,who,at,what,much,id\n", "f.csv has the column 'id' more than once"),
        ("f.parquet", b"PAR1 nothing", "f.parquet cannot be read: "),
        ("f.csv", None, "There is no file "),
    ],
)
def test_a_file_that_cannot_be_read_stages_nothing(
    tmp_path: Path, catalogue: Catalogue, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(EventsError) as caught:
        ingest([tmp_path / name], mapping(), catalogue, tmp_path / "x", NOW)
    assert str(caught.value).startswith(sentence)
    assert not (tmp_path / "x" / STAGING).exists()


def test_a_file_that_is_damaged_inside_stages_nothing(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [ROW | {"id": f"e-{number}"} for number in range(1000)]
    file = as_parquet(tmp_path / "f.parquet", rows)
    content = bytearray(file.read_bytes())
    content[4:2000] = bytes(1996)
    file.write_bytes(content)
    with pytest.raises(EventsError, match=r"^f\.parquet cannot be read: "):
        ingest([file], mapping(), catalogue, tmp_path / "x", NOW)
    assert not (tmp_path / "x" / STAGING).exists()


def test_files_of_one_run_may_have_different_columns_and_types(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    texts = csv_file(tmp_path / "a.csv", [ROW | {"more": "x"}])
    numbers = as_parquet(tmp_path / "b.parquet", [ROW | {"id": 2, "much": 3.0}])
    lacking = as_parquet(tmp_path / "c.parquet", [{"id": 2}])
    done = ingest([texts, numbers], mapping(), catalogue, tmp_path / "x", NOW)
    assert (done.read, done.added) == (2, 2)
    with pytest.raises(MappingError, match=r"c\.parquet has no column 'at'"):
        ingest([texts, lacking], mapping(), catalogue, tmp_path / "x", NOW)


def test_meters_that_cannot_be_rated_event_by_event_are_refused(tmp_path: Path) -> None:
    meters = [
        {"event_name": "asked", "feature_id": "calls", "aggregation": "MAX", "dimension": "n"}
    ]
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps(CATALOGUE | {"meters": meters}))
    given = mapping(feature=None, value=None, event_name={"column": "n"})
    with pytest.raises(MappingError, match="is a MAX; an extract rates by COUNT and SUM"):
        ingest([], given, read_catalogue(path), tmp_path / "x", NOW)


def test_a_damaged_published_version_is_not_extended(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = tmp_path / "x"
    file = csv_file(tmp_path / "f.csv", [ROW])
    ingest([file], mapping(), catalogue, folder, NOW)
    publish(folder).write_bytes(b"gone")
    with pytest.raises(ExtractError, match="is damaged, or is none"):
        ingest([file], mapping(), catalogue, folder, NOW)


def test_one_writer_at_a_time(tmp_path: Path, catalogue: Catalogue) -> None:
    with only_writer(tmp_path), pytest.raises(ExtractError, match="Another ingest or publish"):
        ingest([], mapping(), catalogue, tmp_path, NOW)
    ingest([], mapping(), catalogue, tmp_path, NOW)
    assert staged(tmp_path, "select count(*) from usage_events") == [(0,)]
