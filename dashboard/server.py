"""The server: the app with compression, security headers, /healthz, and the local metering API."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.settings import Settings, read_settings
from dashboard.sources import current
from data.metering.service.app import over_http

APP = Path(__file__).parent / "app.py"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}
COMPRESS_FROM = 1024

logger = logging.getLogger(__name__)


class SecurityHeaders:
    """Adds the headers to every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def serve(settings: Settings) -> None:
    """Connect the sources, building the demo company the first time, then serve the app."""
    print("Connecting the sources (the first time, the demo company is built) …", flush=True)
    sources = current()
    if sources.problem:
        print(sources.problem, file=sys.stderr, flush=True)
    print(f"\n  Credits: http://{settings.host}:{settings.port}\n", flush=True)
    app().run(config={"server.port": settings.port, "server.address": settings.host})


def app() -> st.App:
    return st.App(
        APP,
        lifespan=_lifespan,
        routes=routes(),
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(GZipMiddleware, minimum_size=COMPRESS_FROM),
        ],
        on_script_error=_say_so,
    )


def routes() -> list[BaseRoute]:
    """/healthz, and /metering/graphql where this process owns a local metering API.

    Where roles are in force the API is not handed out: its key, which everyone knows, may do all.
    """
    service = current().service
    has_roles = read_settings().role_header is not None
    mounted = [Mount("/metering", over_http(service))] if service and not has_roles else []
    return [Route("/healthz", _healthz), *mounted]


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    yield
    current().close()


async def _healthz(_request: Request) -> Response:
    sources = current()
    return JSONResponse({"live": sources.live is not None, "extract": sources.extract is not None})


def _say_so(error: Exception) -> bool:
    """The last resort: a sentence where Streamlit would show the exception."""
    logger.error("the script failed", exc_info=error)
    st.error("Something went wrong that this page does not know. It has been logged.")
    return True
