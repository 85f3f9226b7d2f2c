"""The paywall and the lists of plans, products, add-ons and coupons."""

from decimal import Decimal
from typing import Any

import pytest
from local_metering import CUSTOMER, GROWTH, Answer, LocalApi, nodes

from data.metering.errors import BadInput, NotFound, Refused

SCALE = "plan-revvenu-scale"
PAYWALL = """query ($input: GetPaywallInput) { paywall(input: $input) {
    currency { code symbol } customer { customerId } resource { resourceId }
    activeSubscriptions { plan { refId } } configuration { customCss }
    paywallCalculatedPricePoints { planId amount currency billingPeriod billingCountryCode
        additionalChargesMayApply feature { refId } }
    plans { refId displayName description pricingType status basePlan { refId }
        product { refId multipleSubscriptions productSettings { subscriptionEndSetup } }
        defaultTrialConfig { duration units } minimumSpend { billingPeriod minimum { amount } }
        compatibleAddons { refId prices { billingPeriod price { amount currency } } }
        entitlements { feature { refId } usageLimit hasUnlimitedUsage hasSoftLimit resetPeriod }
        inheritedEntitlements { featureId }
        packageEntitlements { __typename ... on PackageCreditEntitlement {
            amount cadence customCurrencyId dependencyFeature { refId } } }
        prices { billingModel billingPeriod billingCountryCode tiersMode feature { refId }
            price { amount currency } creditRate { amount costFormula currencyId }
            tiers { upTo unitPrice { amount } flatPrice { amount } } } } } }"""


def paywall(api: LocalApi, **given: Any) -> Answer:
    found: Answer = api.ask(PAYWALL, input=given)["paywall"]
    return found


def plan(answer: Answer, plan_id: str) -> Answer:
    (found,) = [each for each in answer["plans"] if each["refId"] == plan_id]
    return found


def money(prices: list[Answer], model: str) -> list[tuple[Any, ...]]:
    return [
        (each["billingPeriod"], each["price"]["amount"], each["price"]["currency"])
        for each in prices
        if each["billingModel"] == model and each["price"]
    ]


# The paywall


def test_without_an_input_the_paywall_shows_every_plan_on_sale(shared: LocalApi) -> None:
    answer = shared.ask(PAYWALL)["paywall"]
    assert [each["refId"] for each in answer["plans"]] == [
        "plan-revvenu-free", GROWTH, SCALE, "plan-revvenu-pay-as-you-go",
    ]  # fmt: skip
    assert answer["currency"] == {"code": "USD", "symbol": "$"}
    assert (answer["customer"], answer["resource"], answer["activeSubscriptions"]) == (None,) * 3
    assert all(each["product"]["productSettings"] for each in answer["plans"])


def test_a_plan_says_what_it_costs_and_what_comes_with_it(shared: LocalApi) -> None:
    growth = plan(paywall(shared), GROWTH)
    assert money(growth["prices"], "FLAT_FEE") == [
        ("MONTHLY", 99, "USD"),
        ("ANNUALLY", 990, "USD"),
    ]
    assert money(growth["prices"], "PER_UNIT") == [("MONTHLY", 5, "USD"), ("ANNUALLY", 50, "USD")]
    assert growth["basePlan"] == {"refId": "plan-revvenu-free"}
    assert growth["defaultTrialConfig"] == {"duration": 14, "units": "DAY"}
    assert [each["refId"] for each in growth["compatibleAddons"]] == [
        "addon-10-campaigns",
        "addon-priority-support",
    ]
    credits = [each for each in growth["packageEntitlements"] if "amount" in each]
    assert credits[0] == {
        "__typename": "PackageCreditEntitlement",
        "amount": 250,
        "cadence": "MONTHLY",
        "customCurrencyId": "ai-tokens",
        "dependencyFeature": {"refId": "feature-seats"},
    }


def test_credit_based_prices_are_rates_of_features_and_the_price_of_a_credit(
    shared: LocalApi,
) -> None:
    prices = plan(paywall(shared), GROWTH)["prices"]
    rates = {
        each["feature"]["refId"]: each["creditRate"]
        for each in prices
        if each["billingModel"] == "CREDIT_BASED" and each["feature"]
    }
    assert rates["feature-seats"] == {"amount": 25, "costFormula": None, "currencyId": "ai-tokens"}
    assert rates["feature-chat-completions"]["costFormula"].startswith("0.002*input_tokens")
    assert money(prices, "CREDIT_BASED") == [
        ("MONTHLY", Decimal("0.02"), "USD"),
        ("MONTHLY", Decimal("0.004"), "USD"),
    ]


