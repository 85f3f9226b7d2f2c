"""The Estimates page: what it shows is what the API answers, and every way in which it can fail."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from estimates_page import EstimatesPage
from faulty_wire import Wire, dropped, no_connection
from local_metering import CUSTOMER, GROWTH, PROVISION, SEATS, LocalApi, MeteringProcess
from usage_world import NOW, Api

from dashboard import asking, exports
from dashboard.activity.store import ActivityFile, Wanted
from dashboard.sources import Sources, use
from data.metering.offers import Meter
from queries.answer import answer
from queries.estimates import EstimateChange, EstimateNew, UsageCost
from queries.question import Live

D = Decimal
TEMPLATES, CAMPAIGNS = "feature-01-templates", "addon-10-campaigns"
UNITS, ADDON = f"unit.{TEMPLATES}", f"addon.{CAMPAIGNS}"
SCALE = "plan-revvenu-scale"
NEW, CHANGE, COST = "EstimateSubscription", "EstimateSubscriptionUpdate", "EstimateUsageCost"
SAMPLE = {
    "plan": GROWTH, UNITS: "2", ADDON: "1", "code": "STIGG50", "country": "US", "pool": "desk",
}  # fmt: skip
"""That of the documentation, for a resource that has no subscription yet: no credit, no trial."""
Visit = Callable[..., EstimatesPage]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    api = LocalApi(tmp_path_factory.mktemp("local") / "store")
    api.clock.now = NOW
    api.provision()
    api.grant(100)
    api.grant(1, resourceId="desk")
    yield api
    api.close()


@pytest.fixture
def visit(wire: Wire) -> Visit:  # noqa: ARG001  # the page asks it
    def open_at(**address: Any) -> EstimatesPage:
        return EstimatesPage(customer=CUSTOMER, **address)

    return open_at


@pytest.fixture
def held(local: LocalApi) -> str:
    found: str = local.service.state.subscriptions[CUSTOMER][0]["subscription_id"]
    return found


# What it shows


def test_the_documentations_sample_is_an_invoice_equal_to_the_answer(
    visit: Visit, wire: Wire
) -> None:
    page = visit(**SAMPLE)
    assert page.totals == [
        "Due now: 64.50 USD", "Next period: 64.50 USD", "Periods from 22 Aug 2026: 129.00 USD",
    ]  # fmt: skip
    now, following, after = page.invoices
    assert now == following
    assert (after["Sub-total"], after["Tax"], after["Total"]) == (129, 0, 129)
    assert now == {
        "Growth": 99,
        "Templates × 2": 10,
        "10 campaigns × 1": 20,
        "Sub-total": 129,
        "Discount: Half price for three months": D("-64.50"),
        "Total excluding tax": D("64.50"),
        "Tax": 0,
        "Total": D("64.50"),
    }
    question = EstimateNew(
        CUSTOMER, GROWTH, "MONTHLY", ((TEMPLATES, 2),), ((CAMPAIGNS, 1),), country="US",
        promotion_code="STIGG50", resource_id="desk",
    )  # fmt: skip
    told = answer(question, Live(wire.client)).frame.row(0, named=True)
    assert now["Total"] == told["total"]
    assert now["Sub-total"] == told["sub_total"]
    assert "50 % off for 3 months, from 22 May 2026 14:35 UTC until 22 Aug 2026" in page.text
    assert "Billing period 22 May 2026 14:35 UTC – 22 Jun 2026 14:35 UTC." in page.text
    assert "Credits included: 250 AI tokens a month, for each unit of Seats;" in page.text
    assert "No tax is charged." in page.text


def test_a_discount_that_ends_says_until_when_and_what_a_period_costs_after_it(
    visit: Visit, held: str
) -> None:
    page = visit(**SAMPLE)
    assert (
        "The discount is off each period that begins before 22 Aug 2026 14:35 UTC; each from then "
        "on costs 129.00 USD." in page.text
    )
    page.choose("country", "DE")
    assert page.totals[-1] == "Periods from 22 Aug 2026: 147.08 EUR"
    page = visit(kind="change", subscription=held, code="ANNUAL10", **{UNITS: "3"})
    assert page.totals[1:] == [
        "Next period: 102.60 USD", "Periods from 22 May 2027: 114.00 USD",
    ]  # fmt: skip


@pytest.mark.parametrize("coupon", ["coupon-nonprofit-15", "coupon-welcome-20"])
def test_a_discount_that_never_ends_or_is_over_by_then_leaves_every_period_alike(
    visit: Visit, coupon: str
) -> None:
    page = visit(**(SAMPLE | {"code": ""}), coupon=coupon)
    assert [total.partition(":")[0] for total in page.totals] == ["Due now", "Every period after"]


def test_a_tax_is_in_the_invoice_with_its_name_and_percent(visit: Visit) -> None:
    page = visit(plan=GROWTH, country="de", pool="desk", **{UNITS: "2"})
    now, _ = page.invoices
    assert (now["Tax: USt"], now["Total"]) == (D("19.87"), D("124.47"))
    assert "USt: 19 %, on top." in page.text
    page.choose("country", "JP")
    assert page.totals[0] == "Due now: 16,500 JPY"
    assert "Consumption tax: 10 %, contained in the total." in page.text


def test_a_minimum_spend_is_a_line(visit: Visit) -> None:
    now, _ = visit(plan=SCALE, pool="desk", **{UNITS: "12"}).invoices
    assert (now["Scale"], now["Templates × 12"], now["Up to the minimum spend"]) == (499, 46, 5)


def test_a_change_shows_its_proration(local: LocalApi, wire: Wire, held: str, clock: Any) -> None:
    local.clock.now += (local.clock.now.replace(month=6) - local.clock.now) / 2
    clock.at = local.clock.now
    try:
        page = EstimatesPage(customer=CUSTOMER, kind="change", **{UNITS: "3"})
        told = answer(EstimateChange(held, ((TEMPLATES, 3),)), Live(wire.client)).frame
    finally:
        local.clock.now = NOW
    row = told.row(0, named=True)
    now, every = page.invoices
    assert now["Credit for what is not used"] == -row["proration_credit"] == -52
    assert now["For the rest of the period"] == row["proration_debit"] == 57
    assert now["Net of the change"] == row["proration_net"] == 5
    assert (now["Total"], every["Total"]) == (5, 114)
    assert "Prorated at 7 Jun 2026 02:35 UTC" in page.text
    assert "Of the credit of 52.00 USD, 52.00 USD is used now and 0.00 USD left" in page.text
    assert "not the lines they are made of" in page.text


def test_a_downgrade_is_said(visit: Visit, local: LocalApi, held: str) -> None:
    assert held
    page = visit(plan="plan-revvenu-free")
    assert "This is a downgrade" in page.text
    assert local.service.state.subscriptions[CUSTOMER]


def test_a_trial_is_said(local: LocalApi, wire: Wire) -> None:
    assert wire
    local.provision("fresh", plan=None)
    page = EstimatesPage(customer="fresh", plan=GROWTH, **{UNITS: "2"})
    assert page.totals == ["Due now: 0.00 USD", "Every period after: 109.00 USD"]
    assert "Nothing is due until 5 Jun 2026 14:35 UTC" in page.text


def test_a_change_that_nets_to_zero_is_no_trial(visit: Visit, wire: Wire, held: str) -> None:
    question = EstimateChange(held, ((TEMPLATES, 1),))
    assert answer(question, Live(wire.client)).frame["proration_net"].item() == 0
    page = visit(kind="change", subscription=held, **{UNITS: "1"})
    assert page.totals[0] == "Due now: 0.00 USD"
    assert "Prorated at" in page.text
    assert "as in a trial" not in page.text


def test_a_minimum_spend_inside_a_prorated_amount_is_a_sentence_and_no_addend(
    visit: Visit, held: str
) -> None:
    assert held
    page = visit(plan=SCALE, **{UNITS: "0"})
    now, every = page.invoices
    assert "Up to the minimum spend" not in now
    assert every["Up to the minimum spend"] == 51
    assert "due for the rest of the period contains 51.00 USD up to the minimum spend." in page.text


def test_a_usage_costs_credits_and_shows_the_balance(visit: Visit, wire: Wire) -> None:
    page = visit(kind="usage", feature=SEATS, value="3")
    assert page.totals == ["Cost in AI tokens: 75 tokens"]
    assert page.invoices == [{"Seats": 75, "Cost": 75, "Balance before": 100, "Balance after": 25}]
    told = answer(UsageCost(CUSTOMER, SEATS, D(3)), Live(wire.client)).frame
    assert told["estimated_cost"].item() == 75
    page.choose("value", "5")
    assert "This would overdraw the balance: 25 tokens would be owed." in page.text
    page.choose("behavior", "SET")
    assert page.address["behavior"] == "SET"


def test_an_event_costs_by_its_dimensions_and_warns_in_words(visit: Visit) -> None:
    dimensions = "model = gemini\ninput_tokens = 1000\noutput_tokens = 500"
    page = visit(kind="event", event="llm_request", dimensions=dimensions)
    assert page.totals == ["Cost in AI tokens: 5 tokens"]
    page.choose("event", "no_such_event")
    assert "No meter counts this event with these dimensions" in page.text
    assert page.totals == []


def test_every_warning_of_the_api_is_put_in_words(
    local: LocalApi, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wire
    local.provision("two-pools", plan=None)
    subscription = {"planId": GROWTH, "resourceId": "desk"}
    asked = {"customerId": "two-pools", "subscriptionParams": subscription}
    local.tell(PROVISION, input=asked)
    unlike = Meter("api_call", SEATS, "MAX", "tokens")
    monkeypatch.setattr(local.service, "meters", (unlike,))
    page = EstimatesPage(customer="two-pools", kind="event", event="api_call", pool="desk")
    assert "Seats: what it adds to a maximum, a minimum, an average" in page.text
    page = EstimatesPage(customer="two-pools", kind="usage", feature=TEMPLATES, value="1")
    assert "The customer has a subscription of one resource" in page.text
    assert "No credits are charged for this" in page.text


def test_a_promotion_code_that_is_used_up_says_so(local: LocalApi, wire: Wire) -> None:
    assert wire
    for number in range(3):
        subscription = {"planId": GROWTH, "promotionCode": "WELCOME20"}
        asked = {"customerId": f"welcome-{number}", "subscriptionParams": subscription}
        local.tell(PROVISION, input=asked)
    page = EstimatesPage(customer=CUSTOMER, **(SAMPLE | {"code": "WELCOME20"}))
    assert page.alarms == [
        "The promotion code 'WELCOME20' was used 3 times, as often as it may be."
    ]


def test_nothing_is_written_or_recorded(
    visit: Visit, wire: Wire, activity: ActivityFile, held: str
) -> None:
    visit(**SAMPLE).go(kind="change", subscription=held)
    assert activity.page(Wanted(), 10).changes == ()
    told = {"Create", "Void", "Provision", "Report"}
    assert not any(name.startswith(tuple(told)) for name in wire.sent)


# The form


def test_the_link_of_a_plan_fills_the_form(visit: Visit) -> None:
    page = visit(
        kind="new", plan=GROWTH, period="ANNUALLY", country="DE", coupon="coupon-annual-10",
        pool="desk",
    )  # fmt: skip
    assert [page.value(key) for key in ("kind", "plan", "period", "country", "coupon")] == [
        "new",
        GROWTH,
        "ANNUALLY",
        "DE",
        "coupon-annual-10",
    ]
    assert "per unit of Templates: how many?" in page.told_under(UNITS)
    assert "Here the estimate appears" in page.text
    page.choose(UNITS, "1")
    assert page.totals == ["Due now: 1,068.86 EUR", "Every period after: 1,187.62 EUR"]


def test_every_input_is_in_the_address_and_the_link_writes_out_the_defaults(visit: Visit) -> None:
    page = visit(plan=GROWTH, pool="desk")
    for key, value in ((UNITS, "2"), (ADDON, "1"), ("country", "US"), ("code", "STIGG50")):
        page.choose(key, value)
    page.choose("period", "ANNUALLY")
    flat = {name: value[0] if isinstance(value, list) else value
            for name, value in page.address.items()}  # fmt: skip
    assert flat["period"] == "ANNUALLY"
    assert SAMPLE.items() <= flat.items()
    assert page.link["kind"] == ["new"]
    assert page.link[UNITS] == ["2"]
    again = EstimatesPage(**{name: values[0] for name, values in page.link.items()})
    assert again.totals == page.totals


def test_a_period_that_there_is_not_leaves_the_heading_whole(visit: Visit) -> None:
    page = visit(plan=GROWTH, period="WEEKLY")
    assert "**1 · Growth**" in page.text


def test_another_currency_than_that_of_the_current_subscription_says_what_to_do(
    visit: Visit,
) -> None:
    page = visit(plan=GROWTH, country="DE", **{UNITS: "2"})
    [said] = page.failures
    assert "is in USD, this one in EUR: choose another country, or another resource." in said


def test_what_estimates_come_to_stands_before_the_forms_of_many(visit: Visit) -> None:
    page = visit(**SAMPLE, estimates="2", **{"2.plan": GROWTH, f"2.{UNITS}": "2"})
    kinds = [node.type for node in page.at.main]
    last_amount = len(kinds) - kinds[::-1].index("metric")
    assert last_amount < kinds.index("text_input")


def test_a_plan_offers_only_its_own_units_and_add_ons(visit: Visit) -> None:
    page = visit(plan="plan-revvenu-free")
    assert not any("(units)" in label or "(add-on)" in label for label in page.labels)
    page.choose("plan", GROWTH)
    assert "Templates (units)" in page.labels
    assert "10 campaigns (add-on)" in page.labels


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({UNITS: "2.5"}, "'2.5' is no quantity: a whole number from 0 is."),
        ({UNITS: "-1"}, "a whole number from 0 to 1,000,000,000; it cannot be -1"),
        ({ADDON: "11"}, "11 are too many: at most 10."),
        ({"addon.addon-early-access": "1"}, "Growth does not take the add-on"),
        ({"unit.feature-seats": "1"}, "Growth is not sold by units of 'feature-seats'"),
        ({"plan": "plan-x"}, "There is no plan 'plan-x' on sale"),
        ({"period": "WEEKLY"}, "'WEEKLY' is no billing period"),
        ({"country": "Germany"}, "'GERMANY' is no country code"),
        ({"start": "yesterday"}, "'yesterday' is not a moment"),
        ({"coupon": "coupon-nonprofit-15"}, "not both"),
        ({"coupon": "coupon-x", "code": None}, "There is no coupon 'coupon-x'"),
        ({"coupon": "coupon-launch-25", "code": None}, "is archived"),
        ({"kind": "gift"}, "'gift' is no kind of estimate"),
        ({"kind": "event", "event": "e", "dimensions": "a b = 1"}, "cannot be a dimension"),
        ({"kind": "event", "event": "e", "dimensions": "model"}, "'model' is not a line"),
        ({"kind": "usage", "feature": SEATS, "value": "1e3"}, "not a plain number"),
        ({"kind": "usage", "value": "1", "feature": "feature-x"}, "There is no feature"),
        ({"kind": "change", "subscription": "no id"}, "cannot be a subscription id"),
    ],
)
def test_wrong_input_is_said_under_its_field_and_nothing_is_sent(
    visit: Visit, wire: Wire, changes: dict[str, str | None], sentence: str
) -> None:
    page = visit(**{**SAMPLE, **changes})
    wrong = [name for name, text in changes.items() if text is not None][-1]
    assert sentence in page.told_under(wrong)
    assert "Nothing was asked: mend what is wrong" in page.text
    assert not {NEW, CHANGE, COST, "EstimateEventCost"} & set(wire.sent)
    assert not page.has_crashed


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"code": "NOSUCH"}, "There is no promotion code 'NOSUCH'."),
        ({"code": "CHARITY15"}, "The promotion code 'CHARITY15' is not active."),
        ({"plan": "plan-llm-traces", UNITS: None, ADDON: None}, "priced by agreement"),
        ({"kind": "change", "subscription": "s-unknown"}, "There is no subscription 's-unknown'"),
    ],
)
def test_what_only_the_api_knows_stands_where_the_invoice_would(
    visit: Visit, changes: dict[str, str | None], sentence: str
) -> None:
    beside = {"estimates": "2", "2.plan": GROWTH, f"2.{UNITS}": "2"}
    page = visit(**{**SAMPLE, **changes, **beside})
    [said] = page.failures
    assert sentence in said
    assert len(page.totals) == 2, "the other estimate is unaffected"
    assert page.has_frame("The rows of 1 estimate")
    assert not page.has_crashed


# Side by side


def test_another_is_a_copy_and_its_difference_to_the_first_is_told(visit: Visit) -> None:
    page = visit(**SAMPLE).press("Compare with another")
    assert page.value(f"2.{UNITS}") == "2"
    assert page.differences == ["±0.00 USD"] * 3
    page.choose(f"2.{UNITS}", "4")
    assert page.totals[3:] == [
        "Due now: 69.50 USD", "Next period: 69.50 USD", "Periods from 22 Aug 2026: 139.00 USD",
    ]  # fmt: skip
    assert page.differences == ["+5.00 USD", "+5.00 USD", "+10.00 USD"]
    page.choose("2.country", "DE")
    assert page.differences == []
    assert "No difference in EUR: the first is in USD." in page.text
    assert page.value("country") == "US"


def test_a_difference_is_told_only_between_estimates_of_one_billing_period(
    visit: Visit, held: str
) -> None:
    alike = {"pool": "desk", UNITS: "2", "plan": GROWTH}
    yearly = {"2.plan": GROWTH, f"2.{UNITS}": "2", "2.period": "ANNUALLY"}
    page = visit(**alike, estimates="2", **yearly)
    assert page.differences == []
    assert "No difference: the first is billed by the month, this by the year." in page.text
    page = visit(
        estimates="2", plan=GROWTH, period="ANNUALLY", pool="desk",
        **{UNITS: "2", "2.kind": "change", "2.subscription": held, f"2.{UNITS}": "2"},
    )  # fmt: skip
    assert page.differences == []
    assert "the first is billed by the year, this by the month." in page.text
    page = visit(**alike, estimates="2", **{"2.kind": "usage", "2.feature": SEATS, "2.value": "1"})
    assert "No difference in AI tokens: the first is in USD." in page.text


def test_a_price_for_ever_is_compared_with_one_for_a_while_only_where_both_hold(
    visit: Visit,
) -> None:
    plain = {"2.plan": GROWTH, f"2.{UNITS}": "2", f"2.{ADDON}": "1", "2.country": "US"}
    page = visit(**SAMPLE, estimates="2", **plain)
    assert page.differences == ["+64.50 USD"]
    assert "No difference of every period: the discount of the first ends." in page.text
    first = {name.removeprefix("2."): text for name, text in plain.items()}
    second = {f"2.{name}": text for name, text in SAMPLE.items() if name != "pool"}
    page = visit(**first, pool="desk", estimates="2", **second)
    assert page.differences == ["−64.50 USD", "−64.50 USD", "±0.00 USD"]


def test_the_rows_of_many_are_in_one_table(visit: Visit) -> None:
    page = visit(
        **SAMPLE, estimates="3",
        **{"2.plan": SCALE, f"2.{UNITS}": "12", "3.kind": "usage", "3.feature": SEATS,
           "3.value": "3"},
    )  # fmt: skip
    assert page.invoices == []
    table = page.frame("The rows of 3 estimates side by side. 1: Growth, by the month; 2: Scale")
    rows = {row[0]: row[1:] for row in table.itertuples(index=False)}
    assert rows["Due now · Total"][:2] == (D("64.50"), 550)
    assert rows["Due now · Discount"][0] == D("-64.50")
    assert rows["Due now · Templates"][:2] == (10, 46)
    assert rows["Next period · Up to the minimum spend"][1] == 5
    assert rows["Next period · Total"][:2] == (D("64.50"), 550)
    assert rows["After the discount · Total"][:2] == (129, 550)
    assert rows["Credits · Cost: AI tokens"][2] == rows["Credits · Seats"][2] == 75


def test_up_to_five_stand_side_by_side_and_each_can_be_removed(visit: Visit) -> None:
    page = visit(**SAMPLE)
    for _ in range(4):
        page.press("Compare with another")
    assert "Compare with another" not in page.buttons
    assert len(page.totals) == 15
    page.choose(f"3.{UNITS}", "30")
    for number in (5, 4, 1):
        [button] = [b for b in page.at.button if b.key == f"remove estimate {number}"]
        button.click().run()
    assert [page.value(key) for key in (UNITS, f"2.{UNITS}")] == ["2", "30"]
    assert page.address["estimates"] in ("2", ["2"])
    assert not any(name.startswith(("3.", "4.", "5.")) for name in page.address)


def test_all_kinds_stand_beside_each_other(visit: Visit, held: str) -> None:
    page = visit(
        **SAMPLE, estimates="3",
        **{"2.kind": "change", "2.subscription": held, "3.kind": "usage", "3.feature": SEATS,
           "3.value": "1"},
    )  # fmt: skip
    assert [line.partition(":")[0] for line in page.totals] == [
        "Due now", "Next period", "Periods from 22 Aug 2026", "Due now", "Every period after",
        "Cost in AI tokens",
    ]  # fmt: skip
    assert page.link["2.kind"] == ["change"]


@pytest.mark.parametrize("count", ["0", "6", "two", "-1"])
def test_a_number_of_estimates_that_cannot_be_is_refused(visit: Visit, count: str) -> None:
    page = visit(**SAMPLE, estimates=count)
    [said] = page.failures
    assert f"'{count}' estimates cannot stand side by side: 1 to 5 can." in said
    assert not page.has_crashed


def test_an_export_has_every_row_and_the_link_that_asks_again(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        "dashboard.panels.estimates_beside.export_buttons",
        lambda frame, about, name: written.append((frame, about)) if name else None,
    )
    page = visit(**SAMPLE, estimates="2", **{"2.kind": "usage", "2.feature": SEATS, "2.value": "3"})
    [(frame, about)] = written
    table = page.frame("The rows of 2 estimates")
    drawn = sorted(amount for n in ("1", "2") for amount in table[n].dropna())
    assert sorted(frame["amount"].drop_nulls()) == drawn
    ends = NOW.replace(month=8, tzinfo=None)
    spans = frame.select("part", "begins_from", "begins_before").unique().rows()
    assert {span for span in spans if span != (span[0], None, None)} == {
        ("next period", None, ends),
        ("after the discount", ends, None),
    }
    assert about["estimates"] == "1: Growth, by the month; 2: Usage of Seats"
    assert "2.value=3" in about["made anew by"]
    assert f"# customer: {CUSTOMER}" in exports.to_csv(frame, about).decode()


# Failing


@pytest.mark.parametrize("fault", [dropped, no_connection])
def test_an_estimate_that_fails_keeps_its_last_answer_and_the_others(
    visit: Visit, wire: Wire, fault: Any
) -> None:
    page = visit(**SAMPLE, estimates="2", **{"2.kind": "usage", "2.feature": SEATS, "2.value": "3"})
    before = page.totals
    asking.forget()
    wire.fail(NEW, *[fault] * 4)
    page.go()
    [said] = page.alarms
    assert "cannot be reached" in said
    assert (
        "Still shown below, and no longer current: Growth, by the month, as of 22 May" in page.text
    )
    assert page.totals == before
    wire.faults.clear()
    page.go()
    assert page.alarms == []


def test_a_first_estimate_that_fails_is_a_sentence(visit: Visit, wire: Wire) -> None:
    wire.fail(NEW, *[dropped] * 4)
    page = visit(**SAMPLE)
    assert len(page.failures) == 1
    assert page.totals == []
    assert page.value(UNITS) == "2", "nothing that was filled in is lost"
    assert not page.has_crashed


def test_a_source_that_fails_altogether_leaves_what_was_shown(visit: Visit, wire: Wire) -> None:
    page = visit(**SAMPLE)
    before = page.totals
    asking.forget()
    wire.fail("Coupons", *[dropped] * 4)
    page.go()
    assert "Still shown below, and no longer current: forms for" in page.text
    assert page.totals == before
    assert "Try again" in page.buttons


def test_a_page_for_which_nobody_chose_a_source_asks_the_live_one(api: Api) -> None:
    assert api
    page = EstimatesPage(customer=CUSTOMER, plan=GROWTH)
    assert page.failures == []
    assert page.link["source"] == ["live"]


def test_an_extract_says_why_and_offers_the_live_source(api: Api) -> None:
    assert api
    page = EstimatesPage(customer=CUSTOMER, plan=GROWTH, source="extract")
    [said] = page.failures
    assert "Choose the live source" in said
    page.press("Use the live source")
    assert page.failures == []
    assert page.value("plan") == GROWTH


def test_without_a_customer_the_page_says_whom_it_needs(wire: Wire) -> None:
    assert wire
    page = EstimatesPage(plan=GROWTH)
    assert "Choose a customer above: this page estimates what one customer would pay." in page.text


def test_a_customer_without_a_subscription_has_none_to_change(local: LocalApi, wire: Wire) -> None:
    assert wire
    local.provision("nobody", plan=None)
    page = EstimatesPage(customer="nobody", kind="change")
    assert "This customer has no active subscription" in page.text
    assert "Choose a subscription." in page.told_under("subscription")


def test_a_customer_that_is_not_there_is_a_sentence(wire: Wire) -> None:
    assert wire
    page = EstimatesPage(customer="customer-x", plan=GROWTH)
    [said] = page.failures
    assert "customer-x" in said
    assert not page.has_crashed


# Over HTTP


def test_the_page_asks_a_server_over_http(tmp_path: Path) -> None:
    served = MeteringProcess(tmp_path / "store", "--empty")
    served.provision()
    served.grant(1, resourceId="desk")
    use(Sources(Live(served.client), None))
    asking.forget()
    try:
        page = EstimatesPage(
            customer=CUSTOMER, estimates="2", **SAMPLE,
            **{"2.kind": "usage", "2.feature": SEATS, "2.value": "2"},
        )  # fmt: skip
        now, following, after, cost = page.totals
        assert [now, following] == ["Due now: 64.50 USD", "Next period: 64.50 USD"]
        assert after.endswith(": 129.00 USD")
        assert cost == "Cost in AI tokens: 50 tokens"
    finally:
        use(None)
        asking.forget()
        served.stop()


def test_the_costs_currency_is_named(visit: Visit) -> None:
    page = visit(kind="event", event="api_call", estimates="2", **{
        "2.kind": "usage", "2.feature": SEATS, "2.value": "1"})  # fmt: skip
    assert page.totals == ["Cost in API credits: 1 credits", "Cost in AI tokens: 25 tokens"]
