"""Grants changed and voided, and every way of paying for one, through the API."""

from typing import Any

import pytest
from local_metering import Answer, LocalApi, at

from data.metering.errors import MeteringError, NotFound


def refusal(api: LocalApi, change: str, **given: Any) -> tuple[str, str]:
    """(code, sentence) of a refused change; it must have changed nothing."""
    before = api.grants(), api.ledger()
    with pytest.raises(MeteringError) as refused:
        getattr(api, change)(**given)
    assert (api.grants(), api.ledger()) == before
    return refused.value.code, refused.value.sentence


def types(api: LocalApi) -> list[tuple[str, Any]]:
    return [(row["eventType"].removeprefix("CREDITS_"), row["amount"]) for row in api.ledger()]


@pytest.mark.parametrize("name", ["grantId", "id"])
def test_a_void_takes_what_is_left_and_keeps_what_was_consumed(api: LocalApi, name: str) -> None:
    granted = api.grant(100)
    api.consume(30, "a")
    api.settle()
    api.clock.forward(hours=1)
    voided = api.void(granted[name])
    assert (voided["status"], voided["voidedAt"]) == ("VOIDED", at(hours=-1))
    assert (voided["amount"], voided["consumedAmount"]) == (100, 30)
    assert types(api)[-1] == ("VOIDED", -70)
    assert api.balance()["currentBalance"] == 0
    api.restart()
    assert [grant["status"] for grant in api.grants()] == ["VOIDED"]


def test_what_cannot_be_voided_says_why_with_its_id(api: LocalApi) -> None:
    gone = api.grant(5)["grantId"]
    api.void(gone)
    ended = api.grant(5, expireAt=at(hours=-1))["grantId"]
    api.clock.forward(hours=2)
    api.consume(5, "a")
    api.settle()
    debt = next(g["grantId"] for g in api.grants() if g["grantType"] == "OVERDRAFT")
    assert refusal(api, "void", grant_id=gone) == (
        "CreditGrantAlreadyVoided", f"Grant {gone} is already voided.",
    )  # fmt: skip
    assert refusal(api, "void", grant_id=debt) == (
        "CreditGrantCannotBeVoided", "Overdraft credit grants cannot be voided.",
    )  # fmt: skip
    assert refusal(api, "void", grant_id=ended) == (
        "CreditGrantCannotBeVoided", f"Grant {ended} has expired and cannot be voided.",
    )  # fmt: skip
    assert refusal(api, "void", grant_id="nobody's") == (
        "CreditGrantNotFound", 'There is no credit grant "nobody\'s".',
    )  # fmt: skip


def test_the_error_of_a_void_carries_the_fields_of_its_type(api: LocalApi) -> None:
    grant_id = api.grant(5)["grantId"]
    api.void(grant_id)
    body = (
        f'{{"query": "mutation {{ voidCreditGrant(input: {{id: \\"{grant_id}\\"}}) {{ id }} }}"}}'
    )
    status, answer = api.post(body.encode())
    extensions = answer["errors"][0]["extensions"]
    assert status == 200
    assert (extensions["code"], extensions["grantId"], extensions["isValidationError"]) == (
        "CreditGrantAlreadyVoided", grant_id, True,
    )  # fmt: skip


def test_a_scheduled_and_an_unpaid_grant_are_voided_without_a_row(api: LocalApi) -> None:
    for given in ({"effectiveAt": at(days=-1)}, {"paymentCollectionMethod": "INVOICE"}):
        assert api.void(api.grant(5, **given)["grantId"])["status"] == "VOIDED"
    assert types(api) == []


def test_an_update_changes_name_comment_metadata_and_leaves_the_rest(api: LocalApi) -> None:
    before = api.grant(5, comment="old", additionalMetaData={"crm": "17"})
    api.clock.forward(minutes=5)
    after = api.update(before["grantId"], displayName="New name", comment=None)
    assert after == before | {
        "displayName": "New name", "comment": None, "updatedAt": at(minutes=-5),
    }  # fmt: skip
    assert after["additionalMetaData"] == {"crm": "17"}
    assert types(api) == [("GRANTED", 5)]
    changed = api.update(before["id"], additionalMetaData={"crm": 18})
    assert (changed["additionalMetaData"], changed["displayName"]) == ({"crm": 18}, "New name")


def test_a_new_priority_burns_in_its_new_place_and_is_in_the_ledger(api: LocalApi) -> None:
    first, second = api.grant(10, priority=1), api.grant(10, priority=2)
    api.update(second["grantId"], priority=0)
    api.consume(4, "a")
    api.settle()
    consumed = {grant["grantId"]: grant["consumedAmount"] for grant in api.grants()}
    assert consumed == {first["grantId"]: 0, second["grantId"]: 4}
    assert ("UPDATED", 0) in types(api)


