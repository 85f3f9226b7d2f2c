"""Each documented code that a request can bring about: HTTP 200, a sentence, not a row changed."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import simplejson
from local_metering import (
    CURRENCY,
    CUSTOMER,
    GROWTH,
    PROVISION,
    SEATS,
    Answer,
    LocalApi,
    at,
    fingerprint,
    measurement,
    object_type,
    whole,
)

TEMPLATES = "feature-01-templates"
CAMPAIGNS = "addon-10-campaigns"
POOL = {"customerId": CUSTOMER, "currencyId": CURRENCY}
GRANT = POOL | {"displayName": "Credits", "grantType": "PAID", "amount": 1}
CONSUMPTION = POOL | {"amount": 1, "idempotencyKey": "refused"}
TERMS: Answer = {
    "customerId": CUSTOMER,
    "planId": GROWTH,
    "billingPeriod": "MONTHLY",
    "billableFeatures": [{"featureId": TEMPLATES, "quantity": 1}],
}


def promotion(**given: Any) -> Answer:
    one = {"featureId": SEATS, "period": "LIFETIME", "usageLimit": 1} | given
    return {"customerId": CUSTOMER, "promotionalEntitlements": [one]}


def sold(**terms: Any) -> Answer:
    """A customer that would be new, on terms that are refused."""
    return {"customerId": "customer-new", "subscriptionParams": {"planId": GROWTH} | terms}


REFUSED: list[tuple[str, str, Answer]] = [
    ("BadUserInput", "createCreditGrant", GRANT | {"amount": 0}),
    ("BadUserInput", "createCreditGrant", GRANT | {"amount": 2**53}),
    ("BadUserInput", "reportUsageBulk",
     {"usages": [measurement(1, resourceId="desk")] * 101}),
    ("BadUserInput", "consumeCreditsAsync", {"consumptions": [CONSUMPTION] * 1001}),
    ("CustomerNotFound", "createCreditGrant", GRANT | {"customerId": "nobody"}),
    ("CustomerNotFound", "reportUsage", measurement(1, customerId="nobody")),
    ("CustomCurrencyNotFound", "createCreditGrant", GRANT | {"currencyId": "gold"}),
    ("CustomCurrencyNotFound", "consumeCredits", CONSUMPTION | {"currencyId": "gold"}),
    ("CustomCurrencyNotFound", "saveAutoRechargeSettings",
     {"customerId": CUSTOMER, "currencyId": "gold", "isEnabled": True}),
    ("FeatureNotFound", "reportUsage", measurement(1, featureId="magic", resourceId="desk")),
    ("FeatureNotFound", "reportUsageBulk",
     {"usages": [measurement(1, resourceId="desk"), measurement(1, featureId="magic")]}),
    ("MeteringNotAvailableForFeatureType", "reportUsage", measurement(1, featureId=TEMPLATES)),
    ("UsageMeasurementDiffOutOfRangeError", "reportUsage", measurement(2**53)),
    ("PlanNotFound", "provisionCustomer", sold(planId="plan-none")),
    ("AddonNotFound", "provisionCustomer", sold(addons=[{"addonId": "addon-none"}])),
    ("InvalidQuantity", "provisionCustomer", sold(addons=[{"addonId": CAMPAIGNS, "quantity": 0}])),
    ("AddonQuantityExceedsLimitError", "provisionCustomer",
     sold(addons=[{"addonId": CAMPAIGNS, "quantity": 11}])),
    ("IncompatibleSubscriptionAddon", "provisionCustomer",
     sold(planId="plan-revvenu-free", addons=[{"addonId": CAMPAIGNS}])),
    ("EntityIsArchivedError", "provisionCustomer",
     sold(addons=[{"addonId": "addon-early-access"}], resourceId="desk")),
    ("PromotionCodeNotFound", "provisionCustomer", sold(promotionCode="NOBODY")),
    ("PromotionCodeNotActive", "provisionCustomer", sold(promotionCode="CHARITY15")),
    ("PromotionCodeMaxRedemptionsReached", "provisionCustomer", sold(promotionCode="WELCOME20")),
    ("ArchivedCouponCantBeApplied", "provisionCustomer", sold(promotionCode="LAUNCH25")),
    ("CouponNotFound", "estimateSubscription",
     TERMS | {"appliedCoupon": {"couponId": "coupon-none"}}),
    ("BillingPeriodMissingError", "estimateSubscription", TERMS | {"billingPeriod": None}),
    ("SubscriptionNotFound", "estimateSubscriptionUpdate", {"subscriptionId": "subscription-none"}),
    ("ExpireAtMustBeLaterThanEffectiveAtError", "createCreditGrant",
     GRANT | {"effectiveAt": at(), "expireAt": at(), "resourceId": "desk"}),
    ("ExpireAtMustBeLaterThanEffectiveAtError", "updateCreditGrant",
     {"id": "live", "expireAt": at(days=30), "comment": "lost"}),
    ("CannotUpdateExpireAtForExpiredCreditGrantError", "updateCreditGrant",
     {"id": "ended", "expireAt": None, "comment": "lost"}),
    ("CreditGrantNotFound", "voidCreditGrant", {"id": "grant-abc123"}),
    ("CreditGrantNotFound", "updateCreditGrant", {"id": "grant-abc123", "comment": "lost"}),
    ("CreditGrantAlreadyVoided", "voidCreditGrant", {"id": "voided"}),
    ("CreditGrantCannotBeVoided", "voidCreditGrant", {"id": "debt"}),
    ("CreditGrantCannotBeVoided", "voidCreditGrant", {"id": "ended"}),
    ("UnsupportedFeatureType", "grantPromotionalEntitlements", promotion(enumValues=["a"])),
    ("InvalidEntitlementResetPeriod", "grantPromotionalEntitlements",
     promotion(featureId=TEMPLATES, resetPeriod="DAY")),
    ("PromotionalEntitlementNotFoundError", "revokePromotionalEntitlement",
     {"customerId": CUSTOMER, "featureId": SEATS}),
    # What the refusals above named is not there in memory either.
    ("CustomerResourceNotFound", "creditsLedger", POOL | {"resourceId": "desk"}),
    ("CustomerNotFound", "creditsLedger", POOL | {"customerId": "customer-new"}),
    ("ProductNotFoundError", "paywall", {"productId": "product-none"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    """One customer with a live, a voided and an ended grant and a debt; a code that is used up."""
    api = LocalApi(copytree(begun, tmp_path_factory.mktemp("errors") / "store"))
    for number in range(3):
        api.tell(
            PROVISION,
            input=sold(promotionCode="WELCOME20") | {"customerId": f"customer-{number}"},
        )
    api.grant(5, comment="ended", expireAt=at(hours=-1))
    api.void(api.grant(5, comment="voided")["grantId"])
    api.clock.forward(hours=2)
    api.consume(5, "a debt")
    api.settle()
    api.grant(5, comment="live", currencyId="api-credits")
    yield api
    api.close()


@pytest.mark.parametrize(("code", "root", "given"), REFUSED)
def test_a_refusal_has_its_documented_code_and_changes_nothing(
    world: LocalApi, code: str, root: str, given: Answer
) -> None:
    if root.endswith("CreditGrant") and "id" in given:
        given = given | {"id": grant_id(world, given["id"])}
    kind = "Mutation" if root in object_type("Mutation").fields else "Query"
    body = {"query": whole(kind, root, {"input": given}), "variables": {"input": given}}
    before = fingerprint(world)
    status, answer = world.post(simplejson.dumps(body).encode())
    assert (status, answer["data"]) == (200, None)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    assert error["message"].endswith(".")
    assert fingerprint(world) == before


def grant_id(world: LocalApi, called: str) -> str:
    """Of the grant with this comment, or of the debt; what names none of these stays."""
    for currency_id in (CURRENCY, "api-credits"):
        for grant in world.grants(currencyId=currency_id):
            if called in (grant["comment"], "debt" if grant["grantType"] == "OVERDRAFT" else None):
                found: str = grant["grantId"]
                return found
    return called