def test_entitlements_of_base_plans_are_inherited_unless_the_plan_has_its_own(
    shared: LocalApi,
) -> None:
    scale = plan(paywall(shared), SCALE)
    own = {each["feature"]["refId"] for each in scale["entitlements"]}
    inherited = [each["featureId"] for each in scale["inheritedEntitlements"]]
    assert own == {
        "feature-01-templates",
        "feature-image-generation",
        "feature-document-parsing",
    }
    assert inherited == [
        "feature-seats",
        "feature-code-assistant",
        "feature-chat-completions",
        "feature-embeddings",
        "feature-api-calls",
    ]


def test_tiers_are_told_with_their_edges(shared: LocalApi) -> None:
    (_, tiered) = [each for each in plan(paywall(shared), SCALE)["prices"] if each["tiers"]]
    assert tiered["tiersMode"] == "GRADUATED"
    assert [(tier["upTo"], tier["unitPrice"]["amount"]) for tier in tiered["tiers"]] == [
        (10, 40),
        (50, 30),
        (None, 20),
    ]


@pytest.mark.parametrize(
    ("country", "currency", "flat"),
    [("US", "USD", 99), ("DE", "EUR", 95), ("JP", "JPY", 15000), ("BR", "USD", 99)],
)
def test_prices_are_those_of_the_country_or_else_the_default(
    shared: LocalApi, country: str, currency: str, flat: int
) -> None:
    answer = paywall(shared, billingCountryCode=country)
    assert answer["currency"]["code"] == currency
    assert ("MONTHLY", flat, currency) in money(plan(answer, GROWTH)["prices"], "FLAT_FEE")


def test_all_countries_prices_come_when_asked_for(shared: LocalApi) -> None:
    answer = paywall(shared, fetchAllCountriesPrices=True)
    flat = [each for each in plan(answer, GROWTH)["prices"] if each["billingModel"] == "FLAT_FEE"]
    countries = {each["billingCountryCode"] for each in flat}
    assert {None, "DE", "FR", "JP"} <= countries
    points = [each for each in answer["paywallCalculatedPricePoints"] if each["planId"] == GROWTH]
    assert {each["billingCountryCode"] for each in points} == countries


def test_a_price_point_is_in_the_smallest_unit(shared: LocalApi) -> None:
    def monthly(country: str) -> Answer:
        points = paywall(shared, billingCountryCode=country)["paywallCalculatedPricePoints"]
        (found,) = [
            each
            for each in points
            if (each["planId"], each["billingPeriod"]) == (GROWTH, "MONTHLY")
        ]
        return found

    assert monthly("US") == {
        "planId": GROWTH,
        "amount": 9900,
        "currency": "USD",
        "billingPeriod": "MONTHLY",
        "billingCountryCode": None,
        "additionalChargesMayApply": True,
        "feature": None,
    }
    assert (monthly("JP")["amount"], monthly("JP")["billingCountryCode"]) == (15000, "JP")


def test_a_paywall_for_a_customer_tells_what_it_has(api: LocalApi) -> None:
    answer = paywall(api, customerId=CUSTOMER)
    assert answer["customer"] == {"customerId": CUSTOMER}
    assert answer["activeSubscriptions"] == [{"plan": {"refId": GROWTH}}]


def test_hidden_plans_are_shown_only_when_asked_for(shared: LocalApi) -> None:
    asked = paywall(shared, includeHiddenPlans=True, productId="product-llm-traces")
    assert [each["refId"] for each in asked["plans"]] == ["plan-llm-traces"]
    assert paywall(shared, productId="product-llm-traces")["plans"] == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"customerId": "nobody"}, "CustomerNotFound"),
        ({"customerId": CUSTOMER, "resourceId": "nowhere"}, "CustomerResourceNotFound"),
        ({"productId": "product-none"}, "ProductNotFoundError"),
    ],
)
def test_a_paywall_of_what_is_not_there_is_refused(
    shared: LocalApi, given: Answer, code: str
) -> None:
    with pytest.raises(NotFound) as refused:
        paywall(shared, **given)
    assert refused.value.code == code


def test_a_country_is_two_capital_letters(shared: LocalApi) -> None:
    with pytest.raises(BadInput, match="two capital letters such as DE, not 'Germany'"):
        paywall(shared, billingCountryCode="Germany")


# Lists

LISTS = {
    "products": ("ProductFilter", "ProductSort", "refId"),
    "plans": ("PlanFilter", "PlanSort", "refId"),
    "addons": ("AddonFilter", "AddonSort", "refId"),
    "coupons": ("CouponFilter", "CouponSort", "refId"),
}


