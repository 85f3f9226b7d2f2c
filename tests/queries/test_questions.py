"""Questions and commands validate themselves."""

from datetime import datetime
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

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


def test_a_batch_holds_1_to_1000_events() -> None:
    with pytest.raises(QuestionError, match="1 to 1000"):
        ReportEvents(())
    with pytest.raises(QuestionError, match="1 to 1000"):
        ReportEvents((EVENT,) * 1001)
