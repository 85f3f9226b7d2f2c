"""The shared scope: whose credits, of which pool and currency, from which source, in which zone."""

from dataclasses import dataclass
from functools import cache
from typing import NoReturn
from zoneinfo import available_timezones

import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import address_value, choose
from dashboard.controls.key_picker import Found, Option, Search, one_picker
from dashboard.controls.key_picker.address import (
    carry_across_pages,
    keep_for_other_pages,
    put_picked_values,
)
from dashboard.controls.searching import while_typing
from dashboard.sources import Sources
from queries.catalogue import Currencies
from queries.customers import Customers, Resources
from queries.question import QuestionError, Source, Unchosen

ALL_CUSTOMERS = Option("", "All customers")
GLOBAL_POOL = "Customer-level pool"
SHOWN_OF_MANY = 50
SHARED = ("source", "currency", "tz")
CARRIED = ("pool", *SHARED)
OPENED = "open"


@dataclass(frozen=True, slots=True)
class Currency:
    currency_id: str
    name: str
    unit: str
    """The plural: what a number of them is called."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`customer_id` None is all customers; `resource_id` None is the customer-level pool."""

    source: Source
    customer_id: str | None
    resource_id: str | None
    currency: Currency
    zone: str

    def one_customer(self, purpose: str) -> str:
        """The customer; raises Unchosen with what the page is for where it is all of them."""
        if self.customer_id is None:
            raise Unchosen(f"Choose a customer above: this page {purpose}.")
        return self.customer_id


def scope_controls(
    sources: Sources, default_zone: str, prefers: str = "extract", only: Source | None = None
) -> Scope:
    """The row of scope controls; raises QuestionError or what the source raises.

    `prefers` is the kind of source that answers where nobody has chosen one; with `only` that one
    answers whatever was chosen, which is left to the other pages.
    """
    for key in CARRIED:
        carry_across_pages(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = only or _source(sources, prefers)
        with st.container(width=240):
            customer_id = _customer(source)
        with st.container(width=175):
            resource_id = _pool(source, customer_id)
        with st.container(width=125):
            currency = _currency(source)
        with st.container(width=130):
            zone = zone_control(default_zone)
    return Scope(source, customer_id, resource_id, currency, zone)


def portfolio_controls(sources: Sources, default_zone: str) -> Scope:
    """The scope of a page about all customers; whom the reader picks there is opened."""
    for key in SHARED:
        carry_across_pages(key)
    for key in ("customer", "pool"):
        keep_for_other_pages(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = _source(sources)
        with st.container(width=300):
            picked = one_picker(
                "Open a customer",
                while_typing(customer_search(source)),
                key=OPENED,
                placeholder="Search by name, id or email",
            )
        with st.container(width=150):
            currency = _currency(source)
        with st.container(width=180):
            zone = zone_control(default_zone)
    if picked:
        put_picked_values(OPENED, [])
        open_customer(picked)
    return Scope(source, None, None, currency, zone)


def open_customer(customer_id: str, resource_id: str | None = None) -> NoReturn:
    """Go to the Balance page of one pool; the rest of the scope is kept."""
    pool = {} if resource_id is None else {"pool": resource_id}
    kept = {key: value for key in SHARED if (value := st.query_params.get(key))}
    address = {"customer": customer_id} | pool | kept
    st.switch_page("views/balance.py", query_params=address)


def _source(sources: Sources, prefers: str = "extract") -> Source:
    kinds = {"extract": sources.extract, "live": sources.live}
    there = {name: source for name, source in kinds.items() if source is not None}
    if not there:
        raise QuestionError(sources.problem or "No source is configured.")
    labels = {"extract": "Extract", "live": "Live"}
    default = prefers if prefers in there else next(iter(there))
    asked = address_value("source", default)
    if len(there) == 1 and asked == default:
        return there[default]
    if asked in labels and asked not in there:
        raise QuestionError(sources.problem or f"There is no {asked} source here.")
    with st.container(width=105):
        chosen = choose("Source", {n: labels[n] for n in there}, key="source", default=default)
    if chosen not in there:
        raise QuestionError(f"{chosen!r} is not a source; choose one from the list.")
    return there[chosen]


def _customer(source: Source) -> str | None:
    picked = one_picker(
        "Customer",
        while_typing(customer_search(source)),
        key="customer",
        first=ALL_CUSTOMERS,
        placeholder="Search by name, id or email",
        across_pages=True,
    )
    return picked or None


def customer_search(source: Source) -> Search:
    """Customers by name, id or email."""

    def search(text: str) -> Found:
        found = ask(Customers(text), source)
        options = [
            Option(
                customer_id,
                customer_id if name in (None, "", customer_id) else f"{name} · {customer_id}",
            )
            for customer_id, name, _ in found.frame.iter_rows()
        ]
        shown = options[:SHOWN_OF_MANY] if found.is_cut else options
        return Found(tuple(shown), not found.is_cut)

    return search


def _pool(source: Source, customer_id: str | None) -> str | None:
    options = {"": GLOBAL_POOL}
    if customer_id is None:
        options = {"": "All pools"}
    else:
        owned = ask(Resources(customer_id), source).frame["resource_id"]
        options |= {resource: resource for resource in owned}
    chosen = choose("Pool", options, key="pool", default="")
    return chosen or None if customer_id is not None else None


def _currency(source: Source) -> Currency:
    rows = ask(Currencies(), source).frame.to_dicts()
    known = {
        row["currency_id"]: Currency(
            row["currency_id"],
            row["display_name"],
            row["unit_plural"] or "credits",
        )
        for row in rows
    }
    if not known:
        raise QuestionError("This source has no currency, so there are no credits to show.")
    archived = {row["currency_id"] for row in rows if row["status"] == "ARCHIVED"}
    names = {
        currency_id: f"{currency.name} (archived)" if currency_id in archived else currency.name
        for currency_id, currency in known.items()
    }
    chosen = choose("Currency", names, key="currency", default=next(iter(known)))
    return known.get(chosen) or Currency(chosen, chosen, "credits")


def zone_control(default: str) -> str:
    return choose("Time zone", _zones(), key="tz", default=default, help="Where days are cut.")


@cache
def _zones() -> dict[str, str]:
    return {"UTC": "UTC"} | {name: name for name in sorted(available_timezones())}


def address_of(scope: Scope) -> dict[str, str]:
    """The scope as query parameters, each written out."""
    address = {
        "source": scope.source.name,
        "currency": scope.currency.currency_id,
        "tz": scope.zone,
    }
    if scope.customer_id:
        address["customer"] = scope.customer_id
    if scope.resource_id:
        address["pool"] = scope.resource_id
    return address
