"""What a new subscription or a change of one would cost: reckoned, and nothing stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from data.credits.amounts import CREDITS_LIMIT
from data.credits.discounts import AppliedDiscount, Discount, Duration, applied
from data.credits.invoices import (
    Invoice,
    PeriodPrice,
    Proration,
    Tax,
    change,
    invoice,
    period_price,
    unused,
)
from data.credits.money import NOTHING, to_money
from data.credits.periods import Period, first_period, period_at
from data.metering.catalogue import Catalogue
from data.metering.offers import Plan
from data.metering.service import selling
from data.metering.service.faults import Fault, bad_input
from data.metering.service.selling import Terms
from data.metering.service.service import Service
from data.metering.service.store import Row

Given = Mapping[str, Any]
LIVE = ("ACTIVE", "IN_TRIAL")
LATEST_START = datetime(9000, 1, 1)
LONGEST_DISCOUNT = 1200


@dataclass(frozen=True, slots=True)
class _Current:
    """A stored subscription in the billing period it is in at `at`."""

    terms: Terms
    discount: AppliedDiscount | None
    period: Period
    at: datetime

    def price(self, catalogue: Catalogue) -> PeriodPrice:
        """What the period was paid with."""
        return self.terms.price(catalogue, _in_force(self.discount, self.period.start))


def new(service: Service, given: Given) -> Row:
    """estimateSubscription; where it takes the place of another, that one's rest is credited."""
    catalogue, customer_id = service.catalogue, given["customerId"]
    _check_customers(service, customer_id, given.get("payingCustomerId"))
    plan = selling.plan_of(catalogue, given["planId"])
    start, held = _start(given, service.clock()), _held(service, customer_id, plan)
    current = _replaced(service, plan, held, given.get("resourceId") or None, start)
    country = selling.country_of(given) or (current.terms.country if current else None)
    terms = selling.new_terms(catalogue, given, country)
    trial_end = _trial_end(given, plan, start, is_first=not held)
    period = first_period(trial_end or start, terms.period.months)
    tax, price = _tax(catalogue, given, country), terms.price(catalogue)
    discount = _asked_discount(service, given, price.currency, period.start, period)
    if trial_end is not None:
        due = invoice(period_price(price.currency, []), tax)
        period = Period(start, trial_end)
        return _preview(catalogue, terms, period, due, tax, discount, following=trial_end)
    credit = _credit(catalogue, current, price.currency)
    in_force = _in_force(discount, period.start)
    proration, due = change(price, period, start, credit, discount=in_force, tax=tax)
    return _preview(
        catalogue, terms, period, due, tax, discount,
        following=period.end,
        proration=proration if credit else None,
        is_downgrade=current is not None and _is_downgrade(catalogue, current.terms, terms),
    )  # fmt: skip


def update(service: Service, given: Given) -> Row:
    """estimateSubscriptionUpdate: a change made now, within the current billing period."""
    catalogue = service.catalogue
    row = _subscription(service, given["subscriptionId"])
    current = _current(service, row, service.clock())
    terms = selling.changed(catalogue, current.terms, given)
    tax = _tax(catalogue, given, terms.country)
    price = terms.price(catalogue, _in_force(current.discount, current.period.start))
    asked = _asked_discount(service, given, price.currency, current.at, current.period)
    credit = _credit(catalogue, current, price.currency)
    in_force = _in_force(asked, current.at)
    proration, due = change(price, current.period, current.at, credit, discount=in_force, tax=tax)
    return _preview(
        catalogue, terms, current.period, due, tax, asked or current.discount,
        following=current.period.end, proration=proration,
    )  # fmt: skip


def _preview(
    catalogue: Catalogue,
    terms: Terms,
    period: Period,
    due: Invoice,
    tax: Tax | None,
    discount: AppliedDiscount | None,
    *,
    following: datetime,
    proration: Proration | None = None,
    is_downgrade: bool = False,
) -> Row:
    """A SubscriptionPreview; `following` is when the next whole period begins."""
    recurring_discount = _in_force(discount, following)
    recurring = invoice(terms.price(catalogue, recurring_discount), tax)
    if proration is not None and not (proration.credit or proration.debit):
        proration = None
    return _amounts(due, tax, discount) | {
        "billingPeriodRange": {"start": period.start, "end": period.end},
        "credits": _credits(proration, due.currency) if proration else None,
        "hasScheduledUpdates": False,
        "isPlanDowngrade": is_downgrade,
        "minimumSpendAdjustment": _money(due.minimum_spend_adjustment, due.currency),
        "proration": _proration(proration, due.currency) if proration else None,
        "subscription": _amounts(recurring, tax, discount if recurring_discount else None),
    }


