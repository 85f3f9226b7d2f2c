"""Who asks and in which role: as a reverse proxy says, or the person at this machine."""

import streamlit as st

from dashboard.settings import read_settings
from queries.command import Actor, Role

LOCAL_USER = Actor("local user", Role.ADMIN)
NOBODY = Actor("unknown user", Role.VIEWER)
ROLES = {role.name.lower(): role for role in Role}


def current_actor() -> Actor:
    """Asked anew at every question and every change, of this session's own headers.

    Where headers are named in the settings, a request without a user is nobody's, and a role
    that is unknown, missing or there twice is a viewer's.
    """
    settings = read_settings()
    if settings.user_header is None or settings.role_header is None:
        return LOCAL_USER
    name = _only(settings.user_header)
    if not name:
        return NOBODY
    return Actor(name, ROLES.get(_only(settings.role_header).lower(), Role.VIEWER))


def _only(header: str) -> str:
    """The header's one value; nothing where somebody has put a second one beside it."""
    values = st.context.headers.get_all(header)
    return values[0].strip() if len(values) == 1 else ""
