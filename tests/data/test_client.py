"""The client: what it retries and how long it waits, and what each failure says to the reader."""

import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import simplejson
from local_metering import (
    CONSUME,
    CURRENCY,
    FIELDS,
    Api,
    MeteringProcess,
    free_port,
)

from data.metering import errors
from data.metering.client import ATTEMPTS, LONGEST_WAIT, PAGE_SIZE, MeteringClient
from data.metering.service.app import SERVER_KEY

URL = "http://127.0.0.1:1/graphql"
QUERY = "query Hello($name: String) { hello(name: $name) }"
CUSTOMERS = """query ($filter: CustomerFilter, $paging: CursorPaging) {
    customers(filter: $filter, paging: $paging) {
    pageInfo { endCursor hasNextPage } edges { node { customerId } } } }"""
MUTATION = "mutation Shout { shout }"

Reply = httpx.Response | Exception
Waits = list[float]

pytestmark = pytest.mark.xdist_group("metering over http")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """How long the client waited between attempts: written down instead of slept.

    stamina's own testing mode sets every wait to 0, so the sleep of its retries is replaced.
    """
    waits: Waits = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=waits.append))
    return waits


class Faulty:
    """A transport that replies as told, in turn; the last reply again and again."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def client(self, **options: Any) -> MeteringClient:
        return MeteringClient(URL, "server-x", transport=httpx.MockTransport(self), **options)


def answer(**data: object) -> httpx.Response:
    return httpx.Response(200, json={"data": data})


def error(code: str | None, message: str = "Because.", **extensions: object) -> httpx.Response:
    told = extensions if code is None else {"code": code, **extensions}
    body = {"errors": [{"message": message, "extensions": told}], "data": None}
    return httpx.Response(200, json=body)


PASSING = {
    "too many requests": lambda: httpx.Response(429),
    "too many, by code": lambda: error("RateLimitExceeded"),
    "a failure": lambda: httpx.Response(500),
    "a bad gateway": lambda: httpx.Response(502, text="<html>"),
    "a failure, by code": lambda: error("UnexpectedError"),
    "no answer in time, by code": lambda: error("OperationTimeout"),
    "no answer in time": lambda: httpx.ReadTimeout("slow"),
    "no connection in time": lambda: httpx.ConnectTimeout("slow"),
    "no connection": lambda: httpx.ConnectError("refused"),
    "a cut connection": lambda: httpx.RemoteProtocolError("cut"),
}
LASTING = {
    "a wrong key": lambda: httpx.Response(401),
    "a key without the right": lambda: httpx.Response(403),
    "an unknown customer": lambda: error("CustomerNotFound"),
    "bad input": lambda: error("BadUserInput"),
    "another refusal": lambda: error("CreditGrantAlreadyVoided"),
    "no JSON": lambda: httpx.Response(200, text="<html>"),
}
passing = pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
lasting = pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING.keys())
Fault = Callable[[], Reply]


# What is retried


@passing
def test_a_read_is_asked_again_until_it_is_answered(fault: Fault, waits: Waits) -> None:
    api = Faulty(fault(), fault(), answer(hello="there"))
    assert api.client().ask(QUERY, {}) == {"hello": "there"}
    assert len(api.requests) == 3
    assert len({request.content for request in api.requests}) == 1
    assert len(waits) == 2


@passing
def test_a_read_gives_up_after_its_attempts(fault: Fault, waits: Waits) -> None:
    api = Faulty(fault())
    with pytest.raises(errors.MeteringError):
        api.client().ask(QUERY, {})
    assert (len(api.requests), len(waits)) == (ATTEMPTS, ATTEMPTS - 1)


@lasting
def test_what_would_fail_again_is_not_asked_again(fault: Fault, waits: Waits) -> None:
    api = Faulty(fault())
    with pytest.raises(errors.MeteringError):
        api.client().ask(QUERY, {})
    assert (len(api.requests), waits) == (1, [])


@passing
def test_a_write_without_a_key_is_sent_once(fault: Fault, waits: Waits) -> None:
    api = Faulty(fault(), answer(shout="done"))
    with pytest.raises(errors.MeteringError):
        api.client().tell(MUTATION, {}, is_keyed=False)
    assert (len(api.requests), waits) == (1, [])


@passing
def test_a_write_with_a_key_is_sent_again(fault: Fault, waits: Waits) -> None:
    api = Faulty(fault(), answer(shout="done"))
    assert api.client().tell(MUTATION, {}, is_keyed=True) == {"shout": "done"}
    assert (len(api.requests), len(waits)) == (2, 1)


def test_waits_grow_and_have_jitter(waits: Waits) -> None:
    for _ in range(20):
        with pytest.raises(errors.ServerFault):
            Faulty(httpx.Response(500)).client().ask(QUERY, {})
    rounds = [waits[n : n + ATTEMPTS - 1] for n in range(0, len(waits), ATTEMPTS - 1)]
    for first, second, third in rounds:
        assert 0.1 <= first <= 1.1
        assert 0.2 <= second <= 1.2
        assert 0.4 <= third <= 1.4
    assert len(set(waits)) > len(waits) / 2


# How long the API asked to wait


@pytest.mark.parametrize(
    ("header", "wait"), [("7", 7), ("0", 0), ("30", 30), ("3600", LONGEST_WAIT)]
)
def test_retry_after_in_seconds_is_waited_up_to_a_longest_wait(
    header: str, wait: float, waits: Waits
) -> None:
    busy = httpx.Response(429, headers={"Retry-After": header})
    Faulty(busy, answer(hello="there")).client().ask(QUERY, {})
    assert waits == [wait]


@pytest.mark.parametrize(
    ("ahead", "least", "most"), [(20, 17, 20), (-60, 0, 0), (3600, LONGEST_WAIT, LONGEST_WAIT)]
)
@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_retry_after_as_a_date_is_waited_for(
    ahead: float, least: float, most: float, zone: str, waits: Waits
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    busy = httpx.Response(429, headers={"Retry-After": date.replace("GMT", zone)})
    Faulty(busy, answer(hello="there")).client().ask(QUERY, {})
    (waited,) = waits
    assert least <= waited <= most


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "²"])
def test_a_retry_after_that_cannot_be_read_is_as_none(header: str, waits: Waits) -> None:
    busy = httpx.Response(429, headers={"Retry-After": header.encode("latin-1")})
    Faulty(busy, answer(hello="there")).client().ask(QUERY, {})
    (waited,) = waits
    assert 0.1 <= waited <= 1.1


def test_each_wait_is_the_one_of_its_own_answer(waits: Waits) -> None:
    busy = [httpx.Response(429, headers={"Retry-After": wait}) for wait in ("3", "5")]
    Faulty(*busy, answer(hello="there")).client().ask(QUERY, {})
    assert waits == [3, 5]


def test_rate_limiting_tells_how_long_the_api_asked_to_wait() -> None:
    busy = Faulty(httpx.Response(429, headers={"Retry-After": "9"}))
    with pytest.raises(errors.RateLimited) as limited:
        busy.client(attempts=1).ask(QUERY, {})
    assert limited.value.wait == 9


# What each failure says

SENTENCES = [
    pytest.param(
        httpx.ConnectError("refused"),
        errors.NotSent,
        f"The metering API at {URL} cannot be reached. Is it running, "
        "and is METERING_API_URL right?",
        id="no connection",
    ),
    pytest.param(
        httpx.RemoteProtocolError("disconnected"),
        errors.Unreachable,
        f"The metering API at {URL} cannot be reached. Is it running, "
        "and is METERING_API_URL right?",
        id="lost connection",
    ),
    pytest.param(
        httpx.ReadTimeout("slow"),
        errors.TimedOut,
        "The metering API did not answer within 2.5 seconds.",
        id="no answer in time",
    ),
    pytest.param(httpx.Response(401), errors.KeyRefused, errors.BAD_KEY, id="401"),
    pytest.param(
        httpx.Response(403),
        errors.AccessDenied,
        "The key may not use this part of the metering API.",
        id="403",
    ),
    pytest.param(httpx.Response(429), errors.RateLimited, errors.TOO_MANY, id="429"),
    pytest.param(httpx.Response(503), errors.ServerFault, f"{errors.FAILED} (HTTP 503)", id="503"),
]


@pytest.mark.parametrize(("fault", "kind", "sentence"), SENTENCES)
def test_a_failed_request_is_a_sentence(
    fault: Reply, kind: type[errors.MeteringError], sentence: str
) -> None:
    with pytest.raises(kind) as failed:
        Faulty(fault).client(attempts=1, timeout=2.5).ask(QUERY, {})
    assert type(failed.value) is kind
    assert str(failed.value) == failed.value.sentence == sentence


CODES: list[tuple[str | None, type[errors.MeteringError], str]] = [
    ("Unauthenticated", errors.KeyRefused, errors.BAD_KEY),
    ("ApiKeyExpired", errors.KeyRefused, errors.BAD_KEY),
    ("AccessDeniedError", errors.AccessDenied, "Because."),
    ("IdentityForbidden", errors.AccessDenied, "Because."),
    ("CustomerNotFound", errors.NotFound, "Because."),
    ("CustomerResourceNotFound", errors.NotFound, "Because."),
    ("FeatureNotFound", errors.NotFound, "Because."),
    ("CustomCurrencyNotFound", errors.NotFound, "Because."),
    ("CreditGrantNotFound", errors.NotFound, "Because."),
    ("ProductNotFoundError", errors.NotFound, "Because."),
    ("BadUserInput", errors.BadInput, "Because."),
    ("InvalidArgumentError", errors.BadInput, "Because."),
    ("UnsupportedParameter", errors.BadInput, "Because."),
    ("CreditGrantCannotBeVoided", errors.Refused, "Because."),
    ("SomethingNewOfTheirs", errors.Refused, "Because."),
    ("RateLimitExceeded", errors.RateLimited, errors.TOO_MANY),
    ("UnexpectedError", errors.ServerFault, f"{errors.FAILED} It said: Because."),
    ("OperationTimeout", errors.ServerFault, f"{errors.FAILED} It said: Because."),
    (None, errors.ServerFault, f"{errors.FAILED} It said: Because."),
]


@pytest.mark.parametrize(("code", "kind", "sentence"), CODES, ids=[str(row[0]) for row in CODES])
def test_an_error_code_becomes_a_kind_of_error_and_a_sentence(
    code: str | None, kind: type[errors.MeteringError], sentence: str
) -> None:
    with pytest.raises(errors.MeteringError) as failed:
        Faulty(error(code)).client(attempts=1).ask(QUERY, {})
    assert type(failed.value) is kind
    assert failed.value.sentence == sentence
    assert failed.value.code == (code or "")


def test_a_refusal_keeps_the_code_and_the_trace_of_the_api() -> None:
    with pytest.raises(errors.NotFound) as failed:
        Faulty(error("CustomerNotFound", traceId="trace-7")).client().ask(QUERY, {})
    assert (failed.value.code, failed.value.trace_id) == ("CustomerNotFound", "trace-7")


def test_the_first_of_several_errors_is_told_and_half_an_answer_is_none() -> None:
    body = {
        "data": {"hello": "half"},
        "errors": [
            {"message": "First.", "extensions": {"code": "BadUserInput"}},
            {"message": "Second."},
        ],
    }
    with pytest.raises(errors.BadInput, match=r"^First\.$"):
        Faulty(httpx.Response(200, json=body)).client().ask(QUERY, {})


@pytest.mark.parametrize(
    "body",
    [
        '{"errors": ["x"]}',
        '{"errors": "x"}',
        '{"errors": {"message": "x"}}',
        '{"errors": [{}], "data": {}}',
        '{"errors": [{"message": null, "extensions": null}]}',
        '{"errors": [{"extensions": "BadUserInput"}]}',
        '{"errors": [{"extensions": {"code": null, "traceId": 7}}]}',
    ],
)
def test_an_error_of_an_odd_shape_is_still_an_error_of_the_api(body: str) -> None:
    with pytest.raises(errors.ServerFault):
        Faulty(httpx.Response(200, text=body)).client(attempts=1).ask(QUERY, {})


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<!doctype html><title>Sign in</title>"),
        (200, b'{"data": {"hello": "the'),
        (200, b"\xff\xfe"),
        (200, b"[]"),
        (200, b"7"),
        (200, b"{}"),
        (200, b'{"data": null}'),
        (200, b'{"data": [1]}'),
        (200, b'{"data": null, "errors": []}'),
        (301, b""),
        (404, b"Not found"),
        (400, b"<html>"),
    ],
)
def test_an_answer_that_is_not_graphql_says_where_to_look(status: int, body: bytes) -> None:
    with pytest.raises(errors.BrokenAnswer) as broken:
        Faulty(httpx.Response(status, content=body)).client().ask(QUERY, {})
    assert broken.value.sentence == (
        f"The metering API gave an answer that is not GraphQL (HTTP {status}, {len(body)} bytes). "
        "Does METERING_API_URL end in /graphql?"
    )


def test_a_refusal_with_http_400_is_read_like_any_other() -> None:
    body = {"errors": [{"message": "No.", "extensions": {"code": "BadUserInput"}}]}
    with pytest.raises(errors.BadInput, match=r"^No\.$"):
        Faulty(httpx.Response(400, json=body)).client().ask(QUERY, {})


@pytest.mark.parametrize("url", ["http://[", "ftp://127.0.0.1/graphql", "http://"])
def test_an_address_that_cannot_be_one_is_a_sentence(url: str) -> None:
    client = MeteringClient(url, "server-x", attempts=1)
    with pytest.raises(errors.Unreachable, match="is METERING_API_URL right"):
        client.ask(QUERY, {})
    client.close()


def test_every_error_is_a_metering_error_and_in_the_modules_tree() -> None:
    kinds = [
        k for k in vars(errors).values() if isinstance(k, type) and k.__module__ == errors.__name__
    ]
    assert all(issubclass(kind, errors.MeteringError) for kind in kinds)
    tree = re.findall(r"(?:^|─ )([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    assert [kind.__name__ for kind in kinds] == tree[1:]


# The request


def test_a_request_carries_the_key_and_the_document_with_its_variables() -> None:
    api = Faulty(answer(hello="there"))
    api.client().ask(QUERY, {"name": "Ada"})
    (request,) = api.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["X-API-KEY"] == "server-x"
    assert request.headers["Content-Type"] == "application/json"
    assert simplejson.loads(request.content) == {"query": QUERY, "variables": {"name": "Ada"}}


def test_amounts_and_times_are_sent_as_they_are() -> None:
    api = Faulty(answer(hello="there"))
    amount, when = Decimal("123456789012.345678"), datetime(2026, 5, 1, 12, 30)
    api.client().ask(QUERY, {"amount": amount, "tenth": Decimal("0.10"), "at": when})
    (request,) = api.requests
    assert b'"amount": 123456789012.345678' in request.content
    assert b'"tenth": 0.10' in request.content
    assert b'"at": "2026-05-01T12:30:00.000000Z"' in request.content


def test_what_has_no_form_on_the_wire_is_not_sent() -> None:
    api = Faulty(answer(hello="there"))
    with pytest.raises(TypeError, match="set cannot be sent"):
        api.client().ask(QUERY, {"names": {"Ada"}})
    assert api.requests == []


def test_numbers_arrive_exactly_as_they_were_written() -> None:
    written = "[123456789012.345678, 0.1, 1E+2, 999999999999999999, -0.000001, 3, 3.0]"
    api = Faulty(httpx.Response(200, text=f'{{"data": {{"amounts": {written}}}}}'))
    amounts = api.client().ask(QUERY, {})["amounts"]
    assert [str(amount) for amount in amounts] == written.strip("[]").split(", ")
    assert [type(amount) for amount in amounts] == [*[Decimal] * 3, int, Decimal, int, Decimal]


# Pages


class Listing:
    """A connection of numbers in pages, replied to whatever way they are asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        variables = simplejson.loads(request.content)["variables"]
        paging = variables.get("paging") or variables["input"]["paging"]
        self.asked.append(variables)
        start = int(paging.get("after", 0))
        end = min(self.size, start + paging["first"])
        return answer(
            things={
                "edges": [{"node": number} for number in range(start, end)],
                "pageInfo": {"endCursor": str(end), "hasNextPage": end < self.size},
            }
        )

    def client(self) -> MeteringClient:
        return MeteringClient(URL, "server-x", transport=httpx.MockTransport(self))