def _amounts(of: Invoice, tax: Tax | None, discount: AppliedDiscount | None) -> Row:
    return {
        "subTotal": _money(of.sub_total, of.currency),
        "discount": _discount(discount, of.currency) if discount else None,
        "discountAmount": _money(of.discount, of.currency) if discount else None,
        "tax": _money(of.tax, of.currency),
        "taxDetails": tax
        and {"displayName": tax.name, "inclusive": tax.inclusive, "percentage": tax.percentage},
        "total": _money(of.total, of.currency),
        "totalExcludingTax": _money(of.total_excluding_tax, of.currency),
    }


def _discount(applied: AppliedDiscount, currency: str) -> Row:
    discount = applied.discount
    return {
        "durationInMonths": discount.months,
        "durationType": discount.duration,
        "end": applied.end,
        "name": discount.name,
        "start": applied.start,
        "type": discount.type,
        "value": discount.value(currency),
    }


def _proration(made: Proration, currency: str) -> Row:
    return {
        "credit": _money(made.credit, currency),
        "debit": _money(made.debit, currency),
        "hasProrations": True,
        "netAmount": _money(made.net, currency),
        "prorationDate": made.at,
    }


def _credits(made: Proration, currency: str) -> Row:
    """The credit of a proration as money: what it pays now, and what is left for later."""
    return {
        "initial": _money(made.credit, currency),
        "used": _money(made.credit - made.kept, currency),
        "remaining": _money(made.kept, currency),
    }


def _money(amount: Decimal, currency: str) -> Row:
    return {"amount": to_money(amount, currency), "currency": currency}


def _check_customers(service: Service, *customer_ids: str | None) -> None:
    for customer_id in customer_ids:
        if customer_id is not None and customer_id not in service.state.customers:
            raise Fault("CustomerNotFound", f"There is no customer {customer_id!r}.")


def _subscription(service: Service, subscription_id: str) -> Row:
    for row in chain.from_iterable(list(service.state.subscriptions.values())):
        if row["subscription_id"] == subscription_id:
            if row["status"] in LIVE:
                return row
            raise Fault(
                "SubscriptionNotFound",
                f"Subscription {subscription_id!r} is {row['status'].lower()}; it cannot change.",
            )
    raise Fault("SubscriptionNotFound", f"There is no subscription {subscription_id!r}.")


def _held(service: Service, customer_id: str, plan: Plan) -> list[Row]:
    """The customer's subscriptions, past ones too, to plans of the same product."""
    plans = service.catalogue.plans
    return [
        row
        for row in service.state.subscriptions.get(customer_id, [])
        if row["plan_id"] in plans and plans[row["plan_id"]].product_id == plan.product_id
    ]


def _replaced(
    service: Service, plan: Plan, held: list[Row], resource_id: str | None, at: datetime
) -> _Current | None:
    """The one that a new subscription takes the place of: each resource may have one of its own.

    Where the product does not allow several, it is the customer's.
    """
    product = service.catalogue.products.get(plan.product_id or "")
    for row in held:
        is_beside = product and product.multiple_subscriptions and row["resource_id"] != resource_id
        if row["status"] in LIVE and not is_beside:
            return _current(service, row, at)
    return None


def _current(service: Service, row: Row, at: datetime) -> _Current:
    catalogue, started, at = service.catalogue, row["started_at"], max(at, row["started_at"])
    terms = selling.held_terms(catalogue, row)
    sold_with = next(
        (
            coupon.discount
            for coupon in catalogue.coupons.values()
            for promotion in coupon.promotion_codes
            if promotion.code == row["promotion_code"]
        ),
        None,
    )
    months = terms.period.months
    period = period_at(started, months, at)
    discount = applied(sold_with, started, first_period(started, months)) if sold_with else None
    is_over = discount is not None and discount.end is not None and discount.end <= period.start
    return _Current(terms, None if is_over else discount, period, at)


def _credit(catalogue: Catalogue, current: _Current | None, currency: str) -> Decimal:
    if current is None:
        return NOTHING
    paid = current.price(catalogue)
    if paid.net and paid.currency != currency:
        raise bad_input(
            f"The current subscription is in {paid.currency}, this one in {currency}: choose "
            "another country, or another resource."
        )
    return unused(paid, current.period, current.at)


