"""What an auto-recharge is set to, what it may be set to, and what it would charge at once."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from data.credits.amounts import AmountError, to_credits
from data.credits.money import per_credit, to_money
from data.credits.recharge import Expiration, RechargeRule, ThresholdType
from queries.grants.order import WHEN
from queries.written import Problem

MONEY = "USD"
"""Caps, dollar thresholds and the cost of recharges are in it."""
AMOUNTS = {"threshold": "The threshold", "target": "The target", "cap": "The monthly cap"}


@dataclass(frozen=True, slots=True)
class Terms:
    """Below the threshold, credits are bought up to the target; `cap` None is no cap.

    `threshold_type` and `expiration` as the metering API spells them.
    """

    threshold_type: str
    threshold: Decimal
    target: Decimal
    cap: Decimal | None
    expiration: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the plan allows, None for no limit; `unit_price` None where it is not known."""

    min_grant_amount: Decimal | None = None
    max_credit_pool_size: Decimal | None = None
    min_target_balance: Decimal | None = None
    max_target_balance: Decimal | None = None
    max_threshold_amount: Decimal | None = None
    allow_unlimited_spend_limit: bool = True
    unit_price: Decimal | None = None


UNKNOWN = Limits()
"""Nothing is known of what the plan allows."""


class Price(NamedTuple):
    """US dollars a credit, and where that is known from: the end of a sentence."""

    amount: Decimal
    basis: str


class Charge(NamedTuple):
    """What saving would buy at once; `is_capped` where the month's cap forbids it."""

    credits: Decimal
    cost: Decimal
    is_capped: bool


def limits_of(frame: pl.DataFrame) -> Limits:
    """The row that `RechargeLimits` answers; without one nothing is limited, as far as is known."""
    return Limits(**frame.to_dicts()[0]) if frame.height else UNKNOWN


def terms_of(frame: pl.DataFrame) -> Terms | None:
    """The row that `Recharge` answers; None where nothing was ever saved."""
    for row in frame.iter_rows(named=True):
        return Terms(
            row["threshold_type"],
            row["threshold_value"],
            row["target_balance"],
            row["max_spend_limit"],
            row["grant_expiration_period"],
        )
    return None


def price_of(limits: Limits, grants: pl.DataFrame) -> Price | None:
    """What a credit costs: as the plan says, else as the last recharge or paid grant cost.

    grants: as `Grants` answers, newest first.
    """
    if limits.unit_price:
        return Price(limits.unit_price, "the plan's price of a credit")
    bought = grants.filter(
        pl.col("cost_currency") == MONEY, pl.col("cost_amount") > 0, pl.col("amount") > 0
    )
    recharges = bought.filter(pl.col("is_recharge"))
    for row in (recharges if recharges.height else bought).iter_rows(named=True):
        price = per_credit(row["cost_amount"], row["amount"])
        what = "recharge" if row["is_recharge"] else f"grant “{row['display_name']}”"
        if price:
            return Price(price, f"what the {what} of {row['created_at']:{WHEN}} cost")
    return None


def rule_of(terms: Terms, price: Decimal, least: Decimal | None) -> RechargeRule:
    """least: the plan's smallest purchase."""
    return RechargeRule(
        threshold=terms.threshold,
        target=terms.target,
        unit_price=price,
        threshold_type=ThresholdType(terms.threshold_type),
        monthly_cap=terms.cap,
        expiration=Expiration(terms.expiration),
        least_amount=least or Decimal(0),
    )


def charge_at_once(
    terms: Terms, limits: Limits, price: Decimal, balance: Decimal, spent: Decimal
) -> Charge | None:
    """What enabling the terms buys at this balance; `spent` is this month's, in US dollars."""
    rule = rule_of(terms, price, limits.min_grant_amount)
    if balance >= rule.floor():
        return None
    amount = rule.amount(balance)
    cost = rule.cost(amount)
    return Charge(amount, cost, not rule.fits(cost, spent))


def wrong_with(terms: Terms, limits: Limits) -> tuple[Problem, ...]:
    """Everything that forbids to enable the terms, each with the field that it is about."""
    malformed = tuple(_malformed(terms))
    return malformed or tuple(_contradictions(terms, limits))


