"""What the Plans page has at hand to draw, and how it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from dashboard.asking import ask
from dashboard.controls.scope import Scope, address_of
from dashboard.formats import moment
from dashboard.header import Header, read_header
from queries.catalogue import Currencies
from queries.plans import Countries, Coupons, Paywall, Rates
from queries.question import CannotAnswer


@dataclass(frozen=True, slots=True)
class ShownPlans:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    period: str
    country: str | None
    plans: tuple[dict[str, Any], ...]
    """As `queries.plans.SCHEMA` has them."""
    cannot: CannotAnswer | None
    """Why the source cannot tell the plans' terms, where it cannot."""
    rates: pl.DataFrame
    coupons: pl.DataFrame
    credit_names: Mapping[str, str]
    """currency_id → display name"""
    source: str
    as_of: datetime
    header: Header

    @property
    def title(self) -> str:
        return f"plans and coupons of {self.source}, as of {moment(self.as_of, self.scope.zone)}"

    @property
    def address(self) -> dict[str, str]:
        """The page's address, written out."""
        country = {"country": self.country} if self.country else {}
        return address_of(self.scope) | {"period": self.period} | country

    def about(self, question: str) -> dict[str, str]:
        """What an export says of itself."""
        return {
            "question": question,
            "customer": self.scope.customer_id or "none: the public paywall",
            "country": self.country or "default prices",
            "source": self.source,
            "time of the data": moment(self.as_of, "UTC"),
        }


def countries_of(scope: Scope) -> list[str] | None:
    """Those with prices of their own, as far as the source tells; None where it has no prices."""
    try:
        return ask(Countries(), scope.source).frame["country"].to_list()
    except CannotAnswer:
        return None


def collect(scope: Scope, period: str, country: str | None) -> ShownPlans:
    """Everything the page draws; raises where a question or a source fails."""
    question = Paywall(scope.customer_id, scope.resource_id, country)
    plans: tuple[dict[str, Any], ...] = ()
    cannot = None
    try:
        plans = tuple(ask(question, scope.source).frame.to_dicts())
    except CannotAnswer as error:
        cannot = error
    coupons = ask(Coupons(), scope.source)
    currencies = ask(Currencies(), scope.source).frame
    return ShownPlans(
        scope,
        period,
        country,
        plans,
        cannot,
        ask(Rates(), scope.source).frame,
        coupons.frame,
        dict(currencies.select("currency_id", "display_name").iter_rows()),
        coupons.source,
        coupons.as_of,
        read_header(scope, coupons),
    )