@pytest.mark.parametrize(
    ("size", "pages"), [(0, 1), (1, 1), (PAGE_SIZE, 1), (PAGE_SIZE + 1, 2), (3 * PAGE_SIZE, 3)]
)
def test_all_pages_are_walked_in_order(size: int, pages: int) -> None:
    listing = Listing(size)
    assert listing.client().ask_nodes(QUERY, {}, "things") == list(range(size))
    assert len(listing.asked) == pages


def test_no_more_pages_are_asked_for_than_are_wanted() -> None:
    listing = Listing(10 * PAGE_SIZE)
    assert len(listing.client().ask_nodes(QUERY, {}, "things", most=150)) == 2 * PAGE_SIZE
    assert len(listing.asked) == 2


def test_paging_goes_into_the_input_where_there_is_one() -> None:
    listing = Listing(PAGE_SIZE + 1)
    listing.client().ask_pages(QUERY, {"input": {"customerId": "c"}}, "things")
    assert listing.asked == [
        {"input": {"customerId": "c", "paging": {"first": 100}}},
        {"input": {"customerId": "c", "paging": {"first": 100, "after": "100"}}},
    ]
    listing.asked.clear()
    listing.client().ask_pages(QUERY, {"filter": {}}, "things")
    assert listing.asked[1] == {"filter": {}, "paging": {"first": 100, "after": "100"}}


