"""Sessions that a reverse proxy has signed in, by the headers it sends."""

import pytest
from streamlit.runtime.context import ContextProxy, StreamlitHeaders

USER, ROLE = "X-Forwarded-User", "X-Forwarded-Role"


def send_headers(monkeypatch: pytest.MonkeyPatch, *headers: tuple[str, str]) -> None:
    """From now on every session's request has these headers, and the settings name them."""
    monkeypatch.setenv("USER_HEADER", USER)
    monkeypatch.setenv("ROLE_HEADER", ROLE)
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: StreamlitHeaders(headers)))


def sign_in(monkeypatch: pytest.MonkeyPatch, user: str, role: str) -> None:
    send_headers(monkeypatch, (USER, user), (ROLE, role))