def _is_downgrade(catalogue: Catalogue, old: Terms, new: Terms) -> bool:
    """Whether another plan costs less a month, before any discount."""
    before, after = old.price(catalogue).sub_total, new.price(catalogue).sub_total
    is_other = old.plan.plan_id != new.plan.plan_id
    return is_other and after * old.period.months < before * new.period.months


def _start(given: Given, now: datetime) -> datetime:
    start: datetime = given.get("startDate") or now
    if start > LATEST_START:
        raise bad_input(f"startDate must be before {LATEST_START:%Y}, not {start:%Y}.")
    return start


def _trial_end(given: Given, plan: Plan, start: datetime, *, is_first: bool) -> datetime | None:
    """A trial is for the first subscription of a product, unless the input says otherwise."""
    override = given.get("trialOverrideConfiguration")
    days = plan.default_trial_days
    if given.get("skipTrial") or (override and not override["isTrial"]):
        return None
    if override:
        end: datetime | None = override.get("trialEndDate") or (
            start + timedelta(days=days) if days else None
        )
        if end is None or not start < end <= LATEST_START:
            raise bad_input("trialOverrideConfiguration needs a trialEndDate after the start.")
        return end
    return start + timedelta(days=days) if days and is_first else None


def _asked_discount(
    service: Service, given: Given, currency: str, start: datetime, first: Period
) -> AppliedDiscount | None:
    """The discount of an input, which may name one in several ways but only one."""
    coupon = given.get("appliedCoupon") or {}
    ways = ("billingCouponId", "couponId", "discount", "promotionCode")
    asked = [(way, coupon[way]) for way in ways if coupon.get(way)]
    if given.get("promotionCode"):
        asked.append(("promotionCode", given["promotionCode"]))
    if len(set(map(str, asked))) > 1:
        raise bad_input("Give one coupon, promotion code or discount, not several.")
    if not asked:
        return None
    start = (coupon.get("configuration") or {}).get("startDate") or start
    if start > LATEST_START:
        raise bad_input(f"A discount must start before {LATEST_START:%Y}.")
    discount = _named_discount(service, *asked[0])
    selling.check_discount(discount, currency)
    return applied(discount, start, first)


def _named_discount(service: Service, way: str, named: Any) -> Discount:
    if way == "discount":
        return _ad_hoc(named)
    if way == "promotionCode":
        return selling.promotion(service.catalogue, service.state, named).discount
    # Coupons of a billing provider are not known here: there is none.
    if way == "billingCouponId" or named not in service.catalogue.coupons:
        raise Fault("CouponNotFound", f"There is no coupon {named!r}.")
    return selling.usable(service.catalogue.coupons[named]).discount


def _ad_hoc(given: Given) -> Discount:
    percent, months = given.get("percentOff"), given.get("durationInMonths")
    amounts = {
        each.get("currency") or selling.DEFAULT_CURRENCY: each["amount"]
        for each in given.get("amountsOff") or ()
    }
    if (percent is None) != bool(amounts):
        raise bad_input("A discount has percentOff or amountsOff, and not both.")
    if percent is not None and not 0 < percent <= 100:
        raise bad_input(f"percentOff is above 0 and at most 100, not {percent}.")
    if not all(0 < amount < CREDITS_LIMIT for amount in amounts.values()):
        raise bad_input("An amount off is above 0 and below 10^12.")
    if months is not None and (months != int(months) or not 1 <= months <= LONGEST_DISCOUNT):
        raise bad_input(f"durationInMonths is a whole number from 1 to {LONGEST_DISCOUNT}.")
    duration = Duration.FOREVER if months is None else Duration.REPEATING
    return Discount(percent, amounts, duration, months and int(months), given.get("name"))


def _in_force(discount: AppliedDiscount | None, at: datetime) -> Discount | None:
    return discount.discount if discount and discount.covers(at) else None


def _tax(catalogue: Catalogue, given: Given, country: str | None) -> Tax | None:
    """The tax of the country, at the rate that the billing information gives if it does."""
    rule = catalogue.tax_rules.get(country or "")
    percentage = (given.get("billingInformation") or {}).get("taxPercentage")
    if percentage is None:
        return rule.tax if rule else None
    if not 0 <= percentage <= 100:
        raise bad_input(f"taxPercentage is from 0 to 100, not {percentage}.")
    return replace(rule.tax, percentage=percentage) if rule else Tax("Tax", percentage)
