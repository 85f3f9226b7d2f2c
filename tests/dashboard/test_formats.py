"""How numbers, times and texts are written for a reader."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.formats import (
    age,
    compact,
    day_span,
    exact,
    hours_alike,
    moment,
    money,
    percent,
    signed,
)
from dashboard.markdown import plain
from dashboard.panels.shown import key_name
from dashboard.tables import MOST_DRAWN, drawn, exact_format, usage_columns

amounts = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12),
                      max_value=10**12)  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"), ("7.894", "7.89"), ("7.5", "7.5"), ("12.34", "12.3"), ("999", "999"),
        ("1000", "1 k"), ("45600", "45.6 k"), ("123456", "123 k"), ("1234567", "1.23 M"),
        ("-1234567", "-1.23 M"), ("2500000000", "2.5 B"), ("1234567890123", "1,235 B"),
    ],
)  # fmt: skip
def test_compact_is_three_digits_and_a_scale(amount: str, text: str) -> None:
    assert compact(Decimal(amount)) == text


@pytest.mark.parametrize(("amount", "text"), [("999999", "1 M"), ("999.9", "1 k")])
def test_compact_rounds_into_the_next_scale(amount: str, text: str) -> None:
    assert compact(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1234.500000", "1,234.5"), ("100", "100"), ("1E+3", "1,000"), ("-0.000001", "-0.000001"),
     ("12345678901234.567890", "12,345,678,901,234.56789")],
)  # fmt: skip
def test_exact_has_every_digit_that_matters(amount: str, text: str) -> None:
    assert exact(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("minutes", "texts"),
    [
        ((0, 0), ["0", "0"]), ((0, 90), ["0.0", "1.5"]), ((0, 1), ["0.0", "< 0.1"]),
        ((60_030, 90), ["1,000.5", "1.5"]), ((60_030, 900), ["1,000", "15"]),
    ],
)  # fmt: skip
def test_hours_beside_each_other_are_rounded_alike(
    minutes: tuple[int, int], texts: list[str]
) -> None:
    assert hours_alike(*(timedelta(minutes=each) for each in minutes)) == texts


@given(amounts)
def test_exact_loses_nothing(amount: Decimal) -> None:
    assert Decimal(exact(amount).replace(",", "")) == amount


@pytest.mark.parametrize(("amount", "text"), [("1500", "+1.5 k"), ("-1500", "−1.5 k"), ("0", "0")])
def test_a_change_has_its_sign(amount: str, text: str) -> None:
    assert signed(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.183, "+18.3 %"), (-0.5, "−50.0 %"), (9.99, "+999.0 %"), (12.0, "+1,200 %")],
)
def test_a_change_in_percent_has_a_true_minus(ratio: float, text: str) -> None:
    assert percent(ratio) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "USD", "1,234.50 USD"), ("1234", "JPY", "1,234 JPY"),
        ("0.125", "KWD", "0.125 KWD"), ("-3", "EUR", "−3.00 EUR"), ("1", "XYZ", "1.00 XYZ"),
    ],
)  # fmt: skip
def test_money_has_its_currency_and_that_many_decimals(
    amount: str, currency: str, text: str
) -> None:
    assert money(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [("UTC", "22 May 2026 22:30 UTC"), ("Europe/Berlin", "23 May 2026 00:30 Europe/Berlin"),
     ("Asia/Kolkata", "23 May 2026 04:00 Asia/Kolkata")],
)  # fmt: skip
def test_a_time_is_written_with_its_zone(zone: str, text: str) -> None:
    assert moment(datetime(2026, 5, 22, 22, 30), zone) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (datetime(2026, 5, 1), datetime(2026, 6, 1), "1–31 May 2026"),
        (datetime(2026, 5, 1), datetime(2026, 5, 2), "1 May 2026"),
        (datetime(2026, 5, 1), datetime(2026, 5, 1, 1), "1 May 2026"),
        (datetime(2026, 4, 23), datetime(2026, 5, 22, 15), "23 Apr – 22 May 2026"),
        (datetime(2025, 12, 1), datetime(2026, 1, 1), "1–31 Dec 2025"),
        (datetime(2025, 12, 1), datetime(2026, 1, 2), "1 Dec 2025 – 1 Jan 2026"),
    ],
)
def test_a_span_is_written_as_its_days(start: datetime, end: datetime, text: str) -> None:
    assert day_span(start, end, "UTC") == text


def test_a_span_is_written_in_the_days_of_its_zone() -> None:
    start, end = datetime(2026, 4, 30, 22), datetime(2026, 5, 31, 22)
    assert day_span(start, end, "Europe/Berlin") == "1–31 May 2026"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"),
     (86399, "23 h"), (86400, "1 day"), (172800, "2 days")],
)  # fmt: skip
def test_an_age_is_one_number_with_its_unit(seconds: int, text: str) -> None:
    now = datetime(2026, 5, 22)
    assert age(now - timedelta(seconds=seconds), now) == text


@given(st.text())
def test_plain_text_loses_nothing_and_is_never_markdown(text: str) -> None:
    escaped = plain(text)
    assert re.sub(r"\\([\\`*_{}\[\]()#+!|~:$<>])", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)(\\\\)*[`*_{}\[\]()#+!|~:$<>]", escaped)


@pytest.mark.parametrize(
    ("amounts", "form"),
    [(["1", "2"], "%,.0f"), (["1.5", "2.25"], "%,.2f"), (["0.000001"], "%,.6f"), ([], "%,.0f"),
     ([None, "1.1"], "%,.1f")],
)  # fmt: skip
def test_a_column_has_as_many_decimals_as_its_longest_amount(
    amounts: list[str | None], form: str
) -> None:
    decimals = [None if amount is None else Decimal(amount) for amount in amounts]
    frame = pl.DataFrame({"credits": decimals}, {"credits": pl.Decimal(38, 6)})
    assert exact_format(frame, "credits") == form


def test_only_columns_that_are_there_are_set_up() -> None:
    frame = pl.DataFrame({"model": ["a"], "credits": [Decimal(1)], "events": [1]})
    assert list(usage_columns(frame, ["model"], "tokens")) == frame.columns


@pytest.mark.parametrize(
    ("key", "name"),
    [("model", "model"), ("featureId", "Feature"), ("customerId", "Customer"),
     ("credits", "credits (key)"), ("share", "share (key)"), ("Feature", "Feature (key)")],
)  # fmt: skip
def test_a_key_has_a_column_name_that_nothing_else_has(key: str, name: str) -> None:
    assert key_name(key) == name


def test_a_page_draws_no_more_rows_than_it_should() -> None:
    frame = pl.DataFrame({"n": range(MOST_DRAWN + 1)})
    assert drawn(frame).height == MOST_DRAWN
