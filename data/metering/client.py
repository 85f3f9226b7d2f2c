"""The client of the metering API: one request and its retries, errors as readable sentences.

The transport is the only difference between the hosted API, the local service and a test.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import httpx
import simplejson
import stamina

from data.metering.errors import (
    BAD_KEY,
    FAILED,
    TOO_MANY,
    AccessDenied,
    BrokenAnswer,
    KeyRefused,
    MeteringError,
    NotSent,
    RateLimited,
    ServerFault,
    TimedOut,
    Unreachable,
    refusal,
)

ATTEMPTS = 4
LONGEST_WAIT = 30.0
PAGE_SIZE = 100
UNSENT = (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Raised before anything of a request has left."""

Variables = Mapping[str, object]
Answer = dict[str, Any]
Respond = Callable[[Mapping[str, str], bytes], tuple[int, bytes]]


class MeteringClient:
    """Asks one metering API; safe to share between threads.

    `ask` is for reading and is retried with jitter. `tell` is for writing and is retried only
    when the write carries an idempotency key, since otherwise a retry could do it twice.
    JSON numbers come back as Decimal or int, exactly as they were written.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 10.0,
        attempts: int = ATTEMPTS,
    ) -> None:
        self.url = url
        self._attempts = attempts
        self._timeout = timeout
        self._http = httpx.Client(
            transport=transport,
            timeout=timeout,
            headers={"X-API-KEY": key, "Content-Type": "application/json"},
        )

    @classmethod
    def inside(cls, respond: Respond, key: str) -> "MeteringClient":
        """A client of a service in this process: the same requests, carried by a function call."""

        def carry(request: httpx.Request) -> httpx.Response:
            status, body = respond(request.headers, request.content)
            return httpx.Response(status, content=body)

        return cls("http://inside/graphql", key, transport=httpx.MockTransport(carry))

    def close(self) -> None:
        self._http.close()

    def ask(self, document: str, variables: Variables) -> Answer:
        """The `data` of a query's answer; raises MeteringError."""
        return self._retried(document, variables)

    def tell(
        self, document: str, variables: Variables, *, is_keyed: bool, request_id: str | None = None
    ) -> Answer:
        """The `data` of a mutation's answer; `is_keyed` when it carries an idempotency key.

        `request_id` goes along as a header, for the logs on the way.
        """
        headers = {"X-Request-ID": request_id} if request_id else None
        if not is_keyed:
            return self._send(document, variables, headers)
        return self._retried(document, variables, headers)

    def ask_pages(
        self, document: str, variables: Mapping[str, Any], root: str, *, most: int | None = None
    ) -> list[Answer]:
        """The pages of a list under `root`, all or until `most` items were asked for."""
        answers: list[Answer] = []
        for answer in walk_pages(partial(self.ask, document), variables, root):
            answers.append(answer)
            if most is not None and len(answers) * PAGE_SIZE >= most:
                break
        return answers

    def ask_nodes(
        self, document: str, variables: Mapping[str, Any], root: str, *, most: int | None = None
    ) -> list[Answer]:
        """The nodes of a connection, over its pages."""
        pages = self.ask_pages(document, variables, root, most=most)
        return [edge["node"] for page in pages for edge in page["edges"]]

    def _retried(
        self, document: str, variables: Variables, headers: Mapping[str, str] | None = None
    ) -> Answer:
        for attempt in stamina.retry_context(_backoff, attempts=self._attempts, timeout=60.0):
            with attempt:
                return self._send(document, variables, headers)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(
        self, document: str, variables: Variables, headers: Mapping[str, str] | None = None
    ) -> Answer:
        body = simplejson.dumps(
            {"query": document, "variables": variables}, use_decimal=True, default=_wire
        )
        try:
            response = self._http.post(self.url, content=body.encode(), headers=headers)
        except httpx.TimeoutException:
            raise TimedOut(
                f"The metering API did not answer within {self._timeout:g} seconds."
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            is_unsent = isinstance(error, UNSENT)
            raise (NotSent if is_unsent else Unreachable)(
                f"The metering API at {self.url} cannot be reached. Is it running, "
                "and is METERING_API_URL right?"
            ) from None
        _check_status(response)
        return _read(response)


def walk_pages(
    ask: Callable[[Variables], Answer], variables: Mapping[str, Any], root: str
) -> Iterator[Answer]:
    """The pages of a list under `root`, each asked for when the one before it was taken.

    The document takes `$paging`, or has `paging` in its `$input`. Raises BrokenAnswer where the
    API says that there is more and gives no way on.
    """
    after = None
    while True:
        page = {"first": PAGE_SIZE} | ({"after": after} if after else {})
        answer = ask(_paged(variables, page))[root]
        yield answer
        if not answer["pageInfo"]["hasNextPage"]:
            return
        before, after = after, answer["pageInfo"]["endCursor"]
        if after in (None, before):
            raise BrokenAnswer(f"The metering API gave no way on to the next page of {root}.")


def _paged(variables: Mapping[str, Any], page: Mapping[str, object]) -> Variables:
    if "input" in variables:
        return {**variables, "input": {**variables["input"], "paging": page}}
    return {**variables, "paging": page}


def _wire(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds") + "Z"
    raise TypeError(f"{type(value).__name__} cannot be sent to the metering API")


def _backoff(error: Exception) -> bool | float:
    """Whether, and where the API said so how long from now, to try again."""
    if isinstance(error, RateLimited) and error.wait is not None:
        return min(error.wait, LONGEST_WAIT)
    return isinstance(error, Unreachable | TimedOut | RateLimited | ServerFault)


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 401:
        raise KeyRefused(BAD_KEY)
    if status == 403:
        raise AccessDenied("The key may not use this part of the metering API.")
    if status == 429:
        raise RateLimited(TOO_MANY, wait=_retry_after(response))
    if status >= 500:
        raise ServerFault(f"{FAILED} (HTTP {status})")


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds from the Retry-After header, given as a number or as a date."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:  # "-0000" means UTC
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _read(response: httpx.Response) -> Answer:
    try:
        answer = simplejson.loads(response.content, parse_float=Decimal)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not (
        answer.get("errors") or isinstance(answer.get("data"), dict)
    ):
        raise BrokenAnswer(
            "The metering API gave an answer that is not GraphQL "
            f"(HTTP {response.status_code}, {len(response.content)} bytes). "
            "Does METERING_API_URL end in /graphql?"
        )
    if answer.get("errors"):
        raise _refusal(answer["errors"])
    data: Answer = answer["data"]
    return data


def _refusal(errors: Any) -> MeteringError:
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    return refusal(
        str(first.get("message", "no message")), extensions if isinstance(extensions, dict) else {}
    )
