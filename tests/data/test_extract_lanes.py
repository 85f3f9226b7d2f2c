"""SQL and Python read, rate and reject the same rows: whatever a file holds, both say the same."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from data.extract.duckdb import Extract
from data.extract.event_files import rows
from data.extract.events import RowError, read_event
from data.extract.ingest import ingest
from data.extract.mapping import EventMapping, parse_mapping
from data.extract.plain_rows import plain_rows
from data.extract.publish import publish
from data.extract.rating import Rater
from data.extract.spool import opened
from data.metering.catalogue import Catalogue, read_catalogue

NOW = datetime(2026, 6, 1)
ROWS = 2500
CATALOGUE: dict[str, Any] = {
    "currencies": [{"currency_id": "ai"}, {"currency_id": "api"}],
    "features": [{"feature_id": each} for each in ("calls", "chat", "odd", "tokens")],
    "plans": [
        {
            "plan_id": "small",
            "rates": [
                {"feature_id": "calls", "currency_id": "api", "amount": 2},
                {"feature_id": "tokens", "currency_id": "ai", "amount": 0.000335},
                {
                    "feature_id": "chat",
                    "currency_id": "ai",
                    "cost_formula": "0.0025*input + 0.0075*output - 1",
                },
                {"feature_id": "odd", "currency_id": "ai", "cost_formula": "input / output"},
            ],
        },
        {
            "plan_id": "large",
            "rates": [
                {"feature_id": "calls", "currency_id": "api", "amount": 1234.5},
                {"feature_id": "tokens", "currency_id": "ai", "amount": 0},
            ],
        },
    ],
}
MAPPING = parse_mapping(
    {
        "event_id": {"column": "id"},
        "customer": {"column": "who"},
        "time": {"column": "at"},
        "feature": {"column": "what"},
        "value": {"column": "much"},
        "plan": {"column": "plan"},
        "resource": {"column": "pool"},
        "dimensions": {
            "*": {"column": "d"},
            **{key: {"column": key} for key in ("input", "output", "a", "z")},
        },
    }
)
TEXTS = [
    "",
    " ",
    "x",
    "ü",
    "007",
    "c-1",
    "it's",
    'a"b',
    "a,b",
    "a\\b",
    "null",
    "true",
    "-",
    "é\u200b",
]
NUMBERS = [
    *("0", "-0", "1", "-1", "1.5", "01.50", ".5", "5.", "1e3", "1E-7", "0.000005", "-0.000005"),
    *("999999999", "1000000000", "9007199254740991", "9007199254740992", "34359738368.5"),
    *(" 7 ", "7_000", "٣", "NaN", "Infinity", "ten", "0.1234567891", "123456789012345678901", "+1"),
    *("0.00000499999", "2.000005", "-2.0000050", "12345678.123456789"),
]
TIMES = [
    *("2026-05-01", "2026-05-01T00:00:00Z", "2026-05-01 10:00", "2026-05-01T24:00:00"),
    *("2026-02-30T00:00:00", "2026-05-01T10:00:00.1", "2026-05-01T10:00:00.123456789Z"),
    *("2026-05-01T10:00:00.9999999+05:45", "2026-05-01T10:00:00-14:00", "20260501T100000"),
    *("2026-05-01T10:00:00+15:00", "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-01:00"),
    *("2026-05-01T10:00:60", "1969-12-31T23:59:59.9999999", "yesterday", "", "2026-W18-5"),
    *("2026-05-01T10:00:00+00:00:30", "2026-05-01T10:00:00,5", " 2026-05-01T10:00:00 "),
    *("0099-01-01T00:00:00", "2026-05-01t10:00:00", "2026-05-01T10:00:00z"),
]
OBJECTS = [
    *("", "{}", '{"a": 1}', '{"a": "x", "input": 4}', '{"a": null, "b": "null"}', '{"a": 1.50}'),
    *('{"a": 0.25, "b": true}', '{"a": -0}', '{"a": -0.0}', '{"a": 1e3}', '{"a": [1]}', "[1]"),
    *('{"a": 1, "a": 2}', '{"a b": 1}', '{"": 1}', '{"a": ""}', '{"a": "\\u00fc"}', "{a}", "5"),
    *('{"a": NaN}', '{"a": 1,}', '{"a": 12345678901234567890}', '{"a": 0.1234567}', '"x"'),
    *('{"a": "\\ud800"}', '{"b": {"c": 1}}', '{"a":"x"} ', ' { "a" : "x" , "b":2 } ', '{"a": 01}'),
    *('{"q": 0.0001, "r": 0.00001}', '{"q": 123456789012.5}', '{"q": "a\\u0000b"}', "{}x"),
]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.json"
    path.write_text(json.dumps(CATALOGUE))
    return read_catalogue(path)


def text_rows(random: Random) -> list[dict[str, str]]:
    """Rows of texts of which most have one or two odd fields, or none."""
    made = []
    for number in range(ROWS):
        row = {
            "id": f"e-{number}",
            "who": f"c-{number % 7}",
            "at": f"2026-0{number % 5 + 1}-{number % 28 + 1:02}T10:00:00Z",
            "what": random.choice(["calls", "tokens", "chat", "odd"]),
            "much": str(random.randrange(1000)),
            "plan": "small",
            "pool": random.choice(["", "r-1", "r-2"]),
            "d": random.choice(["", '{"region": "eu"}']),
            **{key: random.choice(["", "3", "2.5"]) for key in ("input", "output")},
            "a": "",
            "z": random.choice(["", "z"]),
        }
        for _ in range(random.choice([0, 1, 1, 2])):
            field = random.choice(list(row))
            row[field] = random.choice(CHOICES.get(field, TEXTS))
        made.append(row)
    return made


CHOICES = {
    "id": [*TEXTS, "e-1", "e-2"],
    "at": TIMES,
    "much": NUMBERS,
    "input": [*NUMBERS, *TEXTS],
    "output": [*NUMBERS, *TEXTS],
    "d": OBJECTS,
    "plan": ["", "large", "huge"],
    "what": ["", "calls", "nap"],
}


def as_csv(path: Path, random: Random) -> Path:
    made = text_rows(random)
    file = path / "f.csv"
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, list(made[0]))
        writer.writeheader()
        for number, row in enumerate(made):
            writer.writerow(row)
            if number % 100 == 0:
                text.write(random.choice(["\r\n", "a,b\r\n"]))
    return file


def as_json(path: Path, random: Random) -> Path:
    """The texts, but numbers, objects and booleans often as JSON's own; some lines are broken."""
    lines = []
    for row in text_rows(random):
        written = ", ".join(
            f"{json.dumps(key)}: {json_text(key, value, random)}" for key, value in row.items()
        )
        lines.append(
            "{" + written + random.choice(["}"] * 30 + [",}", "", "}}", ', "id": "e"}', ""])
        )
    lines += ["", "[1]", '{"id": NaN}', "{" + '"a":{' * 500 + "}" * 501]
    file = path / "f.jsonl"
    file.write_bytes("\n".join(lines).encode() + b'\n{"id": "\xff"}\n')
    return file


