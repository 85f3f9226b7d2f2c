"""The Usage page: what the chart, the cards and the table say is one and the same."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from app_page import plain
from usage_page import UsagePage
from usage_world import Amounts, Api, Clock, Demo

from dashboard.formats import compact, exact

Visit = Callable[..., UsagePage]

KESTREL = "customer-demo-01"
START = datetime(2026, 4, 23)
"""Of the last 30 days."""
SOURCES = ("extract", "live")
LOOKS = (
    {"kind": "bars", "shape": "period", "top": "5"},
    {"kind": "lines", "shape": "period", "top": "10"},
    {"kind": "bars", "shape": "cumulative", "top": "20"},
    {"kind": "lines", "shape": "cumulative", "top": "5"},
)
NARROWED = {
    "by one key": ({"by": "user_id"}, {"by": ["user_id"]}),
    "by three keys and the feature": (
        {"by": ["model", "team", "region"], "featureId": "on"},
        {"by": ["model", "team", "region", "featureId"]},
    ),
    "with a filter": (
        {"by": "user_id", "only": "model:claude"},
        {"by": ["user_id"], "only": {"model": "claude"}},
    ),
    "with filters of both kinds": (
        {"by": "user_id", "only": "environment:production", "without": "model:claude"},
        {"by": ["user_id"], "only": {"environment": "production"}, "without": {"model": "claude"}},
    ),
}


def total(amounts: Amounts) -> tuple[Decimal, int]:
    credits = sum((credits for credits, _ in amounts.values()), Decimal(0))
    return credits, sum(events for _, events in amounts.values())


def drawn(page: UsagePage, shape: str) -> list[Decimal]:
    """What the chart says that each series used."""
    whole = [t.y[-1] if shape == "cumulative" else sum(t.y) for t in page.chart.series]
    return [Decimal(amount).quantize(Decimal("0.000001")) for amount in whole]


@pytest.mark.parametrize("narrowed", NARROWED)
@pytest.mark.parametrize("source", SOURCES)
def test_chart_cards_and_table_agree_however_they_are_drawn(
    visit: Visit, demo: Demo, source: str, narrowed: str
) -> None:
    address, question = NARROWED[narrowed]
    used = demo.used(KESTREL, START, **question)
    credits, events = total(used)
    page = visit(customer=KESTREL, source=source, **address)
    assert page.total == (credits, events)
    assert sorted(page.rows.values()) == sorted(used.values())
    assert page.cards["Tokens used"][0] == compact(credits)
    assert page.cards["Events"][0] == compact(Decimal(events))
    for look in LOOKS:
        page.go(**look)
        assert not page.has_crashed
        amounts = drawn(page, look["shape"])
        largest = sorted((credits for credits, _ in used.values()), reverse=True)
        most = int(look["top"])
        rest = [sum(largest[most:])] if len(used) > most else []
        assert amounts == largest[:most] + rest
        assert sum(amounts) == page.total[0]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_not_among_the_top_is_drawn_last_as_others_with_their_number(
    visit: Visit, demo: Demo, source: str
) -> None:
    groups = demo.used(KESTREL, START, by=["user_id"])
    page = visit(customer=KESTREL, source=source, by="user_id", top="10")
    assert len(page.chart.series) == 11
    assert page.chart.names[-1] == f"Others ({len(groups) - 10})"
    page.go(by="model")
    assert "Others" not in " ".join(page.chart.names)


def test_lines_stand_for_themselves_and_areas_are_stacked(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model")
    assert {trace.kind for trace in page.chart.series} == {"bar"}
    assert page.chart.layout["barmode"] == "stack"
    page.go(kind="lines")
    assert {trace.kind for trace in page.chart.series} == {"scatter"}
    assert not any("stackgroup" in trace.spec for trace in page.chart.series)
    page.go(kind="bars", shape="cumulative")
    assert {trace.spec["stackgroup"] for trace in page.chart.series} == {"all"}


def test_cumulative_series_are_the_running_totals_of_the_buckets(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model")
    buckets = {trace.name: trace.y for trace in page.chart.series}
    page.go(shape="cumulative")
    for trace in page.chart.series:
        assert trace.y == pytest.approx(list(itertools.accumulate(buckets[trace.name])))


@pytest.mark.parametrize("source", SOURCES)
def test_a_bucket_in_which_nothing_happened_is_drawn_as_zero(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer="customer-only-overdraft", source=source, period="7d", grain="hour")
    start, hour = datetime(2026, 5, 16), timedelta(hours=1)
    hours = 6 * 24 + 15
    expected = [
        float(
            total(demo.used("customer-only-overdraft", start + n * hour, start + (n + 1) * hour))[0]
        )
        for n in range(hours)
    ]
    [trace] = page.chart.series
    assert trace.y == pytest.approx(expected)
    assert 0 in trace.y
    assert any(trace.y)


def test_the_bucket_that_is_still_filling_is_faded_and_labelled_partial(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model")
    for trace in page.chart.series:
        *finished, running = trace.opacity
        assert set(finished) == {1.0}
        assert running < 1
    assert page.chart.notes == ["partial"]
    page.go(kind="lines")
    assert page.chart.notes == ["partial"]


def test_a_period_that_is_over_has_no_partial_bucket(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model", period="last-month")
    assert page.chart.notes == []
    assert {opacity for trace in page.chart.series for opacity in trace.opacity} == {1.0}


@pytest.mark.parametrize("source", SOURCES)
def test_the_alternative_text_names_what_is_drawn(visit: Visit, demo: Demo, source: str) -> None:
    page = visit(customer=KESTREL, source=source, by="model")
    used = demo.used(KESTREL, START, by=["model"])
    alt = page.chart.alt
    assert alt.startswith("Tokens used by model, 23 Apr – 22 May 2026, in total ")
    assert compact(total(used)[0]) in alt
    for trace in page.chart.series:
        assert f"{trace.name} {compact(used[(trace.name,)][0])}" in alt
    page.go(by="user_id", top="20")
    assert page.chart.alt.endswith("and 16 more.")


def test_cumulative_draws_the_credits_that_were_available(visit: Visit, demo: Demo) -> None:
    page = visit(customer=KESTREL, shape="cumulative")
    assert page.chart.available
    end = float(demo.balance(KESTREL) + page.total[0])
    assert page.chart.available.y[-1] == pytest.approx(end)
    assert len(page.chart.available.y) == len(page.chart.series[0].y)


@pytest.mark.parametrize(
    "address",
    [
        {"customer": KESTREL, "only": "model:claude"},
        {"customer": KESTREL, "period": "last-month"},
        {"customer": KESTREL, "shape": "period"},
        {},
    ],
    ids=["a part of the pool", "a past period", "single buckets", "all customers"],
)
def test_no_available_credits_are_drawn_where_they_would_mean_nothing(
    visit: Visit, address: dict[str, str]
) -> None:
    page = visit(**{"shape": "cumulative"} | address)
    assert page.has_chart
    assert page.chart.available is None


def test_all_customers_add_up_and_can_be_grouped_by_customer(visit: Visit, demo: Demo) -> None:
    used = demo.used(None, START, by=["customerId"])
    page = visit(customerId="on")
    assert page.total == total(used)
    assert page.rows == {(customer,): amounts for (customer,), amounts in used.items()}
    assert page.chart.names[-1] == f"Others ({len(used) - 5})"


def test_without_a_key_the_chart_is_one_series_and_the_table_one_row(
    visit: Visit, demo: Demo
) -> None:
    page = visit(customer=KESTREL)
    assert len(page.chart.series) == 1
    assert page.rows == {(): total(demo.used(KESTREL, START))}
    assert "Largest" not in page.cards


def test_the_largest_group_has_a_card_with_its_share(visit: Visit, demo: Demo) -> None:
    used = demo.used(KESTREL, START, by=["model"])
    largest = max(used, key=lambda group: used[group][0])
    share = used[largest][0] / total(used)[0]
    page = visit(customer=KESTREL, by="model")
    assert page.cards["Largest"] == (largest[0], f"{share:.0%} of all")


def test_features_are_called_by_their_names(visit: Visit) -> None:
    page = visit(customer=KESTREL, featureId="on")
    assert "Chat completions" in page.chart.names
    assert "Chat completions" in set(page.table["Feature"])
    assert "feature-chat-completions" not in page.text


def test_events_without_the_key_are_called_not_set(visit: Visit, demo: Demo) -> None:
    used = demo.used(KESTREL, START, by=["team"])
    assert ("",) in used
    page = visit(customer=KESTREL, by="team", top="20")
    assert "(not set)" in page.chart.names
    assert page.rows["(not set)",] == used["",]


def test_shares_add_up_to_one(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="user_id")
    assert page.table["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize("address", [{}, {"by": "model"}, {"featureId": "on"}])
def test_both_sources_show_the_same_numbers_and_keep_the_scope(
    visit: Visit, address: dict[str, str]
) -> None:
    page = visit(customer=KESTREL, tz="Europe/Berlin", **address)
    extracted = (page.total, page.rows, page.cards, page.chart.traces)
    before = page.address
    page.choose("source", "live")
    assert page.address == before | {"source": "live"}
    assert "live, 0 s ago" in page.text
    assert (page.total, page.rows, page.cards, page.chart.traces) == extracted


@pytest.mark.parametrize(
    "address",
    [
        {},
        {"period": "12m", "grain": "day", "top": "20", "by": "user_id"},
        {"period": "12m", "grain": "day", "top": "20", "by": "user_id", "kind": "lines"},
    ],
    ids=["as it opens", "12 months by day, top 20", "the same as lines"],
)
def test_a_chart_takes_less_than_200_kilobytes(visit: Visit, address: dict[str, str]) -> None:
    assert visit(customer=KESTREL, **address).chart.size < 200_000


def test_the_header_says_whose_credits_which_source_its_age_and_the_zone(
    visit: Visit, demo: Demo, clock: Clock
) -> None:
    balance = exact(demo.balance(KESTREL))
    page = visit(customer=KESTREL, tz="Asia/Kolkata")
    assert "Kestrel Robotics, customer-level pool" in page.text
    assert f"{balance} tokens" in page.text
    assert "extract of 22 May 2026 20:05 Asia/Kolkata, 0 s old" in page.text
    assert "days are cut in Asia/Kolkata" in page.text
    clock.advance(timedelta(hours=3))
    page.go()
    assert "3 h old" in page.text


@pytest.mark.parametrize("refresh", ["off", "10"])
def test_answers_are_asked_for_again_only_as_often_as_the_reader_wants(
    visit: Visit, api: Api, clock: Clock, refresh: str
) -> None:
    page = visit(customer=KESTREL, source="live", refresh=refresh)
    first = api.count
    page.go()
    assert api.count == first
    clock.at += timedelta(seconds=10)
    page.go()
    assert (api.count > first) == (refresh == "10")
    assert not page.has_crashed


@pytest.mark.parametrize("period", ["30d", "last-month", "7d", "this-month", "custom"])
def test_a_copied_link_opens_the_same_days_again(visit: Visit, clock: Clock, period: str) -> None:
    page = visit(
        customer=KESTREL, by="model", source="live", tz="Europe/Berlin", period=period,
        from_="2026-05-04", to="2026-05-10",
    )  # fmt: skip
    [link] = [code.value for code in page.at.code]
    clock.advance(timedelta(minutes=5))
    again = visit(**parse_qs(urlsplit(link).query))
    assert again.chart.alt == page.chart.alt
    assert again.total == page.total
    assert again.chart.traces == page.chart.traces


def test_a_company_that_is_invented_says_so(visit: Visit) -> None:
    assert "The company and its numbers are invented." in visit().text


def test_names_that_look_like_markdown_stay_text(visit: Visit) -> None:
    page = visit(customer="customer-brand-new")
    [header] = [one.value for one in page.at.markdown if "balance" in one.value]
    assert "Yarrow Systems \\(brand new\\)" in header
    assert plain(header).startswith("**Yarrow Systems (brand new), customer-level pool**")
