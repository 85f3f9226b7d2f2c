"""Questions validate themselves; commands pass one door."""

from datetime import datetime
from pathlib import Path

import httpx
import pytest
import stamina
from graphql import build_schema, parse, validate

from data.metering.client import MeteringClient
from data.metering.errors import Refused, TimedOut
from queries.perform import Actor, Entry, NotPermitted, Outcome, Role, perform
from queries.question import QuestionError
from queries.reports import Event, ReportEvents
from queries.time import Span
from queries.usage import Filter, Usage

ROOT = Path(__file__).parents[2]
MAY = Span(datetime(2026, 5, 1), datetime(2026, 6, 1))
EVENT = Event("acme", "chat", "key-1", datetime(2026, 5, 1), (("model", "gemini"),))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"customer_id": "not an id"}, "cannot be a customer id"),
        ({"currency_id": "no/pe"}, "cannot be a currency id"),
        ({"resource_id": " "}, "cannot be a resource id"),
        ({"by": ("model name",)}, "cannot be a group-by key"),
        ({"by": ("a", "b", "c", "d")}, "at most 3"),
        ({"by": ("a", "a")}, "twice"),
        ({"by": ("customerId",)}, "cannot be grouped by customer"),
        ({"zone": "Nowhere"}, "not a time zone"),
        ({"span": Span(MAY.end, MAY.start)}, "before it starts"),
        ({"span": Span(datetime(1900, 1, 1), MAY.end)}, "1970"),
        ({"filters": (Filter("a", ("1",)), Filter("a", ("2",)))}, "one for each key"),
        ({"filters": (Filter("a b", ("1",)),)}, "cannot be a group-by key"),
    ],
)
def test_a_usage_question_that_cannot_be_asked_says_why(changes: dict, sentence: str) -> None:
    given = {"customer_id": "acme", "currency_id": "credits", "span": MAY} | changes
    with pytest.raises(QuestionError, match=sentence):
        Usage(**given)


def test_three_keys_and_the_feature_are_allowed() -> None:
    assert Usage("acme", "credits", MAY, by=("a", "b", "c", "featureId")).columns == [
        "key_1",
        "key_2",
        "key_3",
        "key_4",
    ]


def test_every_graphql_document_fits_our_schema() -> None:
    schema = build_schema((ROOT / "data/metering/service/schema.graphql").read_text())
    documents = sorted((ROOT / "queries").rglob("*.graphql"))
    assert len(documents) >= 10
    for path in documents:
        document = parse(path.read_text())
        assert validate(schema, document) == [], path
        assert all(definition.name for definition in document.definitions), path


def client(status: int, body: dict | None = None) -> MeteringClient:
    def handler(_: httpx.Request) -> httpx.Response:
        if status == 0:
            raise httpx.ReadTimeout("too slow")
        return httpx.Response(status, json=body)

    return MeteringClient("http://api/graphql", "key", transport=httpx.MockTransport(handler))


@pytest.fixture
def no_waiting() -> None:
    with stamina.set_testing(True, attempts=2):
        yield


def test_a_change_that_the_role_may_not_make_is_never_sent() -> None:
    record: list[Entry] = []
    with pytest.raises(NotPermitted, match="takes the role support"):
        perform(ReportEvents((EVENT,)), Actor("eve", Role.VIEWER), client(500), record.append)
    assert [entry.outcome for entry in record] == [Outcome.REFUSED]


def test_a_change_is_recorded_before_and_after() -> None:
    record: list[Entry] = []
    done = client(200, {"data": {"reportEvent": None}})
    perform(ReportEvents((EVENT,)), Actor("sue", Role.SUPPORT), done, record.append)
    assert [(e.actor, e.outcome) for e in record] == [
        ("sue", Outcome.INTENDED),
        ("sue", Outcome.DONE),
    ]


@pytest.mark.usefixtures("no_waiting")
def test_a_change_without_an_answer_is_recorded_as_unknown() -> None:
    record: list[Entry] = []
    with pytest.raises(TimedOut):
        perform(ReportEvents((EVENT,)), Actor("sue", Role.ADMIN), client(0), record.append)
    assert record[-1].outcome is Outcome.UNKNOWN


def test_a_change_that_the_api_refuses_is_recorded_with_its_sentence() -> None:
    record: list[Entry] = []
    body = {"errors": [{"message": "No.", "extensions": {"code": "EntityIsArchivedError"}}]}
    with pytest.raises(Refused, match="No"):
        perform(ReportEvents((EVENT,)), Actor("sue", Role.ADMIN), client(200, body), record.append)
    assert (record[-1].outcome, record[-1].detail) == (Outcome.REFUSED, "No.")


def test_a_batch_holds_1_to_1000_events() -> None:
    with pytest.raises(QuestionError, match="1 to 1000"):
        ReportEvents(())
    with pytest.raises(QuestionError, match="1 to 1000"):
        ReportEvents((EVENT,) * 1001)
