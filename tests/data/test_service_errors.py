"""What the local metering API refuses: the code, the sentence, HTTP 200, and nothing changed."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import simplejson
from local_metering import CURRENCY, Answer, Api, LocalApi, MeteringProcess, event

from data.metering.errors import NotFound, Refused
from data.metering.service.app import CLIENT_KEY, LARGEST_REQUEST, SERVER_KEY

pytestmark = pytest.mark.xdist_group("metering over http")

MUTATION = """mutation { consumeCredits(input: {customerId: "customer-demo-01",
    currencyId: "ai-tokens", amount: 1, idempotencyKey: "k"}) { amount } }"""


@pytest.fixture(params=["in this process", "over http"])
def real(request: pytest.FixtureRequest) -> Api:
    api: Api = request.getfixturevalue("shared" if request.param == "in this process" else "served")
    api.provision()
    return api


def consumed(api: Api) -> Any:
    """Credits used so far, told by a consumption of nothing."""
    return api.consume(0, "ask")["credit"]["currentUsage"]


# The request


QUERY_ERRORS: list[tuple[str, bytes, str]] = [
    ("no JSON", b"{ customers", "The request is not JSON in UTF-8."),
    ("nothing", b"", "The request is not JSON in UTF-8."),
    ("no UTF-8", b'{"query": "\xff"}', "The request is not JSON in UTF-8."),
    ("half a character", rb'{"query": "{ a }", "variables": {"a": "\ud83d"}}',
     "The request is not JSON in UTF-8."),
    ("a number that is none", b'{"query": "{ a }", "variables": {"a": NaN}}',
     "The request is not JSON in UTF-8."),
    ("nested too deeply", b"[" * 100_000, "The request is not JSON in UTF-8."),
    ("a text", b'"{ customers }"', "The request must be one object with a query."),
    ("no query", b'{"variables": {}}', "The request must be one object with a query."),
    ("a query that is none", b'{"query": 7}', "The request must be one object with a query."),
    ("variables that are none", b'{"query": "{ a }", "variables": [1]}',
     "variables must be an object."),
    ("a syntax error", b'{"query": "{ customers { "}', "Syntax Error: Expected Name, found <EOF>."),
    ("an empty query", b'{"query": ""}', "Syntax Error: Unexpected <EOF>."),
    ("an unknown field", b'{"query": "{ customers { wealth } }"}',
     "Cannot query field 'wealth' on type 'CustomerConnection'."),
    ("an unknown root", b'{"query": "mutation { dropEverything }"}',
     "Cannot query field 'dropEverything' on type 'Mutation'."),
    ("an unknown argument", b'{"query": "{ customers(page: 1) { totalCount } }"}',
     "Unknown argument 'page' on field 'Query.customers'."),
    ("fields of a leaf", b'{"query": "{ customers { totalCount { x } } }"}',
     "Field 'totalCount' must not have a selection since type 'Int!' has no subfields."),
    ("a missing variable",
     b'{"query": "query ($i: GetCreditGrantsInput!) { creditGrants(input: $i) { totalCount } }"}',
     "Variable '$i' has invalid value:"),
    ("an unknown operation",
     b'{"query": "query A { customers { totalCount } }", "operationName": "B"}',
     "Unknown operation named 'B'."),
    ("two operations and no name",
     b'{"query": "query A { customers { totalCount } } query B { customers { totalCount } }"}',
     "Must provide operation name if query contains multiple operations."),
    ("a subscription", b'{"query": "subscription { creditBalanceUpdated { currencyId } }"}', ""),
    ("too long a query", b'{"query": "{ ' + b"customers { totalCount } " * 1500 + b'}"}',
     "Syntax Error: Document contains more than 5000 tokens."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "sentence"), [row[1:] for row in QUERY_ERRORS], ids=[row[0] for row in QUERY_ERRORS]
)
def test_a_request_that_cannot_be_read_has_http_200_a_code_and_a_sentence(
    real: Api, body: bytes, sentence: str
) -> None:
    status, answer = real.post(body)
    assert (status, answer["data"]) == (200, None)
    error = answer["errors"][0]
    assert error["extensions"]["code"] == "BadUserInput"
    assert error["message"].startswith(sentence)


LIMITS = [
    ("a batch", [{"query": "{ customers { totalCount } }"}],
     "GraphQLBatchedOperationsLimitExceeded"),
    ("101 aliases",
     {"query": f"{{ {' '.join(f'a{n}: customers {{ totalCount }}' for n in range(101))} }}"},
     "GraphQLAliasesLimitExceeded"),
    ("a directive of its own", {"query": "{ customers @cached { totalCount } }"},
     "GraphQLUnsupportedDirective"),
    ("a depth of 22", {"query": "{ a" + " { a" * 21 + " }" * 21 + " }"}, "BadUserInput"),
    ("a fragment that contains itself",
     {"query": "{ ...A } fragment A on Query { customers { totalCount } ...A }"}, "BadUserInput"),
    ("two changes at once",
     {"query": "mutation { a: voidCreditGrant(input: {id: \"x\"}) { id } "
      "b: voidCreditGrant(input: {id: \"y\"}) { id } }"}, "BadUserInput"),
    ("an event of more than 1 MB",
     {"query": "mutation ($e: UsageEventsReportInput!) { reportEvent(events: $e) }",
      "variables": {"e": {"usageEvents": [event("big", dimensions={"text": "x" * 2**20})]}}},
     "BadUserInput"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "code"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS]
)
def test_a_request_beyond_a_limit_is_refused_with_its_code(
    real: Api, request_: Any, code: str
) -> None:
    status, answer = real.post(simplejson.dumps(request_).encode())
    assert (status, answer["data"]) == (200, None)
    assert answer["errors"][0]["extensions"]["code"] == code


def test_a_client_key_reads_and_changes_nothing(real: Api) -> None:
    before, headers = consumed(real), {"x-api-key": CLIENT_KEY}
    _, told = real.post(b'{"query": "{ customers { totalCount } }"}', headers)
    assert told["data"]["customers"]["totalCount"] >= 1
    status, answer = real.post(simplejson.dumps({"query": MUTATION}).encode(), headers)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (200, "AccessDeniedError")
    assert consumed(real) == before


def test_a_usage_in_all_stays_in_the_range_of_whole_numbers(api: LocalApi) -> None:
    """Each change may be in range where their sum is not."""
    most = 2**53 - 1
    api.report(most, featureId="llm-code")
    with pytest.raises(Refused) as refused:
        api.report(1, featureId="llm-code")
    assert refused.value.code == "EntitlementUsageOutOfRangeError"
    with pytest.raises(Refused) as refused:
        api.report(-most, featureId="llm-code", updateBehavior="SET")
    assert refused.value.code == "UsageMeasurementDiffOutOfRangeError"
    assert api.report(-1, featureId="llm-code")["currentUsage"] == most - 1


WRONG_TYPES: list[tuple[Answer, str]] = [
    ({"amount": "1"}, "Float cannot represent '1'."),
    ({"amount": True}, "Float cannot represent True."),
    ({"amount": None}, "Expected value of non-null type 'Float!' not to be None."),
    ({"customerId": 7}, "String cannot represent a non string value: 7"),
    ({"createdAt": "yesterday"}, "DateTime cannot represent 'yesterday': ISO 8601 is expected."),
    ({"createdAt": 1_780_000_000}, "DateTime cannot represent 1780000000: ISO 8601 is expected."),
    ({"unknown": 1}, "is not defined by type 'ConsumeCreditInput'"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG_TYPES)
def test_a_value_of_the_wrong_type_is_refused_where_it_is(
    real: Api, wrong: Answer, sentence: str
) -> None:
    given = {"customerId": "customer-demo-01", "currencyId": CURRENCY, "amount": 1}
    given |= {"idempotencyKey": f"wrong-{sentence}"} | wrong
    document = "mutation ($i: ConsumeCreditInput!) { consumeCredits(input: $i) { amount } }"
    before = consumed(real)
    status, answer = real.post(
        simplejson.dumps({"query": document, "variables": {"i": given}}).encode()
    )
    assert (status, answer["data"]) == (200, None)
    assert answer["errors"][0]["extensions"]["code"] == "BadUserInput"
    assert "Variable '$i' has invalid value" in answer["errors"][0]["message"]
    assert sentence in answer["errors"][0]["message"]
    assert consumed(real) == before


def test_a_mutation_with_one_error_in_its_document_does_nothing(real: Api) -> None:
    before = consumed(real)
    for document in (
        MUTATION.replace("{ amount }", "{ amount wealth }"),
        MUTATION + " { customers { totalCount } }",
        MUTATION.replace("amount: 1", 'amount: "1"'),
    ):
        status, answer = real.post(simplejson.dumps({"query": document}).encode())
        assert (status, answer["data"]) == (200, None)
        assert answer["errors"][0]["extensions"]["code"] == "BadUserInput"
    assert consumed(real) == before


def test_each_execution_error_has_a_trace_id_of_its_own(shared: LocalApi) -> None:
    traces = set()
    for _ in range(3):
        with pytest.raises(NotFound) as refused:
            shared.grants(customerId="nobody")
        traces.add(refused.value.trace_id)
    assert len(traces) == 3


def test_a_request_has_a_largest_size(shared: LocalApi) -> None:
    _, answer = shared.post(b" " * (LARGEST_REQUEST + 1))
    assert answer["errors"][0]["message"] == f"A request has at most {LARGEST_REQUEST} bytes."


def test_the_operation_can_be_named_or_left_for_the_server_to_pick(shared: LocalApi) -> None:
    body: Answer = {"query": "query A { customers { totalCount } }"}
    for name in ({}, {"operationName": None}, {"operationName": "A"}):
        assert shared.post(simplejson.dumps(body | name).encode())[1] == {
            "data": {"customers": {"totalCount": 1}}
        }
    two = {"query": "query A { __typename } query B { customers { totalCount } }"}
    assert shared.post(simplejson.dumps(two | {"operationName": "A"}).encode())[1] == {
        "data": {"__typename": "Query"}
    }


def test_fragments_within_fragments_are_not_followed_along_every_path(shared: LocalApi) -> None:
    """Four times in each of 18 levels: 4^18 paths, and one field."""
    inner = (f"fragment F{n} on Query {{ {f'...F{n + 1} ' * 4}}}" for n in range(18))
    query = f"{{ ...F0 }} {' '.join(inner)} fragment F18 on Query {{ __typename }}"
    _, answer = shared.post(simplejson.dumps({"query": query}).encode())
    assert answer == {"data": {"__typename": "Query"}}


# The key


@pytest.mark.parametrize("key", [None, "", "server-other", "Server-local", "server-local2"])
def test_a_wrong_key_is_refused_with_http_200_and_changes_nothing(
    real: Api, key: str | None
) -> None:
    before = consumed(real)
    headers = {"other": "header"} if key is None else {"x-api-key": key}
    body = simplejson.dumps({"query": MUTATION}).encode()
    assert real.post(body, headers) == (
        200,
        {
            "data": None,
            "errors": [
                {
                    "message": "The API key is missing or wrong.",
                    "extensions": {"code": "Unauthenticated"},
                }
            ],
        },
    )
    assert consumed(real) == before


@pytest.mark.parametrize("name", ["X-API-KEY", "x-api-key", "X-Api-Key"])
def test_the_keys_header_is_read_whatever_its_case(served: MeteringProcess, name: str) -> None:
    _, answer = served.post(b'{"query": "{ __typename }"}', {name: SERVER_KEY})
    assert answer == {"data": {"__typename": "Query"}}


# What is not there

Call = Callable[[Api], object]
UNKNOWN: list[tuple[Call, str, str]] = [
    (lambda api: api.grant(1, customerId="nobody"), "CustomerNotFound", "customer 'nobody'"),
    (lambda api: api.consume(1, "k", customerId="nobody"), "CustomerNotFound", "'nobody'"),
    (lambda api: api.report(1, customerId="nobody"), "CustomerNotFound", "customer 'nobody'"),
    (lambda api: api.grants(customerId="nobody"), "CustomerNotFound", "customer 'nobody'"),
    (lambda api: api.ledger(customerId="nobody"), "CustomerNotFound", "customer 'nobody'"),
    (lambda api: api.usage(customerId="nobody"), "CustomerNotFound", "customer 'nobody'"),
    (lambda api: api.fields(customerId="nobody"), "CustomerNotFound", "customer 'nobody'"),
    (lambda api: api.balance(customerId="nobody"), "CustomerNotFound", "customer 'nobody'"),
    (lambda api: api.grants(resourceId="loft"), "CustomerResourceNotFound", "no resource 'loft'"),
    (lambda api: api.ledger(resourceId="loft"), "CustomerResourceNotFound", "no resource 'loft'"),
    (lambda api: api.usage(resourceId="loft"), "CustomerResourceNotFound", "no resource 'loft'"),
    (lambda api: api.fields(resourceId="loft"), "CustomerResourceNotFound", "no resource 'loft'"),
    (lambda api: api.balance(resourceId="loft"), "CustomerResourceNotFound", "resource 'loft'"),
    (lambda api: api.grant(1, currencyId="gold"), "CustomCurrencyNotFound", "currency 'gold'"),
    (lambda api: api.consume(1, "k", currencyId="gold"), "CustomCurrencyNotFound", "'gold'"),
    (lambda api: api.grants(currencyId="gold"), "CustomCurrencyNotFound", "currency 'gold'"),
    (lambda api: api.ledger(currencyId="gold"), "CustomCurrencyNotFound", "currency 'gold'"),
    (lambda api: api.usage(currencyId="gold"), "CustomCurrencyNotFound", "currency 'gold'"),
    (lambda api: api.fields(currencyId="gold"), "CustomCurrencyNotFound", "currency 'gold'"),
    (lambda api: api.balance(currencyId="gold"), "CustomCurrencyNotFound", "currency 'gold'"),
    (lambda api: api.report(1, featureId="magic"), "FeatureNotFound", "feature 'magic'"),
    (lambda api: api.provision(plan="plan-b"), "PlanNotFound", "plan 'plan-b'"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "code", "sentence"), UNKNOWN)
def test_what_is_unknown_is_named_with_its_code(
    shared: LocalApi, call: Call, code: str, sentence: str
) -> None:
    before = shared.service.store.rows("from queue"), shared.service.store.rows("from grants")
    with pytest.raises(NotFound) as refused:
        call(shared)
    assert refused.value.code == code
    assert sentence in refused.value.sentence
    after = shared.service.store.rows("from queue"), shared.service.store.rows("from grants")
    assert after == before
    assert consumed(shared) == 0


def test_a_refusal_says_that_it_is_one_of_validation(shared: LocalApi) -> None:
    _, answer = shared.post(
        b'{"query": "{ creditGrants(input: {customerId: \\"nobody\\"}) { totalCount } }"}'
    )
    (error,) = answer["errors"]
    assert error["path"] == ["creditGrants"]
    assert error["extensions"]["isValidationError"] is True


@pytest.mark.parametrize("customer_id", ["", "x" * 256])
def test_a_customer_has_an_id_of_1_to_255_characters(shared: LocalApi, customer_id: str) -> None:
    with pytest.raises(Refused, match="customerId must have 1 to 255 characters"):
        shared.provision(customer_id)
    assert len(shared.service.store.rows("from customers")) == 1


def test_a_failure_of_ours_tells_nothing_of_its_inside(
    api: LocalApi, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader gets a trace id, the log has the cause."""
    api.service.store.close()
    with caplog.at_level(logging.ERROR):
        _, answer = api.post(simplejson.dumps({"query": MUTATION}).encode())
    (error,) = answer["errors"]
    assert error["message"] == "The local metering API failed; its log has the details."
    assert error["extensions"]["code"] == "UnexpectedError"
    (record,) = caplog.records
    assert error["extensions"]["traceId"] in record.getMessage()
    assert record.exc_info is not None
    assert "onnection" in str(record.exc_info[1])
