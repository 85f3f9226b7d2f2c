"""Estimates: in process and over HTTP, every input counts, nothing is stored, all adds up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
import simplejson
from local_metering import CURRENCY, CUSTOMER, GROWTH, SEATS, LocalApi, ServedApi, fingerprint
from told import Told

from data.metering.client import MeteringClient
from data.metering.errors import MeteringError, Refused
from data.metering.service.app import SERVER_KEY, respond
from queries.answer import answer
from queries.estimates import (
    COST_SCHEMA,
    PREVIEW_SCHEMA,
    Estimate,
    EstimateChange,
    EstimateNew,
    EventCost,
    UsageCost,
)
from queries.estimates.after import after_discount
from queries.estimates.invoice import (
    INVOICE_SCHEMA,
    Item,
    Part,
    charges,
    difference,
    invoice,
)
from queries.estimates.lines import lines
from queries.plans import Paywall
from queries.question import CannotAnswer, Live, QuestionError

D = Decimal
FREE, SCALE = "plan-revvenu-free", "plan-revvenu-scale"
TEMPLATES, CAMPAIGNS, SUPPORT = (
    "feature-01-templates",
    "addon-10-campaigns",
    "addon-priority-support",
)
CHAT = "feature-chat-completions"
DESK = "desk"
"""A resource: its first subscription takes the place of none, and has no trial."""
NEW = EstimateNew(CUSTOMER, GROWTH, "MONTHLY", ((TEMPLATES, 2),), resource_id=DESK)
SAMPLE = replace(NEW, addons=((CAMPAIGNS, 1),), promotion_code="STIGG50", country="US")
"""That of the documentation."""
HALF_A_MONTH = timedelta(days=15.5)
numbers = count(1)


@pytest.fixture(scope="module", params=[LocalApi, ServedApi], ids=["in process", "over HTTP"])
def local(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalApi]:
    api = request.param(tmp_path_factory.mktemp("estimates") / "store")
    api.provision()
    api.grant(100)
    yield api
    api.close()


@pytest.fixture(scope="module")
def live(local: LocalApi) -> Live:
    return Live(local.client)


@pytest.fixture
def held(local: LocalApi) -> Iterator[str]:
    """A subscription of Growth with one template, half through its month."""
    found: str = local.service.state.subscriptions[CUSTOMER][0]["subscription_id"]
    local.clock.now += HALF_A_MONTH
    yield found
    local.clock.now -= HALF_A_MONTH


def preview(live: Live, question: Estimate) -> dict[str, Any]:
    frame = answer(question, live).frame
    assert frame.schema == PREVIEW_SCHEMA
    row: dict[str, Any] = frame.row(0, named=True)
    return row


def terms(live: Live, question: EstimateNew) -> dict[str, Any]:
    asked = Paywall(country=question.country, has_hidden=True)
    [row] = answer(asked, live).frame.filter(plan_id=question.plan_id).to_dicts()
    return row


def due(row: dict[str, Any], prefix: str = "") -> tuple[Decimal, ...]:
    names = ("sub_total", "discount_amount", "tax", "total_excluding_tax", "total")
    return tuple(row[f"{prefix}{name}"] for name in names)


# A new subscription


def test_the_documentations_sample_costs_half_of_its_lines_for_three_months(live: Live) -> None:
    made = preview(live, SAMPLE)
    assert due(made) == due(made, "recurring_") == (D(129), D("64.50"), 0, D("64.50"), D("64.50"))
    assert (made["currency"], made["discount_type"], made["discount_value"]) == (
        "USD",
        "PERCENTAGE",
        50,
    )
    assert (made["discount_duration"], made["discount_months"]) == ("REPEATING", 3)
    assert made["discount_name"] == "Half price for three months"
    assert (made["period_start"], made["period_end"]) == (
        datetime(2026, 5, 20, 12),
        datetime(2026, 6, 20, 12),
    )
    assert (made["discount_start"], made["discount_end"]) == (
        made["period_start"],
        datetime(2026, 8, 20, 12),
    )
    assert made["proration_net"] is None
    assert not made["is_downgrade"]
    assert not made["has_scheduled_updates"]


@pytest.mark.parametrize(
    ("changes", "total", "currency"),
    [
        ({"billing_period": "ANNUALLY"}, 1090, "USD"),
        ({"features": ((TEMPLATES, 0),)}, 99, "USD"),
        ({"addons": ((CAMPAIGNS, 3), (SUPPORT, 1))}, 318, "USD"),
        ({"country": "DE"}, D("124.47"), "EUR"),
        ({"country": "JP"}, 16500, "JPY"),
        ({"country": "BR"}, 109, "USD"),
        ({"promotion_code": "WELCOME20"}, 89, "USD"),
        ({"coupon_id": "coupon-nonprofit-15"}, D("92.65"), "USD"),
        ({"plan_id": SCALE, "features": ((TEMPLATES, 12),)}, 550, "USD"),
        ({"plan_id": FREE, "features": (), "billing_period": None}, 0, "USD"),
        ({"customer_id": CUSTOMER, "resource_id": None}, 5, "USD"),
    ],
)
def test_every_input_of_a_new_subscription_counts(
    live: Live, changes: dict[str, Any], total: object, currency: str
) -> None:
    made = preview(live, replace(NEW, **changes))
    assert (made["total"], made["currency"]) == (total, currency)


def test_a_start_moves_the_period(live: Live) -> None:
    made = preview(live, replace(NEW, start=datetime(2027, 1, 31)))
    assert (made["period_start"], made["period_end"]) == (
        datetime(2027, 1, 31),
        datetime(2027, 2, 28),
    )


def test_a_tax_is_named_with_its_percent_and_whether_it_is_contained(live: Live) -> None:
    german, japanese = (preview(live, replace(NEW, country=each)) for each in ("DE", "JP"))
    told = ("tax_name", "tax_percent", "is_tax_inclusive")
    assert [german[name] for name in told] == ["USt", 19, False]
    assert [japanese[name] for name in told] == ["Consumption tax", 10, True]
    assert due(german) == (D("104.60"), None, D("19.87"), D("104.60"), D("124.47"))
    assert due(japanese) == (16500, None, 1500, 15000, 16500)


def test_what_a_plan_takes_the_place_of_is_credited(live: Live, held: str) -> None:
    assert held
    up = preview(live, EstimateNew(CUSTOMER, SCALE, "MONTHLY", ((TEMPLATES, 1),)))
    prorated = [up[f"proration_{name}"] for name in ("credit", "debit", "net")]
    assert prorated == [52, 550, 498]
    assert up["prorated_at"] == datetime(2026, 6, 5)
    assert [up[f"credit_{name}"] for name in ("initial", "used", "remaining")] == [52, 52, 0]
    down = preview(live, EstimateNew(CUSTOMER, FREE))
    assert (down["total"], down["is_downgrade"], down["credit_remaining"]) == (0, True, 52)


# A change


@pytest.mark.parametrize(
    ("changes", "total", "recurring"),
    [
        ({"features": ((TEMPLATES, 3),)}, 5, 114),
        ({"addons": ((CAMPAIGNS, 2),)}, 20, 144),
        ({"addons": ()}, 0, 104),
        ({"features": ((TEMPLATES, 3),), "promotion_code": "STIGG50"}, D("2.50"), 57),
        ({"features": ((TEMPLATES, 3),), "coupon_id": "coupon-nonprofit-15"}, D("4.25"), D("96.9")),
    ],
)
def test_every_input_of_a_change_counts(
    live: Live, held: str, changes: dict[str, Any], total: object, recurring: object
) -> None:
    made = preview(live, EstimateChange(held, **changes))
    assert (made["total"], made["recurring_total"]) == (total, recurring)


def test_add_ons_that_are_not_named_stay_and_an_empty_list_takes_them_away(
    local: LocalApi, live: Live
) -> None:
    given = {"planId": GROWTH, "addons": [{"addonId": CAMPAIGNS, "quantity": 1}]}
    document = (
        "mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) "
        "{ subscription { subscriptionId } } }"
    )
    asked = {"customerId": f"customer-{next(numbers)}", "subscriptionParams": given}
    made = local.tell(document, input=asked)["provisionCustomer"]["subscription"]
    subscription = made["subscriptionId"]
    recurring = [
        preview(live, EstimateChange(subscription, ((TEMPLATES, 1),), addons))["recurring_total"]
        for addons in (None, (), ((SUPPORT, 1),))
    ]
    assert recurring == [124, 104, 253]


# What something costs in credits


def test_a_usage_costs_its_rate_and_leaves_the_rest(live: Live) -> None:
    found = answer(UsageCost(CUSTOMER, SEATS, D(3)), live).frame
    assert found.schema == COST_SCHEMA
    assert found.rows() == [(CURRENCY, SEATS, D(75), None, D(75), D(100), D(25), False)]


def test_a_usage_that_overdraws_says_so(live: Live) -> None:
    [row] = answer(UsageCost(CUSTOMER, SEATS, D("4.00001")), live).frame.to_dicts()
    assert (row["balance_after"], row["would_overdraft"]) == (D("-0.00025"), True)


def test_a_total_and_dimensions_and_a_resource_count(local: LocalApi, live: Live) -> None:
    customer = f"customer-{next(numbers)}"
    local.provision(customer)
    local.report(4, customerId=customer)
    costs = [
        answer(UsageCost(customer, SEATS, D(10), behavior), live).frame["cost"].item()
        for behavior in ("DELTA", "SET")
    ]
    assert costs == [250, 150]
    tokens = (("input_tokens", D(1000)), ("output_tokens", D("500.5")), ("model", "gemini"))
    chat = answer(UsageCost(customer, CHAT, D(1), dimensions=tokens), live).frame
    assert chat["cost"].item() == D("5.003")
    event = EventCost(customer, "llm_request", tokens)
    assert answer(event, live).frame["cost"].item() == D("5.003")
    before = [
        answer(replace(event, resource_id=pool), live).frame["balance_before"].item()
        for pool in (None, "desk-of-its-own")
    ]
    assert before == [-100, 0]


@pytest.mark.parametrize(
    ("question", "warning"),
    [
        (UsageCost(CUSTOMER, TEMPLATES, D(1)), "FEATURE_NOT_CREDIT_BASED"),
        (UsageCost(CUSTOMER, "feature-x", D(1)), "FEATURE_NOT_FOUND"),
        (EventCost(CUSTOMER, "no_such_event"), "FEATURE_NOT_FOUND"),
    ],
)
def test_what_costs_nothing_comes_with_its_warning(
    live: Live, question: Estimate, warning: str
) -> None:
    found = answer(question, live).frame
    assert found.rows() == [(None, None, None, warning, None, None, None, None)]


# Nothing is stored, and only what was given is sent


def test_no_estimate_stores_anything(local: LocalApi, live: Live, held: str) -> None:
    before = fingerprint(local)
    for question in (
        SAMPLE,
        EstimateChange(held, ((TEMPLATES, 3),)),
        UsageCost(CUSTOMER, SEATS, D(3)),
        EventCost(CUSTOMER, "api_call"),
    ):
        answer(question, live)
    assert fingerprint(local) == before


@pytest.mark.parametrize(
    ("question", "sent"),
    [
        (EstimateNew(CUSTOMER, FREE), {"customerId": CUSTOMER, "planId": FREE}),
        (
            replace(SAMPLE, promotion_code=None, coupon_id="coupon-stigg-50"),
            {
                "customerId": CUSTOMER, "planId": GROWTH, "billingPeriod": "MONTHLY",
                "billableFeatures": [{"featureId": TEMPLATES, "quantity": 2}],
                "addons": [{"addonId": CAMPAIGNS, "quantity": 1}],
                "appliedCoupon": {"couponId": "coupon-stigg-50"},
                "billingCountryCode": "US", "resourceId": DESK,
            },
        ),
        (EstimateChange("s-1"), {"subscriptionId": "s-1"}),
        (EstimateChange("s-1", addons=()), {"subscriptionId": "s-1", "addons": []}),
        (
            UsageCost(CUSTOMER, SEATS, D("0.5"), "SET"),
            {"customerId": CUSTOMER, "featureId": SEATS, "value": D("0.5"),
             "updateBehavior": "SET"},
        ),
        (
            EventCost(CUSTOMER, "e", (("n", D("1.50")), ("t", "1"), ("b", True))),
            {"customerId": CUSTOMER, "eventName": "e",
             "dimensions": {"n": D("1.50"), "t": "1", "b": True}},
        ),
    ],
)  # fmt: skip
def test_only_what_was_given_is_sent(
    local: LocalApi, question: Estimate, sent: dict[str, Any]
) -> None:
    requests: list[dict[str, Any]] = []

    def carry(request: httpx.Request) -> httpx.Response:
        requests.append(simplejson.loads(request.content, use_decimal=True)["variables"])
        status, body = respond(local.service, request.headers, request.content)
        return httpx.Response(status, content=body)

    client = MeteringClient("http://api/graphql", SERVER_KEY, transport=httpx.MockTransport(carry))
    if isinstance(question, EstimateChange):
        with pytest.raises(Refused, match="There is no subscription 's-1'"):
            answer(question, Live(client))
    else:
        answer(question, Live(client))
    assert requests == [{"input": sent}]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"plan_id": "plan-x"}, "There is no plan 'plan-x'"),
        ({"promotion_code": "NOSUCH"}, "There is no promotion code 'NOSUCH'"),
        ({"promotion_code": "CHARITY15"}, "is not active"),
        ({"coupon_id": "coupon-launch-25"}, "is archived"),
        ({"plan_id": FREE, "features": (), "addons": ((CAMPAIGNS, 1),)}, "does not take"),
        ({"addons": ((CAMPAIGNS, 11),)}, "at most 10"),
    ],
)
def test_what_only_the_api_knows_is_its_sentence(
    live: Live, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(MeteringError, match=sentence):
        answer(replace(NEW, **changes), live)


def test_an_extract_cannot_estimate_and_says_which_source_can(told: Told) -> None:
    for question in (NEW, EstimateChange("s-1"), UsageCost("a", "b", D(1)), EventCost("a", "b")):
        with pytest.raises(CannotAnswer, match="Choose the live source"):
            answer(question, told.extracted)


# Forged questions


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"customer_id": "not an id"}, "cannot be a customer id"),
        ({"plan_id": "no/pe"}, "cannot be a plan id"),
        ({"resource_id": " "}, "cannot be a resource id"),
        ({"billing_period": "WEEKLY"}, "'WEEKLY' is no billing period: MONTHLY and ANNUALLY"),
        ({"features": ((TEMPLATES, -1),)}, "whole number from 0 to 1,000,000,000; .* be -1"),
        ({"features": ((TEMPLATES, D("2.5")),)}, "whole number from 0"),
        ({"features": ((TEMPLATES, 10**9 + 1),)}, "whole number from 0"),
        ({"features": ((TEMPLATES, 1), (TEMPLATES, 2))}, "named twice"),
        ({"features": (("a b", 1),)}, "cannot be a feature id"),
        ({"addons": ((CAMPAIGNS, 0),)}, "whole number from 1"),
        ({"addons": (("a b", 1),)}, "cannot be a add-on id"),
        ({"addons": ((CAMPAIGNS, 1), (CAMPAIGNS, 1))}, "named twice"),
        ({"start": datetime(1900, 1, 1)}, "out of range: a time is UTC, from 1970"),
        ({"start": datetime(2300, 1, 1)}, "out of range"),
        ({"start": datetime(2026, 5, 1, tzinfo=UTC)}, "out of range: a time is UTC"),
        ({"country": "de"}, "two capital letters"),
        ({"country": "Germany"}, "two capital letters"),
        ({"promotion_code": " "}, "A promotion code is missing"),
        ({"promotion_code": "x" * 256}, "1 to 255 printable"),
        ({"coupon_id": "a b"}, "cannot be a coupon id"),
        ({"promotion_code": "A", "coupon_id": "b"}, "'A' or the coupon 'b', not both"),
    ],
)
def test_a_new_subscription_that_cannot_be_is_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(QuestionError, match=sentence):
        replace(NEW, **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"subscription_id": "no id"}, "cannot be a subscription id"),
        ({"features": ((TEMPLATES, -1),)}, "whole number from 0"),
        ({"addons": ((CAMPAIGNS, 0),)}, "whole number from 1"),
        ({"promotion_code": "A", "coupon_id": "b"}, "not both"),
    ],
)
def test_a_change_that_cannot_be_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        replace(EstimateChange("s-1"), **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"customer_id": ""}, "cannot be a customer id"),
        ({"feature_id": "a b"}, "cannot be a feature id"),
        ({"resource_id": "a b"}, "cannot be a resource id"),
        ({"value": D("1e30")}, "out of range"),
        ({"value": D("NaN")}, "not a finite number"),
        ({"behavior": "ADD"}, "DELTA adds"),
        ({"dimensions": (("a b", "x"),)}, "cannot be a dimension"),
        ({"dimensions": (("a", "x"), ("a", "y"))}, "there twice"),
        ({"dimensions": (("a", D("Infinity")),)}, "no finite number"),
    ],
)
def test_a_usage_that_cannot_be_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        replace(UsageCost("a", "b", D(1)), **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"event_name": " "}, "An event name is missing"),
        ({"event_name": "x" * 256}, "1 to 255 printable"),
        ({"customer_id": "a b"}, "cannot be a customer id"),
        ({"dimensions": (("", "x"),)}, "cannot be a dimension"),
    ],
)
def test_an_event_that_cannot_be_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        replace(EventCost("a", "b"), **changes)


# After a discount that ends


@pytest.mark.parametrize(
    ("changes", "total"),
    [
        ({"promotion_code": "STIGG50"}, 109),
        ({"promotion_code": "ANNUAL10", "country": "DE"}, D("124.47")),
        ({"promotion_code": "ANNUAL10", "country": "JP"}, 16500),
    ],
)
def test_a_period_after_the_discount_costs_what_it_would_without(
    live: Live, changes: dict[str, Any], total: object
) -> None:
    after = after_discount(preview(live, replace(NEW, **changes)))
    assert after is not None
    assert after.total == total
    without = preview(live, replace(NEW, country=changes.get("country")))
    assert (after.sub_total, after.tax, after.total_excluding_tax, after.total) == tuple(
        without[f"recurring_{name}"]
        for name in ("sub_total", "tax", "total_excluding_tax", "total")
    )


@pytest.mark.parametrize("code", [None, "NONPROFIT15", "WELCOME20"])
def test_without_a_discount_that_ends_later_nothing_comes_after_it(
    live: Live, code: str | None
) -> None:
    assert after_discount(preview(live, replace(NEW, promotion_code=code))) is None


@pytest.mark.parametrize(
    "told",
    [
        {"recurring_tax": D("17.00")},
        {"recurring_tax_percent": None},
        {"currency": "XAU"},
        {"recurring_discount_amount": D(500)},
    ],
)
def test_a_tax_that_our_arithmetic_does_not_bear_out_is_left_out_after_the_discount(
    live: Live, told: dict[str, Any]
) -> None:
    made = preview(live, replace(NEW, country="DE", promotion_code="ANNUAL10"))
    after = after_discount(made | told)
    assert after is not None
    assert (after.sub_total, after.total) == (D("104.60"), None)
    rows = invoice(made | told).filter(part=Part.AFTER)
    assert rows["item"].to_list() == [Item.SUB_TOTAL]


# As an invoice


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, [("Growth", None, 99), ("Templates", 2, 10)]),
        (
            {"addons": ((CAMPAIGNS, 3),), "billing_period": "ANNUALLY"},
            [("Growth", None, 990), ("Templates", 2, 100), ("10 campaigns", 3, 600)],
        ),
        (
            {"country": "DE", "addons": ((SUPPORT, 1),)},
            [("Growth", None, 95), ("Templates", 2, D("9.6")), ("Priority support", 1, 139)],
        ),
        (
            {"plan_id": SCALE, "features": ((TEMPLATES, 12),)},
            [("Scale", None, 499), ("Templates", 12, 46), ("", None, 5)],
        ),
        ({"country": "JP"}, [("Growth", None, 15000), ("Templates", 2, 1500)]),
        ({"promotion_code": "STIGG50"}, [("Growth", None, 99), ("Templates", 2, 10)]),
    ],
)
def test_the_lines_are_reckoned_from_the_plan_and_borne_out_by_the_sub_total(
    live: Live, changes: dict[str, Any], told: list[tuple[object, ...]]
) -> None:
    question = replace(NEW, **changes)
    made = preview(live, question)
    found = lines(question, terms(live, question), made)
    assert [(line.name, line.quantity, line.amount) for line in found] == told
    assert sum(line.amount for line in found) == made["sub_total"]


def test_lines_that_the_apis_sum_does_not_bear_out_are_not_told(live: Live) -> None:
    made = preview(live, NEW)
    plan = terms(live, NEW)
    assert lines(NEW, plan, made | {"recurring_sub_total": D("109.01")}) == ()
    assert lines(NEW, plan, made | {"currency": "EUR"}) == ()
    assert lines(replace(NEW, addons=(("addon-x", 1),)), plan, made) == ()
    untold = [price | {"amount": None, "tiers": []} for price in plan["prices"]]
    assert lines(NEW, plan | {"prices": untold}, made) == ()


@pytest.mark.parametrize(
    "question",
    [
        SAMPLE,
        replace(NEW, country="DE", promotion_code="NONPROFIT15"),
        replace(NEW, country="JP", promotion_code="WELCOME20"),
        replace(NEW, plan_id=SCALE, features=((TEMPLATES, 1),)),
        EstimateNew(CUSTOMER, SCALE, "MONTHLY", ((TEMPLATES, 1),)),
        EstimateNew(CUSTOMER, FREE),
        EstimateNew(CUSTOMER, SCALE, "MONTHLY", ((TEMPLATES, 1),), promotion_code="STIGG50"),
    ],
)
def test_the_rows_of_an_invoice_add_up(live: Live, held: str, question: EstimateNew) -> None:
    assert held
    made = preview(live, question)
    rows = invoice(made, lines(question, terms(live, question), made))
    assert rows.schema == INVOICE_SCHEMA
    for part in rows["part"].unique():
        of = {row["item"]: row["amount"] for row in rows.filter(part=part).to_dicts()}
        excluding = of[Item.SUB_TOTAL] + of.get(Item.DISCOUNT, D(0))
        contained = made["is_tax_inclusive"] or False
        assert of[Item.TOTAL] == excluding + (0 if contained else of[Item.TAX])
        assert of[Item.TOTAL] == of[Item.EXCLUDING_TAX] + of[Item.TAX]
        steps = (Item.LINE, Item.MINIMUM)
        listed = rows.filter(rows["part"] == part, rows["item"].is_in(steps))
        if listed.filter(item=Item.LINE).height:
            assert listed["amount"].sum() == of[Item.SUB_TOTAL]
        if Item.NET in of:
            assert of[Item.DEBIT] + of[Item.CREDIT] == of[Item.NET]
            assert of[Item.NET] + of.get(Item.KEPT, D(0)) == of[Item.SUB_TOTAL]


def test_a_discount_inside_a_prorated_amount_is_added_back_before_it_is_taken_off(
    live: Live, held: str
) -> None:
    """As for a subscription that was sold with a discount: its debit is less that already."""
    made = preview(live, EstimateChange(held, ((TEMPLATES, 3),)))
    sold_with = {"discount_amount": D(50), "sub_total": made["proration_net"] + 50}
    rows = {row["item"]: row["amount"] for row in invoice(made | sold_with).to_dicts()[:6]}
    assert rows[Item.NET] + rows[Item.DISCOUNTED] == rows[Item.SUB_TOTAL]
    assert rows[Item.SUB_TOTAL] + rows[Item.DISCOUNT] == made["proration_net"]


def test_a_cost_in_credits_has_its_charges_and_balances(live: Live) -> None:
    rows = charges(answer(UsageCost(CUSTOMER, SEATS, D(3)), live).frame)
    assert [(row["item"], row["name"], row["amount"]) for row in rows.to_dicts()] == [
        ("charge", SEATS, 75),
        ("cost", None, 75),
        ("balance before", None, 100),
        ("balance after", None, 25),
    ]
    assert set(rows["unit"]) == {CURRENCY}
    [warned] = charges(answer(EventCost(CUSTOMER, "none"), live).frame).to_dicts()
    assert (warned["item"], warned["name"]) == ("warning", "FEATURE_NOT_FOUND")


def test_a_difference_is_told_in_one_unit_only(live: Live) -> None:
    plain, dear, german = (
        invoice(preview(live, replace(NEW, **changes)))
        for changes in ({}, {"features": ((TEMPLATES, 3),)}, {"country": "DE"})
    )
    assert difference(plain, dear, Part.NOW, Item.TOTAL) == 5
    assert difference(dear, plain, Part.PERIOD, Item.TOTAL) == -5
    assert difference(plain, german, Part.NOW, Item.TOTAL) is None
    assert difference(plain, dear, Part.CREDITS, Item.COST) is None
