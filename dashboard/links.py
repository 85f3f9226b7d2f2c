"""Links that open a page as it is seen now."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import streamlit as st


def link(written_out: Mapping[str, str]) -> str:
    """This page's address, with these parameters in the place of what defaults leave out."""
    parameters: dict[str, str | list[str]] = {}
    for key in st.query_params:
        parameters[key] = st.query_params.get_all(key)
    parameters |= written_out
    base = urlsplit(st.context.url or "")._replace(query="", fragment="").geturl()
    return f"{base}?{urlencode(parameters, doseq=True)}"


def link_button(written_out: Mapping[str, str]) -> None:
    with st.popover("Copy link", icon=":material/link:"):
        st.caption("Opens this page with these dates, source and zone, whoever opens it.")
        st.code(link(written_out), language=None, wrap_lines=True)
