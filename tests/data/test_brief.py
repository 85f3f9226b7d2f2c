"""The vendor's samples, sent as its page writes them: each answer has the documented shape."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import simplejson
from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
)
from local_metering import (
    CURRENCY,
    CUSTOMER,
    GROWTH,
    SEATS,
    Answer,
    MeteringProcess,
    object_type,
    whole,
)

pytestmark = pytest.mark.xdist_group("metering over http")

WORKSPACE = "workspace-example-com"
TEMPLATES = "feature-01-templates"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?Z")
PROMOTIONAL: Answer = {
    "customerId": CUSTOMER,
    "currencyId": CURRENCY,
    "displayName": "Onboarding bonus",
    "amount": 1000,
    "grantType": "PROMOTIONAL",
    "resourceId": WORKSPACE,
    "comment": "Welcome promotion",
}
RECHARGE: Answer = {
    "customerId": CUSTOMER,
    "currencyId": CURRENCY,
    "isEnabled": True,
    "thresholdType": "CREDIT_AMOUNT",
    "thresholdValue": 500,
    "targetBalance": 5000,
    "maxSpendLimit": 100,
    "grantExpirationPeriod": "MONTH",
}
SAMPLES: list[tuple[str, str, str, Answer]] = [
    ("reportUsage", "Mutation", "reportUsage", {"input": {
        "customerId": "customer-test-id", "featureId": SEATS, "value": 10,
        "resourceId": "resource-01"}}),
    ("reportUsage in bulk", "Mutation", "reportUsageBulk", {"input": {"usages": [
        {"customerId": "customer-test-id", "featureId": SEATS, "value": 10,
         "resourceId": "resource-01"},
        {"customerId": "customer-test-id", "featureId": SEATS, "value": 10,
         "updateBehavior": "SET"}]}}),
    ("reportEvent", "Mutation", "reportEvent", {"events": {"usageEvents": [{
        "customerId": "customer-test-id", "resourceId": "resource-01", "eventName": "user_login",
        "idempotencyKey": "227c1b73-883a-457b-b715-6ba5a2c69ce4",
        "dimensions": {"user_id": "user-01", "user_email": "john@example.com"},
        "timestamp": "2022-10-26T15:01:55.768Z"}]}}),
    ("getPaywall", "Query", "paywall", {}),
    ("estimateSubscription", "Mutation", "estimateSubscription", {"input": {
        "customerId": CUSTOMER, "billingPeriod": "MONTHLY", "planId": GROWTH,
        "billableFeatures": [{"featureId": TEMPLATES, "quantity": 2}],
        "addons": [{"addonId": "addon-10-campaigns", "quantity": 1}],
        "promotionCode": "STIGG50", "startDate": "2026-05-20T12:00:00.000Z",
        "billingCountryCode": "US", "resourceId": "resource-01"}}),
    ("estimateSubscriptionUpdate", "Mutation", "estimateSubscriptionUpdate", {"input": {
        "subscriptionId": "subscription-plan-revvenu-growth-da6324",
        "billableFeatures": [{"featureId": TEMPLATES, "quantity": 3}],
        "addons": [{"addonId": "addon-10-campaigns", "quantity": 1}],
        "promotionCode": "STIGG50"}}),
    ("getCoupons", "Query", "coupons", {
        "filter": {"status": {"eq": "ACTIVE"}}, "paging": {"first": 25}}),
    ("createCreditGrant", "Mutation", "createCreditGrant", {"input": PROMOTIONAL | {
        "effectiveAt": "2026-05-20T12:00:00.000Z", "expireAt": "2026-12-31T00:00:00.000Z"}}),
    ("getCreditUsage by a preset", "Query", "creditUsage", {"input": {
        "customerId": CUSTOMER, "currencyId": CURRENCY, "timeRange": "LAST_MONTH",
        "resourceId": WORKSPACE}}),
    ("getCreditUsage by dates and model", "Query", "creditUsage", {"input": {
        "customerId": CUSTOMER, "startDate": "2026-05-01T00:00:00.000Z",
        "endDate": "2026-05-31T00:00:00.000Z", "groupBy": ["model"]}}),
    ("getCreditLedger", "Query", "creditsLedger", {"input": {
        "customerId": CUSTOMER, "currencyId": CURRENCY, "resourceId": WORKSPACE,
        "paging": {"first": 50}}}),
    ("getCreditGrants", "Query", "creditGrants", {"input": {
        "customerId": CUSTOMER, "currencyId": CURRENCY, "resourceId": WORKSPACE,
        "paging": {"first": 20}}}),
    ("getCreditEventsFields", "Query", "creditEventsFields", {"input": {
        "customerId": CUSTOMER, "currencyId": CURRENCY, "search": "model"}}),
    ("the auto-recharge settings", "Query", "getAutoRechargeSettings", {"input": {
        "customerId": CUSTOMER, "currencyId": CURRENCY}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "root", "given"), [row[1:] for row in SAMPLES], ids=[row[0] for row in SAMPLES]
)
def test_a_sample_is_answered_with_every_field_in_its_documented_type(
    demo: MeteringProcess, kind: str, root: str, given: Answer
) -> None:
    sent(demo, kind, root, **given)


def test_a_promotional_entitlement_is_granted_and_revoked(demo: MeteringProcess) -> None:
    feature = "feature-document-parsing"
    asked_for = {
        "featureId": feature,
        "period": "ONE_MONTH",
        "usageLimit": 100,
        "resetPeriod": "MONTH",
        "monthlyResetPeriodConfiguration": {"accordingTo": "StartOfTheMonth"},
    }
    given = {"customerId": CUSTOMER, "promotionalEntitlements": [asked_for]}
    (granted,) = sent(demo, "Mutation", "grantPromotionalEntitlements", input=given)
    assert (granted["status"], granted["usageLimit"]) == ("Active", 100)
    given = {"customerId": CUSTOMER, "featureId": feature}
    revoked = sent(demo, "Mutation", "revokePromotionalEntitlement", input=given)
    assert revoked["id"] == granted["id"]
    _, answer = asked(demo, "Mutation", "revokePromotionalEntitlement", input=given)
    assert answer["errors"][0]["extensions"]["code"] == "PromotionalEntitlementNotFoundError"


def test_a_granted_sample_can_be_updated_and_voided_and_its_remainder_leaves_at_once(
    demo: MeteringProcess,
) -> None:
    pool = {"customerId": CUSTOMER, "currencyId": CURRENCY, "resourceId": WORKSPACE}
    made = sent(demo, "Mutation", "createCreditGrant", input=PROMOTIONAL)
    before = demo.balance(**pool)["currentBalance"]
    updated = sent(
        demo,
        "Mutation",
        "updateCreditGrant",
        input={"id": made["grantId"], "comment": "Welcome promotion, prolonged"},
    )
    assert (updated["grantId"], updated["comment"]) == (
        made["grantId"],
        "Welcome promotion, prolonged",
    )
    voided = sent(demo, "Mutation", "voidCreditGrant", input={"id": made["grantId"]})
    assert (voided["grantId"], voided["status"]) == (made["grantId"], "VOIDED")
    assert voided["voidedAt"] is not None
    remainder = voided["amount"] - voided["consumedAmount"]
    assert before - demo.balance(**pool)["currentBalance"] == remainder > 0


def test_the_samples_grant_that_nobody_has_is_refused_with_its_code(demo: MeteringProcess) -> None:
    status, answer = asked(demo, "Mutation", "voidCreditGrant", input={"id": "grant-abc123"})
    assert (status, answer["data"]) == (200, None)
    assert answer["errors"][0]["extensions"]["code"] == "CreditGrantNotFound"


def test_the_samples_recharge_is_saved_and_disabled_without_losing_its_numbers(
    demo: MeteringProcess,
) -> None:
    """Of a customer without usage: nothing is bought for the showcase."""
    demo.provision("customer-recharged")
    demo.grant(6000, customerId="customer-recharged")
    owner = {"customerId": "customer-recharged"}
    saved = sent(demo, "Mutation", "saveAutoRechargeSettings", input=RECHARGE | owner)
    numbers = {"thresholdValue": 500, "targetBalance": 5000, "maxSpendLimit": 100}
    spelled = {"thresholdType": "CreditAmount", "grantExpirationPeriod": "OneMonth"}
    assert saved.items() >= (numbers | spelled | {"isEnabled": True}).items()
    off = owner | {"currencyId": CURRENCY, "isEnabled": False}
    saved = sent(demo, "Mutation", "saveAutoRechargeSettings", input=off)
    assert saved.items() >= (numbers | spelled | {"isEnabled": False}).items()


def sent(demo: MeteringProcess, kind: str, root: str, **given: Any) -> Any:
    """The answer of an operation, every field of it in its type."""
    status, answer = asked(demo, kind, root, **given)
    assert (status, list(answer)) == (200, ["data"]), answer
    told = answer["data"][root]
    check(told, object_type(kind).fields[root].type, root)
    return told


def asked(demo: MeteringProcess, kind: str, root: str, **given: Any) -> tuple[int, Answer]:
    body = {"query": whole(kind, root, given), "variables": given}
    return demo.post(simplejson.dumps(body).encode())


def check(told: Any, output: GraphQLOutputType, where: str) -> None:
    """Fail where an answer is not of its type, or lacks a field that was asked for."""
    if isinstance(output, GraphQLNonNull):
        assert told is not None, where
        check(told, output.of_type, where)
    elif told is None:
        return
    elif isinstance(output, GraphQLList):
        assert isinstance(told, list), where
        for number, one in enumerate(told):
            check(one, output.of_type, f"{where}[{number}]")
    elif isinstance(output, GraphQLUnionType):
        told = dict(told)
        check(told, object_type(told.pop("__typename")), where)
    elif isinstance(output, GraphQLObjectType):
        for name, field in output.fields.items():
            check(told[name], field.type, f"{where}.{name}")
    elif isinstance(output, GraphQLEnumType):
        assert told in output.values, (where, told)
    else:
        assert SCALARS[output.name](told), (where, told)


def is_uuid(told: Any) -> bool:
    return str(UUID(told)) == told


SCALARS: dict[str, Callable[[Any], bool]] = {
    "Boolean": lambda told: isinstance(told, bool),
    "ConnectionCursor": lambda told: isinstance(told, str) and told != "",
    "DateTime": lambda told: MOMENT.fullmatch(told) is not None,
    "Float": lambda told: type(told) in (int, Decimal),
    "Int": lambda told: type(told) is int,
    "JSON": lambda _: True,
    "String": lambda told: isinstance(told, str),
    "UUID": is_uuid,
}
