"""The Usage page for every scope: pools, currencies, time zones, periods and unusual customers."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from usage_page import UsagePage
from usage_world import NOW, Amounts, Clock, Demo

from dashboard.controls.period import PRESETS
from dashboard.formats import compact, exact

Visit = Callable[..., UsagePage]

KESTREL = "customer-demo-01"
START = datetime(2026, 4, 23)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BOTH_SOURCES = pytest.mark.parametrize("source", ["extract", "live"])


def total(amounts: Amounts) -> tuple[Decimal, int]:
    credits = sum((credits for credits, _ in amounts.values()), Decimal(0))
    return credits, sum(events for _, events in amounts.values())


def midnights(first: datetime, days: int, zone: str) -> list[datetime]:
    """The local midnights from `first` on, in naive UTC."""
    local = [(first + n * DAY).replace(tzinfo=ZoneInfo(zone)) for n in range(days)]
    return [midnight.astimezone(UTC).replace(tzinfo=None) for midnight in local]


@BOTH_SOURCES
def test_a_resource_has_a_pool_of_its_own(visit: Visit, demo: Demo, source: str) -> None:
    pool = "workspace-example-com"
    page = visit(customer=KESTREL, source=source, pool=pool, by="model", shape="cumulative")
    assert page.total == total(demo.used(KESTREL, START, resource_id=pool)) != (0, 0)
    assert f"Kestrel Robotics, {pool}" in page.text
    balance = demo.balance(KESTREL, pool)
    assert f"{exact(balance)} tokens" in page.text
    assert page.chart.available
    assert page.chart.available.y[-1] == pytest.approx(float(balance + page.total[0]))


@BOTH_SOURCES
def test_the_other_currency_is_counted_and_named_by_itself(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer=KESTREL, source=source, currency="api-credits", by="team")
    used = total(demo.used(KESTREL, START, currency_id="api-credits"))
    assert page.total == used != (0, 0)
    assert page.cards["Credits used"][0] == compact(used[0])
    assert page.chart.alt.startswith("Credits used by team")
    assert page.chart.layout["yaxis"]["title"]["text"] == "credits"
    page.go(currency=None)
    assert "Tokens used" in page.cards


@BOTH_SOURCES
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
def test_days_are_cut_where_the_zone_has_its_midnight(
    visit: Visit, demo: Demo, source: str, zone: str
) -> None:
    page = visit(customer=KESTREL, source=source, tz=zone, period="custom",
                 from_="2026-05-01", to="2026-05-20")  # fmt: skip
    cuts = midnights(datetime(2026, 5, 1), 21, zone)
    days = [demo.used(KESTREL, start, end) for start, end in itertools.pairwise(cuts)]
    [trace] = page.chart.series
    assert trace.y == pytest.approx([float(total(day)[0]) for day in days])
    assert trace.spec["x0"] == "2026-05-01T00:00:00"
    assert page.total == total(demo.used(KESTREL, cuts[0], cuts[-1]))
    assert f"days are cut in {zone}" in page.text


@BOTH_SOURCES
@pytest.mark.parametrize(
    ("day", "hours", "odd"),
    [("2025-10-26", 25, ["26 Oct 02:00 CEST", "26 Oct 02:00 CET"]),
     ("2026-03-29", 23, ["29 Mar 01:00 CET", "29 Mar 03:00 CEST"])],
    ids=["a day of 25 hours", "a day of 23 hours"],
)  # fmt: skip
def test_a_day_on_which_the_clocks_change_has_each_of_its_hours_once(
    visit: Visit, demo: Demo, source: str, day: str, hours: int, odd: list[str]
) -> None:
    page = visit(customer=KESTREL, source=source, tz="Europe/Berlin", period="custom",
                 from_=day, to=day, grain="hour", by="model")  # fmt: skip
    [start, _] = midnights(datetime.fromisoformat(day), 2, "Europe/Berlin")
    cuts = [start + n * HOUR for n in range(hours + 1)]
    used = [demo.used(KESTREL, start, end) for start, end in itertools.pairwise(cuts)]
    drawn = [sum(amounts) for amounts in zip(*(t.y for t in page.chart.series), strict=True)]
    assert drawn == pytest.approx([float(total(hour)[0]) for hour in used])
    axis = page.chart.series[0].spec["x"]
    assert len(set(axis)) == len(axis) == hours
    place = axis.index(odd[0])
    assert axis[place : place + 2] == odd
    assert page.total == total(demo.used(KESTREL, cuts[0], cuts[-1]))
    labels = page.at.selectbox(key="bucket").options
    assert len(set(labels)) == len(labels) == hours + 1


@BOTH_SOURCES
@pytest.mark.parametrize("preset", [p.value for p in PRESETS])
def test_every_period_is_answered(visit: Visit, source: str, preset: str) -> None:
    page = visit(customer=KESTREL, source=source, period=preset, by="model")
    assert not page.has_crashed
    assert page.failures == []
    assert page.chart.total == pytest.approx(float(page.total[0]))
    assert page.total[1] > 0


PERIODS = {
    "today": (datetime(2026, 5, 22), NOW, 15),
    "24h": (datetime(2026, 5, 21, 15), NOW, 24),
    "7d": (datetime(2026, 5, 16), NOW, 7),
    "30d": (datetime(2026, 4, 23), NOW, 30),
    "90d": (datetime(2026, 2, 22), NOW, 90),
    "12m": (datetime(2025, 6, 1), NOW, 12),
    "this-month": (datetime(2026, 5, 1), NOW, 22),
    "last-month": (datetime(2026, 4, 1), datetime(2026, 5, 1), 30),
    "last-quarter": (datetime(2026, 1, 1), datetime(2026, 4, 1), 90),
}


@pytest.mark.parametrize("preset", PERIODS)
def test_a_period_holds_the_days_that_its_name_says(visit: Visit, demo: Demo, preset: str) -> None:
    start, end, buckets = PERIODS[preset]
    page = visit(customer=KESTREL, period=preset)
    assert page.total == total(demo.used(KESTREL, start, end))
    assert len(page.chart.series[0].y) == buckets


def test_a_billing_cycle_runs_from_the_day_the_subscription_began(visit: Visit, demo: Demo) -> None:
    held = demo.tables["subscriptions"].filter(
        pl.col("resource_id").is_null(), customer_id=KESTREL, status="ACTIVE"
    )
    day = held["started_at"].item().day
    start = datetime(2026, 5 if day <= NOW.day else 4, day)
    page = visit(customer=KESTREL, period="cycle")
    assert page.total == total(demo.used(KESTREL, start))
    assert page.chart.alt.startswith(f"Tokens used, {day}")


def test_a_billing_cycle_belongs_to_one_customer(visit: Visit) -> None:
    page = visit(period="cycle")
    assert page.failures == ["A billing cycle belongs to one customer. Choose a customer."]


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (datetime(2026, 6, 1, 0, 0, 1), "UTC"),
        (datetime(2026, 10, 25, 0, 59), "Europe/Berlin"),
        (datetime(2026, 12, 31, 10, 5), "Pacific/Kiritimati"),
    ],
    ids=["first second of a month", "clocks going back", "first minutes of a year"],
)
def test_every_period_is_answered_at_the_edges_of_the_calendar(
    visit: Visit, clock: Clock, moment: datetime, zone: str
) -> None:
    clock.at = moment
    page = visit(customer=KESTREL, source="live", tz=zone)
    for preset in PRESETS:
        page.go(period=preset.value)
        assert not page.has_crashed
        assert page.failures == []


def test_a_period_after_the_end_of_an_older_extract_says_where_the_data_ends(
    visit: Visit, clock: Clock
) -> None:
    clock.advance(2 * DAY)
    page = visit(customer=KESTREL, period="today")
    assert page.failures == [
        "The data ends on 22 May 2026 15:00 UTC, before this period begins. "
        "Choose an earlier period or another source."
    ]


def test_the_day_on_which_an_older_extract_ends_is_labelled_partial(
    visit: Visit, clock: Clock
) -> None:
    clock.advance(DAY)
    page = visit(customer=KESTREL)
    assert page.chart.notes == ["partial"]


@BOTH_SOURCES
def test_a_new_customer_has_a_balance_and_an_empty_page_in_words(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer="customer-brand-new", source=source)
    assert f"{exact(demo.balance('customer-brand-new'))} tokens" in page.text
    assert (
        "No events in 23 Apr – 22 May 2026. Usage appears here within about 10 seconds of being "
        "reported; try a longer period, another pool or another currency."
    ) in page.text
    assert not page.has_chart
    assert page.failures == []
    assert "· total" not in page.text
    page.go(by="model")
    assert page.failures == ["No event here carries the key 'model'. Choose one from the list."]


@BOTH_SOURCES
def test_an_overdraft_is_a_negative_balance(visit: Visit, demo: Demo, source: str) -> None:
    page = visit(customer="customer-only-overdraft", source=source)
    balance = demo.balance("customer-only-overdraft")
    assert balance < 0
    assert f"balance :red[**−{exact(-balance)} tokens**]" in page.text
    assert page.total[1] > 0


def test_a_positive_balance_is_not_red(visit: Visit) -> None:
    assert ":red[" not in visit(customer=KESTREL).text


@BOTH_SOURCES
def test_a_key_of_3000_opens_from_the_address(visit: Visit, demo: Demo, source: str) -> None:
    customer = "customer-long-tail"
    used = demo.used(customer, START, by=["warehouse_window_9"])
    page = visit(customer=customer, source=source, by="warehouse_window_9")
    assert page.failures == []
    assert page.total == total(used)
    page.go(by=["warehouse_window_9", "region"])
    assert page.failures == []
    assert page.total == total(used)


def test_a_value_of_3000_is_in_the_table_and_the_rest_in_the_others(
    visit: Visit, demo: Demo
) -> None:
    used = demo.used("customer-many-users", datetime(2025, 6, 1), by=["user_id"])
    page = visit(customer="customer-many-users", by="user_id", period="12m", compare="off")
    assert len(used) > 3000
    assert f"{len(used):,} rows" in page.text.replace("**", "")
    assert "the first 1,000 rows are drawn" in page.text
    assert len(page.table) == 1000
    assert page.chart.names[-1] == f"Others ({len(used) - 5})"
    assert page.total == total(used)


def test_another_customer_is_chosen_by_its_id(visit: Visit) -> None:
    page = visit(customer=KESTREL)
    page.choose("customer", "customer-brand-new")
    assert page.address["customer"] == "customer-brand-new"
    assert "Yarrow Systems" in page.text
    page.choose("customer", "")
    assert "customer" not in page.address
    assert "All customers" in page.text


def test_seats_given_back_are_taken_off(visit: Visit, demo: Demo) -> None:
    customer, pool = "customer-test-id", "resource-01"
    used = demo.used(customer, START, resource_id=pool, by=["featureId"])
    page = visit(customer=customer, pool=pool, featureId="on")
    assert page.total == total(used)
    assert page.rows["Seats",] == used["feature-seats",]
    assert page.rows["Seats",][0] == 25 * (6 - 2 + 3)
