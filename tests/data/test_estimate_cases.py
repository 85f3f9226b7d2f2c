"""Whole estimates, to the cent: a table that a person can check with a calculator.

Each row is a story; its `sums` say how its amounts come about. Prices are those of the demo
company's catalogue, by the month unless the story says by the year:

            flat                        a template
Growth      99 USD, 95 EUR, 15000 JPY   5 USD, 4.80 EUR, 750 JPY        by the year ten times that
Scale       499 USD, 479 EUR            graduated: 10 at 4 USD, 3.80 EUR; 40 at 3 USD, 2.90 EUR;
                                        beyond at 2 USD, 1.90 EUR; at least 550 USD, 530 EUR
Volume      10 USD, 1000 JPY            by volume: up to 10 at 4 USD, up to 50 at 3 USD, beyond at
                                        2 USD and 25 USD once; 333 JPY, at least 5000 JPY
10 campaigns 20 USD, Priority support 149 USD

Taxes: DE 19 % and FR 20 % on top, JP 10 % contained. Coupons: STIGG50 half for three months,
ANNUAL10 a tenth for twelve, WELCOME20 20 USD or 3000 JPY once, NONPROFIT15 15 % for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import simplejson
from local_metering import GROWTH, Answer, LocalApi, sold_with, wire
from test_service_estimates import CAMPAIGNS, SCALE, change, estimate, subscribe, units

from data.demo.sold import CATALOGUE

D = Decimal
VOLUME, SUPPORT = "plan-volume", "addon-priority-support"
TEMPLATE = "feature-01-templates"
VOLUME_PLAN = {
    "plan_id": VOLUME,
    "display_name": "Volume",
    "pricing_type": "PAID",
    "prices": [
        {"billing_period": "MONTHLY", "amount": 10},
        {"billing_period": "MONTHLY", "billing_model": "PER_UNIT", "feature_id": TEMPLATE,
         "tiers_mode": "VOLUME", "tiers": [
             {"up_to": 10, "unit_price": 4}, {"up_to": 50, "unit_price": 3},
             {"unit_price": 2, "flat_price": 25}]},
        {"billing_period": "MONTHLY", "amount": 1000, "currency": "JPY", "countries": ["JP"]},
        {"billing_period": "MONTHLY", "billing_model": "PER_UNIT", "feature_id": TEMPLATE,
         "amount": 333, "currency": "JPY", "countries": ["JP"]},
    ],
    "minimum_spends": [{"billing_period": "MONTHLY", "amount": 5000, "currency": "JPY"}],
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    story: str
    sums: str
    """How the amounts come about: for whoever checks the row by hand."""
    due: str
    """Sub total, discount, tax, total: of what is due now."""
    recurring: str
    """The total of the next whole period."""
    asked: Answer
    held: Answer | None = None
    """What the customer is subscribed to already, and from when on; one template if not said."""
    begun: datetime | None = None
    at: datetime | None = None
    is_update: bool = False
    moved: str | None = None
    """Credit, debit, and what is kept for later invoices; None where nothing is prorated."""
    ends: datetime | None = None
    """When the period that is due ends, where that is the point."""


def new(story: str, sums: str, due: str, recurring: str, templates: int = 2, **asked: Any) -> Case:
    """A subscription, to Growth from 1 June 2027 on if not said, of one who has none."""
    ends = asked.pop("ends", None)
    given = {"planId": GROWTH, "startDate": "2027-06-01T00:00:00Z"} | asked
    return Case(story, sums, due, recurring, {"templates": templates} | given, ends=ends)


def instead(
    story: str, sums: str, moved: str | None, due: str, recurring: str, *, held: Answer,
    begun: datetime, at: datetime, templates: int = 1, **asked: Any,
) -> Case:  # fmt: skip
    """A subscription in the place of another: the new period begins with it."""
    given = {"templates": templates} | asked
    return Case(story, sums, due, recurring, given, held, begun, at, moved=moved)


def update(
    story: str, sums: str, moved: str | None, due: str, recurring: str, *, held: Answer,
    begun: datetime, at: datetime, ends: datetime | None = None, **asked: Any,
) -> Case:  # fmt: skip
    """A change within the current period, which goes on."""
    if "templates" in asked:
        asked["billableFeatures"] = [units(asked.pop("templates"))]
    return Case(story, sums, due, recurring, asked, held, begun, at, True, moved, ends)


def day(year: int, month: int, day: int, *clock: int) -> datetime:
    return datetime(year, month, day, *clock)


def templates(count: int, **given: Any) -> Answer:
    return {"billableFeatures": [units(count)]} | given


def ad_hoc(**discount: Any) -> Answer:
    return {"appliedCoupon": {"discount": discount}}


YEAR: Answer = {"billingPeriod": "ANNUALLY"}
SCALE_50 = templates(50, planId=SCALE)
FEBRUARY, LEAP, MARCH = day(2027, 2, 1), day(2028, 2, 1), day(2027, 3, 1)
APRIL, MAY, JUNE, JULY = (day(2027, month, 1) for month in (4, 5, 6, 7))

CASES = [
    # A new subscription: its lines
    new("two templates", "99 + 2×5", "109 0 0 109", "109"),
    new("no template at all", "99 + 0×5", "99 0 0 99", "99", 0),
    new("two templates by the year", "990 + 2×50", "1090 0 0 1090", "1090", **YEAR),
    new("add-ons in their quantities", "99 + 3×20 + 149", "308 0 0 308", "308", 0,
        addons=[{"addonId": CAMPAIGNS, "quantity": 3}, {"addonId": SUPPORT}]),
    # Months of every length
    new("from 31 January it ends with February", "the 28th is February's last day",
        "109 0 0 109", "109", startDate="2027-01-31T00:00:00Z", ends=day(2027, 2, 28)),
    new("from 31 January in a leap year", "the 29th is February's last day",
        "109 0 0 109", "109", startDate="2028-01-31T00:00:00Z", ends=day(2028, 2, 29)),
    new("from 30 January at half past two", "the clock time is kept",
        "109 0 0 109", "109", startDate="2027-01-30T14:30:00Z", ends=day(2027, 2, 28, 14, 30)),
    new("from 31 August it ends with September", "September has 30 days",
        "109 0 0 109", "109", startDate="2027-08-31T00:00:00Z", ends=day(2027, 9, 30)),
    new("from New Year's Eve into the next year", "January has a 31st",
        "109 0 0 109", "109", startDate="2027-12-31T00:00:00Z", ends=day(2028, 1, 31)),
    new("a year from the leap day", "2029 has no 29 February",
        "1090 0 0 1090", "1090", startDate="2028-02-29T00:00:00Z", ends=day(2029, 2, 28), **YEAR),
    # Graduated tiers at their edges, and the minimum spend
    new("graduated: nothing, lifted to the minimum", "499 + 0 = 499; + 51 to 550",
        "550 0 0 550", "550", 0, planId=SCALE),
    new("graduated: all of the first tier", "499 + 10×4 = 539; + 11 to 550",
        "550 0 0 550", "550", 10, planId=SCALE),
    new("graduated: two short of the minimum", "499 + 40 + 3×3 = 548; + 2 to 550",
        "550 0 0 550", "550", 13, planId=SCALE),
    new("graduated: just above the minimum", "499 + 40 + 4×3", "551 0 0 551", "551", 14,
        planId=SCALE),
    new("graduated: all of the second tier", "499 + 40 + 40×3", "659 0 0 659", "659", 50,
        planId=SCALE),
    new("graduated: the first of the last tier", "499 + 40 + 120 + 1×2", "661 0 0 661", "661", 51,
        planId=SCALE),
    new("graduated by the year, lifted", "4990 + 400 + 3×30 = 5480; + 20 to 5500",
        "5500 0 0 5500", "5500", 13, planId=SCALE, **YEAR),
    # Volume tiers at their edges
    new("volume: nothing", "10 + 0", "10 0 0 10", "10", 0, planId=VOLUME),
    new("volume: the last of the first tier", "10 + 10×4", "50 0 0 50", "50", 10, planId=VOLUME),
    new("volume: one more costs less", "10 + 11×3", "43 0 0 43", "43", 11, planId=VOLUME),
    new("volume: the last of the second tier", "10 + 50×3", "160 0 0 160", "160", 50,
        planId=VOLUME),
    new("volume: the first of the last, with its flat price", "10 + 51×2 + 25",
        "137 0 0 137", "137", 51, planId=VOLUME),
    # Discounts
    new("half for three months", "109/2 = 54.50, also next month", "109 54.50 0 54.50", "54.50",
        promotionCode="STIGG50"),
    new("half for three months of a year", "1090/2 now; a year on the three months are over",
        "1090 545 0 545", "1090", promotionCode="STIGG50", **YEAR),
    new("a tenth for twelve months of a year", "1090/10; the next year begins after them",
        "1090 109 0 981", "1090", promotionCode="ANNUAL10", **YEAR),
    new("a tenth for twelve months, by the month", "109/10 = 10.90, also next month",
        "109 10.90 0 98.10", "98.10", promotionCode="ANNUAL10"),
    new("20 dollars once", "109 − 20 now, 109 then", "109 20 0 89", "109",
        promotionCode="WELCOME20"),
    new("15 % for ever, by the year", "1090×0.15 = 163.50, every year",
        "1090 163.50 0 926.50", "926.50", promotionCode="NONPROFIT15", **YEAR),
    new("for one month only, by agreement", "109/10 now; the next month is not covered",
        "109 10.90 0 98.10", "109", **ad_hoc(percentOff=10, durationInMonths=1)),
    new("more off than there is", "500 > 109: 109 off, never below nothing", "109 109 0 0", "0",
        **ad_hoc(amountsOff=[{"amount": 500, "currency": "USD"}])),
    new("half a cent goes up", "109×0.125 = 13.625 → 13.63", "109 13.63 0 95.37", "95.37",
        **ad_hoc(percentOff=D("12.5"))),
    new("15 % off the minimum spend", "503 lifted to 550; ×0.15 = 82.50",
        "550 82.50 0 467.50", "467.50", 1, planId=SCALE, promotionCode="NONPROFIT15"),
    # Taxes
    new("Germany adds 19 %", "95 + 2×4.80 = 104.60; ×0.19 = 19.874 → 19.87",
        "104.60 0 19.87 124.47", "124.47", billingCountryCode="DE"),
    new("France adds 20 %", "104.60×0.20 = 20.92", "104.60 0 20.92 125.52", "125.52",
        billingCountryCode="FR"),
    new("Germany, on what the discount leaves",
        "104.60×0.15 = 15.69; 88.91×0.19 = 16.8929 → 16.89; 88.91 + 16.89",
        "104.60 15.69 16.89 105.80", "105.80", billingCountryCode="DE",
        promotionCode="NONPROFIT15"),
    new("Germany, through all three tiers",
        "479 + 38 + 40×2.90 + 1.90 = 634.90; ×0.19 = 120.631 → 120.63",
        "634.90 0 120.63 755.53", "755.53", 51, planId=SCALE, billingCountryCode="DE"),
    new("an American rate of three decimals", "109×0.08875 = 9.67375 → 9.67",
        "109 0 9.67 118.67", "118.67", billingInformation={"taxPercentage": D("8.875")}),
    new("half a cent of tax goes up", "109×0.105 = 11.445 → 11.45",
        "109 0 11.45 120.45", "120.45", billingInformation={"taxPercentage": D("10.5")}),
    # Yen have no decimals, and contain their tax
    new("Japan, tax contained", "15000 + 750 = 15750; /11 = 1431.8 → 1432, in it",
        "15750 0 1432 15750", "15750", 1, billingCountryCode="JP"),
    new("Japan, 3000 yen once", "16500 − 3000 = 13500; /11 = 1227.3 → 1227, in it",
        "16500 3000 1227 13500", "16500", billingCountryCode="JP", promotionCode="WELCOME20"),
    new("Japan, lifted to the minimum", "1000 + 3×333 = 1999, to 5000; /11 = 454.5 → 455",
        "5000 0 455 5000", "5000", 3, planId=VOLUME, billingCountryCode="JP"),
    new("Japan, 15 % that does not come out even", "15750×0.15 = 2362.5 → 2363; 13387/11 = 1217",
        "15750 2363 1217 13387", "13387", 1, billingCountryCode="JP",
        promotionCode="NONPROFIT15"),
    # Another plan in the place of the current one
    instead("an upgrade in the middle of a month of 28 days",
            "14 of 28 days of 104 come back: 52; 661 − 52", "52 661 0", "609 0 0 609", "661",
            held=templates(1), begun=FEBRUARY, at=day(2027, 2, 15), templates=51, planId=SCALE),
    instead("an upgrade in a month of 29 days", "19 of 29 days: 104×19/29 = 68.138 → 68.14",
            "68.14 661 0", "592.86 0 0 592.86", "661",
            held=templates(1), begun=LEAP, at=day(2028, 2, 11), templates=51, planId=SCALE),
    instead("an upgrade at any second of a month of 31 days",
            "10 d 7:13:21 of 31 d: 1788399 of 2678400 s are left; ×104 = 69.442 → 69.44",
            "69.44 661 0", "591.56 0 0 591.56", "661",
            held=templates(1), begun=MARCH, at=day(2027, 3, 11, 7, 13, 21), templates=51,
            planId=SCALE),
    instead("an upgrade one second after the start", "104×2678399/2678400 = 103.99996 → 104.00",
            "104 661 0", "557 0 0 557", "661",
            held=templates(1), begun=MAY, at=day(2027, 5, 1, 0, 0, 1), templates=51, planId=SCALE),
    instead("an upgrade one second before the end of April",
            "104/2592000 is less than half a cent: nothing comes back", None,
            "661 0 0 661", "661", held=templates(1), begun=APRIL,
            at=day(2027, 4, 30, 23, 59, 59), templates=51, planId=SCALE),
    instead("a downgrade keeps what is left for later",
            "10.5 of 31 days of 550: 550×21/62 = 186.29; − 104 = 82.29 kept", "186.29 104 82.29",
            "0 0 0 0", "104", held=templates(1, planId=SCALE), begun=MAY,
            at=day(2027, 5, 21, 12), planId=GROWTH),
    instead("from a year with a leap day down to a month",
            "182 of 366 days of 1040 = 517.158 → 517.16; − 104 = 413.16 kept",
            "517.16 104 413.16", "0 0 0 0", "104",
            held=templates(1, **YEAR), begun=MARCH, at=day(2027, 9, 1), planId=GROWTH),
    instead("from the month to the year in Japan",
            "21 of 28 days of 15750 = 11812.5 → 11813; 157500 − 11813 = 145687; /11 = 13244.3",
            "11813 157500 0", "145687 0 13244 145687", "157500",
            held=templates(1, billingCountryCode="JP"), begun=FEBRUARY, at=day(2027, 2, 8),
            planId=GROWTH, **YEAR),
    instead("an upgrade in Germany, with tax on the difference",
            "half of 99.80 = 49.90; 634.90 − 49.90 = 585; ×0.19 = 111.15", "49.90 634.90 0",
            "585 0 111.15 696.15", "755.53",
            held=templates(1, billingCountryCode="DE"), begun=APRIL, at=day(2027, 4, 16),
            templates=51, planId=SCALE),
    instead("an upgrade from what was sold at half price",
            "half of 104/2 = 26 comes back; 661 − 26", "26 661 0", "635 0 0 635", "661",
            held=templates(1, promotionCode="STIGG50"), begun=FEBRUARY, at=day(2027, 2, 15),
            templates=51, planId=SCALE),
    # A change within the period
    update("more templates in a period from 31 January to 28 February",
           "14 of 28 days: 104/2 = 52 back, 124/2 = 62 due", "52 62 0", "10 0 0 10", "124",
           held=templates(1), begun=day(2027, 1, 31), at=day(2027, 2, 14), templates=5,
           ends=day(2027, 2, 28)),
    update("the same in a leap year", "15 of 29 days: 104×15/29 = 53.79, 124×15/29 = 64.14",
           "53.79 64.14 0", "10.35 0 0 10.35", "124",
           held=templates(1), begun=day(2028, 1, 31), at=day(2028, 2, 14), templates=5,
           ends=day(2028, 2, 29)),
    update("in the period after it, which ends on the 31st again",
           "15.5 of the 31 days from 28 February: 52 back, 62 due", "52 62 0", "10 0 0 10", "124",
           held=templates(1), begun=day(2027, 1, 31), at=day(2027, 3, 15, 12), templates=5,
           ends=day(2027, 3, 31)),
    update("down to no template, at any second",
           "1672199 of 2592000 s: 104× = 67.095 → 67.09, 99× = 63.869 → 63.87; 3.22 kept",
           "67.09 63.87 3.22", "0 0 0 0", "99",
           held=templates(1), begun=day(2027, 8, 31), at=day(2027, 9, 10, 15, 30, 1), templates=0,
           ends=day(2027, 9, 30)),
    update("an add-on one second after the start", "124 − 104, all but 20/2678400", "104 124 0",
           "20 0 0 20", "124", held=templates(1), begun=JULY, at=day(2027, 7, 1, 0, 0, 1),
           addons=[{"addonId": CAMPAIGNS}]),
    update("one template over the edge of a tier", "half of 659 = 329.50, half of 661 = 330.50",
           "329.50 330.50 0", "1 0 0 1", "661", held=SCALE_50, begun=APRIL, at=day(2027, 4, 16),
           templates=51),
    update("below the minimum spend nothing changes", "1 and 13 templates are both lifted to 550",
           "275 275 0", "0 0 0 0", "550", held=templates(1, planId=SCALE), begun=APRIL,
           at=day(2027, 4, 16), templates=13),
    update("up through the minimum spend", "a quarter of 550 = 137.50, of 499 + 40 + 30 = 142.25",
           "137.50 142.25 0", "4.75 0 0 4.75", "569", held=templates(1, planId=SCALE), begun=JULY,
           at=day(2027, 7, 24, 6), templates=20),
    update("sold at half price for three months",
           "half of 104/2 = 26 was paid and comes back; 124/2 = 62, less half = 31; 62 − 26 = 36",
           "26 31 0", "36 31 0 5", "62", held=templates(1, promotionCode="STIGG50"),
           begun=FEBRUARY, at=day(2027, 2, 15), templates=5),
    update("sold with 20 dollars off the first period",
           "(104−20)/2 = 42 was paid; 114/2 = 57, less 10 = 47; 57 − 42 = 15; then 114",
           "42 47 0", "15 10 0 5", "114", held=templates(1, promotionCode="WELCOME20"),
           begun=FEBRUARY, at=day(2027, 2, 15), templates=3),
    update("the same a month later", "nothing is off any more: 52 back, 57 due", "52 57 0",
           "5 0 0 5", "114", held=templates(1, promotionCode="WELCOME20"), begun=FEBRUARY,
           at=day(2027, 3, 16, 12), templates=3),
    update("a code at the change takes off at most what is due", "62 − 52 = 10, less 10 of 20",
           "52 62 0", "10 10 0 0", "124", held=templates(1), begun=FEBRUARY,
           at=day(2027, 2, 15), templates=5, promotionCode="WELCOME20"),
    update("15 % for ever from the change on", "10×0.15 = 1.50 now, 124×0.15 = 18.60 then",
           "52 62 0", "10 1.50 0 8.50", "105.40", held=templates(1), begun=FEBRUARY,
           at=day(2027, 2, 15), templates=5, promotionCode="NONPROFIT15"),
    update("in Germany, with two thirds of April left",
           "99.80×2/3 = 66.53, 114.20×2/3 = 76.13; 9.60×0.19 = 1.824; then 114.20×1.19",
           "66.53 76.13 0", "9.60 0 1.82 11.42", "135.90",
           held=templates(1, billingCountryCode="DE"), begun=APRIL, at=day(2027, 4, 11),
           templates=4),
    update("in Japan, with a third of June left",
           "15750/3 = 5250, 16500/3 = 5500; 250/11 = 22.7 → 23, in it", "5250 5500 0",
           "250 0 23 250", "16500", held=templates(1, billingCountryCode="JP"), begun=JUNE,
           at=day(2027, 6, 21), templates=2),
    update("a year from the leap day, one day in",
           "364 of 365 days: 1040× = 1037.15, 1290× = 1286.47", "1037.15 1286.47 0",
           "249.32 0 0 249.32", "1290", held=templates(1, **YEAR), begun=day(2028, 2, 29),
           at=day(2028, 3, 1), templates=6, ends=day(2029, 2, 28)),
]  # fmt: skip


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> LocalApi:
    """The demo company's catalogue with the plan Volume in it, and a customer without a plan."""
    folder = tmp_path_factory.mktemp("cases")
    plans = simplejson.loads(CATALOGUE.read_text(), use_decimal=True)["plans"]
    api = LocalApi(folder / "store", sold_with(folder, plans=[*plans, VOLUME_PLAN]))
    api.provision("fresh", plan=None)
    api.close()
    return api


