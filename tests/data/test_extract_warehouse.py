"""Warehouse exports: both layouts in each format, bad rows, what comes again, what is not told."""

import csv
import json
import resource
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import polars as pl
import pytest
import warehouse_exports

from dashboard.__main__ import main
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.errors import EventsError, ExtractError, MappingError
from data.extract.event_files import files_of
from data.extract.folder import STAGING
from data.extract.fresh import readable
from data.extract.ingest import ingest
from data.extract.mapping import parse_mapping
from data.extract.plain_rows import Source
from data.extract.publish import publish
from data.extract.warehouse.run import Counts, Exported, ingest_exports
from data.metering.catalogue import Catalogue, read_catalogue

NOW = datetime(2026, 6, 1)
MAY = datetime(2026, 5, 4, 10)
PART = {
    "environment_id": "production",
    "customer_id": "acme",
    "resource_id": None,
    "event_id": "event-1",
    "feature_id": "chat",
    "partial_cost": "2.5",
    "total_cost": "2.5",
    "credit_grant_id": "grant-1",
    "credit_currency_id": "tokens",
    "consumption_timestamp": "2026-05-04T10:00:01.500000Z",
    "event_timestamp": "2026-05-04T10:00:00.000000Z",
    "created_at": "2026-05-04T10:00:09.000000Z",
}
GRANT = {
    "id": "grant-1",
    "customer_id": "acme",
    "resource_id": None,
    "credit_currency_id": "tokens",
    "display_name": "Welcome",
    "grant_type": "PROMOTIONAL",
    "status": "ACTIVE",
    "amount": "100",
    "consumed_amount": "2.5",
    "priority": "50",
    "effective_at": "2026-05-01T00:00:00Z",
    "expire_at": None,
    "voided_at": None,
    "created_at": "2026-05-01T00:00:00Z",
    "updated_at": "2026-05-04T10:00:01Z",
}
LEDGER = (
    "select event_type, amount, balance_after, grant_id, event_id, occurred_at from ledger "
    "join customers using (customer_key) order by customer_id, ledger_seq"
)
USAGE = (
    "select event_id, feature_id, credits from usage_events "
    "left join features using (feature_key) order by all"
)
NO_TIME = "is no time: ISO 8601, with a zone or in UTC, is read"
BALANCES = (
    "select customer_id, sum(amount - consumed_amount) from grants "
    "join customers using (customer_key) where status = 'ACTIVE' group by all order by all"
)


def part(number: int = 1, **given: Any) -> dict[str, Any]:
    """A row of consumption, of an event of that number, in the order of the numbers."""
    written = f"2026-05-04T10:00:{number:02}.500000Z"
    return PART | {"event_id": f"event-{number}", "consumption_timestamp": written} | given


def grant(number: int = 1, **given: Any) -> dict[str, Any]:
    return GRANT | {"id": f"grant-{number}"} | given


