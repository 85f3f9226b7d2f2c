"""The line under every page's title: whose credits, the balance, the source and its age."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import streamlit as st

from dashboard.asking import ask
from dashboard.controls.scope import GLOBAL_POOL, Scope
from dashboard.formats import age, exact, moment
from dashboard.markdown import plain
from queries.balance import Balance
from queries.customers import Customers
from queries.question import Answer


@dataclass(frozen=True, slots=True)
class Header:
    """Whose credits are shown, and of when."""

    whose: str
    is_one_pool: bool
    balance: Decimal | None
    """Of the one pool; None while it has no grants."""
    unit: str
    source: str
    as_of: datetime
    zone: str


def read_header(scope: Scope, answer: Answer, *, turn: int = 0) -> Header:
    """Asks for the balance where one pool is shown; raises what the source raises."""
    balance = None
    if scope.customer_id is not None:
        question = Balance(scope.customer_id, scope.currency.currency_id, scope.resource_id)
        found = ask(question, scope.source, turn=turn).frame
        balance = found["balance"].item() if found.height else None
    return Header(
        _whose(scope),
        scope.customer_id is not None,
        balance,
        scope.currency.unit,
        answer.source,
        answer.as_of,
        scope.zone,
    )


def show_header(header: Header, now: datetime) -> None:
    parts = [f"**{plain(header.whose)}**"]
    if header.is_one_pool:
        parts.append(_balance(header))
    parts += [freshness(header, now), f"days are cut in {plain(header.zone)}"]
    st.markdown(" · ".join(parts))


def _balance(header: Header) -> str:
    if header.balance is None:
        return "no grants"
    colour = "red" if header.balance < 0 else "green"
    amount = exact(header.balance).replace("-", "−")
    return f"balance :{colour}[**{plain(f'{amount} {header.unit}')}**]"


def freshness(header: Header, now: datetime) -> str:
    """Which source answered and how old the data is."""
    if header.source == "live":
        return f"live, {age(header.as_of, now)} ago"
    when = moment(header.as_of, header.zone)
    return f"extract of {plain(when)}, {age(header.as_of, now)} old"


def _whose(scope: Scope) -> str:
    if scope.customer_id is None:
        return "All customers"
    found = ask(Customers(scope.customer_id), scope.source).frame
    named = found.filter(found["customer_id"] == scope.customer_id)["name"]
    name = named.item() if named.len() == 1 and named.item() else scope.customer_id
    return f"{name}, {scope.resource_id or GLOBAL_POOL.lower()}"