def test_a_new_end_lapses_then_and_a_removed_one_never(api: LocalApi) -> None:
    shorter, longer = api.grant(10), api.grant(7, expireAt=at(hours=-5))
    assert api.update(shorter["grantId"], expireAt=at(hours=-1))["expireAt"] == at(hours=-1)
    assert api.update(longer["grantId"], expireAt=None)["expireAt"] is None
    api.clock.forward(hours=6)
    api.restart()
    api.settle()
    statuses = {grant["grantId"]: grant["status"] for grant in api.grants()}
    assert statuses == {shorter["grantId"]: "EXPIRED", longer["grantId"]: "ACTIVE"}
    assert api.balance()["currentBalance"] == 7


def test_a_scheduled_grant_can_be_brought_forward(api: LocalApi) -> None:
    granted = api.grant(10, effectiveAt=at(days=-3))
    assert api.balance()["currentBalance"] == 0
    updated = api.update(granted["grantId"], effectiveAt=at(hours=1))
    assert updated["status"] == "ACTIVE"
    assert api.balance()["currentBalance"] == 10


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"expireAt": at(days=30)}, "ExpireAtMustBeLaterThanEffectiveAtError"),
        ({"effectiveAt": at(hours=3)}, "BadUserInput"),
        ({"priority": 101}, "BadUserInput"),
        ({"priority": 1.5}, "BadUserInput"),
        ({"additionalMetaData": "text"}, "BadUserInput"),
    ],
)
def test_what_a_grant_cannot_become_is_refused(api: LocalApi, given: Answer, code: str) -> None:
    grant_id = api.grant(10)["grantId"]
    assert refusal(api, "update", grant_id=grant_id, **given)[0] == code


def test_the_end_of_an_expired_grant_stays(api: LocalApi) -> None:
    grant_id = api.grant(10, expireAt=at(hours=-1))["grantId"]
    api.clock.forward(hours=2)
    assert refusal(api, "update", grant_id=grant_id, expireAt=None)[0] == (
        "CannotUpdateExpireAtForExpiredCreditGrantError"
    )
    api.settle()
    assert api.update(grant_id, comment="kept for the books")["comment"] == "kept for the books"


def test_an_unknown_grant_cannot_be_updated(api: LocalApi) -> None:
    with pytest.raises(NotFound, match="There is no credit grant 'nope'"):
        api.update("nope", comment="x")


@pytest.mark.parametrize(
    ("given", "status", "invoice"),
    [
        ({}, "ACTIVE", None),
        ({"paymentCollectionMethod": "NONE"}, "ACTIVE", None),
        ({"paymentCollectionMethod": "CHARGE"}, "ACTIVE", None),
        ({"paymentCollectionMethod": "INVOICE"}, "PAYMENT_PENDING", "OPEN"),
        ({"paymentCollectionMethod": "INVOICE", "awaitPaymentConfirmation": False}, "ACTIVE", None),
        ({"paymentCollectionMethod": "INVOICE", "billingInformation": {"isInvoicePaid": True}},
         "ACTIVE", None),
        ({"effectiveAt": at(days=-1)}, "SCHEDULED", None),
        ({"effectiveAt": at(days=2), "expireAt": at(days=1)}, "EXPIRED", None),
    ],
)  # fmt: skip
def test_each_way_of_paying_and_each_window_has_its_status(
    api: LocalApi, given: Answer, status: str, invoice: str | None
) -> None:
    granted = api.grant(10, cost={"amount": 20, "currency": "EUR"}, **given)
    assert granted["status"] == status
    assert (granted["latestInvoice"] or {"status": None})["status"] == invoice
    assert (granted["paymentCollection"] == "PROCESSING") is (invoice is not None)
    assert granted["cost"] == {"amount": 20, "currency": "EUR"}
    assert api.balance()["currentBalance"] == (10 if status == "ACTIVE" else 0)


def test_an_unpaid_grant_that_ends_has_expired_without_a_row(api: LocalApi) -> None:
    api.grant(10, paymentCollectionMethod="INVOICE", expireAt=at(hours=-1))
    api.clock.forward(hours=2)
    api.settle()
    assert [grant["status"] for grant in api.grants()] == ["EXPIRED"]
    assert types(api) == []


def test_a_promotional_grant_has_no_cost(api: LocalApi) -> None:
    given = {"grantType": "PROMOTIONAL", "cost": {"amount": 1}}
    assert refusal(api, "grant", amount=5, **given)[0] == "BadUserInput"