def csv_file(path: Path, *rows: dict[str, Any]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def json_lines(path: Path, *rows: dict[str, Any] | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def taken(folder: Path, *files: Path, **given: Any) -> Exported:
    return ingest_exports(files, None, folder, NOW, **given)


def told(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """The answer of what was just staged, published for it."""
    publish(folder)
    with Extract(folder) as extract:
        return extract.read(sql, {}).rows()


def rejected(done: Exported) -> list[list[str]]:
    with done.rejects.open(newline="", encoding="utf-8") as text:
        return list(csv.reader(text))[1:]


# Formats


def typed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """With numbers and times as an export in a typed format has them."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    amounts = [each for each in frame.columns if each.endswith(("amount", "cost"))]
    times = [each for each in frame.columns if each.endswith(("_at", "timestamp"))]
    return frame.with_columns(
        pl.col(amounts).cast(pl.Decimal(38, 10)),
        pl.col(times).cast(pl.String).str.to_datetime("%+", time_unit="ns", time_zone="UTC"),
    )


def as_csv(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    return csv_file(folder / f"{name}.csv", *rows)


def as_parquet(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    return warehouse_exports.written(typed(rows), folder / f"{name}.parquet")


def as_arrow(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    return warehouse_exports.written(typed(rows), folder / f"{name}.arrow")


def as_json(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    """Numbers are numbers, and what is null is left out, as some exports do."""
    lines = []
    for row in rows:
        held = {key: value for key, value in row.items() if value is not None}
        amounts = {key: float(held[key]) for key in held if key.endswith(("amount", "cost"))}
        lines.append(held | amounts)
    return json_lines(folder / f"{name}.jsonl", *lines)


def as_upper_case(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    return as_parquet(folder, name, [{k.upper(): v for k, v in row.items()} for row in rows])


@pytest.mark.parametrize("make", [as_csv, as_parquet, as_arrow, as_json])
def test_each_format_gives_the_same(
    tmp_path: Path, make: Callable[[Path, str, list[dict[str, Any]]], Path]
) -> None:
    parts = [part(), part(2, partial_cost="0.123456", total_cost="0.123456", resource_id="desk")]
    grants = [grant(), grant(2, resource_id="desk", expire_at="2026-05-20T00:00:00Z")]
    grants[1] |= {"status": "EXPIRED", "consumed_amount": "0"}
    done = taken(tmp_path / "x", make(tmp_path, "c", parts), make(tmp_path, "g", grants))
    assert (done.read, done.rejected) == (4, 0)
    assert done.consumption == done.grants == Counts(2, 0, 0)
    assert told(tmp_path / "x", USAGE) == [
        ("event-1", "chat", Decimal("2.5")),
        ("event-2", "chat", Decimal("0.123456")),
    ]
    assert [row[:3] for row in told(tmp_path / "x", LEDGER)] == [
        ("CREDITS_GRANTED", Decimal(100), Decimal(100)),
        ("CREDITS_CONSUMED", Decimal("-2.5"), Decimal("97.5")),
        ("CREDITS_GRANTED", Decimal(100), Decimal(100)),
        ("CREDITS_CONSUMED", Decimal("-0.123456"), Decimal("99.876544")),
        ("CREDITS_EXPIRED", Decimal(-100), Decimal("-0.123456")),
    ]


def test_column_names_may_be_in_capitals_and_have_the_names_of_the_api(tmp_path: Path) -> None:
    row = {key.upper(): value for key, value in part().items() if key != "credit_currency_id"}
    file = csv_file(tmp_path / "CONSUMPTION.CSV", row | {"CURRENCY_ID": "tokens"})
    assert taken(tmp_path / "x", file).consumption == Counts(1, 0, 0)


def test_a_time_is_read_as_warehouses_write_it(tmp_path: Path) -> None:
    written = [
        "2026-05-04T12:00:00+02:00",
        "2026-05-04 10:00:00",
        "2026-05-04 10:00:00 UTC",
        "2026-05-04 10:00:00.000 Z",
        "2026-05-04 12:00:00.0000000 +0200",
    ]
    parts = [part(number, event_timestamp=at) for number, at in enumerate(written)]
    taken(tmp_path / "x", csv_file(tmp_path / "c.csv", *parts))
    assert told(tmp_path / "x", "select occurred_at from usage_events") == [(MAY,)] * 5


def test_what_an_export_says_reaches_the_usage_and_the_grant(tmp_path: Path) -> None:
    paid = {"grant_type": "paid", "cost_amount": "50", "cost_currency": "USD", "comment": "PO 7"}
    more = {"automatic_recharge_configuration_id": "r-1", "additional_metadata": '{"a": 1}'}
    files = (
        csv_file(tmp_path / "c.csv", part()),
        csv_file(tmp_path / "g.csv", grant(**paid, **more, payment_collection="NOT_REQUIRED")),
    )
    taken(tmp_path / "x", *files)
    usage = "select occurred_at, loaded_at, units, credits, events from usage_events"
    seconds = timedelta(seconds=9)
    assert told(tmp_path / "x", usage) == [(MAY, MAY + seconds, 0, Decimal("2.5"), 1)]
    granted = (
        "select grant_type, cost_amount, cost_currency, comment, is_recharge, payment_collection, "
        "additional_metadata, display_name, priority, effective_at from grants"
    )
    assert told(tmp_path / "x", granted) == [
        ("PAID", 50, "USD", "PO 7", True, "NOT_REQUIRED", '{"a": 1}', "Welcome", 50,
         datetime(2026, 5, 1))
    ]  # fmt: skip
    cut_off = told(tmp_path / "x", "select cut_off from metadata")
    assert cut_off == [(MAY + timedelta(microseconds=1),)]


def test_a_status_that_is_not_told_follows_from_the_times(tmp_path: Path) -> None:
    times = [
        ({}, "ACTIVE"),
        ({"expire_at": "2026-06-01T00:00:00Z"}, "EXPIRED"),
        ({"effective_at": "2026-06-02T00:00:00Z"}, "SCHEDULED"),
        ({"voided_at": "2026-05-02T00:00:00Z"}, "VOIDED"),
    ]
    grants = [grant(number, status=None, **given) for number, (given, _) in enumerate(times)]
    taken(tmp_path / "x", csv_file(tmp_path / "g.csv", *grants))
    found = told(tmp_path / "x", "select status from grants order by grant_id")
    assert found == [(status,) for _, status in times]


# Bad rows


BAD_PARTS: list[tuple[dict[str, str], str]] = [
    ({"customer_id": ""}, "the row has no customer_id"),
    ({"event_id": ""}, "the row has no event_id"),
    ({"credit_grant_id": ""}, "the row has no credit_grant_id"),
    ({"credit_currency_id": ""}, "the row has no credit_currency_id"),
    ({"partial_cost": ""}, "the row has no partial_cost"),
    ({"total_cost": "much"}, "the total_cost 'much' is no number of credits below 10^12"),
    ({"total_cost": "1e12"}, "the total_cost '1e12' is no number of credits below 10^12"),
    ({"partial_cost": "3"}, "the partial_cost 3 is no part of the total_cost 2.5"),
    ({"partial_cost": "-1"}, "the partial_cost -1 is no part of the total_cost 2.5"),
    ({"event_timestamp": ""}, "the row has no event_timestamp"),
    ({"consumption_timestamp": "4.5.2026"}, f"the consumption_timestamp '4.5.2026' {NO_TIME}"),
    ({"event_timestamp": "infinity"}, f"the event_timestamp 'infinity' {NO_TIME}"),
]
BAD_GRANTS: list[tuple[dict[str, str], str]] = [
    ({"id": ""}, "the row has no id"),
    ({"customer_id": ""}, "the row has no customer_id"),
    ({"created_at": ""}, "the row has no created_at"),
    ({"updated_at": ""}, "the row has no updated_at"),
    ({"amount": "-1"}, "the amount -1 is negative"),
    ({"consumed_amount": "-0.5"}, "the consumed_amount -0.5 is negative"),
    ({"priority": "1.5"}, "the priority '1.5' is no whole number"),
    (
        {"grant_type": "GIFT"},
        "the grant_type 'GIFT' is none of OVERDRAFT, PAID, PROMOTIONAL, RECURRING, PROMO, PURCHASE",
    ),
    (
        {"status": "GONE"},
        "the status 'GONE' is none of ACTIVE, EXPIRED, PAYMENT_PENDING, SCHEDULED, VOIDED",
    ),
    ({"expire_at": "soon"}, f"the expire_at 'soon' {NO_TIME}"),
]


def test_each_kind_of_bad_row_is_rejected_with_its_reason_and_the_rest_is_taken(
    tmp_path: Path,
) -> None:
    parts = [part(number, **given) for number, (given, _) in enumerate(BAD_PARTS)]
    grants = [grant(number, **given) for number, (given, _) in enumerate(BAD_GRANTS)]
    done = taken(
        tmp_path / "x",
        csv_file(tmp_path / "c.csv", *parts, part(50)),
        csv_file(tmp_path / "g.csv", *grants, grant(51)),
    )
    reasons = [
        *(["c.csv", str(row), reason] for row, (_, reason) in enumerate(BAD_PARTS, start=1)),
        *(["g.csv", str(row), reason] for row, (_, reason) in enumerate(BAD_GRANTS, start=1)),
    ]
    assert rejected(done) == reasons
    assert (done.read, done.rejected) == (len(reasons) + 2, len(reasons))
    assert done.consumption == done.grants == Counts(1, 0, 0)
    assert [row[0] for row in told(tmp_path / "x", USAGE)] == ["event-50"]


def test_a_row_of_a_csv_with_too_few_cells_is_rejected(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "c.csv", part(), part(2))
    file.write_text(file.read_text() + "production,acme\n")
    done = taken(tmp_path / "x", file)
    assert rejected(done) == [["c.csv", "3", "the row has 2 cells, the header has 12"]]


def test_odd_json_is_read_exactly_or_rejected(tmp_path: Path) -> None:
    exact = json.dumps(part(1)).replace('"2.5"', "123456789012.123456")
    half = json.dumps(part(3)).replace("event-3", "\\ud800")
    file = json_lines(
        tmp_path / "c.jsonl", exact, "", "no json", half, "[1]", json.dumps(part(6) | {"more": [1]})
    )
    done = taken(tmp_path / "x", file)
    reasons = {int(row): reason for _, row, reason in rejected(done)}
    assert reasons.keys() == {3, 4, 5}
    assert reasons[3].startswith("the line is no JSON")
    assert reasons[4] == "'event_id' holds half a character"
    assert reasons[5] == "the line is no JSON object"
    assert told(tmp_path / "x", USAGE) == [
        ("event-1", "chat", Decimal("123456789012.123456")),
        ("event-6", "chat", Decimal("2.5")),
    ]


def test_metadata_of_a_grant_may_be_an_object(tmp_path: Path) -> None:
    file = json_lines(tmp_path / "g.jsonl", grant(metadata={"note": ["ü", 1]}))
    taken(tmp_path / "x", file)
    [(metadata,)] = told(tmp_path / "x", "select additional_metadata from grants")
    assert json.loads(metadata) == {"note": ["ü", 1]}


# Files that cannot be taken


def test_a_file_of_neither_layout_is_refused(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "e.csv", {"who": "acme", "when": "2026-05-01"})
    with pytest.raises(MappingError, match=r"e.csv is no warehouse export: credit consumption has"):
        taken(tmp_path / "x", file)


@pytest.mark.parametrize("missing", ["customer_id", "event_timestamp"])
def test_a_column_that_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    row = {key: value for key, value in part().items() if key != missing}
    with pytest.raises(MappingError, match=rf"c.csv has no column '{missing}', which an export of"):
        taken(tmp_path / "x", csv_file(tmp_path / "c.csv", row))


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "c.csv", part() | {"currency_id": "other"})
    with pytest.raises(EventsError, match=r"c.csv has the column 'credit_currency_id' more than"):
        taken(tmp_path / "x", file)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", ".jsonl", ".txt"])
def test_a_file_that_is_no_such_file_is_named(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"c{suffix}"
    file.write_bytes(b"\xff\xfe\x00 nothing of the kind\n")
    with pytest.raises(ExtractError, match=rf"c{suffix} "):
        taken(tmp_path / "x", file)
    with pytest.raises(EventsError, match=r"There is no file"):
        taken(tmp_path / "x", tmp_path / f"gone{suffix}".replace(".txt", ".csv"))


def test_a_damaged_file_leaves_what_is_published(tmp_path: Path) -> None:
    taken(tmp_path / "x", csv_file(tmp_path / "c.csv", part()))
    publish(tmp_path / "x")
    at_ten = {"consumption_timestamp": "2026-05-04T10:00:00Z"}
    good = as_parquet(tmp_path, "d", [part(n, **at_ten) for n in range(2, 9000)])
    held = good.read_bytes()
    good.write_bytes(held[:2000] + b"\0" * 4000 + held[6000:])
    with pytest.raises(EventsError, match=r"d.parquet cannot be read"):
        taken(tmp_path / "x", good)
    assert not (tmp_path / "x" / STAGING).exists()
    assert len(told(tmp_path / "x", USAGE)) == 1
    good.write_bytes(held)
    assert taken(tmp_path / "x", good).consumption.added == 8998


def test_rows_of_two_environments_are_refused(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "c.csv", part(), part(2, environment_id="staging"))
    with pytest.raises(ExtractError, match=r"of 2 environments: production, staging\. An extract"):
        taken(tmp_path / "x", file)


def test_an_extract_with_a_ledger_of_its_own_is_refused(tmp_path: Path) -> None:
    write({}, tmp_path / "x" / STAGING, source="the demo company", cut_off=NOW, loaded_at=NOW)
    publish(tmp_path / "x")
    with pytest.raises(ExtractError, match=r"made from the demo company and has a ledger of its"):
        taken(tmp_path / "x", csv_file(tmp_path / "c.csv", part()))


def test_a_folder_that_is_synced_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "sync.duckdb").touch()
    with pytest.raises(ExtractError, match=r"is kept by a sync"):
        taken(tmp_path / "x", csv_file(tmp_path / "c.csv", part()))


def test_a_folder_without_files_of_a_known_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "read.me").touch()
    with pytest.raises(EventsError, match=r"There is no file in .*exports of those known here"):
        files_of([tmp_path / "exports"])


# What comes again


def test_an_event_paid_by_two_grants_is_one_usage_and_two_rows_of_the_ledger(
    tmp_path: Path,
) -> None:
    parts = [
        part(partial_cost="1.5"),
        part(partial_cost="1", credit_grant_id="grant-2"),
        part(2, partial_cost="1", total_cost="1"),
    ]
    done = taken(tmp_path / "x", csv_file(tmp_path / "c.csv", *parts))
    assert done.consumption == Counts(3, 0, 0)
    assert told(tmp_path / "x", USAGE) == [
        ("event-1", "chat", Decimal("2.5")),
        ("event-2", "chat", 1),
    ]
    amounts = [(row[1], row[3]) for row in told(tmp_path / "x", LEDGER)]
    assert sorted(amounts[:2]) == [(Decimal("-1.5"), "grant-1"), (-1, "grant-2")]
    assert amounts[2] == (-1, "grant-1")


@pytest.mark.parametrize("totals", [("2", "3"), ("5", "5")])
def test_an_event_of_two_features_costs_what_its_parts_say(
    tmp_path: Path, totals: tuple[str, str]
) -> None:
    """Whether the total is the feature's or the event's."""
    parts = [
        part(partial_cost="2", total_cost=totals[0]),
        part(partial_cost="1", total_cost=totals[1], feature_id="calls"),
        part(partial_cost="2", total_cost=totals[1], feature_id="calls", credit_grant_id="grant-2"),
    ]
    done = taken(tmp_path / "x", csv_file(tmp_path / "c.csv", *parts))
    assert told(tmp_path / "x", USAGE) == [("event-1", "calls", 3), ("event-1", "chat", 2)]
    assert not any("whole cost" in gap for gap in done.gaps)


def test_an_event_whose_parts_are_not_all_told_has_its_whole_cost_and_is_named(
    tmp_path: Path,
) -> None:
    done = taken(tmp_path / "x", csv_file(tmp_path / "c.csv", part(partial_cost="1"), part(2)))
    assert told(tmp_path / "x", USAGE)[0] == ("event-1", "chat", Decimal("2.5"))
    assert done.gaps[-1].startswith("Events whose parts are not their whole cost: 1.")


def test_consumption_without_a_feature_is_usage_without_one(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "c.csv", part(feature_id=""), part(2))
    taken(tmp_path / "x", file)
    assert taken(tmp_path / "x", file).consumption == Counts(2, 0, 0)
    publish(tmp_path / "x")
    assert taken(tmp_path / "x", file).consumption == Counts(0, 0, 2)
    assert {row[1] for row in told(tmp_path / "x", USAGE)} == {None, "chat"}


def test_the_same_files_again_add_nothing_and_newer_rows_add_only_these(tmp_path: Path) -> None:
    parts = [part(number) for number in range(50)]
    files = (
        as_parquet(tmp_path, "c", [*parts, part(7)]),
        as_csv(tmp_path, "g", [grant(consumed_amount="125")]),
    )
    assert taken(tmp_path / "x", *files).consumption == Counts(50, 0, 1)
    before = told(tmp_path / "x", LEDGER), told(tmp_path / "x", USAGE)
    again = taken(tmp_path / "x", *files)
    assert (again.consumption, again.grants) == (Counts(0, 0, 51), Counts(0, 0, 1))
    assert (told(tmp_path / "x", LEDGER), told(tmp_path / "x", USAGE)) == before
    later = {"event_timestamp": "2026-06-02T08:00:00Z"}
    newer = [part(number, **later) for number in range(50, 53)]
    early = "2026-05-02T00:00:00Z"
    late = part(60, event_timestamp=early, consumption_timestamp=early)
    changed = grant(consumed_amount="135", updated_at="2026-06-02T09:00:00Z")
    files = (
        as_parquet(tmp_path, "c", [*parts, *newer, late]),
        as_csv(tmp_path, "g", [changed]),
    )
    more = taken(tmp_path / "x", *files)
    assert (more.consumption, more.grants) == (Counts(4, 0, 50), Counts(0, 1, 0))
    ledger = told(tmp_path / "x", LEDGER)
    assert [row[4] for row in ledger[:2]] == [None, "event-60"]
    assert ledger[-1][2] == told(tmp_path / "x", BALANCES)[0][1] == -35
    whole = taken(tmp_path / "y", *files)
    assert whole.consumption.added == 54
    assert told(tmp_path / "y", LEDGER) == ledger
    assert told(tmp_path / "y", USAGE) == told(tmp_path / "x", USAGE)


def test_of_a_grant_the_latest_state_counts(tmp_path: Path) -> None:
    newer = grant(consumed_amount="9", updated_at="2026-05-09T00:00:00Z")
    done = taken(tmp_path / "x", csv_file(tmp_path / "g.csv", grant(), newer, grant()))
    assert (done.read, done.grants) == (3, Counts(1, 0, 0))
    assert told(tmp_path / "x", BALANCES) == [("acme", 91)]
    older = csv_file(tmp_path / "g.csv", grant())
    assert taken(tmp_path / "x", older).grants == Counts(0, 0, 1)
    assert told(tmp_path / "x", BALANCES) == [("acme", 91)]


def test_events_that_came_from_event_files_get_their_ledger_and_are_counted_once(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    events = {"id": "event-1", "who": "acme", "at": "2026-05-04T10:00:00Z", "model": "gpt"}
    mapping = parse_mapping(
        {
            "event_id": {"column": "id"},
            "customer": {"column": "who"},
            "time": {"column": "at"},
            "feature": {"constant": "chat"},
            "value": {"constant": 5},
            "dimensions": {"model": {"column": "model"}},
        }
    )
    ingest([csv_file(tmp_path / "e.csv", events)], mapping, catalogue, tmp_path / "x", NOW)
    publish(tmp_path / "x")
    done = taken(tmp_path / "x", csv_file(tmp_path / "c.csv", part(), part(2)))
    assert done.consumption == Counts(2, 0, 0)
    usage = "select event_id, units, value_of(1, dim_1) from usage_events order by all"
    assert told(tmp_path / "x", usage) == [("event-1", 5, "gpt"), ("event-2", 0, None)]
    assert [row[4] for row in told(tmp_path / "x", LEDGER)] == ["event-1", "event-2"]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    path = tmp_path / "catalogue.json"
    rate = {"feature_id": "chat", "currency_id": "tokens", "amount": 0.5}
    path.write_text(
        json.dumps(
            {
                "currencies": [{"currency_id": "tokens", "display_name": "Tokens"}],
                "features": [{"feature_id": "chat", "display_name": "Chat"}],
                "plans": [{"plan_id": "plan", "rates": [rate]}],
            }
        )
    )
    return read_catalogue(path)


class Killed(BaseException):
    """The process ends here: nobody catches it."""


@pytest.mark.parametrize("line", range(1, 9))
def test_a_run_that_was_killed_goes_on_and_ends_the_same(tmp_path: Path, line: int) -> None:
    """Also when the grants are taken, the ledger is written, or all is done but the staging."""
    june = {"event_timestamp": "2026-06-04T10:00:00Z"}
    parts = [part(number) for number in range(20)] + [part(n, **june) for n in range(20, 30)]
    files = (
        as_parquet(tmp_path, "c", parts),
        as_csv(tmp_path, "d", [part(59, partial_cost="")]),
        as_csv(tmp_path, "g", [grant(2, consumed_amount=0)]),
    )
    for name in ("x", "y"):
        base = as_csv(tmp_path, "base", [part(40), part(5)])
        taken(tmp_path / name, base, as_csv(tmp_path, "first", [grant()]))
        publish(tmp_path / name)
    whole = taken(tmp_path / "y", *files)
    left = line

    def die(_: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    with pytest.raises(Killed):
        taken(tmp_path / "x", *files, report=die)
    assert not (tmp_path / "x" / STAGING).exists()
    done = taken(tmp_path / "x", *files)
    assert rejected(done) == rejected(whole)
    assert replace(done, rejects=whole.rejects) == whole
    assert len(told(tmp_path / "x", USAGE)) == 31
    of_two_versions = [*(tmp_path / "x").glob("ledger-*")]
    assert len(of_two_versions) == 2
    for sql in (LEDGER, USAGE, BALANCES):
        assert told(tmp_path / "x", sql) == told(tmp_path / "y", sql)


def taken_in_little_room(folder: Path, *files: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
    with pytest.raises(ExtractError, match=r"Make room and run it again: it goes on where"):
        taken(folder, *files)


def written_in_little_room(folder: Path) -> None:
    """What cannot be written while a file is read is no fault of that file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
    source = Source(0, folder / "c.parquet", folder / "c.parquet", {}, "1")
    with (
        duckdb.connect(folder / "spool.duckdb") as connection,
        pytest.raises(duckdb.IOException, match=r"File too large"),
        readable(source),
    ):
        connection.execute("create table hashes as select hash(range) from range(1000000)")


def in_a_process(act: Callable[..., None], *given: Path) -> int | None:
    process = get_context("spawn").Process(target=act, args=given)
    process.start()
    process.join()
    return process.exitcode


def test_a_full_disk_harms_nothing_and_the_next_run_ends_the_same(tmp_path: Path) -> None:
    taken(tmp_path / "x", as_csv(tmp_path, "base", [part()]))
    publish(tmp_path / "x")
    dice = Random(1)
    ids = pl.DataFrame({"event_id": [f"{dice.getrandbits(128):032x}" for _ in range(10_000)]})
    parts = typed([part()]).drop("event_id").join(ids, how="cross")
    file = warehouse_exports.written(parts, tmp_path / "c.parquet")
    assert in_a_process(taken_in_little_room, tmp_path / "x", file) == 0
    assert not (tmp_path / "x" / STAGING).exists()
    assert len(told(tmp_path / "x", USAGE)) == 1
    assert taken(tmp_path / "x", file).consumption == Counts(10_000, 0, 0)
    assert len(told(tmp_path / "x", USAGE)) == 10_001


def test_a_disk_that_is_full_while_a_file_is_read_is_not_taken_for_a_damaged_file(
    tmp_path: Path,
) -> None:
    assert in_a_process(written_in_little_room, tmp_path) == 0


# What follows, and what is not told


def test_a_debt_moves_over_to_the_grants_that_start_after_it(tmp_path: Path) -> None:
    """As the pool settles it: 30 owed, then 12 and 50 granted, then 4 more burned."""
    owing = grant(1, grant_type="OVERDRAFT", status="VOIDED", amount=0, consumed_amount=0)
    owing |= {"effective_at": "2026-05-03T00:00:00Z", "created_at": "2026-05-03T00:00:00Z"}
    owing |= {"voided_at": "2026-05-06T00:00:00Z"}
    first = grant(2, amount=12, consumed_amount=12, effective_at="2026-05-05T00:00:00Z")
    second = grant(3, amount=50, consumed_amount=22, effective_at="2026-05-06T00:00:00Z")
    after = {"credit_grant_id": "grant-3", "consumption_timestamp": "2026-05-07T00:00:00Z"}
    files = (
        csv_file(tmp_path / "g.csv", owing, first, second),
        csv_file(
            tmp_path / "c.csv",
            part(1, partial_cost=30, total_cost=30),
            part(2, partial_cost=4, total_cost=4, **after),
        ),
    )
    assert taken(tmp_path / "x", *files).gaps == []
    moved = [(row[0].removeprefix("CREDITS_"), *row[1:4]) for row in told(tmp_path / "x", LEDGER)]
    assert moved == [
        ("CONSUMED", -30, -30, "grant-1"),
        ("GRANTED", 12, -18, "grant-2"),
        ("CONSUMPTION_TRANSFER_SOURCE", 12, -6, "grant-1"),
        ("CONSUMPTION_TRANSFER_TARGET", -12, -18, "grant-2"),
        ("GRANTED", 50, 32, "grant-3"),
        ("CONSUMPTION_TRANSFER_SOURCE", 18, 50, "grant-1"),
        ("CONSUMPTION_TRANSFER_TARGET", -18, 32, "grant-3"),
        ("CONSUMED", -4, 28, "grant-3"),
    ]
    assert told(tmp_path / "x", BALANCES) == [("acme", 28)]


def test_what_a_grant_lost_goes_when_it_was_voided_and_a_waiting_one_does_not_count(
    tmp_path: Path,
) -> None:
    waiting = grant(2, status="PAYMENT_PENDING", consumed_amount=0)
    never = grant(3, status="VOIDED", consumed_amount=0, voided_at="2026-04-30T00:00:00Z")
    voided = grant(status="VOIDED", voided_at="2026-05-08T00:00:00Z")
    files = (
        csv_file(tmp_path / "g.csv", voided, waiting, never),
        csv_file(tmp_path / "c.csv", part()),
    )
    assert taken(tmp_path / "x", *files).gaps == []
    assert [row[:3] for row in told(tmp_path / "x", LEDGER)] == [
        ("CREDITS_GRANTED", 100, 100),
        ("CREDITS_CONSUMED", Decimal("-2.5"), Decimal("97.5")),
        ("CREDITS_VOIDED", Decimal("-97.5"), 0),
    ]


def test_consumption_before_the_export_begins_is_brought_forward_and_named(tmp_path: Path) -> None:
    files = (
        csv_file(tmp_path / "g.csv", grant(consumed_amount="42.5")),
        csv_file(tmp_path / "c.csv", part()),
    )
    done = taken(tmp_path / "x", *files)
    [gap] = done.gaps
    assert gap.startswith("Grants with more consumption than their rows tell: 1, in all 40.000000")
    ledger = told(tmp_path / "x", LEDGER)
    assert [(row[1], row[4]) for row in ledger] == [
        (100, None),
        (-40, None),
        (Decimal("-2.5"), "event-1"),
    ]
    assert ledger[1][5] == ledger[2][5]
    assert ledger[-1][2] == told(tmp_path / "x", BALANCES)[0][1]


def test_exports_without_rows_add_nothing(tmp_path: Path) -> None:
    files = (tmp_path / "c.csv", tmp_path / "g.csv")
    for file, columns in zip(files, (PART, GRANT), strict=True):
        file.write_text(",".join(columns) + "\n")
    done = taken(tmp_path / "x", *files)
    assert (done.read, done.consumption, done.grants) == (0, Counts(0, 0, 0), Counts(0, 0, 0))


def test_grants_alone_tell_balances(tmp_path: Path) -> None:
    done = taken(tmp_path / "x", csv_file(tmp_path / "g.csv", grant(consumed_amount=0)))
    assert done.gaps == []
    assert told(tmp_path / "x", BALANCES) == [("acme", 100)]
    assert told(tmp_path / "x", "select customer_id, name from customers") == [("acme", "acme")]


def test_consumption_of_grants_that_no_export_has_is_named(tmp_path: Path) -> None:
    done = taken(tmp_path / "x", csv_file(tmp_path / "c.csv", part(), part(2)))
    [gap] = done.gaps
    assert gap.startswith("Grants that consumption names and no export of grants has: 1.")
    assert [row[2] for row in told(tmp_path / "x", LEDGER)] == [Decimal("-2.5"), -5]


def test_grants_that_are_older_than_the_consumption_are_named(tmp_path: Path) -> None:
    files = (
        csv_file(tmp_path / "g.csv", grant(consumed_amount=0)),
        csv_file(tmp_path / "c.csv", part()),
    )
    [gap] = taken(tmp_path / "x", *files).gaps
    assert gap.startswith("Grants with less consumption than their rows tell: 1.")


# The command


def test_the_command_takes_a_folder_of_exports_and_tells_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXTRACT_DIR", str(tmp_path / "x"))
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "manifest.txt").touch()
    csv_file(tmp_path / "exports" / "c.csv", part(), part(2, partial_cost="much"))
    csv_file(tmp_path / "exports" / "g.csv", grant(consumed_amount=5))
    assert main(["extract", "ingest", str(tmp_path / "exports")]) == 0
    out, err = capsys.readouterr()
    assert out == (
        "3 rows read. Consumption: 1 rows added, 0 were there. "
        "Grants: 1 added, 0 changed, 0 were there.\n"
    )
    assert err.splitlines()[:2] == [
        "c.csv: 2 rows of credit consumption read",
        "g.csv: 1 rows of credit grants read",
    ]
    assert "1 rows were rejected" in err
    assert "more consumption than their rows tell: 1, in all 2.500000 credits" in err


def test_the_command_gives_ids_the_names_of_a_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    assert catalogue.features.keys() == {"chat"}
    monkeypatch.setenv("EXTRACT_DIR", str(tmp_path / "x"))
    file = csv_file(tmp_path / "c.csv", part(), part(2, feature_id="calls"))
    given = ["extract", "ingest", str(file), "--catalog", str(tmp_path / "catalogue.json")]
    assert main(given) == 0
    named = "select feature_id, display_name from features order by all"
    assert told(tmp_path / "x", named) == [("calls", "calls"), ("chat", "Chat")]
