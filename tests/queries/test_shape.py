"""Shapes of usage: sums are kept by top-n, gap filling, breakdown and the change split."""

from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.time import Grain, Span
from queries.usage import TopUsage, Usage
from queries.usage.available import available
from queries.usage.change import split
from queries.usage.shape import Series, breakdown, cumulative, top_series, total, whole_series
from queries.usage.top import by_group, fold

START = datetime(2026, 5, 1)
DAYS = 10
QUESTION = Usage(
    "acme", "credits", Span(START, START + timedelta(days=DAYS)), Grain.DAY, by=("model",)
)
CREDITS = st.decimals(-1000, 10**9, places=6)
ROWS = st.dictionaries(
    st.tuples(st.integers(0, DAYS - 1), st.sampled_from("abcdefgh")),
    st.tuples(CREDITS, st.integers(1, 10**6)),
)
AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from("abcdef")), st.tuples(CREDITS, st.integers(1, 10**6))
)


def frame(rows: dict[tuple[int, str], tuple[Decimal, int]]) -> pl.DataFrame:
    listed = [
        (START + timedelta(days=day), key, credits, events)
        for (day, key), (credits, events) in sorted(rows.items())
    ]
    return pl.DataFrame(listed, QUESTION.schema, orient="row")


def drawn(usage: pl.DataFrame, most: int) -> list[Series]:
    question = TopUsage(QUESTION, most)
    return top_series(fold(usage, question), question)


@settings(deadline=None)
@given(rows=ROWS, most=st.integers(1, 9))
def test_top_series_keep_the_sum_and_are_dense(rows: dict, most: int) -> None:
    usage = frame(rows)
    series = drawn(usage, most)
    assert sum((one.total for one in series), Decimal(0)) == total(usage).credits
    assert sum(sum(one.events) for one in series) == total(usage).events
    assert all(len(one.credits) == len(one.events) == DAYS for one in series)


@settings(deadline=None)
@given(rows=ROWS)
def test_series_are_ordered_from_the_largest(rows: dict) -> None:
    usage = frame(rows)
    totals = [one.total for one in drawn(usage, 9)]
    assert totals == sorted(totals, reverse=True)


@settings(deadline=None)
@given(rows=ROWS, most=st.integers(1, 9))
def test_all_series_together_are_the_whole_in_every_bucket(rows: dict, most: int) -> None:
    question = TopUsage(QUESTION, most)
    found = fold(frame(rows), question)
    whole, series = whole_series(found, question), top_series(found, question)
    assert (whole is None) == (not series)
    if whole:
        assert [sum(each) for each in zip(*(s.credits for s in series), strict=True)] == [
            *whole.credits
        ]


def test_others_say_how_many_groups_they_are() -> None:
    usage = frame({(0, key): (Decimal(n), 1) for n, key in enumerate("abcde", start=1)})
    *largest, others = drawn(usage, 2)
    assert [one.group for one in largest] == [("e",), ("d",)]
    assert (others.group, others.count, others.total) == (None, 3, Decimal(6))


def test_cumulative_ends_with_the_total() -> None:
    usage = frame({(0, "a"): (Decimal("0.1"), 1), (3, "a"): (Decimal("0.2"), 1)})
    [series] = drawn(usage, 5)
    assert cumulative(series) == tuple(map(Decimal, ["0.1"] * 3 + ["0.3"] * 7))


@settings(deadline=None)
@given(now=ROWS, before=ROWS)
def test_the_table_holds_every_group_of_both_periods_and_keeps_the_sum(
    now: dict, before: dict
) -> None:
    usage, previous = frame(now), frame(before)
    table = breakdown(usage, previous, QUESTION)
    assert (table["credits"].sum() or 0) == total(usage).credits
    if before:
        groups = {key for _, key in now} | {key for _, key in before}
        assert set(table["key_1"]) == groups
        assert (table["previous"].sum() or 0) == total(previous).credits
        assert (table["change"].sum() or 0) == total(usage).credits - total(previous).credits


def test_credits_per_event_are_rounded_half_away_from_zero() -> None:
    usage = frame({(0, "a"): (Decimal(2), 3), (0, "b"): (Decimal("0.000005"), 10)})
    assert breakdown(usage, None, QUESTION)["per_event"].to_list() == [
        Decimal("0.666667"),
        Decimal("0.000001"),
    ]


