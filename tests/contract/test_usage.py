"""Usage: the same question to the metering API and to the extract gives the same frame."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from company import CURRENCY, CUSTOMERS, NOW, RESOURCE, SINCE, WIDE, Company, charged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data.metering.service import readings
from queries.answer import answer
from queries.question import CannotAnswer
from queries.time import Grain, Preset, Span, period, zone_of
from queries.usage import Filter, TopUsage, Usage

MAY = Span(datetime(2026, 5, 1), datetime(2026, 6, 1))
ALL = Span(SINCE, NOW)
WEEK = Span(SINCE, SINCE + timedelta(days=7))
ACME = Usage("acme", CURRENCY, MAY)

KEYS = ("model", "model_version", "region", "is_trial", "credits", "featureId")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


def same(company: Company, question: Usage | TopUsage) -> pl.DataFrame:
    """Ask both; fail unless the frames are identical, types and order included."""
    live = answer(question, company.live).frame
    extracted = answer(question, company.extracted).frame
    assert live.schema == extracted.schema
    assert_frame_equal(live, extracted)
    return live


@pytest.mark.parametrize(
    "by",
    [
        (),
        ("model",),
        ("model", "region"),
        ("model", "region", "is_trial"),
        ("featureId",),
        ("model", "region", "is_trial", "featureId"),
        ("featureId", "model"),
        ("credits",),
    ],
)
def test_grouped_by_up_to_3_keys_and_the_feature(company: Company, by: tuple[str, ...]) -> None:
    assert same(company, replace(ACME, by=by)).height > 20


@pytest.mark.parametrize("by", [(), ("model",), ("model", "region", "is_trial")])
@pytest.mark.parametrize("most", [1, 3, 20])
def test_the_largest_groups_and_all_others(
    company: Company, by: tuple[str, ...], most: int
) -> None:
    assert same(company, TopUsage(replace(ACME, by=by), most)).height > 20


@pytest.mark.parametrize("preset", [p for p in Preset if p is not Preset.CUSTOM])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_every_preset(company: Company, preset: Preset, zone: str) -> None:
    started = datetime(2025, 12, 31, 5)
    chosen = period(preset, NOW, zone_of(zone), cycle_start=started)
    for span in (chosen.span, chosen.previous):
        same(company, replace(ACME, span=span, zone=zone, by=("model",)))


def test_exact_dates(company: Company) -> None:
    chosen = period(
        Preset.CUSTOM, NOW, zone_of("Europe/Berlin"), first=date(2026, 4, 2), last=date(2026, 7, 9)
    )
    question = replace(ACME, span=chosen.span, zone="Europe/Berlin", by=("model",))
    assert same(company, question).height > 50


def test_dates_in_the_middle_of_an_hour(company: Company) -> None:
    span = Span(datetime(2026, 3, 28, 10, 17, 5), datetime(2026, 3, 30, 3, 41, 59))
    assert same(company, replace(ACME, span=span, grain=Grain.HOUR)).height > 10


def test_a_resource_pool_has_usage_of_its_own(company: Company) -> None:
    pool = same(company, replace(ACME, resource_id=RESOURCE, span=ALL).whole())
    level = same(company, replace(ACME, span=ALL).whole())
    assert pool["credits"].item() != level["credits"].item()


def test_an_event_without_the_key_is_under_the_empty_value(company: Company) -> None:
    frame = same(company, replace(ACME, by=("region",)))
    assert set(frame["key_1"]) == {"", "eu", "us"}


def test_numbers_and_booleans_have_one_text(company: Company) -> None:
    versions = same(company, replace(ACME, by=("model_version",), span=ALL))["key_1"]
    assert set(versions) == {"", "1", "2", "2.5", "beta"}
    assert set(same(company, replace(ACME, by=("is_trial",)))["key_1"]) == {"", "true", "false"}


def test_a_group_of_3000_values(company: Company) -> None:
    frame = same(company, Usage("acme", CURRENCY, WEEK, by=("wide",)))
    assert frame.filter(pl.col("key_1") != "").height == WIDE


def test_an_empty_period_is_an_empty_frame(company: Company) -> None:
    span = Span(datetime(2020, 1, 1), datetime(2020, 2, 1))
    assert same(company, replace(ACME, span=span, by=("model",))).height == 0


@pytest.mark.parametrize("grain", [Grain.HOUR, Grain.DAY])
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29)),
        ("Europe/Berlin", datetime(2025, 10, 26)),
        ("America/New_York", datetime(2025, 11, 2)),
        ("Australia/Lord_Howe", datetime(2026, 4, 5)),
    ],
)
def test_a_day_on_which_the_clocks_change(
    company: Company, zone: str, day: datetime, grain: Grain
) -> None:
    span = Span(day - timedelta(days=1), day + timedelta(days=2))
    question = replace(ACME, span=span, zone=zone, grain=grain, by=("model",))
    assert same(company, question).height > 10


@pytest.mark.parametrize("is_without", [False, True])
def test_filters_keep_or_leave_out_values(company: Company, is_without: bool) -> None:
    wanted = Filter("model", ("gemini", ""), is_without)
    frame = same(company, replace(ACME, by=("model",), filters=(wanted,)))
    assert ({"gemini", ""} == set(frame["key_1"])) is not is_without
    same(company, replace(ACME, by=("region",), filters=(wanted,)))


def test_a_filter_on_the_feature(company: Company) -> None:
    wanted = Filter("featureId", ("chat",))
    frame = same(company, replace(ACME, by=("featureId",), filters=(wanted,)))
    assert set(frame["key_1"]) == {"chat"}


def test_credits_are_the_sum_over_the_events_to_the_last_decimal(company: Company) -> None:
    for customer in CUSTOMERS:
        for resource in (None, RESOURCE):
            question = Usage(customer, CURRENCY, ALL, resource_id=resource).whole()
            events = [
                event
                for event in company.events
                if event["customerId"] == customer and event["resourceId"] == resource
            ]
            frame = same(company, question)
            assert frame["credits"].sum() == sum(map(charged, events), Decimal(0))
            charges = sum(2 if event["eventName"] == "chat" else 1 for event in events)
            assert frame["events"].sum() == charges


@pytest.mark.parametrize("hours", [0, 48, 10_000])
@pytest.mark.parametrize("days", [0, 92, 10_000])
def test_whatever_buckets_the_api_chooses(
    company: Company, monkeypatch: pytest.MonkeyPatch, hours: int, days: int
) -> None:
    """How wide the hosted API's buckets are for given dates is documented nowhere."""
    expected = answer(replace(ACME, zone="Europe/Berlin", by=("model",)), company.extracted).frame
    monkeypatch.setattr(readings, "HOURLY_UP_TO", timedelta(hours=hours))
    monkeypatch.setattr(readings, "DAILY_UP_TO", timedelta(days=days))
    question = replace(ACME, zone="Europe/Berlin", by=("model",))
    assert_frame_equal(answer(question, company.live).frame, expected)


