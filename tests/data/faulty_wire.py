"""A wire to a real local metering API on which things go wrong, one fault at a time."""

from collections.abc import Callable
from functools import partial

import httpx
import simplejson
from local_metering import LocalApi

from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, respond

Answered = Callable[[], httpx.Response]
Fault = Callable[[httpx.Request, Answered], httpx.Response]
"""(the request, how the API would answer it) → what comes back of it"""


class Wire:
    """Counts what each operation was sent; `faults` are used up in order, one for each request."""

    def __init__(self, api: LocalApi) -> None:
        self.api = api
        self.faults: dict[str, list[Fault]] = {}
        self.sent: list[str] = []
        transport = httpx.MockTransport(self)
        self.client = MeteringClient("http://api/graphql", SERVER_KEY, transport=transport)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = simplejson.loads(request.content)["query"]
        operation = query.split("(")[0].split()[-1]
        self.sent.append(operation)
        waiting = self.faults.get(operation)
        answered = partial(self._answered, request)
        return waiting.pop(0)(request, answered) if waiting else answered()

    def fail(self, operation: str, *faults: Fault) -> None:
        self.faults[operation] = list(faults)

    def count(self, operation: str) -> int:
        return self.sent.count(operation)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        status, body = respond(self.api.service, request.headers, request.content)
        return httpx.Response(status, content=body)


def answer_lost(request: httpx.Request, answered: Answered) -> httpx.Response:
    """The API does it, and the client has given up waiting."""
    answered()
    raise httpx.ReadTimeout("timed out", request=request)


def bad_gateway(_: httpx.Request, answered: Answered) -> httpx.Response:
    """The API does it, and the gateway before it fails."""
    answered()
    return httpx.Response(502, content=b"<html>Bad Gateway</html>")


def garbled(_: httpx.Request, answered: Answered) -> httpx.Response:
    """The API does it, and half of its answer arrives."""
    return httpx.Response(200, content=answered().content[:20])


def cut_off_after(request: httpx.Request, answered: Answered) -> httpx.Response:
    """The API does it, and the network drops on the way back."""
    answered()
    raise httpx.ReadError("connection reset", request=request)


def dropped(request: httpx.Request, _: Answered) -> httpx.Response:
    """The network drops midway: the API has never seen it."""
    raise httpx.RemoteProtocolError("server disconnected", request=request)


def no_connection(request: httpx.Request, _: Answered) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def too_many(_: httpx.Request, __: Answered) -> httpx.Response:
    return httpx.Response(429)


def crash(_: httpx.Request, __: Answered) -> httpx.Response:
    """This process ends here: nothing after this line runs."""
    raise SystemExit


def crash_after(_: httpx.Request, answered: Answered) -> httpx.Response:
    answered()
    raise SystemExit
