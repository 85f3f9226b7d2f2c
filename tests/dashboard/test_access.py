"""Who asks and in which role: the local user, or whom the reverse proxy names."""

import pytest
from signed_in import ROLE, USER, send_headers, sign_in
from starlette.routing import BaseRoute, Mount, Route
from streamlit.runtime.context import ContextProxy, StreamlitHeaders
from usage_world import Demo

from dashboard.access import NOBODY, current_actor
from dashboard.server import routes
from dashboard.sources import Sources, use
from queries.command import Actor, Role


def test_without_sign_in_it_is_the_local_user_who_may_do_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Headers that nobody has named in the settings say nothing."""
    headers = StreamlitHeaders([(USER, "eve"), (ROLE, "viewer")])
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: headers))
    assert current_actor() == Actor("local user", Role.ADMIN)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("viewer", Role.VIEWER),
        ("support", Role.SUPPORT),
        ("billing", Role.BILLING),
        ("admin", Role.ADMIN),
        (" Billing ", Role.BILLING),
        ("owner", Role.VIEWER),
        ("3", Role.VIEWER),
        ("support,admin", Role.VIEWER),
        ("", Role.VIEWER),
    ],
)
def test_the_role_is_that_of_the_header_and_a_strange_one_a_viewers(
    monkeypatch: pytest.MonkeyPatch, text: str, role: Role
) -> None:
    sign_in(monkeypatch, "sue@acme.test", text)
    assert current_actor() == Actor("sue@acme.test", role)


def test_a_request_that_went_round_the_proxy_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    send_headers(monkeypatch)
    assert current_actor() == NOBODY
    send_headers(monkeypatch, (ROLE, "admin"))
    assert current_actor() == NOBODY


def test_a_header_that_somebody_put_beside_the_proxys_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send_headers(monkeypatch, (USER, "sue"), (ROLE, "admin"), (ROLE, "viewer"))
    assert current_actor() == Actor("sue", Role.VIEWER)
    send_headers(monkeypatch, (USER, "root"), (USER, "sue"), (ROLE, "admin"))
    assert current_actor() == NOBODY


def test_where_roles_are_in_force_the_local_api_is_not_handed_out(
    monkeypatch: pytest.MonkeyPatch, demo: Demo
) -> None:
    """Its key, which everyone knows, would pass every role by."""
    use(Sources(None, None, service=demo.service))
    try:
        assert [path_of(route) for route in routes()] == ["/healthz", "/metering"]
        sign_in(monkeypatch, "sue", "admin")
        assert [path_of(route) for route in routes()] == ["/healthz"]
    finally:
        use(None)


def path_of(route: BaseRoute) -> str:
    assert isinstance(route, Route | Mount)
    return route.path
