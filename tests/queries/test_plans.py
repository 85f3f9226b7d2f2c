"""What is sold: the paywall, the rates and the coupons, in process and over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
import simplejson
from local_metering import CUSTOMER, GROWTH, LocalApi, ServedApi

from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.metering.client import MeteringClient
from data.metering.errors import Refused
from data.tables import COLUMNS as TABLES
from queries.answer import answer
from queries.plans import Countries, Coupons, Paywall, Rates
from queries.question import CannotAnswer, Extracted, Live, QuestionError

SCALE, FREE = "plan-revvenu-scale", "plan-revvenu-free"
QUESTIONS = (Paywall(), Paywall(CUSTOMER, country="DE"), Countries(), Rates(), Coupons())


@pytest.fixture(scope="module", params=[LocalApi, ServedApi], ids=["in process", "over HTTP"])
def local(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalApi]:
    api = request.param(tmp_path_factory.mktemp("plans") / "store")
    api.provision()
    yield api
    api.close()


@pytest.fixture(scope="module")
def live(local: LocalApi) -> Live:
    return Live(local.client)


@pytest.fixture(scope="module")
def extracted(local: LocalApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extracted]:
    """What the same catalogue is in an extract."""
    staged = tmp_path_factory.mktemp("extract") / STAGING
    tables = {name: frame for name, frame in local.sold.tables.items() if name in TABLES}
    now = local.clock.now
    write(tables, staged, source="the catalogue", cut_off=now, loaded_at=now)
    publish(staged.parent)
    with Extract(staged.parent) as extract:
        yield Extracted(extract)


def plan(live: Live, question: Paywall, plan_id: str) -> dict[str, Any]:
    [row] = answer(question, live).frame.filter(plan_id=plan_id).to_dicts()
    return row


def prices(row: dict[str, Any], period: str = "MONTHLY") -> list[tuple[Any, ...]]:
    return [
        (price["feature_id"], price["amount"], price["currency"])
        for price in row["prices"]
        if price["billing_period"] == period
    ]


def test_plans_come_in_the_order_of_the_paywall_and_hidden_ones_when_asked(live: Live) -> None:
    shown = answer(Paywall(), live).frame["plan_id"].to_list()
    assert shown == [FREE, GROWTH, SCALE, "plan-revvenu-pay-as-you-go"]
    hidden = answer(Paywall(has_hidden=True), live).frame["plan_id"].to_list()
    assert set(hidden) - set(shown) == {"plan-llm-traces"}


@pytest.mark.parametrize(
    ("country", "flat", "unit", "currency"),
    [
        (None, Decimal(99), Decimal(5), "USD"),
        ("DE", Decimal(95), Decimal("4.8"), "EUR"),
        ("JP", Decimal(15000), Decimal(750), "JPY"),
        ("US", Decimal(99), Decimal(5), "USD"),
    ],
)
def test_prices_are_those_of_the_country_in_whole_units(
    live: Live, country: str | None, flat: Decimal, unit: Decimal, currency: str
) -> None:
    growth = plan(live, Paywall(country=country), GROWTH)
    assert prices(growth) == [
        (None, flat, currency), ("feature-01-templates", unit, currency),
    ]  # fmt: skip
    points = {each["billing_period"]: each for each in growth["points"]}
    assert (points["MONTHLY"]["amount"], points["MONTHLY"]["currency"]) == (flat, currency)
    assert points["ANNUALLY"]["amount"] == 10 * flat
    assert all(each["has_more"] for each in growth["points"])
    addon_currencies = {each["currency"] for addon in growth["addons"] for each in addon["prices"]}
    assert addon_currencies == {currency}


def test_tiers_and_a_minimum_spend_are_told_whole(live: Live) -> None:
    scale = plan(live, Paywall(), SCALE)
    [tiered] = [p for p in scale["prices"] if p["tiers"] and p["billing_period"] == "MONTHLY"]
    assert (tiered["amount"], tiered["tiers_mode"], tiered["unit"]) == (
        None, "GRADUATED", "template",
    )  # fmt: skip
    assert [(t["up_to"], t["unit_price"]) for t in tiered["tiers"]] == [(10, 4), (50, 3), (None, 2)]
    minimums = {m["currency"]: m["amount"] for m in scale["minimum_spends"]
                if m["billing_period"] == "MONTHLY"}  # fmt: skip
    assert minimums["USD"] == 550


def test_prices_of_all_countries_stand_side_by_side(live: Live) -> None:
    growth = plan(live, Paywall(has_all_countries=True), GROWTH)
    assert {price["country"] for price in growth["prices"]} >= {None, "DE", "JP"}
    assert {point["country"] for point in growth["points"]} >= {None, "DE", "JP"}
    countries = answer(Countries(), live).frame["country"].to_list()
    assert countries == sorted(countries)
    assert {"DE", "JP"} < set(countries)
    assert "US" not in countries


def test_a_plan_tells_its_credits_rates_entitlements_trial_and_base(live: Live) -> None:
    growth = plan(live, Paywall(), GROWTH)
    assert (growth["trial_length"], growth["trial_unit"]) == (14, "DAY")
    assert (growth["base_plan_id"], growth["base_plan_name"]) == (FREE, "Free")
    assert growth["credits"][0] == {
        "currency_id": "ai-tokens", "currency_name": "AI tokens", "amount": Decimal(250),
        "cadence": "MONTHLY", "per_unit_of": "Seats",
    }  # fmt: skip
    assert growth["credit_prices"][0]["amount"] == Decimal("0.02")
    rates = {rate["feature_id"]: rate for rate in growth["rates"]}
    assert rates["feature-embeddings"]["amount"] == Decimal("0.0001")
    assert "output_tokens" in rates["feature-chat-completions"]["cost_formula"]
    own = {each["feature_id"]: each for each in growth["entitlements"]}
    assert own["feature-image-generation"]["reset_period"] == "MONTH"
    assert own["feature-image-generation"]["has_soft_limit"]
    assert own["feature-seats"]["has_unlimited_usage"]
    inherited = {each["feature_id"] for each in growth["inherited"]}
    assert inherited == {"feature-chat-completions", "feature-embeddings", "feature-api-calls"}
    assert not inherited & own.keys()


def test_the_plan_that_a_customer_holds_is_marked(live: Live) -> None:
    held = answer(Paywall(CUSTOMER), live).frame.filter("is_held")["plan_id"].to_list()
    assert held == [GROWTH]
    assert not answer(Paywall(), live).frame["is_held"].any()


def test_coupons_take_off_a_percentage_or_amounts(live: Live) -> None:
    coupons = {row["coupon_id"]: row for row in answer(Coupons(), live).frame.to_dicts()}
    half, welcome = coupons["coupon-stigg-50"], coupons["coupon-welcome-20"]
    assert (half["percent_off"], half["amounts_off"], half["duration_in_months"]) == (50, None, 3)
    assert welcome["percent_off"] is None
    assert {m["currency"]: m["amount"] for m in welcome["amounts_off"]} == {
        "USD": 20, "EUR": 19, "JPY": 3000,
    }  # fmt: skip
    assert coupons["coupon-launch-25"]["status"] == "ARCHIVED"


def test_an_extract_tells_the_same_rates_and_of_coupons_all_but_the_amounts(
    live: Live, extracted: Extracted
) -> None:
    assert answer(Rates(), live).frame.equals(answer(Rates(), extracted).frame)
    unlike = ("amounts_off", "promotion_code")
    told = answer(Coupons(), live).frame
    kept = answer(Coupons(), extracted).frame
    assert told.drop(unlike).equals(kept.drop(unlike))
    assert kept["amounts_off"].null_count() == kept.height
    assert "STIGG50" in kept["promotion_code"].to_list()


@pytest.mark.parametrize("question", [Paywall(), Countries()])
def test_an_extract_says_that_it_holds_no_prices(
    extracted: Extracted, question: Paywall | Countries
) -> None:
    with pytest.raises(CannotAnswer, match="The live source has them"):
        answer(question, extracted)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"customer_id": "no customer"}, "cannot be a customer id"),
        ({"country": "Germany"}, "'Germany' is no country code: give its two capital letters"),
        ({"country": "de"}, "such as DE"),
        ({"customer_id": None, "resource_id": "site-1"}, "belongs to a customer"),
        ({"resource_id": "no/pe"}, "cannot be a resource id"),
        ({"country": "DE", "has_all_countries": True}, "those of all"),
    ],
)
def test_a_paywall_that_cannot_be_asked_for_says_why(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(QuestionError, match=sentence):
        replace(Paywall(CUSTOMER), **changes)


def test_a_stranger_is_refused_by_the_api(live: Live) -> None:
    with pytest.raises(Refused, match="stranger"):
        answer(Paywall("stranger"), live)


def test_where_prices_of_all_countries_are_refused_no_country_is_known() -> None:
    error = {"message": "not allowed", "extensions": {"code": "FetchAllCountriesPricesNotAllowed"}}
    body = simplejson.dumps({"errors": [error], "data": None}).encode()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    refusing = Live(MeteringClient("http://metering.test", "key", transport=transport))
    assert answer(Countries(), refusing).frame.is_empty()
    with pytest.raises(Refused, match="not allowed"):
        answer(Paywall(has_all_countries=True), refusing)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: type(question).__name__)
def test_what_is_sold_can_be_asked_for_without_a_write(local: LocalApi, question: Any) -> None:
    before = local.service.store.rows("select count(*) from subscriptions")
    answer(question, Live(local.client))
    assert local.service.store.rows("select count(*) from subscriptions") == before
