"""Cost estimates say what reporting would take, and store nothing; consumption in batches."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from local_metering import CURRENCY, CUSTOMER, SEATS, Answer, LocalApi, at, event

from data.metering.errors import BadInput, MeteringError, NotFound
from data.metering.offers import Meter

ANSWER = """{ warnings estimates { currencyId estimatedCost currentBalance balanceAfterEstimate
    wouldOverdraft breakdown { featureId cost warningCode } } }"""
USAGE_COST = f"""query ($input: EstimateUsageCostInput!) {{
    estimateUsageCost(input: $input) {ANSWER} }}"""
EVENT_COST = f"""query ($input: EstimateEventCostInput!) {{
    estimateEventCost(input: $input) {ANSWER} }}"""
ASYNC = """mutation ($input: ConsumeCreditsAsyncInput!) { consumeCreditsAsync(input: $input) }"""


def of_usage(api: LocalApi, value: object, **given: Any) -> Answer:
    asked = {"customerId": CUSTOMER, "featureId": SEATS, "value": value} | given
    return api.ask(USAGE_COST, input=asked)["estimateUsageCost"]


def of_event(api: LocalApi, name: str = "api_call", **given: Any) -> Answer:
    asked = {"customerId": CUSTOMER, "eventName": name} | given
    return api.ask(EVENT_COST, input=asked)["estimateEventCost"]


def costs(answer: Answer) -> dict[str, Any]:
    return {one["currencyId"]: one["estimatedCost"] for one in answer["estimates"]}


def consumption(key: str, amount: object = 1, **given: Any) -> Answer:
    asked = {"customerId": CUSTOMER, "currencyId": CURRENCY, "amount": amount}
    return asked | {"idempotencyKey": key} | given


def consume_all(api: LocalApi, *consumptions: Answer) -> Answer:
    return api.tell(ASYNC, input={"consumptions": consumptions})


def everything(api: LocalApi) -> list[list[Answer]]:
    tables = ("resources", "grants", "ledger", "usage_events", "queue", "seen_keys")
    return [api.service.store.rows(f"from {table} order by all") for table in tables]


# Estimates


def test_a_usage_estimate_is_what_reporting_then_takes(api: LocalApi) -> None:
    api.grant(100)
    assert of_usage(api, 3) == {
        "warnings": [],
        "estimates": [
            {
                "currencyId": CURRENCY,
                "estimatedCost": 75,
                "currentBalance": 100,
                "balanceAfterEstimate": 25,
                "wouldOverdraft": False,
                "breakdown": [{"featureId": SEATS, "cost": 75, "warningCode": None}],
            }
        ],
    }
    assert api.report(3)["credit"]["consumed"] == 75


def test_an_estimate_counts_what_is_reported_and_not_settled(api: LocalApi) -> None:
    api.grant(100)
    api.report(3)
    (estimate,) = of_usage(api, 2)["estimates"]
    assert (estimate["currentBalance"], estimate["balanceAfterEstimate"]) == (25, -25)
    assert estimate["wouldOverdraft"]


@pytest.mark.parametrize(("value", "overdraws"), [(4, False), (Decimal("4.00001"), True)])
def test_an_overdraft_begins_below_a_balance_of_0(
    api: LocalApi, value: object, overdraws: bool
) -> None:
    api.grant(100)
    assert of_usage(api, value)["estimates"][0]["wouldOverdraft"] is overdraws


def test_set_is_estimated_as_the_difference(api: LocalApi) -> None:
    api.report(4)
    assert costs(of_usage(api, 10, updateBehavior="SET")) == {CURRENCY: 150}
    assert costs(of_usage(api, 1, updateBehavior="SET")) == {CURRENCY: -75}


def test_an_event_is_estimated_by_every_meter_that_it_feeds(api: LocalApi) -> None:
    api.service.meters = (
        Meter("api_call", "feature-api-calls"),
        Meter("api_call", "feature-embeddings", "SUM", "tokens"),
        Meter("api_call", SEATS),
        Meter("api_call", "llm-code"),
        Meter("other_call", "feature-image-generation"),
        Meter("api_call", "feature-image-generation", filters={"kind": "image"}),
    )
    answer = of_event(api, dimensions={"tokens": 3000})
    assert answer["warnings"] == []
    assert costs(answer) == {"api-credits": 1, CURRENCY: Decimal("25.3")}
    api.report_events(event("real", dimensions={"tokens": 3000}))
    api.settle()
    assert api.balance()["currentBalance"] == Decimal("-25.3")


@pytest.mark.parametrize("aggregation", ["MAX", "MIN", "AVG", "UNIQUE"])
def test_what_does_not_add_up_is_marked_and_costs_nothing(api: LocalApi, aggregation: str) -> None:
    (meter,) = (one for one in api.service.meters if one.event_name == "api_call")
    unlike = replace(meter, aggregation=aggregation, dimension="tokens")
    api.service.meters = (unlike, Meter("api_call", SEATS))
    breakdowns = [one["breakdown"] for one in of_event(api)["estimates"]]
    assert breakdowns == [
        [{"featureId": "feature-api-calls", "cost": 0, "warningCode": "UNSUPPORTED_AGGREGATION"}],
        [{"featureId": SEATS, "cost": 25, "warningCode": None}],
    ]


def test_what_has_no_price_is_told_as_a_warning(api: LocalApi) -> None:
    for answer, warning in [
        (of_usage(api, 1, featureId="magic"), "FEATURE_NOT_FOUND"),
        (of_usage(api, 1, featureId="llm-code"), "FEATURE_NOT_CREDIT_BASED"),
        (of_usage(api, 1, featureId="feature-01-templates"), "FEATURE_NOT_CREDIT_BASED"),
        (of_event(api, "magic_happened"), "FEATURE_NOT_FOUND"),
        (of_event(api, "llm_code_request"), "FEATURE_NOT_CREDIT_BASED"),
    ]:
        assert answer == {"estimates": [], "warnings": [warning]}


def test_a_resource_with_a_subscription_is_named_when_none_was_asked_for(api: LocalApi) -> None:
    plan = {"planId": "plan-revvenu-scale", "resourceId": "desk"}
    api.tell(
        "mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) "
        "{ customer { customerId } } }",
        input={"customerId": CUSTOMER, "subscriptionParams": plan},
    )
    for ask in (lambda **given: of_usage(api, 1, **given), lambda **given: of_event(api, **given)):
        assert ask()["warnings"] == ["RESOURCE_SCOPED_SUBSCRIPTION_EXISTS"]
        assert len(ask()["estimates"]) == 1
        assert ask(resourceId="desk")["warnings"] == []
    assert costs(of_usage(api, 1, resourceId="desk")) == {CURRENCY: 20}


def test_an_estimate_stores_nothing(api: LocalApi) -> None:
    before = everything(api)
    of_usage(api, 3, resourceId="loft")
    of_event(api, resourceId="loft")
    api.settle()
    assert everything(api) == before
    assert api.service.state.pools == {}
    assert api.report(1)["currentUsage"] == 1


@pytest.mark.parametrize("ask", [lambda api, **it: of_usage(api, 1, **it), of_event])
def test_costs_of_an_unknown_customer_are_refused(shared: LocalApi, ask: Any) -> None:
    with pytest.raises(NotFound) as refused:
        ask(shared, customerId="nobody")
    assert refused.value.code == "CustomerNotFound"


def test_what_could_not_be_reported_cannot_be_estimated(shared: LocalApi) -> None:
    with pytest.raises(MeteringError) as refused:
        of_usage(shared, 2**53)
    assert refused.value.code == "UsageMeasurementDiffOutOfRangeError"
    for ask in (lambda **given: of_usage(shared, 1, **given), lambda **it: of_event(shared, **it)):
        with pytest.raises(BadInput, match="dimensions must be an object"):
            ask(dimensions=[1])


# Consumption in batches


def test_consumptions_in_a_batch_answer_null_and_are_taken(api: LocalApi) -> None:
    api.grant(100)
    answer = consume_all(
        api, consumption("a", 5), consumption("b", 7, currencyId="api-credits"),
        consumption("c", 11, resourceId="desk"), consumption("d", 13),
    )  # fmt: skip
    assert answer == {"consumeCreditsAsync": None}
    api.settle()
    assert api.balance()["currentBalance"] == 82
    assert api.balance(currencyId="api-credits")["currentBalance"] == -7
    assert api.balance(resourceId="desk")["currentBalance"] == -11


def test_a_key_counts_once_within_batches_and_beside_them(api: LocalApi) -> None:
    consume_all(api, consumption("a", 5), consumption("a", 5))
    consume_all(api, consumption("a", 5), consumption("b", 2))
    assert api.consume(5, "a")["credit"]["currentUsage"] == 7


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"customerId": "nobody"}, "CustomerNotFound"),
        ({"currencyId": "gold"}, "CustomCurrencyNotFound"),
        ({"amount": 10**12}, "BadUserInput"),
        ({"amount": 10**12 - 5}, "BadUserInput"),
        ({"idempotencyKey": "x", "dimensions": []}, "BadUserInput"),
    ],
)
def test_one_bad_consumption_refuses_the_whole_batch(api: LocalApi, bad: Answer, code: str) -> None:
    before = everything(api)
    with pytest.raises(MeteringError) as refused:
        consume_all(api, consumption("good", 5, resourceId=None), consumption("bad") | bad)
    assert refused.value.code == code
    assert everything(api) == before
    assert api.service.state.pools == {}
    assert api.consume(1, "after", createdAt=at())["credit"]["currentUsage"] == 1


def test_a_batch_has_1_to_1000_consumptions(api: LocalApi) -> None:
    consume_all(api, *(consumption(str(number)) for number in range(1000)))
    assert api.consume(0, "none")["credit"]["currentUsage"] == 1000
    for count in (0, 1001):
        with pytest.raises(BadInput, match=f"{count} consumptions in one call; 1 to 1000 are"):
            consume_all(api, *(consumption(f"n{number}") for number in range(count)))
    assert api.consume(0, "none")["credit"]["currentUsage"] == 1000