@pytest.mark.parametrize("cursor", [None, "same"])
def test_a_list_that_never_moves_on_is_not_walked_for_ever(cursor: str | None) -> None:
    page = {"edges": [], "pageInfo": {"endCursor": cursor, "hasNextPage": True}}
    api = Faulty(answer(things=page))
    with pytest.raises(errors.BrokenAnswer, match="no way on to the next page of things"):
        api.client().ask_pages(QUERY, {}, "things")
    assert len(api.requests) <= 2


# Real connections


def test_a_silent_server_is_timed_out_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/graphql"
        client = MeteringClient(url, "server-x", timeout=0.05, attempts=1)
        with pytest.raises(errors.TimedOut, match=r"within 0\.05 seconds"):
            client.ask(QUERY, {})
        client.close()


def test_nobody_listening_is_unreachable(waits: Waits) -> None:
    client = MeteringClient(f"http://127.0.0.1:{free_port()}/graphql", "server-x")
    with pytest.raises(errors.Unreachable):
        client.ask(QUERY, {})
    assert len(waits) == ATTEMPTS - 1
    client.close()


@pytest.fixture(params=["inside", "over http"])
def real(request: pytest.FixtureRequest) -> Api:
    """The local service, in this process and over HTTP, with a customer of this test's own."""
    api: Api = request.getfixturevalue("shared" if request.param == "inside" else "served")
    api.provision("customer-of-the-client")
    return api


