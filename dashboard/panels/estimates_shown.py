"""What the Estimates page has at hand: what is sold, and what each estimate came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard.asking import ask
from dashboard.controls.scope import Scope
from dashboard.formats import moment
from dashboard.header import Header, read_header
from queries.catalogue import Currencies, Features
from queries.customers import Subscriptions
from queries.estimates import BillingPeriod, Estimate, EstimateNew
from queries.estimates.extracted import CANNOT
from queries.estimates.invoice import INVOICE_SCHEMA, charges, invoice
from queries.estimates.lines import Line, lines
from queries.plans import Coupons, Paywall
from queries.question import COUNTRY, Answer, CannotAnswer, Live

LENGTHS = {BillingPeriod.MONTHLY: range(28, 32), BillingPeriod.ANNUALLY: range(365, 367)}
"""In days."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a form may name, of one customer."""

    scope: Scope
    customer_id: str
    header: Header
    coupons: Mapping[str, tuple[str, str]]
    """coupon_id → (name, status)"""
    features: Mapping[str, str]
    """feature_id → name"""
    units: Mapping[str, tuple[str, str]]
    """currency_id → (name, what a number of it is called)"""
    subscriptions: Mapping[str, dict[str, Any]]

    @property
    def title(self) -> str:
        return f"forms for {self.header.whose}, as of {moment(self.header.as_of, self.scope.zone)}"

    @property
    def statuses(self) -> dict[str, str]:
        return {coupon_id: status for coupon_id, (_, status) in self.coupons.items()}


@dataclass(frozen=True, slots=True)
class Estimated:
    """One estimate, answered."""

    number: int
    title: str
    question: Estimate
    answer: Answer
    told: tuple[Line, ...] = ()
    plan: Mapping[str, Any] | None = None
    """The plan's terms, of a new subscription."""

    @property
    def is_invoice(self) -> bool:
        """Whether it is money for a subscription; else credits for a usage."""
        return "total" in self.answer.frame.columns

    @property
    def billing_period(self) -> str | None:
        """Of a subscription; where the question does not name it, by the length of the period."""
        if not self.is_invoice:
            return None
        named = self.question.billing_period if isinstance(self.question, EstimateNew) else None
        start, end = self.preview["period_start"], self.preview["period_end"]
        if named is not None or start is None or end is None:
            return named
        return next((name for name, days in LENGTHS.items() if (end - start).days in days), None)

    @property
    def preview(self) -> dict[str, Any]:
        return self.answer.frame.row(0, named=True)

    @property
    def rows(self) -> pl.DataFrame:
        if self.is_invoice:
            return invoice(self.preview, self.told)
        return charges(self.answer.frame)


def collect(scope: Scope, customer_id: str) -> Offer:
    """Raises where the source cannot estimate, or fails."""
    if not isinstance(scope.source, Live):
        raise CannotAnswer(CANNOT)
    held = ask(Subscriptions(customer_id), scope.source)
    coupons = ask(Coupons(), scope.source).frame
    currencies = ask(Currencies(), scope.source).frame
    return Offer(
        scope,
        customer_id,
        read_header(scope, held),
        {
            row["coupon_id"]: (row["display_name"], row["status"])
            for row in coupons.iter_rows(named=True)
        },
        dict(ask(Features(), scope.source).frame.iter_rows()),
        {
            row["currency_id"]: (row["display_name"], row["unit_plural"] or "credits")
            for row in currencies.iter_rows(named=True)
        },
        {row["subscription_id"]: row for row in held.frame.iter_rows(named=True)},
    )


def plans_on_sale(offer: Offer, country: str) -> dict[str, dict[str, Any]]:
    """plan_id → its terms at the prices of the country, where that can be one."""
    code = country.upper() if COUNTRY.fullmatch(country.upper()) else None
    frame = ask(Paywall(country=code, has_hidden=True), offer.scope.source).frame
    return {row["plan_id"]: row for row in frame.iter_rows(named=True)}


def estimate(
    offer: Offer, number: int, title: str, question: Estimate, plan: Mapping[str, Any] | None
) -> Estimated:
    """Raises what the source raises."""
    answer = ask(question, offer.scope.source)
    if isinstance(question, EstimateNew) and plan is not None:
        told = lines(question, plan, answer.frame.row(0, named=True))
        return Estimated(number, title, question, answer, told, plan)
    return Estimated(number, title, question, answer)


def exported(shown: list[Estimated]) -> pl.DataFrame:
    """Every row that is shown, with the estimate it is of."""
    frames = [
        one.rows.select(
            pl.lit(one.number).alias("estimate"), pl.lit(one.title).alias("of"), *INVOICE_SCHEMA
        )
        for one in shown
    ]
    return pl.concat(frames)


def about(offer: Offer, shown: list[Estimated], link: str) -> dict[str, str]:
    """What an export says of itself; the link has every input."""
    return {
        "question": "estimates; nothing was changed",
        "customer": offer.customer_id,
        "pool": offer.scope.resource_id or "customer-level pool",
        "estimates": "; ".join(f"{one.number}: {one.title}" for one in shown),
        "made anew by": link,
        "source": offer.header.source,
        "time of the data": moment(min(one.answer.as_of for one in shown), "UTC"),
    }
