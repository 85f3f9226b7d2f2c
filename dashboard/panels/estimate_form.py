"""The form of one estimate: each field is in the address, with what is wrong with it under it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from dashboard.controls.choices import choose, instant, lines, words
from dashboard.controls.estimates import CHANGE, EVENT, KINDS, NEW, USAGE, filled_in, prefix_of
from dashboard.controls.plans import PERIODS
from dashboard.formats import moment
from dashboard.markdown import plain
from dashboard.panels.estimates_shown import Offer, plans_on_sale
from dashboard.panels.plan_words import ADVERBS, unit_price
from queries.estimates import BillingPeriod, Estimate
from queries.estimates.written import (
    ADDON,
    KEPT,
    REPLACED,
    UNIT,
    Sold,
    read_change,
    read_event,
    read_new,
    read_usage,
    sold,
)
from queries.reports.measurements import UpdateBehavior
from queries.time import to_utc, zone_of
from queries.written import Cells, Problem

BEHAVIORS = {
    str(UpdateBehavior.DELTA): "Added to what was used",
    str(UpdateBehavior.SET): "The new total",
}
WITH_ADDONS = {KEPT: "Stay as they are", REPLACED: "All replaced by these"}
DIMENSIONS_HELP = (
    "A line for each. Numbers, true and false are sent as such; what is in quotes is sent as text."
)

Plan = Mapping[str, Any]
"""Its terms, as `Paywall` answers them."""
Read = tuple[Estimate | None, tuple[Problem, ...], Plan | None, str]
"""(the question, all that is wrong with the form, the plan it is about, what it is called)"""


@dataclass(frozen=True, slots=True)
class Form:
    """One form as it is filled in; `question` is None while something is missing or wrong."""

    offer: Offer
    number: int
    cells: Cells
    question: Estimate | None
    problems: tuple[Problem, ...]
    plan: Plan | None
    title: str

    def key(self, column: str) -> str:
        return f"{prefix_of(self.number)}{column}"

    @property
    def sold(self) -> Sold | None:
        return None if self.plan is None else sold(self.plan)

    def tell(self, column: str) -> None:
        """Under a field: what is wrong with it."""
        for problem in self.problems:
            if problem.column == column:
                told = plain(problem.sentence)
                st.markdown(f":small[{told}]" if problem.is_missing else f":red[:small[{told}]]")


def read_form(offer: Offer, number: int) -> Form:
    """What the address says of one estimate; raises what the source raises."""
    cells = filled_in(number)
    if cells["kind"] not in READERS:
        said = f"{cells['kind']!r} is no kind of estimate; choose one of the list."
        return Form(offer, number, cells, None, (Problem("kind", said),), None, "")
    if cells["kind"] == CHANGE and len(offer.subscriptions) == 1:
        cells = {"subscription": next(iter(offer.subscriptions))} | cells
    return Form(offer, number, cells, *READERS[cells["kind"]](offer, cells))


def form_fields(form: Form) -> None:
    choose("Estimate", KINDS, key=form.key("kind"), default=NEW)
    form.tell("kind")
    if form.cells["kind"] in FIELDS:
        FIELDS[form.cells["kind"]](form)
    form.tell("")


def _read_new(offer: Offer, cells: Cells) -> Read:
    plans = plans_on_sale(offer, cells.get("country", ""))
    terms = {plan_id: sold(plan) for plan_id, plan in plans.items()}
    timed = dict(cells) | _start_in_utc(cells, offer.scope.zone)
    question, problems = read_new(
        timed, offer.customer_id, offer.scope.resource_id, terms, offer.statuses
    )
    plan = plans.get(cells.get("plan", ""))
    told = (plan["display_name"], ADVERBS.get(cells["period"])) if plan else ()
    title = ", ".join(filter(None, told))
    return question, problems, plan, title


def _read_change(offer: Offer, cells: Cells) -> Read:
    held = offer.subscriptions.get(cells.get("subscription", ""), {})
    plan = plans_on_sale(offer, "").get(held.get("plan_id", ""))
    question, problems = read_change(cells, sold(plan) if plan else None, offer.statuses)
    name = plan["display_name"] if plan else cells.get("subscription", "a subscription")
    return question, problems, plan, f"Change of {name}"


def _read_usage(offer: Offer, cells: Cells) -> Read:
    pool = (offer.customer_id, offer.scope.resource_id)
    question, problems = read_usage(cells, *pool, offer.features)
    feature_id = cells.get("feature", "")
    return question, problems, None, f"Usage of {offer.features.get(feature_id, feature_id)}"


def _read_event(offer: Offer, cells: Cells) -> Read:
    question, problems = read_event(cells, offer.customer_id, offer.scope.resource_id)
    return question, problems, None, f"Event {cells.get('event', '')}"


def _start_in_utc(cells: Cells, zone: str) -> dict[str, str]:
    """The start, which is on the clock of the zone; a text that is none stays as it is."""
    text = cells.get("start", "")
    try:
        start = datetime.fromisoformat(text)
        return {} if start.tzinfo else {"start": to_utc(start, zone_of(zone)).isoformat()}
    except (ValueError, OverflowError):
        return {}


def _new_fields(form: Form) -> None:
    plans = plans_on_sale(form.offer, form.cells.get("country", ""))
    names = {"": "Choose a plan"} | {each: row["display_name"] for each, row in plans.items()}
    choose("Plan", names, key=form.key("plan"), default="")
    form.tell("plan")
    choose("Billed", PERIODS, key=form.key("period"), default=str(BillingPeriod.MONTHLY))
    form.tell("period")
    _units(form)
    _addons(form)
    words(
        "Country", key=form.key("country"), placeholder="US",
        help="Two letters. It decides on prices, currency and tax.",
    )  # fmt: skip
    form.tell("country")
    instant(f"Start ({form.offer.scope.zone})", key=form.key("start"), help="Empty is now.")
    form.tell("start")
    _reduction(form)


def _change_fields(form: Form) -> None:
    plans = plans_on_sale(form.offer, "")
    names = {
        subscription_id: _subscription(row, plans, form.offer.scope.zone)
        for subscription_id, row in form.offer.subscriptions.items()
    }
    if len(names) == 1:
        default = next(iter(names))
    else:
        default, names = "", {"": "Choose a subscription"} | names
    choose("Subscription", names, key=form.key("subscription"), default=default)
    form.tell("subscription")
    if not form.offer.subscriptions:
        st.caption("This customer has no active subscription; estimate a new one.")
    elif form.plan is None and form.cells.get("subscription"):
        st.caption("Its plan is not on sale: by which units it is sold cannot be listed.")
    _units(form)
    choose("Add-ons", WITH_ADDONS, key=form.key("addons"), default=KEPT)
    form.tell("addons")
    if form.cells["addons"] == REPLACED:
        _addons(form)
    _reduction(form)


def _usage_fields(form: Form) -> None:
    names = {"": "Choose a feature"} | dict(form.offer.features)
    choose("Feature", names, key=form.key("feature"), default="")
    form.tell("feature")
    words("Usage", key=form.key("value"), placeholder="100")
    form.tell("value")
    choose("Counted as", BEHAVIORS, key=form.key("behavior"), default=str(UpdateBehavior.DELTA))
    form.tell("behavior")
    _dimensions(form)


def _event_fields(form: Form) -> None:
    words("Event name", key=form.key("event"), placeholder="llm_request")
    form.tell("event")
    _dimensions(form)


def _units(form: Form) -> None:
    """A field for each unit that the plan is sold by, and for each that the address names."""
    prices = form.plan["prices"] if form.plan else []
    helps = {
        each["feature_id"]: unit_price(each)
        for each in prices
        if each["feature_id"] and each["billing_period"] == form.cells["period"]
    }
    known = form.sold.units if form.sold else {}
    _quantities(form, UNIT, known, "{} (units)", helps)


def _addons(form: Form) -> None:
    known, most = (form.sold.addons, form.sold.most) if form.sold else ({}, {})
    helps = {each: f"At most {count:,}." for each, count in most.items()}
    _quantities(form, ADDON, known, "{} (add-on)", helps)


def _quantities(
    form: Form, prefix: str, names: Mapping[str, str], label: str, helps: Mapping[str, str]
) -> None:
    given = [name.removeprefix(prefix) for name in form.cells if name.startswith(prefix)]
    for each, name in ({each: each for each in given} | dict(names)).items():
        column = f"{prefix}{each}"
        words(label.format(name), key=form.key(column), help=helps.get(each))
        form.tell(column)


def _reduction(form: Form) -> None:
    words("Promotion code", key=form.key("code"))
    form.tell("code")
    names = {
        coupon_id: name
        for coupon_id, (name, status) in form.offer.coupons.items()
        if status == "ACTIVE"
    }
    choose("Coupon", {"": "None"} | names, key=form.key("coupon"), default="")
    form.tell("coupon")


def _dimensions(form: Form) -> None:
    lines(
        "Dimensions", key=form.key("dimensions"), help=DIMENSIONS_HELP,
        placeholder="model = gemini\ninput_tokens = 1000",
    )  # fmt: skip
    form.tell("dimensions")


def _subscription(row: Mapping[str, Any], plans: Mapping[str, Plan], zone: str) -> str:
    plan = plans.get(row["plan_id"], {}).get("display_name", row["plan_id"])
    pool = f" · {row['resource_id']}" if row["resource_id"] else ""
    return f"{plan}{pool} · since {moment(row['started_at'], zone)}"


READERS: dict[str, Callable[[Offer, Cells], Read]] = {
    NEW: _read_new,
    CHANGE: _read_change,
    USAGE: _read_usage,
    EVENT: _read_event,
}
FIELDS: dict[str, Callable[[Form], None]] = {
    NEW: _new_fields,
    CHANGE: _change_fields,
    USAGE: _usage_fields,
    EVENT: _event_fields,
}
