"""One request of the local metering API: bytes in, status and bytes out; and its HTTP server."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import simplejson
from graphql import ExecutionResult, GraphQLError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from data.credits.amounts import AmountError
from data.metering.service.faults import Fault
from data.metering.service.graphql import execute
from data.metering.service.service import Service

logger = logging.getLogger(__name__)

SERVER_KEY = "server-local"
CLIENT_KEY = "client-local"
"""Publishable: it reads (contract, section 1)."""
LARGEST_REQUEST = 64 * 2**20


def respond(service: Service, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Answer one POST to /graphql. Errors of the business are HTTP 200 (contract, section 1)."""
    key = headers.get("x-api-key")
    if key not in (SERVER_KEY, CLIENT_KEY):
        return _refuse("Unauthenticated", "The API key is missing or wrong.")
    if len(body) > LARGEST_REQUEST:
        return _refuse("BadUserInput", f"A request has at most {LARGEST_REQUEST} bytes.")
    try:
        request = _read(body)
    except (ValueError, RecursionError):
        return _refuse("BadUserInput", "The request is not JSON in UTF-8.")
    if isinstance(request, list):
        return _refuse("GraphQLBatchedOperationsLimitExceeded", "One operation in a request.")
    if not isinstance(request, dict) or not isinstance(request.get("query"), str):
        return _refuse("BadUserInput", "The request must be one object with a query.")
    variables = request.get("variables") or {}
    if not isinstance(variables, dict):
        return _refuse("BadUserInput", "variables must be an object.")
    result = execute(
        service,
        request["query"],
        variables,
        request.get("operationName"),
        may_write=key == SERVER_KEY,
    )
    return 200, _encode(_answer(result))


def _read(body: bytes) -> Any:
    """The JSON in the body; ValueError also for halves of characters, which no store can keep."""
    request = simplejson.loads(body, use_decimal=True)
    if b"\\ud" in body.lower():
        simplejson.dumps(request, use_decimal=True, ensure_ascii=False).encode()
    return request


def over_http(service: Service) -> Starlette:
    """The service as an ASGI app with /graphql and /healthz."""

    async def graphql(request: Request) -> Response:
        body = await request.body()
        status, payload = await run_in_threadpool(respond, service, request.headers, body)
        return Response(payload, status, media_type="application/json")

    async def healthz(_request: Request) -> Response:
        return Response("ok")

    return Starlette(
        routes=[Route("/graphql", graphql, methods=["POST"]), Route("/healthz", healthz)]
    )


def _answer(result: ExecutionResult) -> dict[str, Any]:
    if not result.errors:
        return {"data": result.data}
    return {"errors": [_error(error) for error in result.errors], "data": None}


def _error(error: GraphQLError) -> dict[str, Any]:
    trace_id = uuid4().hex
    cause = error.original_error
    extensions: dict[str, Any] = {"code": "BadUserInput", "traceId": trace_id}
    message = error.message
    if isinstance(cause, Fault):
        extensions |= {"code": cause.code, "isValidationError": True, **cause.details}
    elif cause is not None and not isinstance(cause, GraphQLError | AmountError):
        logger.error("request %s failed", trace_id, exc_info=cause)
        extensions["code"] = "UnexpectedError"
        message = "The local metering API failed; its log has the details."
    return {"message": message, "path": error.path, "extensions": extensions}


def _refuse(code: str, message: str) -> tuple[int, bytes]:
    return 200, _encode(
        {"errors": [{"message": message, "extensions": {"code": code}}], "data": None}
    )


def _encode(answer: dict[str, Any]) -> bytes:
    return simplejson.dumps(answer, use_decimal=True, ignore_nan=True).encode()