def test_without_a_previous_period_there_is_no_change() -> None:
    usage = frame({(0, "a"): (Decimal(2), 3)})
    row = breakdown(usage, frame({}), QUESTION).row(0, named=True)
    assert (row["previous"], row["change"], row["change_ratio"]) == (None, None, None)


def test_groups_of_equal_size_are_ordered_by_their_value() -> None:
    usage = frame({(0, key): (Decimal(1), 1) for key in "cab"})
    assert by_group(usage, QUESTION)["key_1"].to_list() == ["a", "b", "c"]


@given(before=AMOUNTS, now=AMOUNTS)
def test_volume_mix_and_rate_add_up_for_each_group_and_in_total(before: dict, now: dict) -> None:
    change = split(before, now)
    for group in change.groups:
        assert group.volume + group.mix + group.rate == group.change
    assert change.volume + change.mix + change.rate == change.total
    if change.groups:
        difference = sum((c for c, _ in now.values()), Decimal(0))
        difference -= sum((c for c, _ in before.values()), Decimal(0))
        assert change.total == difference


def test_more_of_the_same_is_all_volume() -> None:
    change = split({("a",): (Decimal(10), 5)}, {("a",): (Decimal(20), 10)})
    assert (change.volume, change.mix, change.rate) == (10, 0, 0)


def test_the_same_events_at_another_price_are_all_rate() -> None:
    change = split({("a",): (Decimal(10), 5)}, {("a",): (Decimal(15), 5)})
    assert (change.volume, change.mix, change.rate) == (0, 0, 5)


def test_events_that_move_to_a_dear_group_are_all_mix() -> None:
    before = {("cheap",): (Decimal(10), 10), ("dear",): (Decimal(50), 10)}
    now = {("cheap",): (Decimal(5), 5), ("dear",): (Decimal(75), 15)}
    change = split(before, now)
    assert (change.volume, change.mix, change.rate) == (0, 20, 0)


def test_a_new_group_is_mix_since_it_had_no_rate_before() -> None:
    change = split({("a",): (Decimal(10), 10)}, {("a",): (Decimal(5), 5), ("b",): (Decimal(9), 5)})
    new = next(group for group in change.groups if group.group == ("b",))
    assert (new.volume, new.mix, new.rate) == (0, 9, 0)


def test_nothing_to_compare_with_gives_no_split() -> None:
    assert split({}, {("a",): (Decimal(1), 1)}).groups == ()


def grants(*rows: tuple[str, int, int, int, int | None]) -> pl.DataFrame:
    """(status, amount, consumed, day of start, day of end)"""

    def day(n: int | None) -> datetime | None:
        return None if n is None else START + timedelta(days=n)

    return pl.DataFrame(
        {
            "grant_type": ["PAID"] * len(rows),
            "status": [row[0] for row in rows],
            "amount": [Decimal(row[1]) for row in rows],
            "consumed_amount": [Decimal(row[2]) for row in rows],
            "effective_at": [day(row[3]) for row in rows],
            "expire_at": [day(row[4]) for row in rows],
            "voided_at": [day(row[4]) for row in rows],
        }
    )


def test_the_available_line_is_the_balance_above_what_was_used() -> None:
    ends = [START + timedelta(days=n) for n in (1, 2, 3)]
    used = [Decimal(10), Decimal(30), Decimal(60)]
    one = grants(("ACTIVE", 100, 60, -5, None))
    assert available(Decimal(40), used, ends, one) == (100, 100, 100)


def test_a_grant_in_the_period_lifts_the_line_from_its_start() -> None:
    ends = [START + timedelta(days=n) for n in (1, 2, 3)]
    used = [Decimal(10), Decimal(30), Decimal(60)]
    two = grants(("ACTIVE", 100, 60, -5, None), ("ACTIVE", 50, 0, 2, None))
    assert available(Decimal(90), used, ends, two) == (100, 100, 150)


def test_what_expires_in_the_period_lowers_the_line_from_its_end() -> None:
    ends = [START + timedelta(days=n) for n in (1, 2, 3)]
    used = [Decimal(10), Decimal(30), Decimal(60)]
    two = grants(("ACTIVE", 100, 60, -5, None), ("EXPIRED", 50, 0, -5, 2))
    assert available(Decimal(40), used, ends, two) == (150, 150, 100)