def test_all_customers_are_the_sum_of_each(company: Company) -> None:
    frame = answer(Usage(None, CURRENCY, ALL, by=("customerId",)).whole(), company.extracted).frame
    assert dict(frame.select("key_1", "events").iter_rows()).keys() == set(CUSTOMERS)
    assert frame["credits"].sum() == sum(map(charged, company.events), Decimal(0))


def test_the_api_says_that_it_cannot_answer_for_all_customers(company: Company) -> None:
    with pytest.raises(CannotAnswer, match="one customer at a time"):
        answer(Usage(None, CURRENCY, MAY), company.live)


def test_the_api_says_that_four_keys_are_too_many_to_group_and_filter(company: Company) -> None:
    wanted = Filter("credits", ("low",))
    question = replace(ACME, by=("model", "region", "is_trial"), filters=(wanted,))
    with pytest.raises(CannotAnswer, match="choose the extract"):
        answer(question, company.live)
    assert answer(question, company.extracted).frame.height


@st.composite
def questions(draw: st.DrawFn) -> Usage:
    grain = draw(st.sampled_from(Grain))
    longest = {Grain.HOUR: 5, Grain.DAY: 60}.get(grain, 420)
    start = draw(st.datetimes(SINCE - timedelta(days=2), NOW)).replace(microsecond=0)
    length = timedelta(minutes=draw(st.integers(1, longest * 1440)))
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=4, unique=True))
    by = tuple(keys if "featureId" in keys else keys[:3])
    filters = ()
    if draw(st.booleans()) and len([key for key in by if key != "featureId"]) < 3:
        key, values = draw(
            st.sampled_from(
                [("region", ("eu",)), ("model", ("gemini", "")), ("featureId", ("chat",))]
            )
        )
        filters = (Filter(key, values, draw(st.booleans())),)
    return Usage(
        draw(st.sampled_from(CUSTOMERS)),
        CURRENCY,
        Span(start, start + length),
        grain,
        draw(st.sampled_from(ZONES)),
        draw(st.sampled_from([None, RESOURCE])),
        by,
        filters,
    )


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(question=questions())
def test_any_question(company: Company, question: Usage) -> None:
    same(company, question)
