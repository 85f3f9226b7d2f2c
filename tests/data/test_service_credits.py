"""Grants, debts and endings through the API; and whole histories that must add up."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from local_metering import CURRENCY, CUSTOMER, Answer, LocalApi, at, available, event, wire

from data.metering.errors import MeteringError, Refused


def rows(api: LocalApi) -> list[tuple[str, Any, str]]:
    """(event type without its prefix, amount, the grant's name), oldest first."""
    return [
        (row["eventType"].removeprefix("CREDITS_"), row["amount"], row["grant"]["displayName"])
        for row in api.ledger()
    ]


def test_usage_beyond_the_credits_opens_one_overdraft(api: LocalApi) -> None:
    api.grant(10)
    api.clock.forward(hours=1)
    told = available(api.consume(25, "a")["credit"])
    api.settle()
    assert api.balance()["currentBalance"] == told == -15
    overdraft, paid = api.grants()
    assert overdraft == {
        "grantId": overdraft["grantId"],
        "id": overdraft["id"],
        "displayName": "Overdraft",
        "grantType": "OVERDRAFT",
        "status": "ACTIVE",
        "amount": 0,
        "consumedAmount": 15,
        "priority": 50,
        "comment": None,
        "cost": {"amount": 0, "currency": "USD"},
        "paymentCollection": "NOT_REQUIRED",
        "currencyId": CURRENCY,
        "customerId": CUSTOMER,
        "resourceId": None,
        "sourceType": None,
        "effectiveAt": at(hours=-1),
        "expireAt": None,
        "voidedAt": None,
        "createdAt": at(hours=-1),
        "updatedAt": at(hours=-1),
        "additionalMetaData": None,
        "automaticRechargeConfigurationId": None,
        "invoiceId": None,
        "latestInvoice": None,
    }
    assert (paid["consumedAmount"], paid["status"]) == (10, "ACTIVE")
    event_ids = {row["eventId"] for row in api.ledger(eventType=["CREDITS_CONSUMED"])}
    assert len(event_ids) == 1
    assert rows(api)[1:] == [("CONSUMED", -10, "Credits"), ("CONSUMED", -15, "Overdraft")]


def test_a_new_grant_settles_the_overdraft_first(api: LocalApi) -> None:
    api.consume(15, "a")
    api.settle()
    api.clock.forward(hours=1)
    granted = api.grant(50, displayName="Relief")
    assert (granted["amount"], granted["consumedAmount"]) == (50, 15)
    assert api.balance()["currentBalance"] == 35
    assert rows(api) == [
        ("CONSUMED", -15, "Overdraft"),
        ("GRANTED", 50, "Relief"),
        ("CONSUMPTION_TRANSFER_SOURCE", 15, "Overdraft"),
        ("CONSUMPTION_TRANSFER_TARGET", -15, "Relief"),
    ]
    overdraft = next(grant for grant in api.grants() if grant["grantType"] == "OVERDRAFT")
    assert (overdraft["status"], overdraft["consumedAmount"]) == ("VOIDED", 0)
    assert overdraft["voidedAt"] == overdraft["updatedAt"] == at(hours=-1)


def test_a_grant_smaller_than_the_debt_shrinks_it(api: LocalApi) -> None:
    api.consume(15, "a")
    api.settle()
    assert api.grant(10)["consumedAmount"] == 10
    api.restart()
    assert api.balance()["currentBalance"] == -5
    assert available(api.consume(1, "b")["credit"]) == -6


def test_grants_burn_by_priority_expiry_and_type(api: LocalApi) -> None:
    """The contract's check: A{1, Sep 1, paid} B{1, Sep 1, promotional} C{2, Aug 15}."""
    ends = {"expireAt": "2026-09-01T00:00:00Z"}
    api.grant(50, displayName="A", priority=1, **ends)
    api.grant(20, displayName="B", priority=1, grantType="PROMOTIONAL", **ends)
    ends = {"expireAt": "2026-08-15T00:00:00Z"}
    api.grant(100, displayName="C", priority=2, grantType="PROMOTIONAL", **ends)
    api.consume(60, "a")
    api.settle()
    assert {grant["displayName"]: grant["consumedAmount"] for grant in api.grants()} == {
        "A": 40,
        "B": 20,
        "C": 0,
    }


def test_what_is_left_at_expiry_leaves_the_pool_once(api: LocalApi) -> None:
    api.grant(10, expireAt=at(days=-1))
    api.consume(4, "a")
    api.settle()
    api.clock.forward(days=2)
    api.settle()
    api.restart()
    api.settle()
    assert rows(api) == [
        ("GRANTED", 10, "Credits"),
        ("CONSUMED", -4, "Credits"),
        ("EXPIRED", -6, "Credits"),
    ]
    (expired,) = api.grants()
    assert (expired["status"], expired["consumedAmount"]) == ("EXPIRED", 4)
    balance = api.balance()
    assert [balance[name] for name in ("currentBalance", "totalGranted", "totalConsumed")] == [
        0
    ] * 3
    assert balance["validUntil"] is None


def test_a_spent_grant_is_expired_all_the_same(api: LocalApi) -> None:
    api.grant(10, expireAt=at(days=-1))
    api.consume(10, "a")
    api.settle()
    api.clock.forward(days=2)
    api.settle()
    assert [grant["status"] for grant in api.grants()] == ["EXPIRED"]
    assert api.balance()["totalGranted"] == 0
    api.restart()
    assert api.consume(1, "b")["credit"]["usageLimit"] == 0


def test_a_grant_that_meets_an_unsettled_ending_leaves_it_ended(api: LocalApi) -> None:
    api.grant(10, displayName="Old", expireAt=at(days=-1))
    api.grant(7, displayName="Next", effectiveAt=at(days=-1))
    api.clock.forward(days=2)
    api.grant(5, displayName="New")
    api.restart()
    api.settle()
    assert {grant["displayName"]: grant["status"] for grant in api.grants()} == {
        "Old": "EXPIRED",
        "Next": "ACTIVE",
        "New": "ACTIVE",
    }
    assert rows(api) == [
        ("GRANTED", 10, "Old"),
        ("EXPIRED", -10, "Old"),
        ("GRANTED", 7, "Next"),
        ("GRANTED", 5, "New"),
    ]
    assert api.balance()["currentBalance"] == 12


def test_only_grants_that_changed_are_updated(api: LocalApi) -> None:
    api.grant(10, displayName="Untouched")
    api.grant(10, displayName="Ending", expireAt=at(days=-1))
    api.clock.forward(days=1)
    api.settle()
    updated = {grant["displayName"]: grant["updatedAt"] for grant in api.grants()}
    assert updated == {"Untouched": at(), "Ending": at(days=-1)}


def test_a_scheduled_grant_counts_from_its_start(api: LocalApi) -> None:
    granted = api.grant(50, effectiveAt=at(days=-10))
    assert granted["status"] == "SCHEDULED"
    assert api.ledger() == []
    balance = api.balance()
    assert (balance["currentBalance"], balance["totalGranted"]) == (0, 0)
    assert balance["validUntil"] == 1_780_142_400_000  # 2026-05-30T12:00Z
    api.consume(15, "a")
    api.settle()
    assert api.balance()["currentBalance"] == -15
    api.clock.forward(days=10)
    api.settle()
    assert api.balance()["currentBalance"] == 35
    assert [row["timestamp"] for row in api.ledger()][1:] == [at(days=-10)] * 3


def test_a_grant_on_invoice_is_unusable_until_it_is_paid(api: LocalApi) -> None:
    granted = api.grant(50, paymentCollectionMethod="INVOICE", cost={"amount": 20})
    assert (granted["status"], granted["paymentCollection"]) == ("PAYMENT_PENDING", "PROCESSING")
    assert granted["cost"] == {"amount": 20, "currency": "USD"}
    api.consume(1, "a")
    api.settle()
    assert api.balance()["currentBalance"] == -1


def test_a_grant_in_the_past_counts_for_what_happened_since(api: LocalApi) -> None:
    granted = api.grant(50, effectiveAt=at(days=10), expireAt=at(days=5))
    assert granted["status"] == "EXPIRED"
    assert [(row["eventType"], row["timestamp"]) for row in api.ledger()] == [
        ("CREDITS_GRANTED", at(days=10)),
        ("CREDITS_EXPIRED", at(days=5)),
    ]


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"amount": 0}, "BadUserInput", "The amount of a grant must be above 0."),
        ({"amount": -1}, "BadUserInput", "The amount of a grant must be above 0."),
        ({"amount": Decimal("0.0000004")}, "BadUserInput", "The amount of a grant must be above"),
        ({"amount": 10**12}, "BadUserInput", "1000000000000 credits are too many"),
        ({"cost": {"amount": -1}}, "BadUserInput", "The cost of a grant must not be below 0."),
        ({"priority": -1}, "BadUserInput", "The priority of a grant is a whole number, 0 to 100"),
        ({"priority": 101}, "BadUserInput", "The priority of a grant is a whole number, 0 to 100"),
        ({"priority": Decimal("0.5")}, "BadUserInput", "The priority of a grant is a whole number"),
        ({"priority": Decimal("1e99999")}, "BadUserInput", "The priority of a grant is a whole"),
        (
            {"effectiveAt": at(days=1), "expireAt": at(days=1)},
            "ExpireAtMustBeLaterThanEffectiveAtError",
            "expireAt must be later than effectiveAt.",
        ),
        (
            {"expireAt": at(days=1)},
            "ExpireAtMustBeLaterThanEffectiveAtError",
            "expireAt must be later than effectiveAt.",
        ),
        ({"customerId": "nobody"}, "CustomerNotFound", "There is no customer 'nobody'."),
        ({"currencyId": "gold"}, "CustomCurrencyNotFound", "There is no currency 'gold'."),
        ({"resourceId": "x" * 256}, "BadUserInput", "resourceId must have 1 to 255 characters."),
        ({"grantType": "OVERDRAFT"}, "BadUserInput", "Variable '$input' has invalid value"),
        ({"grantType": "RECURRING"}, "BadUserInput", "Variable '$input' has invalid value"),
        ({"expireAt": "tomorrow"}, "BadUserInput", "Variable '$input' has invalid value"),
    ],
)
def test_a_grant_that_cannot_be_is_refused_and_changes_nothing(
    shared: LocalApi, given: Answer, code: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        shared.grant(**{"amount": 10} | given)
    assert (refused.value.code, refused.value.sentence[: len(sentence)]) == (code, sentence)
    assert (
        shared.service.store.rows("from grants") == shared.service.store.rows("from ledger") == []
    )
    assert shared.service.store.rows("from resources") == []


def test_amounts_are_kept_to_6_decimals_and_priorities_from_0_to_100(api: LocalApi) -> None:
    granted = api.grant(Decimal("1.2345675"), priority=0)
    assert (granted["amount"], granted["priority"]) == (Decimal("1.234568"), 0)
    assert api.grant(1, priority=100)["priority"] == 100
    assert api.grant(1)["priority"] == 50


def test_giving_back_is_limited_to_what_was_consumed(api: LocalApi) -> None:
    api.grant(100)
    api.report(2)
    api.report(-3)
    api.settle()
    assert api.balance()["currentBalance"] == 100
    amounts = [amount for kind, amount, _ in rows(api) if kind == "CONSUMED"]
    assert amounts == [-50, 50]


def test_a_store_that_fails_to_write_keeps_the_balance_it_had(api: LocalApi) -> None:
    """The table is gone in the middle of a write: memory goes back to what the file says."""
    api.consume(5, "a")
    with api.service.store.transaction() as writer:
        writer.rows("alter table seen_keys rename to hidden")
    with pytest.raises(MeteringError, match="its log has the details"):
        api.consume(7, "b")
    with api.service.store.transaction() as writer:
        writer.rows("alter table hidden rename to seen_keys")
    assert api.consume(1, "c")["credit"]["currentUsage"] == 6


# Whole histories


@pytest.mark.parametrize("seed", [7, 20_260_522])
def test_a_history_with_restarts_adds_up_at_every_turn(api: LocalApi, seed: int) -> None:
    """Ledger, grants, usage and the balance told in advance agree; the seed replays it."""
    dice = random.Random(seed)
    for turn in range(7):
        for number in range(dice.randint(0, 6)):
            one_write(api, dice, f"{turn}-{number}")
        api.settle()
        told = api.consume(Decimal("0.01"), f"ask-{turn}")["credit"]
        api.settle()
        balance = api.balance()
        assert available(told) == balance["currentBalance"]
        assert balance["currentBalance"] == sum(row["amount"] for row in api.ledger())
        active = [grant for grant in api.grants() if grant["status"] == "ACTIVE"]
        assert balance["totalGranted"] == sum(grant["amount"] for grant in active)
        assert balance["totalConsumed"] == sum(grant["consumedAmount"] for grant in active)
        usage = api.usage(startDate="2000-01-01", endDate="2100-01-01")["series"]
        consumed = sum(row["amount"] for row in api.ledger(eventType=["CREDITS_CONSUMED"]))
        assert sum(series["totalCredits"] for series in usage) == -consumed
        if dice.random() < 0.3:
            api.restart()
        api.clock.forward(hours=dice.randint(0, 30))
        api.settle()


def one_write(api: LocalApi, dice: random.Random, key: str) -> None:
    """A grant, or usage of one of three kinds."""
    amount = Decimal(dice.randint(1, 200_000_000)).scaleb(-6)
    kind = dice.choice(["grant", "consume", "consume", "report", "event"])
    if kind == "grant":
        starts, lasts = dice.choice([0, 0, 24]), dice.choice([None, 30, 200])
        api.grant(
            amount,
            grantType=dice.choice(["PAID", "PROMOTIONAL"]),
            priority=dice.choice([1, 50]),
            effectiveAt=hours_from(api, starts),
            expireAt=None if lasts is None else hours_from(api, starts + lasts),
        )
    elif kind == "consume":
        api.consume(amount, key, createdAt=hours_from(api, -dice.randint(0, 5)))
    elif kind == "report":
        api.report(dice.randint(1, 3), idempotencyKey=key)
    else:
        tokens = {"input_tokens": dice.randint(1, 20_000)}
        api.report_events(event(key, eventName="llm_request", dimensions=tokens))


def hours_from(api: LocalApi, hours: float) -> str:
    return wire(api.clock.now + timedelta(hours=hours))
