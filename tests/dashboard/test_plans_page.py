"""The Plans page: cards by period and country, coupons, and every way in which it can fail."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import simplejson
from local_metering import LocalApi, ServedApi, sold_with
from plans_page import PlansPage
from usage_world import Api

from dashboard import asking
from dashboard.controls.scope import Currency, Scope
from dashboard.panels import plan_words
from dashboard.panels.plan_terms import terms_list
from dashboard.panels.plans_shown import ShownPlans, collect
from dashboard.panels.rates_table import rates_on_sale
from dashboard.sources import Sources, use
from queries.question import Live

Visit = Callable[..., PlansPage]
SHOWCASE = "customer-demo-01"
ON_SALE = ["Free", "Growth", "Scale", "Pay as you go"]


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return PlansPage


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedApi]:
    """The only source here, over HTTP."""
    api = ServedApi(tmp_path / "store")
    use(Sources(Live(api.client), None))
    yield api
    use(None)
    asking.forget()
    api.close()


def other_catalogue(folder: Path, **sections: Any) -> LocalApi:
    api = LocalApi(folder / "store", sold_with(folder, **sections))
    use(Sources(Live(api.client), None))
    asking.forget()
    return api


def test_every_plan_on_sale_has_a_card_with_its_price(visit: Visit) -> None:
    page = visit()
    assert page.plans == ON_SALE
    assert "### 99.00 USD" in page.text
    assert "### 499.00 USD" in page.text
    assert "Templates: 5.00 USD per template a month" in page.text
    assert "each at the price of its own tier: up to 10 for 4.00 USD, up to 50 for 3.00 USD" in (
        page.text
    )
    assert "At least 550.00 USD a month" in page.text
    assert "Begins with a free trial of 14 days" in page.text
    assert "live, " in page.text


def test_the_page_over_http_is_the_page_in_process(served: ServedApi) -> None:
    assert served.server.started
    page = PlansPage(country="JP")
    assert page.plans == ON_SALE
    assert "### 15,000 JPY" in page.text


def test_period_and_country_are_in_the_address_and_change_every_price(visit: Visit) -> None:
    page = visit().choose("period", "ANNUALLY").choose("country", "DE")
    assert (page.address["period"], page.address["country"]) == ("ANNUALLY", "DE")
    assert "### 950.00 EUR" in page.text
    assert "Templates: 48.00 EUR per template a year" in page.text
    assert "10 campaigns: 190.00 EUR a year, up to 10 of them" in page.text
    assert "USD a year" not in page.text
    assert page.link["period"] == ["ANNUALLY"]
    assert page.link["country"] == ["DE"]


def test_a_card_tells_credits_entitlements_rates_and_add_ons(visit: Visit) -> None:
    text = visit().text
    assert "250 AI tokens a month, for each unit of Seats" in text
    assert "More API credits: 0.004 USD each" in text
    assert "Image generation: 2,000 images a month, soft limit" in text
    assert "And of Free: Chat completions: no limit; Embeddings: no limit; API calls: 10,000" in (
        text
    )
    assert "0.002 × input_tokens + 0.006 × output_tokens AI tokens" in text
    assert "12 AI tokens per image" in text
    assert "Priority support: 149.00 USD a month" in text


def test_the_plan_of_the_chosen_customer_is_marked(visit: Visit) -> None:
    assert "Current plan" in visit(customer=SHOWCASE).text
    assert "Current plan" not in visit().text


def test_estimate_this_carries_plan_period_country_and_scope(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, period="ANNUALLY", country="DE")
    assert len(page.estimates) == len(ON_SALE)
    growth = page.estimates[1]
    assert growth == {
        "kind": "new", "plan": "plan-revvenu-growth", "period": "ANNUALLY", "country": "DE",
        "customer": SHOWCASE, "source": "live", "currency": "ai-tokens", "tz": "UTC",
    }  # fmt: skip


def test_a_coupons_row_tells_what_it_takes_off_and_leads_to_an_estimate(visit: Visit) -> None:
    page = visit(country="DE")
    rows = {row["Id"]: row for row in page.frame("Table of 5 coupons").to_dict("records")}
    assert (rows["coupon-stigg-50"]["Takes off"], rows["coupon-stigg-50"]["For"]) == (
        "50 %", "3 months",
    )  # fmt: skip
    assert rows["coupon-welcome-20"]["Takes off"] == "20.00 USD or 19.00 EUR or 3,000 JPY"
    assert rows["coupon-launch-25"]["Status"] == "Archived"
    page.choose("coupon", "coupon-stigg-50")
    assert page.address["coupon"] == "coupon-stigg-50"
    assert page.estimates[-1]["coupon"] == "coupon-stigg-50"
    assert page.estimates[-1]["country"] == "DE"
    page.choose("coupon", "coupon-launch-25")
    assert "It is archived: no subscription can be sold with it" in page.text
    assert "coupon" not in page.estimates[-1]


def test_what_the_api_does_not_tell_of_coupons_is_said_and_no_column_stands_empty(
    visit: Visit,
) -> None:
    page = visit()
    [table] = [each for each in page.at.dataframe if each.proto.alt.startswith("Table of 5 coup")]
    assert "does not tell whether once or for ever" in table.proto.columns
    assert "Promotion code" not in table.value.columns
    assert "Promotion codes are kept by the billing integration" in page.text


def test_from_an_extract_it_says_what_is_missing_and_offers_the_live_source(visit: Visit) -> None:
    page = visit(source="extract")
    assert "An extract holds the plans by name and what they charge in credits" in page.text
    assert page.plans == []
    assert len(page.rates) == 9
    coupons = page.frame("Table of 5 coupons")
    assert "amounts not in the extract" in list(coupons["Takes off"])
    assert "STIGG50" in list(coupons["Promotion code"])
    assert "kept by the billing integration" not in page.text
    page.press("Use the live source")
    assert page.plans == ON_SALE


def test_where_nobody_has_chosen_the_source_with_prices_answers(visit: Visit) -> None:
    assert visit().link["source"] == ["live"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"country": "Germany"}, "'Germany' is no country code: give its two capital letters"),
        ({"country": "<b>"}, "is no country code"),
        ({"customer": "stranger"}, "stranger"),
        ({"coupon": "coupon-nothing"}, "There is no coupon 'coupon-nothing' here."),
        ({"customer": SHOWCASE, "pool": "no/pe"}, "cannot be a resource id"),
    ],
)
def test_an_address_that_cannot_be_shown_is_a_sentence(
    visit: Visit, address: dict[str, str], sentence: str
) -> None:
    page = visit(**address)
    assert sentence in page.text
    assert not page.has_crashed


def test_a_period_that_there_is_not_counts_as_the_month(visit: Visit) -> None:
    assert "### 99.00 USD" in visit(period="WEEKLY").text


def test_a_country_without_prices_of_its_own_has_the_default_ones(visit: Visit) -> None:
    assert "### 99.00 USD" in visit(country="US").text


def test_when_the_source_fails_the_cards_stay_and_are_called_old(visit: Visit, api: Api) -> None:
    page = visit()
    api.fault = lambda _: httpx.Response(503)
    asking.forget()
    page.go(country="DE")
    assert page.failures
    assert "no longer current: plans and coupons of live" in page.text
    assert page.plans == ON_SALE
    assert not page.has_crashed


def test_where_prices_of_all_countries_are_refused_any_country_can_be_typed(
    visit: Visit, api: Api
) -> None:
    error = {"message": "not allowed", "extensions": {"code": "FetchAllCountriesPricesNotAllowed"}}
    refused = simplejson.dumps({"errors": [error], "data": None}).encode()

    def refuse(request: httpx.Request) -> httpx.Response:
        is_asked = b"PaywallCountries" in request.content
        return httpx.Response(200, content=refused) if is_asked else api.answer(request)

    api.fault = refuse
    page = visit(country="JP")
    [field] = [field for field in page.at.text_input if field.label == "Country"]
    assert field.value == "JP"
    assert "### 15,000 JPY" in page.text


def test_a_catalogue_that_sells_nothing_says_what_would_be_here(tmp_path: Path) -> None:
    api = other_catalogue(
        tmp_path, products=[], plans=[], addons=[], coupons=[], tax_rules=[], customers=[]
    )
    page = PlansPage()
    assert "No plan is on sale here." in page.text
    assert "No plan here charges credits." in page.text
    assert "There are no coupons here." in page.text
    use(None)
    asking.forget()
    api.close()


@pytest.fixture
def of_country(sources: Sources) -> Callable[[str], ShownPlans]:
    assert sources.live is not None
    scope = Scope(sources.live, None, None, Currency("ai-tokens", "AI tokens", "tokens"), "UTC")
    return lambda country: collect(scope, "MONTHLY", country)


def test_an_export_has_a_row_for_every_price_and_for_plans_without_one(
    of_country: Callable[[str], ShownPlans],
) -> None:
    shown = of_country("DE")
    table = terms_list(shown)
    prices = table.filter(section="Price")
    growth = prices.filter(plan="Growth", billing_period="MONTHLY")
    assert growth["amount"].to_list() == [Decimal(95), Decimal("4.8")]
    assert set(table["country"]) == {"DE"}
    assert prices.filter(plan="Free").height == 1
    assert shown.about("prices of plans")["country"] == "DE"


def test_an_export_says_all_that_the_cards_say(
    visit: Visit, of_country: Callable[[str], ShownPlans]
) -> None:
    table = terms_list(of_country("DE"))
    least = table.filter(section="Minimum spend", plan="Scale", billing_period="MONTHLY")
    assert least.select("amount", "currency").rows() == [(530, "EUR")]
    assert table.filter(section="Add-on", plan="Growth", what="10 campaigns").select(
        "billing_period", "amount", "currency", "terms"
    ).rows() == [
        ("MONTHLY", 19, "EUR", "up to 10 of them"), ("ANNUALLY", 190, "EUR", "up to 10 of them"),
    ]  # fmt: skip
    card = visit(country="DE").text
    told = table.filter(pl.col("section").is_in(["Trial", "Credits", "Entitlement"]))
    assert {"Trial", "Credits", "Entitlement"} == set(told["section"])
    for what, terms in told.select("what", "terms").rows():
        assert (f"{what}: {terms}" if what else terms) in card
    inherited = table.filter(section="Entitlement of Free", plan="Growth")
    assert inherited["what"].to_list() == ["Chat completions", "Embeddings", "API calls"]


@pytest.mark.parametrize(("country", "first"), [("DE", "95.00"), ("JP", "15000.00")])
def test_amounts_in_an_export_have_the_digits_of_the_currencies_in_it(
    of_country: Callable[[str], ShownPlans], country: str, first: str
) -> None:
    """In Japan some add-ons are sold in dollars, and a column has one number of digits."""
    amounts = terms_list(of_country(country)).filter(plan="Growth")["amount"]
    assert str(amounts[0]) == first


def test_rates_are_those_of_the_plans_on_the_cards_and_of_features_that_one_of_them_charges(
    visit: Visit, of_country: Callable[[str], ShownPlans]
) -> None:
    rates = visit().rates
    assert len(rates) == 7
    assert all(list(row) == ON_SALE for row in rates.values())
    assert set(rates_on_sale(of_country("DE"))["plan_name"]) == set(ON_SALE)


def test_a_formula_is_in_a_table_that_breaks_its_lines(visit: Visit) -> None:
    assert visit().rates["Chat completions"]["Free"] == (
        "0.0025 × input_tokens + 0.0075 × output_tokens AI tokens"
    )


# Terms in words


def priced(**changes: Any) -> dict[str, Any]:
    given = {
        "billing_period": "MONTHLY", "feature_id": "f", "feature_name": "Seats", "unit": "seat",
        "amount": None, "currency": "USD", "tiers_mode": "VOLUME", "tiers": [
            {"up_to": Decimal(5), "unit_price": Decimal(3), "flat_price": Decimal(10)},
            {"up_to": None, "unit_price": Decimal("0.0025"), "flat_price": Decimal(0)},
        ],
    }  # fmt: skip
    return given | changes


def test_volume_tiers_say_that_all_units_have_one_price() -> None:
    assert plan_words.unit_price(priced()) == (
        "Seats per seat a month, all at the price of the tier that their number reaches: "
        "up to 5 for 3.00 USD + 10.00 USD once, beyond for 0.0025 USD"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pricing_type": "FREE"}, ("Free", "costs nothing")),
        ({"pricing_type": "CUSTOM"}, ("By agreement", "its price is agreed upon")),
        ({}, ("No fee", "only the credits that are bought")),
        ({"points": [{"billing_period": "ANNUALLY"}]}, ("–", "not sold by the month")),
        ({"points": [{"billing_period": "MONTHLY", "amount": Decimal("0.5"), "currency": "USD",
                      "feature_name": "Seats", "has_more": False}]},
         ("0.50 USD", "a month, for each unit of Seats")),
    ],
)  # fmt: skip
def test_a_headline_says_what_is_paid_and_for_what(
    changes: dict[str, Any], told: tuple[str, str]
) -> None:
    assert plan_words.headline({"pricing_type": "PAID", "points": []} | changes, "MONTHLY") == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "3 seats"),
        ({"usage_limit": Decimal(1)}, "1 seat"),
        ({"feature_name": "Seats"}, "3"),
        ({"reset_period": "WEEK", "has_soft_limit": True}, "3 seats a week, soft limit"),
        ({"has_unlimited_usage": True}, "no limit"),
    ],
)
def test_a_limit_is_told_with_its_reset(changes: dict[str, Any], told: str) -> None:
    given = {
        "feature_name": "Places", "unit": "seat", "units": "seats", "usage_limit": Decimal(3),
        "has_unlimited_usage": False, "has_soft_limit": False, "reset_period": None,
    }  # fmt: skip
    assert plan_words.limit(given | changes) == told