def listed(api: LocalApi, root: str, **given: Any) -> list[str]:
    filter_type, sort_type, field = LISTS[root]
    document = f"""query ($filter: {filter_type}, $paging: CursorPaging, $sorting: [{sort_type}!])
        {{ {root}(filter: $filter, paging: $paging, sorting: $sorting) {{
        totalCount edges {{ node {{ {field} }} }} }} }}"""
    return [node[field] for node in nodes(api.ask(document, **given)[root])]


@pytest.mark.parametrize(
    ("root", "newest_first"),
    [
        ("products", ["product-llm-traces", "product-revvenu"]),
        ("plans", ["plan-llm-traces", "plan-revvenu-pay-as-you-go", SCALE, GROWTH,
                   "plan-revvenu-free"]),
        ("addons", ["addon-early-access", "addon-priority-support", "addon-10-campaigns"]),
        ("coupons", ["coupon-nonprofit-15", "coupon-welcome-20", "coupon-stigg-50",
                     "coupon-annual-10", "coupon-launch-25"]),
    ],
)  # fmt: skip
def test_a_list_is_newest_first_unless_it_is_sorted(
    shared: LocalApi, root: str, newest_first: list[str]
) -> None:
    assert listed(shared, root) == newest_first
    by_id = [{"field": "refId", "direction": "ASC"}]
    assert listed(shared, root, sorting=by_id) == sorted(newest_first)


@pytest.mark.parametrize(
    ("root", "filter", "found"),
    [
        ("coupons", {"status": {"eq": "ARCHIVED"}}, ["coupon-launch-25"]),
        ("coupons", {"type": {"eq": "FIXED"}}, ["coupon-welcome-20"]),
        ("coupons", {"and": [{"status": {"eq": "ACTIVE"}}, {"name": {"iLike": "half%"}}]},
         ["coupon-stigg-50"]),
        ("coupons", {"createdAt": {"lt": "2023-12-31T00:00:00Z"}}, ["coupon-launch-25"]),
        ("plans", {"product": {"refId": {"eq": "product-llm-traces"}}}, ["plan-llm-traces"]),
        ("plans", {"or": [{"product": {"refId": {"eq": "product-llm-traces"}}},
                          {"pricingType": {"eq": "FREE"}}]},
         ["plan-llm-traces", "plan-revvenu-free"]),
        ("plans", {"isLatest": {"is": False}}, []),
        ("addons", {"status": {"in": ["ARCHIVED"]}}, ["addon-early-access"]),
        ("products", {"displayName": {"eq": "Revvenu"}}, ["product-revvenu"]),
    ],
)  # fmt: skip
def test_a_list_is_narrowed_by_its_filter(
    shared: LocalApi, root: str, filter: Answer, found: list[str]
) -> None:
    assert listed(shared, root, filter=filter) == found


def test_a_list_has_pages(shared: LocalApi) -> None:
    assert listed(shared, "plans", paging={"first": 2}) == [
        "plan-llm-traces",
        "plan-revvenu-pay-as-you-go",
    ]
    assert listed(shared, "plans", paging={"last": 1}) == ["plan-revvenu-free"]


# Coupons

COUPONS = """query { coupons(filter: {status: {eq: ACTIVE}}, paging: {first: 25}) { edges { node {
    id refId name description type status source percentOff discountValue durationInMonths
    amountsOff { amount currency } additionalMetaData
    customers { customerId } } } } }"""


def test_the_vendors_call_lists_the_active_coupons(shared: LocalApi) -> None:
    found = {each["refId"]: each for each in nodes(shared.ask(COUPONS)["coupons"])}
    assert "coupon-launch-25" not in found
    half, welcome = found["coupon-stigg-50"], found["coupon-welcome-20"]
    assert (half["type"], half["percentOff"], half["amountsOff"]) == ("PERCENTAGE", 50, None)
    assert (half["discountValue"], half["durationInMonths"]) == (50, 3)
    assert (welcome["type"], welcome["percentOff"]) == ("FIXED", None)
    assert welcome["amountsOff"][0] == {"amount": 20, "currency": "USD"}


def test_a_coupon_names_the_customers_who_have_it(api: LocalApi) -> None:
    api.tell(
        "mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) { customer "
        "{ customerId } } }",
        input={
            "customerId": "saver",
            "subscriptionParams": {"planId": GROWTH, "promotionCode": "STIGG50"},
        },
    )
    found = {each["refId"]: each["customers"] for each in nodes(api.ask(COUPONS)["coupons"])}
    assert found["coupon-stigg-50"] == [{"customerId": "saver"}]
    assert found["coupon-annual-10"] == []


def test_a_status_that_is_none_is_refused(shared: LocalApi) -> None:
    with pytest.raises(Refused, match="does not exist in 'CouponStatus' enum"):
        listed(shared, "coupons", filter={"status": {"eq": "GONE"}})
