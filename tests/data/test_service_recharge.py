"""Auto-recharge through the API: what is kept, what is refused, and what it buys."""

from decimal import Decimal
from typing import Any

import pytest
from local_metering import CUSTOMER, Answer, LocalApi, at, available

from data.metering.errors import BadInput, NotFound

RULE = {"thresholdValue": 500, "targetBalance": 5000}
DEFAULTS = {
    "id": None, "isEnabled": False, "thresholdType": "CreditAmount", "thresholdValue": 0,
    "targetBalance": 0, "maxSpendLimit": None, "grantExpirationPeriod": "OneYear",
    "currentMonthlySpend": 0, "createdAt": None, "updatedAt": None,
}  # fmt: skip


def bought(api: LocalApi) -> list[tuple[Any, Any]]:
    """(credits, US dollars) of each recharge, oldest first."""
    made = [g for g in api.grants() if g["automaticRechargeConfigurationId"]]
    return [(g["amount"], g["cost"]["amount"]) for g in reversed(made)]


def test_nothing_saved_answers_the_defaults(api: LocalApi) -> None:
    settings = api.recharge()
    assert {name: settings[name] for name in DEFAULTS} == DEFAULTS
    assert settings["validationConfig"] == {
        "allowUnlimitedSpendLimit": True, "minGrantAmount": 100, "maxTargetBalance": 1000000,
        "maxThresholdAmount": 500000,
    }  # fmt: skip


def test_a_partial_save_keeps_the_rest_and_switching_off_keeps_the_numbers(api: LocalApi) -> None:
    api.grant(9000)
    first = api.save_recharge(**RULE, maxSpendLimit=100, grantExpirationPeriod="MONTH")
    api.clock.forward(hours=1)
    off = api.save_recharge(isEnabled=False)
    assert off == first | {"isEnabled": False, "updatedAt": at(hours=-1)}
    again = api.save_recharge(targetBalance=6000, maxSpendLimit=None)
    assert (again["thresholdValue"], again["targetBalance"]) == (500, 6000)
    assert (again["maxSpendLimit"], again["grantExpirationPeriod"]) == (None, "OneMonth")
    api.restart()
    assert api.recharge() == again
    assert bought(api) == []


def test_saving_while_already_below_buys_at_once(api: LocalApi) -> None:
    api.grant(100)
    saved = api.save_recharge(**RULE)
    assert bought(api) == [(4900, 98)]
    assert saved["currentMonthlySpend"] == 98
    (recharge,) = [g for g in api.grants() if g["automaticRechargeConfigurationId"]]
    assert (recharge["grantType"], recharge["displayName"]) == ("PAID", "Auto-recharge")
    assert recharge["automaticRechargeConfigurationId"] == saved["id"]
    assert recharge["expireAt"] == "2027-05-20T12:00:00.000Z"
    assert api.balance()["currentBalance"] == 5000


def test_usage_below_the_threshold_buys_up_to_the_target(api: LocalApi) -> None:
    api.grant(1000)
    api.save_recharge(**RULE)
    api.consume(500, "a")
    api.settle()
    assert bought(api) == []
    told = available(api.consume(1, "b")["credit"])
    api.settle()
    assert (told, api.balance()["currentBalance"]) == (499, 5000)
    assert bought(api) == [(4501, Decimal("90.02"))]


def test_a_recharge_settles_the_overdraft_first(api: LocalApi) -> None:
    api.grant(1000)
    api.save_recharge(**RULE)
    api.consume(1200, "a")
    api.settle()
    assert bought(api) == [(5200, 104)]
    assert api.balance()["currentBalance"] == 5000
    assert [g["status"] for g in api.grants() if g["grantType"] == "OVERDRAFT"] == ["VOIDED"]
    assert sum(row["amount"] for row in api.ledger()) == 5000


def test_the_cap_stops_recharges_until_it_is_raised_or_the_month_ends(api: LocalApi) -> None:
    api.grant(1000)
    api.save_recharge(**RULE, maxSpendLimit=100)
    for key in ("a", "b"):
        api.consume(4600, key)
        api.settle()
    assert bought(api) == []
    api.save_recharge(maxSpendLimit=300)
    assert bought(api) == [(13200, 264)]
    assert api.recharge()["currentMonthlySpend"] == 264
    api.consume(5000, "c")
    api.settle()
    api.restart()
    api.clock.forward(days=11, hours=11)
    api.settle()
    assert len(bought(api)) == 1
    api.clock.forward(hours=1)
    api.settle()
    assert bought(api)[1:] == [(5000, 100)]
    assert api.recharge()["currentMonthlySpend"] == 100


def test_a_rule_goes_on_after_a_restart(api: LocalApi) -> None:
    api.grant(1000)
    api.save_recharge(**RULE)
    api.restart()
    api.consume(501, "a")
    api.settle()
    assert bought(api) == [(4501, Decimal("90.02"))]


def test_a_threshold_in_dollars_is_worth_of_the_remaining_credits(api: LocalApi) -> None:
    """2 cents a credit: 10 $ are 500 credits."""
    api.grant(1000)
    api.save_recharge(thresholdType="DOLLAR_AMOUNT", thresholdValue=10, targetBalance=5000)
    api.consume(500, "a")
    api.settle()
    assert bought(api) == []
    api.consume(0.000001, "b")
    api.settle()
    assert bought(api) == [(Decimal("4500.000001"), 90)]


def test_what_is_bought_is_at_least_what_the_plan_says(api: LocalApi) -> None:
    api.grant(1000)
    api.save_recharge(thresholdValue=990, targetBalance=1000)
    api.consume(11, "a")
    api.settle()
    assert bought(api) == [(100, 2)]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"targetBalance": 500}, "targetBalance must be worth more than thresholdValue."),
        ({"thresholdValue": -1}, "thresholdValue must not be below 0."),
        ({"targetBalance": 2000000}, "targetBalance must be at most 1000000, as the plan says."),
        ({"thresholdValue": 600000, "targetBalance": 700000},
         "thresholdValue must be at most 500000, as the plan says."),
        ({"thresholdType": "DollarAmount", "thresholdValue": 100},
         "targetBalance must be worth more than thresholdValue."),
        ({"maxSpendLimit": 10**12}, "maxSpendLimit: "),
    ],
)  # fmt: skip
def test_settings_that_contradict_themselves_or_the_plan_are_refused(
    api: LocalApi, given: Answer, sentence: str
) -> None:
    with pytest.raises(BadInput) as refused:
        api.save_recharge(**(RULE | given))
    assert refused.value.sentence.startswith(sentence)
    assert api.recharge()["updatedAt"] is None


def test_settings_that_are_off_may_be_anything(api: LocalApi) -> None:
    assert api.save_recharge(isEnabled=False, thresholdValue=10)["targetBalance"] == 0


def test_a_customer_without_a_plan_that_sells_credits_cannot_recharge(api: LocalApi) -> None:
    api.provision("customer-loose", plan=None)
    with pytest.raises(BadInput, match="No plan of 'customer-loose' sells 'ai-tokens'"):
        api.save_recharge(customerId="customer-loose", **RULE)


def test_unknown_customers_and_currencies_have_no_settings(api: LocalApi) -> None:
    for given in ({"customerId": "nobody"}, {"customerId": CUSTOMER, "currencyId": "gold"}):
        with pytest.raises(NotFound):
            api.recharge(**given)
        with pytest.raises(NotFound):
            api.save_recharge(**given)