@pytest.fixture
def world(sold: LocalApi, tmp_path: Path) -> Iterator[LocalApi]:
    api = LocalApi(copytree(sold.store, tmp_path / "store"), sold.sold)
    yield api
    api.close()


def estimated(world: LocalApi, case: Case) -> Answer:
    if case.held is None:
        return estimate(world, **case.asked)
    assert case.begun is not None
    assert case.at is not None
    subscription_id = subscribe(world, "holder", startDate=wire(case.begun), **case.held)
    world.clock.now = case.at
    if case.is_update:
        return change(world, subscription_id, **case.asked)
    return estimate(world, customerId="holder", **case.asked)


def amounts(text: str) -> list[Decimal]:
    return [D(amount) for amount in text.split()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.story)
def test_an_estimate_comes_to_what_the_sums_say(world: LocalApi, case: Case) -> None:
    made = estimated(world, case)
    told = [made["subTotal"], made["discountAmount"] or 0, made["tax"], made["total"]]
    assert told == amounts(case.due), case.sums
    assert made["subscription"]["total"] == D(case.recurring), case.sums
    if case.moved is None:
        assert made["proration"] is None
    else:
        prorated = made["proration"]
        moved = [prorated["credit"], prorated["debit"], made["credits"]["remaining"]]
        assert moved == amounts(case.moved), case.sums
        assert prorated["netAmount"] == prorated["debit"] - prorated["credit"]
    if case.ends is not None:
        assert made["billingPeriodRange"]["end"] == wire(case.ends)


def test_the_table_has_at_least_40_stories_each_of_its_own() -> None:
    stories = {case.story for case in CASES}
    assert len(stories) == len(CASES) >= 40
