"""Auto-recharge settings validate themselves, whoever sends them, and say what they ask for."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from queries.command import Role
from queries.grants import SCHEMA as GRANTS
from queries.question import QuestionError
from queries.recharge import LIMITS, RechargeLimits
from queries.recharge.commands import SaveRecharge
from queries.recharge.terms import (
    UNKNOWN,
    Charge,
    Limits,
    Terms,
    charge_at_once,
    limits_of,
    price_of,
    wrong_with,
)
from queries.recharge.written import read_terms

PLAN = Limits(
    min_grant_amount=Decimal(100),
    max_credit_pool_size=Decimal(900_000),
    min_target_balance=Decimal(200),
    max_target_balance=Decimal(1_000_000),
    max_threshold_amount=Decimal(500_000),
    allow_unlimited_spend_limit=False,
    unit_price=Decimal("0.02"),
)
MAY = datetime(2026, 5, 3, 9)


def terms(**changes: Any) -> Terms:
    given = {
        "threshold_type": "CreditAmount",
        "threshold": Decimal(500),
        "target": Decimal(5000),
        "cap": Decimal(100),
        "expiration": "OneYear",
    }
    return Terms(**given | changes)


def command(**changes: Any) -> SaveRecharge:
    given = {"customer_id": "acme", "currency_id": "ai-tokens", "terms": terms(), "limits": PLAN,
             "key": "key-1"}  # fmt: skip
    return SaveRecharge(**given | changes)


@pytest.mark.parametrize(
    ("changes", "column", "sentence"),
    [
        ({"threshold_type": "Euro"}, "threshold_type", "'Euro' is none of the settings"),
        ({"expiration": "OneDay"}, "expiration", "OneMonth and OneYear are"),
        ({"threshold": Decimal(-1)}, "threshold", "not below 0; it cannot be -1"),
        ({"threshold": Decimal("NaN")}, "threshold", "not a finite number"),
        ({"threshold": Decimal("1E-7")}, "threshold", "at most 6 decimals; 0.0000001 has more"),
        ({"target": Decimal(10) ** 12}, "target", r"below 10\^12"),
        ({"cap": Decimal("0.001")}, "cap", "in USD, with 2 decimals; 0.001 has more"),
        ({"cap": Decimal(10) ** 12}, "cap", "USD are too many"),
        ({"cap": None}, "cap", "asks for a monthly cap"),
        ({"cap": Decimal("89.99")}, "cap", "4,500 credits cost 90 USD"),
        ({"target": Decimal(500)}, "target", "The target, 500, is not above the threshold, 500"),
        ({"target": Decimal(199), "threshold": Decimal(1)}, "target", "at least 200 in this plan"),
        ({"target": Decimal(950_000), "cap": Decimal(90_000)}, "target", "at most 900,000 in"),
        ({"target": Decimal(1_000_001), "cap": Decimal(90_000)}, "target", "at most 1,000,000 in"),
        ({"threshold": Decimal(500_001), "target": Decimal(600_000), "cap": Decimal(90_000)},
         "threshold", "at most 500,000 in this plan; it cannot be 500,001"),
        ({"threshold_type": "DollarAmount", "threshold": Decimal(100)}, "target",
         "5,000 credits, is worth 100 USD, which is not above the threshold, 100 USD"),
        ({"threshold_type": "DollarAmount", "threshold": Decimal("0.001")}, "threshold",
         "in USD, with 2 decimals"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_say_why_at_their_field_and_as_a_command(
    changes: dict[str, Any], column: str, sentence: str
) -> None:
    problems = wrong_with(terms(**changes), PLAN)
    assert column in {problem.column for problem in problems}
    with pytest.raises(QuestionError, match=sentence):
        command(terms=terms(**changes))


def test_settings_at_the_very_limits_are_accepted() -> None:
    assert wrong_with(terms(cap=Decimal(90)), PLAN) == ()
    assert wrong_with(terms(target=Decimal("500.000001"), cap=Decimal(2)), UNKNOWN) == ()


def test_what_is_not_known_of_the_plan_limits_nothing_but_contradictions_stay() -> None:
    assert wrong_with(terms(target=Decimal(10) ** 11, cap=None), UNKNOWN) == ()
    assert wrong_with(terms(target=Decimal(1)), UNKNOWN) != ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"customer_id": "no customer"}, "cannot be a customer id"),
        ({"currency_id": "no/pe"}, "cannot be a currency id"),
    ],
)
def test_a_command_about_nobody_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        command(**changes)
    with pytest.raises(QuestionError, match=sentence):
        RechargeLimits(**{"customer_id": "acme", "currency_id": "ai-tokens"} | changes)


def test_switching_off_sends_nothing_else_and_no_cap_is_sent_as_none() -> None:
    assert command(terms=None).variables["input"] == {
        "customerId": "acme", "currencyId": "ai-tokens", "isEnabled": False
    }  # fmt: skip
    free = command(terms=terms(cap=None), limits=UNKNOWN).variables["input"]
    assert free == {
        "customerId": "acme", "currencyId": "ai-tokens", "isEnabled": True,
        "thresholdType": "CreditAmount", "thresholdValue": 500, "targetBalance": 5000,
        "maxSpendLimit": None, "grantExpirationPeriod": "OneYear",
    }  # fmt: skip


def test_it_takes_billing_and_is_told_in_words() -> None:
    assert command().needs is command(terms=None).needs is Role.BILLING
    assert command().summary == (
        "set the auto-recharge of acme (ai-tokens) to 5,000 credits below 500 credits, "
        "at most 100 USD a month"
    )
    assert command(terms=None).summary == "switch off the auto-recharge of acme (ai-tokens)"
    assert command(key="key-2").given == command().given
    assert command(limits=UNKNOWN).given == command().given


@pytest.mark.parametrize(
    ("balance", "spent", "charge"),
    [
        (500, 0, None),
        ("499.999999", 0, Charge(Decimal("4500.000001"), Decimal(90), False)),
        (-100, 0, Charge(Decimal(5100), Decimal(102), True)),
        (400, "8.01", Charge(Decimal(4600), Decimal(92), True)),
        (400, 8, Charge(Decimal(4600), Decimal(92), False)),
    ],
)
def test_what_is_charged_at_once_is_told(balance: object, spent: object, charge: Charge) -> None:
    price = Decimal("0.02")
    told = charge_at_once(terms(), PLAN, price, Decimal(str(balance)), Decimal(str(spent)))
    assert told == charge


def test_texts_are_read_and_every_one_that_is_wrong_is_told() -> None:
    texts = {"threshold_type": "CreditAmount", "expiration": "OneYear", "threshold": " 500 ",
             "target": "5000", "cap": "100"}  # fmt: skip
    assert read_terms(texts, PLAN) == (terms(), ())
    del texts["cap"]
    assert read_terms(texts, UNKNOWN) == (terms(cap=None), ())
    read, problems = read_terms(texts | {"threshold": "5,0", "target": "", "cap": "1e3"}, PLAN)
    assert read is None
    assert [(p.column, p.is_missing) for p in problems] == [
        ("threshold", False), ("target", True), ("cap", False)
    ]  # fmt: skip


def grant(amount: int, cost: int, *, is_recharge: bool, currency: str = "USD") -> dict[str, Any]:
    return {
        "grant_id": "g", "display_name": "Pack", "grant_type": "PAID", "amount": amount,
        "cost_amount": cost, "cost_currency": currency, "created_at": MAY,
        "is_recharge": is_recharge,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "held", "price", "basis"),
    [
        (PLAN, [grant(10, 5, is_recharge=True)], "0.02", "the plan's price of a credit"),
        (UNKNOWN, [grant(10, 9, is_recharge=False), grant(10, 5, is_recharge=True)], "0.5",
         "what the recharge of 3 May 2026 09:00 UTC cost"),
        (UNKNOWN, [grant(10, 9, is_recharge=False)], "0.9",
         "what the grant “Pack” of 3 May 2026 09:00 UTC cost"),
    ],
)  # fmt: skip
def test_a_credit_costs_what_the_plan_says_else_what_was_last_paid(
    limits: Limits, held: list[dict[str, Any]], price: str, basis: str
) -> None:
    found = price_of(limits, pl.DataFrame(held, GRANTS))
    assert found is not None
    assert (found.amount, found.basis) == (Decimal(price), basis)


def test_no_price_is_known_where_nothing_was_paid_in_dollars() -> None:
    held = [grant(10, 0, is_recharge=False), grant(10, 5, is_recharge=False, currency="EUR")]
    assert price_of(UNKNOWN, pl.DataFrame(held, GRANTS)) is None
    assert limits_of(LIMITS.to_frame()) == UNKNOWN