def test_18_digits_survive_the_way_there_and_back(real: Api) -> None:
    amount = Decimal("123456789012.345678")
    given = {"customerId": "customer-of-the-client", "currencyId": "api-credits"}
    granted = real.grant(amount, **given)
    assert granted["amount"] == amount
    assert isinstance(granted["amount"], Decimal)
    listed = [grant["amount"] for grant in real.grants(**given)]
    assert amount in listed
    assert real.balance(**given)["totalGranted"] == sum(listed)


def test_the_services_refusals_are_the_clients_errors(real: Api) -> None:
    with pytest.raises(errors.NotFound) as missing:
        real.fields(customerId="nobody")
    assert missing.value.sentence == "There is no customer 'nobody'."
    assert (missing.value.code, len(missing.value.trace_id)) == ("CustomerNotFound", 32)
    with pytest.raises(errors.BadInput, match="The amount of a grant must be above 0"):
        real.grant(0, customerId="customer-of-the-client")


def test_lists_longer_than_a_page_arrive_whole(real: Api) -> None:
    made = [f"customer-paged-{number:03}" for number in range(PAGE_SIZE + 5)]
    for customer_id in made:
        real.provision(customer_id, plan=None)
    given = {"filter": {"customerId": {"like": "customer-paged-%"}}}
    found = real.client.ask_nodes(CUSTOMERS, given, "customers")
    assert sorted(customer["customerId"] for customer in found) == made


