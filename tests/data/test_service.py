"""Every operation of the local metering API over HTTP, and the vendor's samples on the demo."""

import re
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type
from local_metering import (
    CURRENCY,
    GROWTH,
    SEAT_CREDITS,
    SEATS,
    Answer,
    MeteringProcess,
    available,
    event,
    measurement,
    nodes,
    object_type,
    whole,
    wire,
)

from data.clock import utc_now
from data.metering.service.graphql import ROOTS

pytestmark = pytest.mark.xdist_group("metering over http")

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?Z")
MIDNIGHT = re.compile(r"\d{4}-\d\d-\d\dT00:00:00\.000Z")
TEST_CUSTOMER, TEST_RESOURCE = "customer-test-id", "resource-01"
SHOWCASE, WORKSPACE = "customer-demo-01", "workspace-example-com"


class Matching:
    """Equal to every text of a form."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and bool(self.pattern.fullmatch(other))

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __repr__(self) -> str:
        return f"<text like {self.pattern.pattern}>"


A_MOMENT = Matching(MOMENT)
AN_ID = Matching(re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"))
A_GRANT_ID = Matching(re.compile(r"cred-grant-[0-9a-f]{12}"))
A_CURSOR = Matching(re.compile(r"[\w=-]+"))
TOKENS = {"currencyId": CURRENCY, "displayName": "AI tokens", "symbol": "◆"}


# Every operation


def test_provision_customer_makes_it_and_subscribes_it(served: MeteringProcess) -> None:
    document = """mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) {
        customer { customerId name email createdAt }
        subscription { subscriptionId status startDate plan { refId displayName }
        resource { resourceId customer { customerId } } } } }"""
    plan = {"planId": GROWTH, "resourceId": "desk", "startDate": "2026-05-01T10:00:00+02:00"}
    given = {"customerId": "customer-provisioned", "name": "Ada Ltd.", "email": "ada@example.com"}
    made = served.tell(document, input=given | {"subscriptionParams": plan})["provisionCustomer"]
    assert made == {
        "customer": given | {"createdAt": A_MOMENT},
        "subscription": {
            "subscriptionId": Matching(re.compile(rf"subscription-{GROWTH}-[0-9a-f]{{6}}")),
            "status": "ACTIVE",
            "startDate": "2026-05-01T08:00:00.000Z",
            "plan": {"refId": GROWTH, "displayName": "Growth"},
            "resource": {
                "resourceId": "desk",
                "customer": {"customerId": "customer-provisioned"},
            },
        },
    }
    again = served.tell(document, input={**given, "name": "Other", "subscriptionParams": plan})
    assert again["provisionCustomer"] == made


def test_create_credit_grant_answers_the_whole_grant(served: MeteringProcess) -> None:
    served.provision("customer-granted")
    granted = served.grant(
        1000,
        customerId="customer-granted",
        displayName="Onboarding bonus",
        grantType="PROMOTIONAL",
        comment="Welcome promotion",
        resourceId="desk",
        effectiveAt="2026-05-01T00:00:00Z",
        expireAt="2999-12-31T00:00:00Z",
        priority=3,
    )
    assert granted == {
        "grantId": A_GRANT_ID,
        "id": AN_ID,
        "displayName": "Onboarding bonus",
        "grantType": "PROMOTIONAL",
        "status": "ACTIVE",
        "amount": 1000,
        "consumedAmount": 0,
        "priority": 3,
        "comment": "Welcome promotion",
        "cost": {"amount": 0, "currency": "USD"},
        "paymentCollection": "NOT_REQUIRED",
        "currencyId": CURRENCY,
        "customerId": "customer-granted",
        "resourceId": "desk",
        "sourceType": None,
        "effectiveAt": "2026-05-01T00:00:00.000Z",
        "expireAt": "2999-12-31T00:00:00.000Z",
        "voidedAt": None,
        "createdAt": A_MOMENT,
        "updatedAt": granted["createdAt"],
        "additionalMetaData": None,
        "automaticRechargeConfigurationId": None,
        "invoiceId": None,
        "latestInvoice": None,
    }


def test_report_usage_answers_the_measurement_and_the_balance(served: MeteringProcess) -> None:
    served.provision("customer-measured")
    served.grant(1000, customerId="customer-measured")
    measured = served.report(3, customerId="customer-measured", createdAt="2026-05-01T07:30:00Z")
    assert measured == {
        "id": AN_ID,
        "customerId": "customer-measured",
        "featureId": SEATS,
        "resourceId": None,
        "environmentId": Matching(re.compile(".+")),
        "value": 3,
        "currentUsage": 3,
        "createdAt": A_MOMENT,
        "timestamp": "2026-05-01T07:30:00.000Z",
        "usagePeriodStart": None,
        "usagePeriodEnd": None,
        "nextResetDate": None,
        "credit": {
            "consumed": 3 * SEAT_CREDITS,
            "currencyId": CURRENCY,
            "currentUsage": 3 * SEAT_CREDITS,
            "usageLimit": 1000,
            "timestamp": A_MOMENT,
            "usagePeriodEnd": None,
        },
    }


def test_report_usage_bulk_answers_in_request_order(served: MeteringProcess) -> None:
    served.provision("customer-bulk")
    values = [5, 1, 4]
    usages = [measurement(value, customerId="customer-bulk") for value in values]
    measured = served.report_bulk(usages)
    assert [one["value"] for one in measured] == values
    assert [one["currentUsage"] for one in measured] == [5, 6, 10]
    assert [one["credit"]["consumed"] for one in measured] == [125, 25, 100]
    assert [one["credit"]["currentUsage"] for one in measured] == [125, 150, 250]


def test_report_event_answers_null(served: MeteringProcess) -> None:
    assert served.report_events(event("1"), event("2", dimensions={"model": "gpt"})) == {
        "reportEvent": None
    }


def test_consume_credits_answers_the_optimistic_balance(served: MeteringProcess) -> None:
    served.provision("customer-direct")
    given = {"customerId": "customer-direct", "createdAt": "2026-05-01T07:30:00Z"}
    assert served.consume(Decimal("2.5"), "direct-1", **given) == {
        "amount": Decimal("2.5"),
        "currencyId": CURRENCY,
        "customerId": "customer-direct",
        "resourceId": None,
        "timestamp": "2026-05-01T07:30:00.000Z",
        "credit": {
            "currencyId": CURRENCY,
            "currentUsage": Decimal("2.5"),
            "usageLimit": 0,
            "timestamp": A_MOMENT,
            "usagePeriodEnd": None,
        },
    }


def test_credit_grants_is_a_connection_of_grants(served: MeteringProcess) -> None:
    served.provision("customer-grants")
    granted = served.grant(7, customerId="customer-grants", displayName="Seven")
    document = """query ($input: GetCreditGrantsInput!) { creditGrants(input: $input) { totalCount
        pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        edges { cursor node { grantId displayName amount } } } }"""
    found = served.ask(document, input={"customerId": "customer-grants"})["creditGrants"]
    assert found == {
        "totalCount": 1,
        "pageInfo": {
            "startCursor": found["edges"][0]["cursor"],
            "endCursor": found["edges"][0]["cursor"],
            "hasNextPage": False,
            "hasPreviousPage": False,
        },
        "edges": [
            {
                "cursor": A_CURSOR,
                "node": {"grantId": granted["grantId"], "displayName": "Seven", "amount": 7},
            }
        ],
    }


def test_credits_ledger_is_a_connection_of_rows(served: MeteringProcess) -> None:
    served.provision("customer-ledger")
    granted = served.grant(7, customerId="customer-ledger", displayName="Seven")
    page = served.ledger_page(customerId="customer-ledger")
    assert page == {
        "totalCount": 1,
        "pageInfo": {
            "startCursor": page["edges"][0]["cursor"],
            "endCursor": page["edges"][0]["cursor"],
            "hasNextPage": False,
            "hasPreviousPage": False,
        },
        "edges": [
            {
                "cursor": A_CURSOR,
                "node": {
                    "amount": 7,
                    "creditCurrencyId": CURRENCY,
                    "creditGrantId": granted["grantId"],
                    "customerId": "customer-ledger",
                    "eventId": None,
                    "eventType": "CREDITS_GRANTED",
                    "featureId": None,
                    "resourceId": None,
                    "timestamp": A_MOMENT,
                    "feature": None,
                    "grant": {"displayName": "Seven", "status": "ACTIVE"},
                },
            }
        ],
    }


def test_credit_balance_summary_has_a_balance_for_each_currency(served: MeteringProcess) -> None:
    served.provision("customer-balances")
    expiry = datetime(2999, 12, 31)
    served.grant(7, customerId="customer-balances", expireAt=wire(expiry))
    served.grant(5, customerId="customer-balances", currencyId="api-credits")
    document = """query ($input: CreditBalanceSummaryInput!) {
        creditBalanceSummary(input: $input) { customerId resourceId balances {
        currency { currencyId displayName symbol } currencyId currentBalance customerId resourceId
        totalConsumed totalGranted validUntil } } }"""
    summary = served.ask(document, input={"customerId": "customer-balances"})
    of_tokens = {
        "currency": TOKENS,
        "currencyId": CURRENCY,
        "currentBalance": 7,
        "customerId": "customer-balances",
        "resourceId": None,
        "totalConsumed": 0,
        "totalGranted": 7,
        "validUntil": (expiry - datetime(1970, 1, 1)) // timedelta(milliseconds=1),
    }
    of_calls = of_tokens | {
        "currency": {"currencyId": "api-credits", "displayName": "API credits", "symbol": "▲"},
        "currencyId": "api-credits",
        "currentBalance": 5,
        "totalGranted": 5,
        "validUntil": None,
    }
    assert summary["creditBalanceSummary"] == {
        "customerId": "customer-balances",
        "resourceId": None,
        "balances": [of_tokens, of_calls],
    }


def test_credit_usage_without_usage_is_its_currency_and_no_series(served: MeteringProcess) -> None:
    served.provision("customer-idle")
    assert served.usage(customerId="customer-idle") == {
        "currency": TOKENS | {"units": {"singular": "token", "plural": "tokens"}},
        "pageInfo": {
            "startCursor": None,
            "endCursor": None,
            "hasNextPage": False,
            "hasPreviousPage": False,
        },
        "series": [],
    }


def test_credit_events_fields_without_usage_is_empty(served: MeteringProcess) -> None:
    served.provision("customer-idle")
    assert served.fields(customerId="customer-idle") == []


def test_customers_resources_and_subscriptions_can_be_picked(served: MeteringProcess) -> None:
    served.provision("customer-picked")
    served.grant(1, customerId="customer-picked", resourceId="desk")
    customers = served.ask(
        """query ($filter: CustomerFilter) { customers(filter: $filter) { totalCount
        edges { cursor node { customerId name email createdAt } } } }""",
        filter={"customerId": {"eq": "customer-picked"}},
    )["customers"]
    customer = {"customerId": "customer-picked", "name": None, "email": None}
    assert (customers["totalCount"], nodes(customers)) == (1, [customer | {"createdAt": A_MOMENT}])
    resources = served.ask(
        """query ($filter: CustomerResourceFilter) { customerResources(filter: $filter) { totalCount
        edges { cursor node { resourceId createdAt customer { customerId } } } } }""",
        filter={"customer": {"customerId": {"eq": "customer-picked"}}},
    )["customerResources"]
    assert nodes(resources) == [
        {
            "resourceId": "desk",
            "createdAt": A_MOMENT,
            "customer": {"customerId": "customer-picked"},
        }
    ]
    subscriptions = served.ask(
        """query ($input: GetActiveSubscriptionsInput!) { getActiveSubscriptions(input: $input) {
        status plan { refId } resource { resourceId } } }""",
        input={"customerId": "customer-picked"},
    )["getActiveSubscriptions"]
    assert subscriptions == [{"status": "ACTIVE", "plan": {"refId": GROWTH}, "resource": None}]


def test_currencies_and_features_come_from_the_catalogue(served: MeteringProcess) -> None:
    currencies = served.ask(
        "{ customCurrencies { currencyId displayName symbol status units { singular plural } } }"
    )["customCurrencies"]
    assert currencies[0] == TOKENS | {
        "status": "ACTIVE",
        "units": {"singular": "token", "plural": "tokens"},
    }
    features = served.ask(
        """{ features(filter: {refId: {eq: "feature-seats"}}) { totalCount edges { node {
        refId displayName featureType meterType featureUnits featureUnitsPlural createdAt } } } }"""
    )["features"]
    assert nodes(features) == [
        {
            "refId": SEATS,
            "displayName": "Seats",
            "featureType": "NUMBER",
            "meterType": "Fluctuating",
            "featureUnits": "seat",
            "featureUnitsPlural": "seats",
            "createdAt": "2023-02-01T09:00:00.000Z",
        }
    ]


CALLS: dict[str, dict[str, Any]] = {
    "customers": {},
    "getCustomerByRefId": {"input": {"customerId": SHOWCASE}},
    "customerResources": {},
    "customCurrencies": {},
    "features": {},
    "subscriptions": {},
    "getActiveSubscriptions": {"input": {"customerId": TEST_CUSTOMER}},
    "creditGrants": {"input": {"customerId": SHOWCASE}},
    "creditUsage": {"input": {"customerId": SHOWCASE, "groupBy": ["model", "featureId"]}},
    "creditEventsFields": {"input": {"customerId": SHOWCASE}},
    "creditsLedger": {"input": {"customerId": SHOWCASE, "paging": {"last": 20}}},
    "creditBalanceSummary": {"input": {"customerId": SHOWCASE}},
    "provisionCustomer": {
        "input": {"customerId": "customer-every-field", "subscriptionParams": {"planId": GROWTH}}
    },
    "createCreditGrant": {
        "input": {
            "customerId": "customer-brand-new",
            "currencyId": CURRENCY,
            "displayName": "Every field",
            "amount": 5,
            "grantType": "PAID",
        }
    },
    "updateCreditGrant": {"input": {"id": "grant-00001", "comment": "Every field"}},
    "voidCreditGrant": {"input": {"id": "grant-00002"}},
    "getAutoRechargeSettings": {"input": {"customerId": SHOWCASE, "currencyId": CURRENCY}},
    "saveAutoRechargeSettings": {
        "input": {"customerId": SHOWCASE, "currencyId": CURRENCY, "isEnabled": False}
    },
    "consumeCredits": {
        "input": {
            "customerId": "customer-brand-new",
            "currencyId": CURRENCY,
            "amount": 1,
            "idempotencyKey": "every-field",
        }
    },
    "promotionalEntitlements": {},
    "entitlementsState": {"query": {"customerId": SHOWCASE}},
    "entitlement": {"query": {"customerId": SHOWCASE, "featureId": SEATS}},
    "entitlementV2": {"query": {"customerId": SHOWCASE, "featureId": SEATS}},
    "usageHistoryV2": {
        "input": {
            "customerId": SHOWCASE,
            "featureId": SEATS,
            "startDate": "2020-01-01",
            "groupBy": ["team"],
            "paging": {"first": 5},
        }
    },
    "usageHistory": {
        "usageHistoryInput": {
            "customerRefId": SHOWCASE,
            "featureRefId": SEATS,
            "startDate": "2020-01-01",
        }
    },
    "estimateEventCost": {"input": {"customerId": SHOWCASE, "eventName": "api_call"}},
    "estimateUsageCost": {"input": {"customerId": SHOWCASE, "featureId": SEATS, "value": 1}},
    "consumeCreditsAsync": {
        "input": {
            "consumptions": [
                {
                    "customerId": "customer-brand-new",
                    "currencyId": CURRENCY,
                    "amount": 1,
                    "idempotencyKey": "every-field-async",
                }
            ]
        }
    },
    "grantPromotionalEntitlements": {
        "input": {
            "customerId": "customer-brand-new",
            "promotionalEntitlements": [
                {
                    "featureId": SEATS,
                    "period": "ONE_YEAR",
                    "usageLimit": 7,
                    "resetPeriod": "MONTH",
                }
            ],
        }
    },
    "revokePromotionalEntitlement": {
        "input": {"customerId": "customer-brand-new", "featureId": "feature-01-templates"}
    },
    "reportUsage": {"input": measurement(1, customerId="customer-brand-new")},
    "reportUsageBulk": {"input": {"usages": [measurement(1, customerId="customer-brand-new")]}},
    "paywall": {"input": {"customerId": TEST_CUSTOMER, "resourceId": "resource-01"}},
    "products": {},
    "plans": {},
    "addons": {},
    "coupons": {},
    "estimateSubscription": {
        "input": {
            "customerId": SHOWCASE,
            "planId": GROWTH,
            "billingPeriod": "MONTHLY",
            "billableFeatures": [{"featureId": "feature-01-templates", "quantity": 2}],
            "billingCountryCode": "DE",
            "promotionCode": "STIGG50",
            "resourceId": "resource-01",
        }
    },
    "estimateSubscriptionUpdate": {
        "input": {"subscriptionId": "subscription-plan-revvenu-growth-da6324", "unitQuantity": 3}
    },
    "reportEvent": {"events": {"usageEvents": [event("every-field")]}},
}


@pytest.mark.parametrize(
    ("kind", "root"), [(kind, root) for kind, roots in ROOTS.items() for root in roots]
)
def test_every_field_of_every_operation_is_answered(
    demo: MeteringProcess, kind: str, root: str
) -> None:
    """A new operation needs its call above."""
    answer = demo.tell(whole(kind, root, CALLS[root]), **CALLS[root])[root]
    first = answer[0] if isinstance(answer, list) else answer
    if first is not None:
        named = get_named_type(object_type(kind).fields[root].type)
        if isinstance(named, GraphQLUnionType):
            named = object_type(first.pop("__typename"))
        assert isinstance(named, GraphQLObjectType)
        assert set(first) == set(named.fields)


def test_every_root_of_the_schema_has_its_resolver() -> None:
    for kind, resolvers in ROOTS.items():
        assert set(resolvers) == set(object_type(kind).fields)


# The vendor's samples, against the demo company


def test_sample_report_usage_increments_seats_by_10(demo: MeteringProcess) -> None:
    seats = {"customerId": TEST_CUSTOMER, "featureId": SEATS, "resourceId": TEST_RESOURCE}
    before = demo.report(0, **seats)
    after = demo.report(10, **seats)
    assert after["currentUsage"] - before["currentUsage"] == 10
    assert (after["credit"]["consumed"], after["credit"]["currencyId"]) == (250, CURRENCY)
    assert available(before["credit"]) - available(after["credit"]) == 250
    assert after["resourceId"] == TEST_RESOURCE


def test_sample_report_event_settles_in_the_background_within_10_seconds(
    demo: MeteringProcess,
) -> None:
    sample = {
        "customerId": TEST_CUSTOMER,
        "resourceId": TEST_RESOURCE,
        "eventName": "user_login",
        "idempotencyKey": "227c1b73-883a-457b-b715-6ba5a2c69ce4",
        "dimensions": {"user_id": "user-01", "user_email": "john@example.com"},
        "timestamp": "2022-10-26T15:01:55.768Z",
    }
    assert demo.report_events(sample) == {"reportEvent": None}
    assert demo.report_events(sample) == {"reportEvent": None}
    asked = {
        "customerId": TEST_CUSTOMER,
        "resourceId": TEST_RESOURCE,
        "currencyId": "api-credits",
        "startDate": "2022-10-26",
        "endDate": "2022-10-27",
        "groupBy": ["user_id", "user_email"],
    }
    deadline = time.monotonic() + 10
    while not (series := demo.usage(**asked)["series"]):
        assert time.monotonic() < deadline
    tags = [
        {"key": "user_id", "value": "user-01"},
        {"key": "user_email", "value": "john@example.com"},
    ]
    point = {"timestamp": "2022-10-26T15:00:00.000Z", "value": 1, "eventCount": 1}
    assert [(one["tags"], one["totalCredits"], one["points"]) for one in series] == [
        (tags, 1, [point])
    ]


def test_sample_create_credit_grant_credits_the_pool_of_a_resource(demo: MeteringProcess) -> None:
    pool = {"customerId": SHOWCASE, "resourceId": WORKSPACE}
    before = demo.balance(**pool)
    granted = demo.grant(
        1000,
        **pool,
        displayName="Onboarding bonus",
        grantType="PROMOTIONAL",
        effectiveAt=wire(utc_now()),
        expireAt=wire(utc_now() + timedelta(days=40)),
        comment="Welcome promotion",
    )
    assert (granted["status"], granted["resourceId"], granted["priority"]) == (
        "ACTIVE",
        WORKSPACE,
        50,
    )
    assert granted["cost"] == {"amount": 0, "currency": "USD"}
    assert demo.balance(**pool)["totalGranted"] - before["totalGranted"] == 1000


def test_sample_credit_usage_by_preset(demo: MeteringProcess) -> None:
    usage = demo.usage(
        customerId=SHOWCASE, currencyId=CURRENCY, timeRange="LAST_MONTH", resourceId=WORKSPACE
    )
    assert usage["currency"]["currencyId"] == CURRENCY
    assert usage["series"]
    for series in usage["series"]:
        assert series["featureId"].startswith("feature-")
        assert series["featureName"]
        assert series["tags"] is None
        assert series["totalCredits"] == sum(point["value"] for point in series["points"])
        assert all(MIDNIGHT.fullmatch(point["timestamp"]) for point in series["points"])


@pytest.mark.parametrize("dates", ["the sample's", "the last 30 days"])
def test_sample_credit_usage_by_exact_dates_and_model(demo: MeteringProcess, dates: str) -> None:
    start, end = datetime(2026, 5, 1), datetime(2026, 5, 31)
    if dates == "the last 30 days":  # those are sure to have usage
        start, end = utc_now() - timedelta(days=30), utc_now()
    usage = demo.usage(
        customerId=SHOWCASE,
        currencyId=None,
        startDate=wire(start),
        endDate=wire(end),
        groupBy=["model"],
    )
    assert usage["currency"]["currencyId"] == CURRENCY
    totals = [series["totalCredits"] for series in usage["series"]]
    assert totals == sorted(totals, reverse=True)
    models = []
    for series in usage["series"]:
        assert (series["featureId"], series["featureName"]) == (None, None)
        ((key, model),) = [(tag["key"], tag["value"]) for tag in series["tags"]]
        assert key == "model"
        models.append(model)
        times = [point["timestamp"] for point in series["points"]]
        assert times == sorted(times)
        assert all(wire(start)[:10] <= moment[:10] <= wire(end)[:10] for moment in times)
        assert series["totalCredits"] == sum(point["value"] for point in series["points"])
    assert len(set(models)) == len(models)
    if dates == "the last 30 days":
        assert {"gemini", "claude", "gpt", "llama", "mistral"} <= set(models)


def test_sample_credit_ledger_pages_oldest_first(demo: MeteringProcess) -> None:
    pool = {"customerId": SHOWCASE, "currencyId": CURRENCY, "resourceId": WORKSPACE}
    first = demo.ledger_page(**pool, paging={"first": 50})
    assert len(first["edges"]) == 50 < first["totalCount"]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    newest = demo.ledger_page(**pool, paging={"last": 1})
    assert nodes(first)[0]["timestamp"] < nodes(newest)[0]["timestamp"]
    cursor = first["pageInfo"]["endCursor"]
    second = demo.ledger_page(**pool, paging={"first": 50, "after": cursor})
    assert second["pageInfo"]["hasPreviousPage"]
    seen = [edge["cursor"] for page in (first, second) for edge in page["edges"]]
    assert len(set(seen)) == len(seen)
    assert {node["resourceId"] for node in nodes(first)} == {WORKSPACE}


def test_sample_credit_grants_of_a_resource(demo: MeteringProcess) -> None:
    grants = demo.grants(
        customerId=SHOWCASE, currencyId=CURRENCY, resourceId=WORKSPACE, paging={"first": 20}
    )
    assert {grant["resourceId"] for grant in grants} == {WORKSPACE}
    assert all(UUID(grant["id"]) for grant in grants)
    created = [grant["createdAt"] for grant in grants]
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize("currency", [CURRENCY, None])
def test_sample_dimension_keys_with_model_in_them(
    demo: MeteringProcess, currency: str | None
) -> None:
    fields = demo.fields(customerId=SHOWCASE, currencyId=currency, search="model")
    assert fields == ["model", "model_version"]


def test_the_demo_ledger_adds_up_to_its_balance(demo: MeteringProcess) -> None:
    pool: Answer = {"customerId": "customer-only-overdraft", "currencyId": CURRENCY}
    balance = demo.balance(**pool)["currentBalance"]
    assert balance < 0
    assert sum(Decimal(row["amount"]) for row in demo.ledger(**pool)) == balance
