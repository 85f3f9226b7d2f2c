"""A company's own catalogue: the service sells what the file says, from the next start on."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import simplejson
from local_metering import (
    CURRENCY,
    CUSTOMER,
    GROWTH,
    ROOT,
    Answer,
    LocalApi,
    MeteringProcess,
    environment,
    event,
    free_port,
    metering_command,
    nodes,
    sold_with,
)

from data.demo.sold import CATALOGUE
from data.metering.errors import Refused
from data.metering.written import CatalogueError

CURRENCIES = """query { customCurrencies(input: {status: [ACTIVE, ARCHIVED]}) {
    currencyId displayName } }"""
HELD = """query ($input: GetActiveSubscriptionsInput!) {
    getActiveSubscriptions(input: $input) { subscriptionId plan { refId displayName status } } }"""
PROVISION = """mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) {
    subscription { subscriptionId } } }"""
TEMPLATES = "feature-01-templates"
OWN: Answer = {
    "currencies": [{"currency_id": "minutes", "display_name": "Minutes"}],
    "features": [{"feature_id": "talk"}],
    "products": [{"product_id": "phone"}],
    "plans": [
        {
            "plan_id": "talker",
            "product_id": "phone",
            "rates": [{"feature_id": "talk", "currency_id": "minutes", "amount": 2}],
        }
    ],
    "customers": [{"customer_id": "acme", "name": "Acme", "plan_id": "talker"}],
}
EMPTY: Answer = {"meters": [], "addons": [], "coupons": [], "tax_rules": []}


def subscriptions(api: LocalApi, customer_id: str = CUSTOMER) -> list[Answer]:
    found: list[Answer] = api.ask(HELD, input={"customerId": customer_id})["getActiveSubscriptions"]
    return found


def stored(api: LocalApi, customer_id: str) -> Answer:
    (row,) = api.service.store.rows(
        "from subscriptions where customer_id = $id", {"id": customer_id}
    )
    return row


def test_a_start_makes_the_stores_tables_those_of_the_file(api: LocalApi, tmp_path: Path) -> None:
    given = [{"currency_id": "ai-tokens", "display_name": "Tokens"}, {"currency_id": "api-credits"}]
    api.restart(sold_with(tmp_path, currencies=[*given, {"currency_id": "minutes"}]))
    assert api.ask(CURRENCIES)["customCurrencies"] == [
        {"currencyId": "ai-tokens", "displayName": "Tokens"},
        {"currencyId": "api-credits", "displayName": "api-credits"},
        {"currencyId": "minutes", "displayName": "minutes"},
    ]


def test_a_rate_that_the_file_changes_is_charged_from_then_on(
    api: LocalApi, tmp_path: Path
) -> None:
    assert api.report(1)["credit"]["consumed"] == 25
    document = simplejson.loads(CATALOGUE.read_text(), use_decimal=True)
    growth = next(plan for plan in document["plans"] if plan["plan_id"] == GROWTH)
    seats = next(rate for rate in growth["rates"] if rate["feature_id"] == "feature-seats")
    seats["amount"] = 40
    api.restart(sold_with(tmp_path, plans=document["plans"]))
    assert api.report(1)["credit"]["consumed"] == 40


def test_a_currency_in_which_there_are_grants_cannot_be_dropped(
    api: LocalApi, tmp_path: Path
) -> None:
    api.grant(10)
    path = tmp_path / "own"
    path.mkdir()
    with pytest.raises(CatalogueError) as caught:
        api.restart(sold_with(path, **EMPTY, **OWN))
    assert str(caught.value) == (
        "The catalogue lacks the currency 'ai-tokens', in which the store has grants: keep it, "
        "with the status ARCHIVED when it is no longer sold."
    )


def test_a_plan_that_was_dropped_stays_the_plan_of_its_subscriptions(
    api: LocalApi, tmp_path: Path
) -> None:
    api.restart(sold_with(tmp_path, **EMPTY, **OWN))
    (held,) = subscriptions(api)
    assert held["plan"] == {"refId": GROWTH, "displayName": GROWTH, "status": "ARCHIVED"}


def test_a_new_store_begins_with_the_files_customers_once(tmp_path: Path) -> None:
    api = LocalApi(tmp_path / "store", sold_with(tmp_path, **EMPTY, **OWN))
    assert [held["plan"]["refId"] for held in subscriptions(api, "acme")] == ["talker"]
    before = subscriptions(api, "acme")
    api.restart()
    assert subscriptions(api, "acme") == before
    api.close()


def test_an_aggregation_that_cannot_be_settled_keeps_its_events_unmatched(
    api: LocalApi, tmp_path: Path
) -> None:
    most = {"event_name": "api_call", "feature_id": "feature-api-calls", "aggregation": "MAX"}
    api.restart(sold_with(tmp_path, meters=[most | {"dimension": "size"}]))
    api.report_events(event("k", dimensions={"size": 7}))
    api.settle()
    assert api.ledger() == []
    (kept,) = api.service.store.rows("from unmatched_events")
    assert kept["reason"] == "no meter counts this event"


def test_a_process_serves_a_companys_own_catalogue_without_the_demo(tmp_path: Path) -> None:
    sold_with(tmp_path, **EMPTY, **OWN)
    served = MeteringProcess(tmp_path / "store", "--catalog", str(tmp_path / "catalogue.json"))
    customers = served.ask("{ customers { edges { node { customerId name } } } }")["customers"]
    assert nodes(customers) == [{"customerId": "acme", "name": "Acme"}]
    served.stop()


def test_a_process_refuses_a_catalogue_with_an_error_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text('{"plans": [{"plan": "x"}]}')
    ended = subprocess.run(
        metering_command(tmp_path / "store", free_port(), "--catalog", str(path)),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("catalogue.json, line 1: plans[0].plan is not known here;")


# What a subscription is sold with


def provision(api: LocalApi, customer_id: str, **given: Any) -> Answer:
    params = {"planId": GROWTH} | given
    api.tell(PROVISION, input={"customerId": customer_id, "subscriptionParams": params})
    row = stored(api, customer_id)
    names = ("billing_period", "billable_features", "addons", "billing_country", "promotion_code")
    return {name: row[name] for name in names}


def test_a_subscription_is_by_the_month_with_one_unit_unless_it_says(api: LocalApi) -> None:
    assert provision(api, "plain") == {
        "billing_period": "MONTHLY",
        "billable_features": f'{{"{TEMPLATES}": 1}}',
        "addons": "{}",
        "billing_country": None,
        "promotion_code": None,
    }


def test_a_subscription_keeps_what_it_was_sold_with(api: LocalApi) -> None:
    made = provision(
        api,
        "special",
        billingPeriod="ANNUALLY",
        billableFeatures=[{"featureId": TEMPLATES, "quantity": 7}],
        addons=[{"addonId": "addon-10-campaigns", "quantity": 2}],
        billingCountryCode="DE",
        promotionCode="STIGG50",
    )
    assert made == {
        "billing_period": "ANNUALLY",
        "billable_features": f'{{"{TEMPLATES}": 7}}',
        "addons": '{"addon-10-campaigns": 2}',
        "billing_country": "DE",
        "promotion_code": "STIGG50",
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"planId": "plan-none"}, "PlanNotFound"),
        ({"addons": [{"addonId": "addon-none"}]}, "AddonNotFound"),
        ({"promotionCode": "NOBODY"}, "PromotionCodeNotFound"),
        ({"billableFeatures": [{"featureId": TEMPLATES, "quantity": -1}]}, "InvalidQuantity"),
    ],
)
def test_a_subscription_with_wrong_terms_is_refused_and_nothing_is_stored(
    api: LocalApi, given: Answer, code: str
) -> None:
    asked = {"customerId": "nobody", "subscriptionParams": {"planId": GROWTH} | given}
    with pytest.raises(Refused) as refused:
        api.tell(PROVISION, input=asked)
    assert refused.value.code == code
    assert "nobody" not in api.service.state.customers
    assert api.service.store.rows("from customers where customer_id = 'nobody'") == []


def test_a_promotion_code_is_used_up_by_the_subscriptions_sold_with_it(api: LocalApi) -> None:
    for number in range(3):
        provision(api, f"customer-{number}", promotionCode="WELCOME20")
    with pytest.raises(Refused) as refused:
        provision(api, "customer-3", promotionCode="WELCOME20")
    assert refused.value.code == "PromotionCodeMaxRedemptionsReached"


def test_the_credits_of_the_catalogue_are_those_of_the_demo(api: LocalApi) -> None:
    credits = api.service.catalogue.plans[GROWTH].credits
    assert [(each.currency_id, each.included) for each in credits] == [
        (CURRENCY, 250),
        ("api-credits", 25),
    ]
