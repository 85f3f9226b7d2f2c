"""Many reports from one file: read whole or not at all, and each row counted once."""

from datetime import datetime
from decimal import Decimal

import pytest
import simplejson

from queries.question import QuestionError
from queries.reports.bulk import (
    MOST_ROWS,
    TEMPLATES,
    Bulk,
    Kind,
    chunks,
    listed,
    read_bulk,
    repeats,
    totals,
    unknown,
)

HEADER = "customer_id,event_name,timestamp,dimensions,idempotency_key"
GOOD = "acme,chat,2026-05-01T12:00Z,,"
USED = {"customerId": "acme", "featureId": "seats", "value": 2}
HAPPENED = {"customerId": "acme", "eventName": "chat", "timestamp": "2026-05-01T12:00:00Z"}


def file(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def events(content: bytes) -> Bulk:
    return read_bulk(content, Kind.EVENTS)


def as_json(*rows: object) -> bytes:
    return simplejson.dumps(rows).encode()


def as_lines(*rows: object) -> bytes:
    return "\n".join(simplejson.dumps(row) for row in rows).encode()


@pytest.mark.parametrize("kind", Kind)
def test_the_template_is_a_file_without_flaws(kind: Kind) -> None:
    bulk = read_bulk(TEMPLATES[kind].encode(), kind)
    assert bulk.flaws == ()
    assert len(bulk.rows) == 2
    assert listed(bulk).height == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf \n", "The file is empty"),
        ("Grüße".encode("latin-1"), "not UTF-8: byte 3 cannot be read"),
        (HEADER.encode("utf-16"), "not UTF-8: byte 1 "),
        (HEADER.encode(), "The file has no rows"),
        (b"[]", "The file has no rows"),
        (file(GOOD, header="customer_id,event_name"), "misses timestamp"),
        (file(GOOD, header=f"{HEADER},colour"), "unknown columns, namely 'colour'"),
        (file(GOOD, header=f"{HEADER},eventName"), "has twice event_name"),
        (file(GOOD, header=HEADER.replace(",", ";")), "separated by commas"),
        (file('acme,"ai'), "Line 2 cannot be read as CSV"),
        (b'[{"customerId": "acme"', "cannot be read as JSON: .*line 1 column"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"usageEvents": 5}', "must be a list of objects"),
        (file(*[GOOD] * (MOST_ROWS + 1)), "more than 20,000 rows"),
    ],
)
def test_a_file_that_is_none_says_why(content: bytes, sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        events(content)


def test_every_flaw_of_every_row_is_listed_with_its_line_and_field() -> None:
    bulk = events(file(GOOD, ",chat,yesterday,,", "", "acme,chat", 'acme,chat,2026-05-01,"[1]",'))
    assert [(flaw.line, flaw.problem.column) for flaw in bulk.flaws] == [
        (3, "customer_id"), (3, "timestamp"), (5, ""), (6, "dimensions"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (5, "no JSON object"),
        ({**HAPPENED, "colour": 1}, "unknown names, namely 'colour'. The names are customer_id"),
        ({**HAPPENED, "event_name": "chat"}, "has twice event_name"),
        ({**HAPPENED, "timestamp": 5}, "'5' is not a date"),
        ({**HAPPENED, "dimensions": {"a": [1]}}, "'a' is a list"),
        ({**HAPPENED, "eventName": None}, "An event name is missing"),
    ],
)
def test_a_json_row_that_cannot_be_sent_says_why(row: object, sentence: str) -> None:
    for content in (as_json(HAPPENED, row), as_lines(HAPPENED, row)):
        [flaw] = events(content).flaws
        assert flaw.line == 2
        assert sentence in flaw.problem.sentence


def test_a_line_that_is_no_json_is_one_flaw_of_the_file() -> None:
    [flaw] = events(as_lines(HAPPENED) + b'\n{"customerId": ').flaws
    assert flaw.line == 2
    assert "cannot be read as JSON" in flaw.problem.sentence


def test_csv_json_and_json_lines_say_the_same() -> None:
    row = {**HAPPENED, "dimensions": {"n": 5, "x": 0.5, "b": True}, "idempotencyKey": "k"}
    cells = 'acme,chat,2026-05-01T14:00+02:00,"{""n"": 5, ""x"": 0.5, ""b"": true}",k'
    contents = [as_json(row), as_lines(row), simplejson.dumps({"usageEvents": [row]}).encode()]
    found = [events(content).rows[0].report for content in [*contents, file(cells)]]
    assert found == [found[0]] * 4
    assert found[0].dimensions == (("n", 5), ("x", Decimal("0.5")), ("b", True))


def test_a_long_number_is_exact_and_one_that_is_too_long_is_refused() -> None:
    exact = b'[{"customerId":"a","featureId":"f","value":0.1234567890123456789}]'
    [row] = read_bulk(exact, Kind.MEASUREMENTS).rows
    assert row.report.value == Decimal("0.1234567890123456789")
    with pytest.raises(QuestionError, match="at most 400 digits"):
        read_bulk(exact.replace(b"0.1234567890123456789", b"1e999999999"), Kind.MEASUREMENTS)


def test_rows_without_a_key_have_that_of_the_file_and_their_place() -> None:
    bulk = events(file(GOOD, GOOD, f"{GOOD}own"))
    keys = [row.report.idempotency_key for row in bulk.rows]
    assert len(set(keys)) == 3
    assert keys[2] == "own"
    assert keys == [
        row.report.idempotency_key for row in events(file(GOOD, GOOD, f"{GOOD}own")).rows
    ]
    assert keys[0] != events(file(GOOD)).rows[0].report.idempotency_key


def test_rows_that_repeat_a_key_are_told_before_they_are_sent() -> None:
    later = GOOD.replace("12:00", "13:00")
    bulk = events(file(f"{GOOD}k", f"{later}k", f"{GOOD}k", f"{GOOD}k"))
    assert repeats(bulk.rows) == {4: 2, 5: 2}


def test_measurements_repeat_whatever_their_times_and_values() -> None:
    rows = [{**USED, "idempotencyKey": "k"}, {**USED, "idempotencyKey": "k", "value": 3}]
    assert repeats(read_bulk(as_json(*rows), Kind.MEASUREMENTS).rows) == {2: 1}


def test_a_file_goes_in_chunks_of_what_a_call_takes_each_with_its_own_key() -> None:
    bulk = events(file(*[GOOD] * 2500))
    found = chunks(bulk, "http://api")
    assert [len(chunk.rows) for chunk in found] == [1000, 1000, 500]
    keys = [chunk.command.key for chunk in found]
    assert len(set(keys)) == 3
    assert keys == [chunk.command.key for chunk in chunks(bulk, "http://api")]
    assert not set(keys) & {chunk.command.key for chunk in chunks(bulk, "http://other")}
    used = read_bulk(as_json(*[USED] * 250), Kind.MEASUREMENTS)
    assert [len(chunk.rows) for chunk in chunks(used, "http://api")] == [100, 100, 50]


def test_what_the_rows_name_and_there_is_not_is_a_flaw() -> None:
    rows = read_bulk(
        as_json(USED, {**USED, "customerId": "nobody"}, {**USED, "featureId": "nothing"}),
        Kind.MEASUREMENTS,
    ).rows
    assert [(f.line, f.problem.sentence) for f in unknown(rows, {"acme"}, {"seats"})] == [
        (2, "There is no customer 'nobody'."), (3, "There is no feature 'nothing'."),
    ]  # fmt: skip


def test_totals_add_what_is_added_and_not_what_is_set() -> None:
    rows = [USED, {**USED, "value": 0.5}, {**USED, "updateBehavior": "set", "value": 40}]
    found = totals(read_bulk(as_json(*rows), Kind.MEASUREMENTS)).to_dicts()
    assert [(row["how"], row["rows"], row["units"]) for row in found] == [
        ("DELTA", 2, Decimal("2.5")), ("SET", 1, None),
    ]  # fmt: skip


def test_times_without_a_zone_are_utc() -> None:
    [row] = events(file(GOOD.replace("12:00Z", "12:00"))).rows
    assert row.report.timestamp == datetime(2026, 5, 1, 12)