def json_text(key: str, value: str, random: Random) -> str:
    if value == "":
        return random.choice(["null", '""'])
    if key == "d":
        return value if random.random() < 0.8 else json.dumps(value)
    if key in ("much", "input", "output") and random.random() < 0.8:
        return value
    return random.choice([*[json.dumps(value)] * 30, "true", "1.0", "[]", "{}", "0.00001", "-0"])


def typed(random: Random) -> pa.Table:
    """The rows as other types than texts, with what only they can hold."""
    made = text_rows(random)
    day = datetime(2026, 5, 1, tzinfo=UTC)
    times = [
        random.choice(
            [day + timedelta(seconds=random.randrange(10**6)), datetime(1960, 1, 1), None]
        )
        for _ in made
    ]
    floats = [0.1, 2.0, -0.0, 1e-7, 1e22, float("nan"), float("inf"), 1e9, 12.34567, 2.000005, None]
    money = [Decimal("1.50"), Decimal(0), Decimal("-2.000005"), Decimal("1e9"), None]
    maps = [[], [("a", "x")], [("b", None)], [("a b", "x")], [("", "x")], [("a", "1"), ("a", "2")]]
    columns = {
        "id": pa.array([row["id"] for row in made]).dictionary_encode(),
        "who": pa.array([random.choice([1, 2, 3, None]) for _ in made], pa.int16()),
        "at": pa.array(times, pa.timestamp("ns", "Europe/Berlin")),
        "what": pa.array([row["what"] for row in made]),
        "much": pa.array([random.choice(floats) for _ in made]),
        "plan": pa.array([row["plan"] for row in made]),
        "pool": pa.array([random.choice([True, False, None]) for _ in made]),
        "d": pa.array([random.choice(maps) for _ in made], pa.map_(pa.string(), pa.string())),
        "input": pa.array([random.choice(floats) for _ in made]),
        "output": pa.array([random.choice(money) for _ in made], pa.decimal128(20, 6)),
        "a": pa.array([random.choice([1.5, 0.1, None]) for _ in made], pa.float32()),
        "z": pa.array([None for _ in made], pa.null()),
    }
    return pa.table(columns)