def amount_problem(column: str, amount: Decimal, *, is_money: bool) -> Problem | None:
    """What is wrong with one amount by itself: its size, its sign, its decimals."""
    what = AMOUNTS[column]
    try:
        credits = to_credits(amount)
    except AmountError as error:
        said = str(error).replace("credits", MONEY) if is_money else str(error)
        return Problem(column, f"{what}: {said}")
    if amount < 0:
        return Problem(column, f"{what} is not below 0; it cannot be {amount:f}.")
    if is_money and to_money(amount, MONEY) != amount:
        return Problem(column, f"{what} is in {MONEY}, with 2 decimals; {amount:f} has more.")
    if credits != amount:
        return Problem(column, f"{what} has at most 6 decimals; {amount:f} has more.")
    return None


def _malformed(terms: Terms) -> list[Problem]:
    is_money = terms.threshold_type == ThresholdType.DOLLARS
    found = [
        amount_problem("threshold", terms.threshold, is_money=is_money),
        amount_problem("target", terms.target, is_money=False),
        None if terms.cap is None else amount_problem("cap", terms.cap, is_money=True),
    ]
    for column, value, kinds in (
        ("threshold_type", terms.threshold_type, ThresholdType),
        ("expiration", terms.expiration, Expiration),
    ):
        if value not in kinds.__members__.values():
            known = " and ".join(kinds)
            found.append(Problem(column, f"{value!r} is none of the settings: {known} are."))
    return [problem for problem in found if problem is not None]


def _contradictions(terms: Terms, limits: Limits) -> list[Problem]:
    bounds = [
        ("target", terms.target, "at least", limits.min_target_balance),
        ("target", terms.target, "at most", limits.max_target_balance),
        ("target", terms.target, "at most", limits.max_credit_pool_size),
        ("threshold", terms.threshold, "at most", limits.max_threshold_amount),
    ]
    found = [
        Problem(column, f"{AMOUNTS[column]} is {relation} {_number(bound)} in this plan; it cannot "
                f"be {_number(amount)}.")
        for column, amount, relation, bound in bounds
        if bound is not None and (amount < bound if relation == "at least" else amount > bound)
    ]  # fmt: skip
    if terms.cap is None and not limits.allow_unlimited_spend_limit:
        found.append(Problem("cap", "This plan asks for a monthly cap: there is none yet."))
    contradiction = _too_low(terms, limits) or _never_buys(terms, limits)
    return [*found, contradiction] if contradiction else found


def _too_low(terms: Terms, limits: Limits) -> Problem | None:
    """The target has to be above the threshold."""
    target, threshold = _number(terms.target), _number(terms.threshold)
    if terms.threshold_type == ThresholdType.CREDITS:
        is_low = terms.target <= terms.threshold
        said = f"The target, {target}, is not above the threshold, {threshold}"
    else:
        worth = terms.target * (limits.unit_price or Decimal(0))
        is_low = bool(limits.unit_price) and worth <= terms.threshold
        said = (
            f"The target, {target} credits, is worth {_number(worth)} {MONEY}, which is not above "
            f"the threshold, {threshold} {MONEY}"
        )
    if not is_low:
        return None
    return Problem("target", f"{said}: a recharge fills the balance up to the target.")


def _never_buys(terms: Terms, limits: Limits) -> Problem | None:
    """A cap below the cheapest recharge, that of a balance just below the threshold."""
    if terms.cap is None or not limits.unit_price:
        return None
    rule = rule_of(terms, limits.unit_price, limits.min_grant_amount)
    credits = rule.amount(rule.floor())
    cost = rule.cost(credits)
    if cost <= terms.cap:
        return None
    return Problem(
        "cap",
        f"The monthly cap, {_number(terms.cap)} {MONEY}, is below the cost of one recharge: "
        f"{_number(credits)} credits cost {_number(cost)} {MONEY}. Nothing would ever be bought.",
    )


def _number(amount: Decimal) -> str:
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
