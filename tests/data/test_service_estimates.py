"""Estimates of subscriptions: amounts reckoned by hand, every input counted, nothing stored."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from local_metering import CUSTOMER, GROWTH, NOON, Answer, Api, LocalApi, MeteringProcess, wire

from data.metering.errors import BadInput, Refused

pytestmark = pytest.mark.xdist_group("metering over http")

D = Decimal
FREE = "plan-revvenu-free"
SCALE = "plan-revvenu-scale"
TEMPLATES = "feature-01-templates"
CAMPAIGNS = "addon-10-campaigns"
PREVIEW = """
    total { amount currency } totalExcludingTax { amount } subTotal { amount }
    discountAmount { amount } tax { amount } taxDetails { displayName inclusive percentage }
    discount { type value durationType durationInMonths name start end }
    minimumSpendAdjustment { amount } billingPeriodRange { start end }
    proration { credit { amount } debit { amount } netAmount { amount } prorationDate
        hasProrations }
    credits { initial { amount } used { amount } remaining { amount } }
    hasScheduledUpdates isPlanDowngrade
    subscription { total { amount currency } totalExcludingTax { amount } subTotal { amount }
        discountAmount { amount } tax { amount } discount { type } taxDetails { percentage } }
"""
NEW = f"""mutation ($input: EstimateSubscriptionInput!) {{
    estimateSubscription(input: $input) {{ {PREVIEW} }} }}"""
UPDATE = f"""mutation ($input: EstimateSubscriptionUpdateInput!) {{
    estimateSubscriptionUpdate(input: $input) {{ {PREVIEW} }} }}"""
PROVISION = """mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) {
    subscription { subscriptionId } } }"""


def estimate(api: Api, templates: int | None = 2, **given: Any) -> Answer:
    """A new subscription to Growth by the month, for a customer without one, with no trial."""
    asked: Answer = {"customerId": "fresh", "planId": GROWTH, "billingPeriod": "MONTHLY"}
    if templates is not None:
        asked["billableFeatures"] = [units(templates)]
    asked |= {"skipTrial": True} | given
    found: Answer = api.tell(NEW, input=asked)["estimateSubscription"]
    return flat(found)


def change(api: Api, subscription_id: str, **given: Any) -> Answer:
    asked = {"subscriptionId": subscription_id} | given
    found: Answer = api.tell(UPDATE, input=asked)["estimateSubscriptionUpdate"]
    return flat(found)


def flat(answer: Answer) -> Answer:
    """Each money as its number; the currency beside them."""

    def amounts(given: Answer) -> Answer:
        return {
            name: value["amount"] if isinstance(value, dict) and "amount" in value else value
            for name, value in given.items()
        }

    nested = ("proration", "credits", "subscription")
    inside = {name: amounts(answer[name]) for name in nested if answer[name]}
    return amounts(answer) | inside | {"currency": answer["total"]["currency"]}


def units(quantity: float, feature_id: str = TEMPLATES) -> Answer:
    return {"featureId": feature_id, "quantity": quantity}


def subscribe(api: Api, customer_id: str, **given: Any) -> str:
    params = {"planId": GROWTH} | given
    asked = {"customerId": customer_id, "subscriptionParams": params}
    made = api.tell(PROVISION, input=asked)["provisionCustomer"]["subscription"]
    subscription_id: str = made["subscriptionId"]
    return subscription_id


@pytest.fixture
def world(api: LocalApi) -> LocalApi:
    """With a customer that has no subscription beside the one on Growth."""
    api.provision("fresh", plan=None)
    return api


@pytest.fixture
def held(world: LocalApi) -> str:
    """The subscription on Growth with one template, 104 dollars a month, begun at noon."""
    row: str = world.service.state.subscriptions[CUSTOMER][0]["subscription_id"]
    return row


HALF_A_MONTH = timedelta(days=15.5)
"""Of the 31 days from 20 May."""


# A new subscription


def test_a_new_subscription_costs_its_lines_now_and_every_period(world: LocalApi) -> None:
    made = estimate(world, addons=[{"addonId": CAMPAIGNS}])
    assert (made["total"], made["subTotal"], made["totalExcludingTax"]) == (129, 129, 129)
    assert made["billingPeriodRange"] == {
        "start": wire(NOON),
        "end": wire(datetime(2026, 6, 20, 12)),
    }
    assert made["subscription"]["total"] == 129
    assert (made["tax"], made["taxDetails"], made["minimumSpendAdjustment"]) == (0, None, 0)
    assert (made["discount"], made["discountAmount"]) == (None, None)
    assert (made["proration"], made["credits"]) == (None, None)
    assert (made["hasScheduledUpdates"], made["isPlanDowngrade"]) == (False, False)


@pytest.mark.parametrize(
    ("given", "total"),
    [
        ({"billingPeriod": "ANNUALLY"}, 1090),
        ({"templates": 0}, 99),
        ({"templates": None, "unitQuantity": 3}, 114),
        ({"templates": None, "charges": [{"id": TEMPLATES, "quantity": 4, "type": "FEATURE"}]},
         119),
        ({"charges": [{"id": "ai-tokens", "quantity": 1000, "type": "CREDIT"}]}, 129),
        ({"charges": [{"id": "api-credits", "quantity": 1, "type": "CREDIT"}]}, 109),
        ({"priceUnitAmount": 7.25}, D("113.50")),
        ({"addons": [{"addonId": CAMPAIGNS, "quantity": 3}]}, 169),
        ({"billableFeatures": [units(2), units(9, "feature-seats")]}, 109),
        ({"planId": FREE, "templates": None, "billingPeriod": None}, 0),
        ({"planId": "plan-revvenu-pay-as-you-go", "templates": None, "billingPeriod": None}, 0),
        ({"billingCountryCode": "BR"}, 109),
        ({"payingCustomerId": CUSTOMER}, 109),
    ],
)  # fmt: skip
def test_every_input_counts(world: LocalApi, given: Answer, total: object) -> None:
    assert estimate(world, **given)["total"] == total


@pytest.mark.parametrize(
    ("templates", "sub_total", "adjustment"), [(1, 550, 47), (12, 550, 5), (20, 569, 0)]
)
def test_what_lacks_to_the_minimum_spend_is_added(
    world: LocalApi, templates: int, sub_total: int, adjustment: int
) -> None:
    made = estimate(world, templates, planId=SCALE)
    assert (made["subTotal"], made["minimumSpendAdjustment"]) == (sub_total, adjustment)


def test_a_start_date_moves_the_period(world: LocalApi) -> None:
    made = estimate(world, startDate="2027-01-31T00:00:00Z")
    assert made["billingPeriodRange"] == {
        "start": "2027-01-31T00:00:00.000Z",
        "end": "2027-02-28T00:00:00.000Z",
    }


# Countries and taxes


@pytest.mark.parametrize(
    ("given", "currency", "amounts"),
    [
        # sub total, tax, total, total excluding tax
        ({"billingCountryCode": "DE"}, "EUR", "104.60 19.87 124.47 104.60"),
        ({"billingCountryCode": "JP"}, "JPY", "16500 1500 16500 15000"),
        ({"billingCountryCode": "ES"}, "EUR", "104.60 0 104.60 104.60"),
        ({"billingInformation": {"billingAddress": {"country": "FR"}}}, "EUR",
         "104.60 20.92 125.52 104.60"),
        ({"billingCountryCode": "DE", "billingInformation": {"taxPercentage": 7}}, "EUR",
         "104.60 7.32 111.92 104.60"),
        ({"billingInformation": {"taxPercentage": 10}}, "USD", "109 10.90 119.90 109"),
        ({"billingCountryCode": "DE", "promotionCode": "STIGG50"}, "EUR",
         "104.60 9.94 62.24 52.30"),
    ],
)  # fmt: skip
def test_a_country_decides_prices_and_tax(
    world: LocalApi, given: Answer, currency: str, amounts: str
) -> None:
    made = estimate(world, **given)
    assert made["currency"] == currency
    told = [made[name] for name in ("subTotal", "tax", "total", "totalExcludingTax")]
    assert told == [D(amount) for amount in amounts.split()]


def test_the_tax_is_named(world: LocalApi) -> None:
    german, japanese = (estimate(world, billingCountryCode=each) for each in ("DE", "JP"))
    assert german["taxDetails"] == {"displayName": "USt", "inclusive": False, "percentage": 19}
    assert japanese["taxDetails"]["inclusive"] is True
    assert german["subscription"]["taxDetails"] == {"percentage": 19}


# Discounts


@pytest.mark.parametrize(
    ("given", "off", "recurring", "told"),
    [
        ({"promotionCode": "STIGG50"}, "54.50", "54.50",
         ("PERCENTAGE", 50, "REPEATING", 3, "2026-08-20T12:00:00.000Z")),
        ({"promotionCode": "STIGG50", "billingPeriod": "ANNUALLY"}, "545", "1090",
         ("PERCENTAGE", 50, "REPEATING", 3, "2026-08-20T12:00:00.000Z")),
        ({"promotionCode": "WELCOME20"}, "20", "109",
         ("FIXED", 20, "ONCE", None, "2026-06-20T12:00:00.000Z")),
        ({"promotionCode": "WELCOME20", "billingCountryCode": "JP"}, "3000", "16500",
         ("FIXED", 3000, "ONCE", None, "2026-06-20T12:00:00.000Z")),
        ({"promotionCode": "NONPROFIT15"}, "16.35", "92.65",
         ("PERCENTAGE", 15, "FOREVER", None, None)),
        ({"appliedCoupon": {"couponId": "coupon-nonprofit-15"}}, "16.35", "92.65",
         ("PERCENTAGE", 15, "FOREVER", None, None)),
        ({"appliedCoupon": {"promotionCode": "NONPROFIT15"}}, "16.35", "92.65",
         ("PERCENTAGE", 15, "FOREVER", None, None)),
        ({"appliedCoupon": {"discount": {"percentOff": 10}}}, "10.90", "98.10",
         ("PERCENTAGE", 10, "FOREVER", None, None)),
        ({"appliedCoupon": {"discount": {"amountsOff": [{"amount": 500}],
                                         "durationInMonths": 2}}}, "109", "0",
         ("FIXED", 500, "REPEATING", 2, "2026-07-20T12:00:00.000Z")),
        ({"appliedCoupon": {"couponId": "coupon-nonprofit-15",
                            "configuration": {"startDate": "2026-06-01T00:00:00Z"}}},
         "0", "92.65", ("PERCENTAGE", 15, "FOREVER", None, None)),
    ],
)  # fmt: skip
def test_a_discount_is_off_the_periods_that_it_covers(
    world: LocalApi, given: Answer, off: str, recurring: str, told: tuple[object, ...]
) -> None:
    made = estimate(world, **given)
    names = ("type", "value", "durationType", "durationInMonths", "end")
    assert tuple(made["discount"][name] for name in names) == told
    assert made["discountAmount"] == D(off)
    assert made["totalExcludingTax"] + made["tax"] == made["total"]
    assert made["subscription"]["total"] == D(recurring)


# Trials


def test_a_first_subscription_begins_with_the_plans_trial(world: LocalApi) -> None:
    made = estimate(world, skipTrial=None, promotionCode="WELCOME20")
    assert (made["total"], made["subTotal"], made["proration"]) == (0, 0, None)
    assert made["billingPeriodRange"]["end"] == wire(NOON + timedelta(days=14))
    assert made["subscription"]["total"] == 89
    assert made["discount"]["start"] == wire(NOON + timedelta(days=14))


@pytest.mark.parametrize(
    ("given", "total"),
    [
        ({"customerId": CUSTOMER, "resourceId": "desk"}, 109),
        ({"planId": SCALE}, 550),
        ({"trialOverrideConfiguration": {"isTrial": False}}, 109),
        ({"planId": SCALE, "trialOverrideConfiguration": {
            "isTrial": True, "trialEndDate": "2026-06-01T00:00:00Z"}}, 0),
        ({"customerId": CUSTOMER, "trialOverrideConfiguration": {"isTrial": True}}, 0),
    ],
)  # fmt: skip
def test_a_trial_is_for_the_first_subscription_unless_the_input_says(
    world: LocalApi, given: Answer, total: int
) -> None:
    assert estimate(world, skipTrial=None, **given)["total"] == total


# In the place of another


def test_an_upgrade_credits_the_unused_time_of_the_current_plan(world: LocalApi, held: str) -> None:
    assert held
    world.clock.now += HALF_A_MONTH
    made = estimate(world, 1, customerId=CUSTOMER, planId=SCALE)
    assert made["proration"] == {
        "credit": 52,
        "debit": 550,
        "netAmount": 498,
        "prorationDate": wire(world.clock.now),
        "hasProrations": True,
    }
    assert made["credits"] == {"initial": 52, "used": 52, "remaining": 0}
    assert (made["subTotal"], made["total"], made["isPlanDowngrade"]) == (498, 498, False)


def test_a_downgrade_bills_nothing_and_keeps_the_rest_for_later(world: LocalApi) -> None:
    subscribe(world, "big", planId=SCALE)
    world.clock.now += HALF_A_MONTH
    made = estimate(world, 1, customerId="big")
    assert made["proration"]["netAmount"] == -171
    assert made["credits"] == {"initial": 275, "used": 104, "remaining": 171}
    assert (made["total"], made["isPlanDowngrade"]) == (0, True)
    assert made["subscription"]["total"] == 104


def test_another_resource_has_a_subscription_of_its_own(world: LocalApi) -> None:
    made = estimate(world, 1, customerId=CUSTOMER, resourceId="desk")
    assert (made["total"], made["proration"]) == (104, None)


def test_the_country_of_the_current_plan_holds_unless_another_is_given(world: LocalApi) -> None:
    subscribe(world, "german", billingCountryCode="DE")
    assert estimate(world, 1, customerId="german")["currency"] == "EUR"
    with pytest.raises(BadInput, match="current subscription is in EUR, this one in USD"):
        estimate(world, 1, customerId="german", billingCountryCode="US")


# A change


@pytest.mark.parametrize(
    ("given", "debit", "due", "recurring"),
    [
        ({"billableFeatures": [units(3)]}, "57", "5", "114"),
        ({"unitQuantity": 3}, "57", "5", "114"),
        ({"billableFeatures": [units(0)]}, "49.50", "0", "99"),
        ({"addons": [{"addonId": CAMPAIGNS, "quantity": 2}]}, "72", "20", "144"),
        ({"billableFeatures": [units(1)]}, "52", "0", "104"),
        ({"charges": [{"id": "ai-tokens", "quantity": 100, "type": "CREDIT"}]}, "53", "1", "106"),
    ],
)  # fmt: skip
def test_a_change_is_prorated_by_what_is_left_of_the_period(
    world: LocalApi, held: str, given: Answer, debit: str, due: str, recurring: str
) -> None:
    world.clock.now += HALF_A_MONTH
    made = change(world, held, **given)
    assert (made["proration"]["credit"], made["proration"]["debit"]) == (52, D(debit))
    assert made["proration"]["netAmount"] == D(debit) - 52
    assert (made["total"], made["subscription"]["total"]) == (D(due), D(recurring))
    assert made["credits"]["remaining"] == max(52 - D(debit), 0)
    assert made["isPlanDowngrade"] is False


def test_a_list_of_addons_replaces_the_whole_list(world: LocalApi) -> None:
    addons = [{"addonId": CAMPAIGNS, "quantity": 1}]
    subscription_id = subscribe(world, "with addons", addons=addons)
    support = [{"addonId": "addon-priority-support"}]
    assert change(world, subscription_id)["subscription"]["total"] == 124
    assert change(world, subscription_id, addons=support)["subscription"]["total"] == 253
    assert change(world, subscription_id, addons=[])["subscription"]["total"] == 104


def test_a_promotion_code_is_off_what_the_change_costs(world: LocalApi, held: str) -> None:
    world.clock.now += HALF_A_MONTH
    made = change(world, held, billableFeatures=[units(3)], promotionCode="STIGG50")
    assert (made["subTotal"], made["discountAmount"], made["total"]) == (5, D("2.50"), D("2.50"))
    assert made["subscription"]["total"] == 57


def test_the_discount_it_was_sold_with_holds_for_as_long_as_it_lasts(world: LocalApi) -> None:
    subscription_id = subscribe(world, "saver", promotionCode="STIGG50")
    world.clock.now += HALF_A_MONTH
    made = change(world, subscription_id, billableFeatures=[units(3)])
    assert (made["proration"]["credit"], made["proration"]["debit"]) == (26, D("28.50"))
    assert (made["total"], made["discount"]["value"]) == (D("2.50"), 50)
    world.clock.now = datetime(2026, 7, 30)
    assert change(world, subscription_id)["subscription"]["discount"] is None
    world.clock.now = datetime(2026, 8, 30)
    assert change(world, subscription_id)["discount"] is None


def test_a_change_lies_in_the_billing_period_of_today(world: LocalApi) -> None:
    subscription_id = subscribe(world, "month end", startDate="2026-01-31T00:00:00Z")
    assert change(world, subscription_id)["billingPeriodRange"] == {
        "start": "2026-04-30T00:00:00.000Z",
        "end": "2026-05-31T00:00:00.000Z",
    }


def test_a_free_plan_has_nothing_to_prorate(world: LocalApi) -> None:
    made = change(world, subscribe(world, "free", planId=FREE))
    assert (made["total"], made["proration"], made["credits"]) == (0, None, None)


def test_a_subscription_from_an_older_store_has_one_unit_by_the_month(
    world: LocalApi, held: str
) -> None:
    with world.service.store.transaction() as writer:
        writer.rows(
            "update subscriptions set billing_period = null, billable_features = null, "
            "addons = null, billing_country = null, promotion_code = null"
        )
    world.restart()
    assert change(world, held)["subscription"]["total"] == 104


# Nothing is stored


def test_an_estimate_stores_nothing(world: LocalApi, held: str) -> None:
    def everything() -> list[Answer]:
        store = world.service.store
        tables = ("customers", "resources", "subscriptions", "grants", "ledger", "queue")
        return [row for table in tables for row in store.rows(f"from {table}")]

    before = everything()
    estimate(world, promotionCode="WELCOME20", resourceId="a new one")
    change(world, held, promotionCode="WELCOME20", unitQuantity=5)
    assert everything() == before


# The vendor's samples


def test_the_vendors_sample_of_a_new_subscription_is_answered(demo: MeteringProcess) -> None:
    now = datetime(2026, 5, 20)
    asked = {
        "customerId": "customer-demo-01",
        "billingPeriod": "MONTHLY",
        "planId": "plan-revvenu-growth",
        "billableFeatures": [{"featureId": "feature-01-templates", "quantity": 2}],
        "addons": [{"addonId": "addon-10-campaigns", "quantity": 1}],
        "promotionCode": "STIGG50",
        "startDate": wire(now),
        "billingCountryCode": "US",
        "resourceId": "resource-01",
    }
    made = flat(demo.tell(NEW, input=asked)["estimateSubscription"])
    assert (made["subTotal"], made["discountAmount"], made["total"]) == (129, 64.5, 64.5)
    assert made["discount"] == {
        "type": "PERCENTAGE",
        "value": 50,
        "durationType": "REPEATING",
        "durationInMonths": 3,
        "name": "Half price for three months",
        "start": wire(now),
        "end": "2026-08-20T00:00:00.000Z",
    }
    assert made["subscription"]["total"] == D("64.50")


def test_the_vendors_sample_of_a_change_is_answered(demo: MeteringProcess) -> None:
    made = change(
        demo,
        "subscription-plan-revvenu-growth-da6324",
        billableFeatures=[{"featureId": "feature-01-templates", "quantity": 3}],
        addons=[{"addonId": "addon-10-campaigns", "quantity": 1}],
        promotionCode="STIGG50",
    )
    proration = made["proration"]
    assert proration["netAmount"] == proration["debit"] - proration["credit"] == made["subTotal"]
    assert 0 < proration["credit"] <= 109
    assert made["total"] == made["subTotal"] - made["discountAmount"]
    assert made["subscription"]["total"] == 67


# Refusals

ERRORS: list[tuple[str, Answer]] = [
    ("CustomerNotFound", {"customerId": "nobody"}),
    ("CustomerNotFound", {"payingCustomerId": "nobody"}),
    ("PlanNotFound", {"planId": "plan-none"}),
    ("BillingPeriodMissingError", {"billingPeriod": None}),
    ("FeatureNotFound", {"billableFeatures": [units(1, "feature-none")]}),
    ("InvalidQuantity", {"templates": None}),
    ("InvalidQuantity", {"templates": -1}),
    ("InvalidQuantity", {"billableFeatures": [units(1.5)]}),
    ("InvalidQuantity", {"billableFeatures": [units(1e12)]}),
    ("InvalidQuantity", {"addons": [{"addonId": CAMPAIGNS, "quantity": 0}]}),
    ("AddonNotFound", {"addons": [{"addonId": "addon-none"}]}),
    ("IncompatibleSubscriptionAddon",
     {"planId": FREE, "templates": None, "addons": [{"addonId": CAMPAIGNS}]}),
    ("AddonQuantityExceedsLimitError", {"addons": [{"addonId": CAMPAIGNS, "quantity": 11}]}),
    ("EntityIsArchivedError", {"addons": [{"addonId": "addon-early-access"}]}),
    ("PromotionCodeNotFound", {"promotionCode": "NOBODY"}),
    ("PromotionCodeNotActive", {"promotionCode": "CHARITY15"}),
    ("ArchivedCouponCantBeApplied", {"promotionCode": "LAUNCH25"}),
    ("ArchivedCouponCantBeApplied", {"appliedCoupon": {"couponId": "coupon-launch-25"}}),
    ("CouponNotFound", {"appliedCoupon": {"couponId": "coupon-none"}}),
    ("CouponNotFound", {"appliedCoupon": {"billingCouponId": "co_1"}}),
    ("BadUserInput", {"promotionCode": "STIGG50", "appliedCoupon": {"couponId": "coupon-none"}}),
    ("BadUserInput", {"appliedCoupon": {"discount": {"percentOff": 101}}}),
    ("BadUserInput", {"appliedCoupon": {"discount": {"name": "nothing"}}}),
    ("BadUserInput", {"appliedCoupon": {"discount": {"percentOff": 5, "durationInMonths": 1.5}}}),
    ("BadUserInput", {"appliedCoupon": {"discount": {"amountsOff": [{"amount": -1}]}}}),
    ("BadUserInput", {"billingCountryCode": "DE", "appliedCoupon": {
        "discount": {"amountsOff": [{"amount": 1, "currency": "USD"}]}}}),
    ("BadUserInput", {"planId": "plan-llm-traces", "templates": None}),
    ("BadUserInput", {"billableFeatures": [units(1), units(2)]}),
    ("BadUserInput", {"billableFeatures": [units(1), units(1, "feature-api-calls")]}),
    ("BadUserInput", {"priceUnitAmount": -1}),
    ("BadUserInput", {"priceUnitAmount": 1e300}),
    ("BadUserInput", {"appliedCoupon": {"discount": {"amountsOff": [{"amount": 1e300}]}}}),
    ("BadUserInput", {"appliedCoupon": {"discount": {"percentOff": 0}}}),
    ("BadUserInput", {"planId": FREE, "templates": None, "unitQuantity": 1}),
    ("BadUserInput", {"charges": [{"id": "gold", "quantity": 1, "type": "CREDIT"}]}),
    ("BadUserInput", {"billingCountryCode": "Germany"}),
    ("BadUserInput", {"billingInformation": {"taxPercentage": 101}}),
    ("BadUserInput", {"startDate": "9999-12-31T00:00:00Z"}),
    ("BadUserInput", {"skipTrial": None, "trialOverrideConfiguration": {
        "isTrial": True, "trialEndDate": "2026-01-01T00:00:00Z"}}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "given"), ERRORS)
def test_what_cannot_be_estimated_is_refused_with_its_code(
    world: LocalApi, code: str, given: Answer
) -> None:
    with pytest.raises(Refused) as refused:
        estimate(world, **given)
    assert refused.value.code == code
    assert refused.value.sentence.endswith(".")


def test_a_promotion_code_is_refused_once_it_was_used_as_often_as_it_may(world: LocalApi) -> None:
    for number in range(3):
        subscribe(world, f"customer-{number}", promotionCode="WELCOME20")
    with pytest.raises(Refused, match="was used 3 times") as refused:
        estimate(world, promotionCode="WELCOME20")
    assert refused.value.code == "PromotionCodeMaxRedemptionsReached"


@pytest.mark.parametrize("status", [None, "CANCELED", "EXPIRED"])
def test_only_a_live_subscription_can_change(
    world: LocalApi, held: str, status: str | None
) -> None:
    if status is None:
        held = "subscription-none"
    else:
        world.service.state.subscriptions[CUSTOMER][0]["status"] = status
    with pytest.raises(Refused) as refused:
        change(world, held, unitQuantity=2)
    assert refused.value.code == "SubscriptionNotFound"


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("AddonQuantityExceedsLimitError", {"addons": [{"addonId": CAMPAIGNS, "quantity": 11}]}),
        ("EntityIsArchivedError", {"addons": [{"addonId": "addon-early-access"}]}),
        ("FeatureNotFound", {"billableFeatures": [units(1, "feature-none")]}),
        ("InvalidQuantity", {"unitQuantity": -1}),
        ("PromotionCodeNotActive", {"promotionCode": "CHARITY15"}),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_its_code(
    world: LocalApi, held: str, code: str, given: Answer
) -> None:
    with pytest.raises(Refused) as refused:
        change(world, held, **given)
    assert refused.value.code == code
