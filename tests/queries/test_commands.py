"""Commands validate themselves, and say what they ask for."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from queries.command import Role
from queries.grants.commands import CreateGrant, VoidGrant
from queries.question import QuestionError

MAY, JUNE = datetime(2026, 5, 1), datetime(2026, 6, 1)


def grant(**changes: Any) -> CreateGrant:
    given = {
        "customer_id": "acme",
        "currency_id": "ai-tokens",
        "resource_id": None,
        "grant_type": "PAID",
        "display_name": "Growth pack",
        "amount": Decimal("1000.5"),
        "cost": Decimal(50),
        "key": "key-1",
    }
    return CreateGrant(**given | changes)


def void(**changes: Any) -> VoidGrant:
    given = {
        "grant_id": "cred-grant-1",
        "customer_id": "acme",
        "currency_id": "ai-tokens",
        "resource_id": None,
        "display_name": "Growth pack",
        "is_paid": True,
        "reason": "refunded",
        "key": "key-1",
    }
    return VoidGrant(**given | changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"customer_id": "no customer"}, "cannot be a customer id"),
        ({"currency_id": "no/pe"}, "cannot be a currency id"),
        ({"resource_id": " "}, "cannot be a resource id"),
        ({"grant_type": "RECURRING"}, "cannot be made as RECURRING: PAID and PROMOTIONAL can"),
        ({"display_name": "  "}, "A name is missing"),
        ({"display_name": "x" * 256}, "A name has at most 255 characters; this has 256"),
        ({"comment": "x" * 201}, "A comment has at most 200 characters; this has 201"),
        ({"amount": Decimal(0)}, "above 0; it cannot be 0"),
        ({"amount": Decimal(-5)}, "above 0; it cannot be -5"),
        ({"amount": Decimal("0.0000001")}, "at most 6 decimals; 1E-7 has more"),
        ({"amount": Decimal("NaN")}, "not a finite number"),
        ({"amount": Decimal(10) ** 12}, r"below 10\^12"),
        ({"cost": Decimal(-1)}, "not below 0; it cannot be -1"),
        ({"cost": Decimal("Infinity")}, "not below 0; it cannot be Infinity"),
        ({"cost": Decimal("0.001")}, "USD has 2 decimals; 0.001 has more"),
        ({"cost": Decimal("0.5"), "cost_currency": "JPY"}, "JPY has 0 decimals; 0.5 has more"),
        ({"cost": Decimal(10) ** 12}, r"below 10\^12"),
        ({"cost_currency": "usd"}, "'usd' is no currency here: USD, EUR"),
        ({"grant_type": "PROMOTIONAL"}, "A promotional grant costs nothing"),
        ({"priority": 101}, "from 0 to 100, lower burns first; it cannot be 101"),
        ({"priority": -1}, "it cannot be -1"),
        ({"effective_at": JUNE, "expire_at": MAY}, "before it takes effect"),
        ({"effective_at": MAY, "expire_at": MAY}, "before it takes effect"),
    ],
)
def test_a_grant_that_cannot_be_made_says_why(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        grant(**changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"grant_id": ""}, "cannot be a grant id"),
        ({"customer_id": "no customer"}, "cannot be a customer id"),
        ({"reason": ""}, "A reason is missing"),
        ({"reason": "x" * 201}, "A reason has at most 200 characters; this has 201"),
    ],
)
def test_a_void_that_cannot_be_made_says_why(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        void(**changes)


def test_promotional_credits_take_support_and_what_costs_money_takes_billing() -> None:
    assert grant(grant_type="PROMOTIONAL", cost=Decimal(0)).needs is Role.SUPPORT
    assert grant().needs is Role.BILLING
    assert void(is_paid=False).needs is Role.BILLING


def test_what_is_not_given_is_not_sent() -> None:
    sent = grant().variables["input"]
    assert set(sent) == {
        "customerId", "currencyId", "grantType", "displayName", "amount", "priority",
        "additionalMetaData", "cost", "paymentCollectionMethod",
    }  # fmt: skip
    assert sent["additionalMetaData"] == {"intentKey": "key-1"}
    assert sent["cost"] == {"amount": 50, "currency": "USD"}


def test_a_change_is_told_in_words() -> None:
    assert grant().summary == "grant 1,000.5 paid ai-tokens to acme as “Growth pack”"
    assert void().summary == "void the grant “Growth pack” of acme"
    assert (grant().subject, void().subject) == (None, "cred-grant-1")


def test_the_key_is_no_part_of_what_was_asked() -> None:
    assert grant(key="key-2").given == grant().given
    assert void(key="key-2").given == void().given
