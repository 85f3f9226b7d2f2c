"""Reports validate themselves: a forged one is refused, with what would be accepted."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from queries.command import Role
from queries.question import QuestionError
from queries.reports import Event, ReportEvents
from queries.reports.counted import Counted, measured
from queries.reports.measurements import Measurement, ReportUsage, ReportUsageBulk
from queries.reports.written import read_event, read_measurement

MAY = datetime(2026, 5, 1)
LARGEST = 2**53 - 1


def measurement(**changes: Any) -> Measurement:
    given = {
        "customer_id": "acme", "feature_id": "seats", "value": Decimal(2), "idempotency_key": "k-1",
    }  # fmt: skip
    return Measurement(**given | changes)


def event(**changes: Any) -> Event:
    given = {
        "customer_id": "acme", "event_name": "chat", "idempotency_key": "k-1", "timestamp": MAY,
    }  # fmt: skip
    return Event(**given | changes)


BOTH = [
    ({"customer_id": "no customer"}, "cannot be a customer id"),
    ({"customer_id": ""}, "cannot be a customer id"),
    ({"resource_id": "no/pe"}, "cannot be a resource id"),
    ({"idempotency_key": ""}, "An idempotency key is missing"),
    ({"idempotency_key": "x" * 256}, "cannot be an idempotency key: 1 to 255 printable"),
    ({"idempotency_key": "a\nb"}, "cannot be an idempotency key"),
    ({"dimensions": (("no key", 1),)}, "'no key' cannot be a dimension"),
    ({"dimensions": (("a", 1), ("a", 2))}, "The dimension 'a' is there twice"),
    ({"dimensions": (("a", [1]),)}, "The dimension 'a' is a list: texts, numbers, true and false"),
    ({"dimensions": (("a", None),)}, "The dimension 'a' is a NoneType"),
    ({"dimensions": (("a", float("nan")),)}, "no finite number of up to 400 digits"),
    ({"dimensions": (("a", Decimal("1e999")),)}, "no finite number of up to 400 digits"),
]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        *BOTH,
        ({"feature_id": "no feature"}, "cannot be a feature id"),
        ({"value": Decimal(LARGEST + 1)}, r"reaches to ±\(2\^53 − 1\)"),
        ({"value": Decimal(-LARGEST - 1)}, "is out of range"),
        ({"value": Decimal(2**35) + Decimal("0.5")}, r"a fractional usage value stays below 2\^35"),
        ({"value": Decimal("NaN")}, "is not a finite number"),
        ({"value": Decimal("Infinity")}, "is not a finite number"),
        ({"update_behavior": "RESET"}, "'RESET' is no update behavior: DELTA adds"),
        ({"created_at": datetime(1900, 1, 1)}, "is out of range: a time is UTC, from 1970 to 2199"),
        ({"created_at": datetime(2026, 5, 1, tzinfo=UTC)}, "is out of range"),
    ],
)
def test_a_forged_measurement_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        measurement(**changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        *BOTH,
        ({"event_name": " "}, "An event name is missing"),
        ({"event_name": "x" * 256}, "cannot be an event name"),
        ({"timestamp": datetime(2200, 1, 1)}, "is out of range"),
        ({"dimensions": (("a", "x" * 2**20),)}, "bytes: an event has at most 1,048,576"),
    ],
)
def test_a_forged_event_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        event(**changes)


@pytest.mark.parametrize("count", [0, 101])
def test_a_bulk_holds_1_to_100_measurements(count: int) -> None:
    with pytest.raises(QuestionError, match=f"1 to 100 measurements, not {count}"):
        ReportUsageBulk((measurement(),) * count)


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        ("1.000005", "1.00001"),
        ("-1.000005", "-1.00001"),
        ("0.000004", "0"),
        (str(LARGEST), str(LARGEST)),
        (str(-LARGEST), str(-LARGEST)),
        ("34359738367.99999", "34359738367.99999"),
    ],
)
def test_a_value_is_sent_as_it_is_counted(value: str, counted: str) -> None:
    assert measurement(value=Decimal(value)).wire()["value"] == Decimal(counted)


def test_numbers_stay_numbers_on_the_wire_and_what_is_not_given_is_not_sent() -> None:
    sent = measurement(dimensions=(("n", 5), ("x", Decimal("0.5")), ("b", True))).wire()
    assert sent["dimensions"] == {"n": 5, "x": Decimal("0.5"), "b": True}
    assert set(measurement().wire()) == {
        "customerId", "featureId", "value", "updateBehavior", "idempotencyKey",
    }  # fmt: skip


def test_every_report_takes_support_carries_keys_and_is_told_in_words() -> None:
    one, many = ReportUsage(measurement()), ReportUsageBulk((measurement(),) * 2)
    setting = ReportUsage(measurement(update_behavior="SET"))
    single, batch = ReportEvents((event(),)), ReportEvents((event(),) * 3)
    commands = [one, many, setting, single, batch]
    assert {command.needs for command in commands} == {Role.SUPPORT}
    assert all(command.is_keyed for command in commands)
    assert [command.summary for command in commands] == [
        "report 2 of seats for acme", "report 2 measurements of seats",
        "set the usage of seats to 2 for acme", "report an event chat of acme",
        "report 3 events of chat",
    ]  # fmt: skip
    assert ReportUsage(measurement(value=Decimal(-2))).summary == "report −2 of seats for acme"
    kinds = tuple(event(event_name=f"kind-{n % 3}") for n in range(1000))
    assert ReportEvents(kinds).summary == "report 1,000 events of kind-0 and 2 other kinds"
    assert {command.customer for command in commands} == {"acme"}
    two = (measurement(), measurement(customer_id="zenith"))
    assert ReportUsageBulk(two).customer is None


CELLS = {"customer_id": "acme", "feature_id": "seats", "value": "2", "idempotency_key": "k"}
HAPPENED = {
    "customer_id": "acme", "event_name": "chat", "timestamp": "2026-05-01", "idempotency_key": "k",
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "text", "sentence"),
    [
        ("customer_id", "a b", "cannot be a customer id"),
        ("feature_id", "a b", "cannot be a feature id"),
        ("value", "1,000", "'1,000' is not a plain number"),
        ("value", "1e3", "'1e3' is not a plain number"),
        ("value", "9" * 17, "is out of range"),
        ("update_behavior", "add", "'ADD' is no update behavior"),
        ("resource_id", "a b", "cannot be a resource id"),
        ("created_at", "31/05/2026", "without a zone it is UTC"),
        ("created_at", "1969-12-31", "from 1970 to 2199"),
        ("dimensions", "model=gemini", "cannot be read as JSON"),
        ("dimensions", "[1]", "is no JSON object. Dimensions are written as"),
        ("dimensions", '{"a": {"b": 1}}', "The dimension 'a' is a dict"),
        ("dimensions", '{"a": 1, "a": 2}', "names 'a' twice"),
        ("dimensions", '{"a b": 1}', "'a b' cannot be a dimension"),
        ("dimensions", '{"a": NaN}', "NaN is no number"),
        ("dimensions", '{"a": 1e999999999}', "at most 400 digits"),
        ("dimensions", '{"a":' * 100_000, "cannot be read as JSON"),
        ("idempotency_key", "a\tb", "cannot be an idempotency key"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(column: str, text: str, sentence: str) -> None:
    found, [problem] = read_measurement(CELLS | {column: text})
    assert found is None
    assert problem.column == column
    assert sentence in problem.sentence


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found, problems = read_event(HAPPENED | {"event_name": "", "timestamp": "x", "dimensions": "x"})
    assert found is None
    assert [p.column for p in problems] == ["event_name", "timestamp", "dimensions"]
    assert [p.is_missing for p in problems] == [True, False, False]


def test_an_event_without_a_time_is_told_why_it_needs_one() -> None:
    _, [problem] = read_event(HAPPENED | {"timestamp": ""})
    assert "part of what makes a repeat a repeat" in problem.sentence


def test_dimensions_keep_their_types_and_times_their_zones() -> None:
    given = '{"a": 1, "b": 1.50, "c": true, "d": "1", "e": null}'
    found, _ = read_event(
        HAPPENED | {"dimensions": given, "timestamp": "2026-05-01T02:00:00.123456+02:00"}
    )
    assert found is not None
    assert found.dimensions == (("a", 1), ("b", Decimal("1.50")), ("c", True), ("d", "1"))
    assert [type(value) for _, value in found.dimensions] == [int, Decimal, bool, str]
    assert found.timestamp == MAY + timedelta(microseconds=123456)


def answered(usage: object, consumed: object | None) -> dict[str, Any]:
    credit = {
        "currencyId": "ai-tokens", "consumed": consumed, "currentUsage": 60, "usageLimit": 100,
        "timestamp": "2026-05-01T00:00:00.000Z",
    }  # fmt: skip
    return {"currentUsage": usage, "credit": None if consumed is None else credit}


@pytest.mark.parametrize(
    ("mode", "value", "answer", "counted"),
    [
        ("DELTA", 2, answered(12, 50), Counted.TAKEN),
        ("DELTA", -2, answered(8, -50), Counted.TAKEN),
        ("DELTA", 2, answered(12, 0), Counted.BEFORE),
        ("DELTA", 0, answered(12, 0), Counted.UNCHANGED),
        ("SET", 12, answered(12, 0), Counted.UNCHANGED),
        ("SET", 10, answered(15, 0), Counted.BEFORE),
        ("SET", 10, answered(10, -50), Counted.TAKEN),
        ("DELTA", 2, answered(12, None), Counted.UNPRICED),
        ("DELTA", 2, answered(None, None), Counted.UNPRICED),
    ],
)
def test_an_answer_tells_whether_it_was_counted(
    mode: str, value: int, answer: dict[str, Any], counted: Counted
) -> None:
    found = measured(measurement(value=Decimal(value), update_behavior=mode), answer)
    assert found.counted is counted
    if found.news is not None:
        assert found.news.balance == 40