def test_a_wrong_key_is_refused_with_the_settings_name(served: MeteringProcess) -> None:
    client = MeteringClient(served.url, "server-of-somebody-else")
    with pytest.raises(errors.KeyRefused) as refused:
        client.ask(FIELDS, {"input": {"customerId": "customer-demo-01"}})
    assert refused.value.sentence == errors.BAD_KEY
    assert "METERING_API_KEY" in refused.value.sentence
    client.close()


@pytest.mark.parametrize("path", ["", "healthz", "wrong"])
def test_a_wrong_path_says_where_to_look(served: MeteringProcess, path: str) -> None:
    client = MeteringClient(served.url.removesuffix("graphql") + path, SERVER_KEY)
    with pytest.raises(errors.BrokenAnswer, match="Does METERING_API_URL end in /graphql"):
        client.ask(FIELDS, {"input": {"customerId": "customer-demo-01"}})
    client.close()


def test_a_write_that_is_sent_twice_with_its_key_is_done_once(real: Api, waits: Waits) -> None:
    """The first answer is lost on its way back, and the client cannot know."""
    answers: list[httpx.Response | Exception] = [httpx.ReadError("the answer was lost")]

    def lose_the_first(request: httpx.Request) -> httpx.Response:
        _, body = real.post(request.content)
        if answers:
            raise answers.pop()
        return httpx.Response(200, content=simplejson.dumps(body, use_decimal=True))

    client = MeteringClient(URL, "server-x", transport=httpx.MockTransport(lose_the_first))
    given = {"customerId": "customer-of-the-client", "resourceId": "lost", "currencyId": CURRENCY}
    given |= {"amount": 7, "idempotencyKey": "once"}
    consumed = client.tell(CONSUME, {"input": given}, is_keyed=True)["consumeCredits"]
    assert (consumed["credit"]["currentUsage"], len(waits)) == (7, 1)


def test_one_client_serves_many_threads(real: Api) -> None:
    given = {"customerId": "customer-of-the-client", "resourceId": "threads"}
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: real.consume(1, f"thread-{n}", **given), range(40)))
    last = real.consume(1, "thread-last", **given)
    assert last["credit"]["currentUsage"] == 41