def as_parquet(path: Path, random: Random) -> Path:
    pq.write_table(typed(random), path / "f.parquet")
    return path / "f.parquet"


def as_parquet_of_texts(path: Path, random: Random) -> Path:
    pq.write_table(pa.Table.from_pylist(text_rows(random)), path / "g.parquet", row_group_size=300)
    return path / "g.parquet"


def as_arrow_file(path: Path, random: Random) -> Path:
    table = typed(random)
    with ipc.new_file(path / "f.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=700)
    return path / "f.arrow"


def as_arrow_stream(path: Path, random: Random) -> Path:
    table = pa.Table.from_pylist(text_rows(random))
    with ipc.new_stream(path / "f.feather", table.schema) as writer:
        writer.write_table(table, max_chunksize=700)
    return path / "f.feather"


KINDS = [as_csv, as_json, as_parquet, as_parquet_of_texts, as_arrow_file, as_arrow_stream]


def by_python(
    path: Path, mapping: EventMapping, rater: Rater
) -> tuple[dict[Any, Any], list[list[str]]]:
    """Usage by event and feature, the first read, and the rejects, as the row path has them."""
    usages: dict[Any, Any] = {}
    rejected = []
    for number, row in rows(path, mapping.columns):
        try:
            if isinstance(row, str):
                raise RowError(row)
            for usage in rater.usages(read_event(mapping, row, f"{path.name}:{number}")):
                usages.setdefault((usage.event_id, usage.feature_id), usage)
        except RowError as error:
            rejected.append([path.name, str(number), str(error)[:300]])
    return usages, rejected


@pytest.mark.parametrize("make", KINDS)
def test_both_lanes_say_the_same_of_every_row(
    tmp_path: Path, catalogue: Catalogue, make: Callable[[Path, Random], Path]
) -> None:
    file = make(tmp_path, Random(7))
    done = ingest([file], MAPPING, catalogue, tmp_path / "x", NOW)
    expected, rejected = by_python(file, MAPPING, Rater(catalogue, {}))
    with done.rejects.open(newline="", encoding="utf-8") as text:
        assert list(csv.reader(text))[1:] == rejected
    publish(tmp_path / "x")
    sql = (
        "select event_id, feature_id, customer_id, resource_id, currency_id, occurred_at, units, "
        "credits, dimensions(dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest) as d "
        "from usage_events join customers using (customer_key) left join "
        "(select resource_key, resource_id from resources) using (resource_key) "
        "join features using (feature_key) join currencies using (currency_key)"
    )
    with Extract(tmp_path / "x") as extract:
        found = {row[:2]: row[2:] for row in extract.read(sql, {}).iter_rows()}
    assert found == {
        key: (
            *(usage.customer_id, usage.resource_id, usage.currency_id, usage.occurred_at),
            *(usage.units, usage.credits, dict(usage.dimensions)),
        )
        for key, usage in expected.items()
    }


@pytest.mark.parametrize("make", KINDS)
def test_rows_without_an_oddity_need_no_python(
    tmp_path: Path, make: Callable[[Path, Random], Path]
) -> None:
    file = make(tmp_path, Random(7))
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        source = opened(connection, 0, file, MAPPING, tmp_path)
        plain = f"select count(*), count(*) filter (is_plain) from ({plain_rows(MAPPING, source)})"
        [(count, surely)] = connection.execute(plain).fetchall()
    assert count >= ROWS
    assert surely > 5
