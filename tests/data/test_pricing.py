"""The arithmetic of money: every case reckoned by hand, and the rules that always hold."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.credits.discounts import AppliedDiscount, Discount, DiscountType, Duration, applied
from data.credits.invoices import (
    Invoice,
    PeriodPrice,
    Tax,
    change,
    invoice,
    period_price,
    unused,
)
from data.credits.money import CURRENCIES, in_minor_units, to_money
from data.credits.months import add_months
from data.credits.periods import Period, first_period, period_at
from data.credits.prices import Tier, TiersMode, per_unit, tiered

SECOND = timedelta(seconds=1)
D = Decimal


def day(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Rounding


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "USD", "1.01"),
        ("1.0049999", "USD", "1.00"),
        ("-1.005", "USD", "-1.01"),
        ("0.5", "JPY", "1"),
        ("1499.49", "JPY", "1499"),
        ("0.0005", "BHD", "0.001"),
        ("2.12345", "KWD", "2.123"),
    ],
)
def test_money_is_rounded_half_away_from_zero_to_the_minor_unit(
    amount: str, currency: str, rounded: str
) -> None:
    assert str(to_money(D(amount), currency)) == rounded


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("99", "USD", 9900), ("4.8", "EUR", 480), ("15000", "JPY", 15000), ("1.5", "KWD", 1500)],
)
def test_minor_units_are_cents_or_whole_yen(amount: str, currency: str, minor: int) -> None:
    assert in_minor_units(D(amount), currency) == minor


# Quantities

STEPS = (Tier(D(4), D(10)), Tier(D(3), D(50)), Tier(D(2)))
FEES = (Tier(D(1), D(5), D(10)), Tier(D("0.5"), None, D(20)))


@pytest.mark.parametrize(
    ("quantity", "mode", "tiers", "cost"),
    [
        (0, TiersMode.GRADUATED, STEPS, "0"),
        (1, TiersMode.GRADUATED, STEPS, "4"),
        (10, TiersMode.GRADUATED, STEPS, "40"),
        (11, TiersMode.GRADUATED, STEPS, "43"),
        (50, TiersMode.GRADUATED, STEPS, "160"),
        (51, TiersMode.GRADUATED, STEPS, "162"),
        (0, TiersMode.VOLUME, STEPS, "0"),
        (10, TiersMode.VOLUME, STEPS, "40"),
        (11, TiersMode.VOLUME, STEPS, "33"),
        (50, TiersMode.VOLUME, STEPS, "150"),
        (51, TiersMode.VOLUME, STEPS, "102"),
        (0, TiersMode.GRADUATED, FEES, "0"),
        (5, TiersMode.GRADUATED, FEES, "15"),
        (6, TiersMode.GRADUATED, FEES, "35.5"),
        (5, TiersMode.VOLUME, FEES, "15"),
        (6, TiersMode.VOLUME, FEES, "23.0"),
    ],
)
def test_a_tier_reaches_up_to_its_edge_and_not_beyond(
    quantity: int, mode: TiersMode, tiers: tuple[Tier, ...], cost: str
) -> None:
    assert tiered(D(quantity), tiers, mode) == D(cost)


@pytest.mark.parametrize(("quantity", "cost"), [(0, "0"), (1, "5"), (3, "15")])
def test_units_cost_their_number_times_the_price(quantity: int, cost: str) -> None:
    assert per_unit(D(quantity), D(5)) == D(cost)


# Periods


@pytest.mark.parametrize(
    ("anchor", "months", "at", "start", "end"),
    [
        ("2026-01-31", 1, "2026-01-31", "2026-01-31", "2026-02-28"),
        ("2026-01-31", 1, "2026-02-27T23:59:59", "2026-01-31", "2026-02-28"),
        ("2026-01-31", 1, "2026-02-28", "2026-02-28", "2026-03-31"),
        ("2026-01-31", 1, "2026-03-30", "2026-02-28", "2026-03-31"),
        ("2026-01-31", 1, "2026-03-31", "2026-03-31", "2026-04-30"),
        ("2024-01-31", 1, "2024-02-29", "2024-02-29", "2024-03-31"),
        ("2025-12-31", 1, "2026-01-01", "2025-12-31", "2026-01-31"),
        ("2026-04-15T12:00:00", 1, "2026-05-15T11:59:59", "2026-04-15T12:00:00",
         "2026-05-15T12:00:00"),
        ("2024-02-29", 12, "2025-02-28", "2025-02-28", "2026-02-28"),
        ("2024-02-29", 12, "2028-03-01", "2028-02-29", "2029-02-28"),
        ("2026-05-20", 12, "2026-12-31", "2026-05-20", "2027-05-20"),
        ("2026-05-20", 1, "2026-05-01", "2026-05-20", "2026-06-20"),
    ],
)  # fmt: skip
def test_a_period_begins_on_the_anchors_day_or_the_months_last(
    anchor: str, months: int, at: str, start: str, end: str
) -> None:
    assert period_at(day(anchor), months, day(at)) == Period(day(start), day(end))


# Proration


@pytest.mark.parametrize(
    ("amount", "currency", "start", "months", "at", "left"),
    [
        ("30", "USD", "2026-04-01", 1, "2026-04-16", "15.00"),
        ("31", "USD", "2026-05-01", 1, "2026-05-02", "30.00"),
        ("28", "USD", "2026-02-01", 1, "2026-02-15", "14.00"),
        ("29", "USD", "2024-02-01", 1, "2024-02-29", "1.00"),
        ("28", "USD", "2026-01-31", 1, "2026-02-14", "14.00"),
        ("28", "USD", "2026-02-28", 1, "2026-03-01", "27.00"),
        ("100", "USD", "2026-04-01", 1, "2026-04-01", "100.00"),
        ("100", "USD", "2026-04-01", 1, "2026-05-01", "0.00"),
        ("100", "USD", "2026-04-01", 1, "2026-03-01", "100.00"),
        ("100", "USD", "2026-04-01", 1, "2026-06-01", "0.00"),
        ("100", "USD", "2026-04-01", 1, "2026-04-01T00:00:01", "100.00"),
        ("1000000", "USD", "2026-04-01", 1, "2026-04-01T00:00:01", "999999.61"),
        ("1000000", "USD", "2026-04-01", 1, "2026-04-30T23:59:59", "0.39"),
        ("10", "USD", "2026-04-01", 1, "2026-04-11", "6.67"),
        ("1000", "JPY", "2026-04-01", 1, "2026-04-11", "667"),
        ("10", "BHD", "2026-04-01", 1, "2026-04-11", "6.667"),
        ("365", "USD", "2026-01-01", 12, "2026-12-31", "1.00"),
        ("366", "USD", "2024-01-01", 12, "2024-02-29", "307.00"),
        ("0", "USD", "2026-04-01", 1, "2026-04-11", "0.00"),
    ],
)
def test_what_is_left_of_a_period_costs_its_part_by_the_second(
    amount: str, currency: str, start: str, months: int, at: str, left: str
) -> None:
    price = PeriodPrice(currency, D(amount), D(0), D(0))
    assert str(unused(price, first_period(day(start), months), day(at))) == left


def test_a_second_counts_once_it_is_over() -> None:
    period = first_period(day("2026-04-01T00:00:00.500000"), 1)
    assert period.seconds_left(period.start + SECOND - timedelta(microseconds=1)) == period.seconds
    assert period.seconds_left(period.start + SECOND) == period.seconds - 1


APRIL = first_period(day("2026-04-01"), 1)


@pytest.mark.parametrize(
    ("old", "new", "at", "credit", "debit", "due", "kept"),
    [
        ("100", "200", "2026-04-16", "50.00", "100.00", "50.00", "0"),
        ("200", "100", "2026-04-16", "100.00", "50.00", "0", "50.00"),
        ("100", "100", "2026-04-16", "50.00", "50.00", "0", "0"),
        ("15", "0", "2026-04-11", "10.00", "0.00", "0", "10.00"),
        ("0", "15", "2026-04-11", "0.00", "10.00", "10.00", "0"),
        ("99.99", "199.99", "2026-04-21", "33.33", "66.66", "33.33", "0"),
        ("100", "200", "2026-04-01", "100.00", "200.00", "100.00", "0"),
        ("100", "200", "2026-05-01", "0.00", "0.00", "0", "0"),
    ],
)
def test_a_change_credits_the_unused_and_debits_the_rest(
    old: str, new: str, at: str, credit: str, debit: str, due: str, kept: str
) -> None:
    paid = period_price("USD", [D(old)])
    made, invoiced = change(
        period_price("USD", [D(new)]), APRIL, day(at), unused(paid, APRIL, day(at))
    )
    assert (made.credit, made.debit, made.kept) == (D(credit), D(debit), D(kept))
    assert made.net == D(debit) - D(credit)
    assert invoiced.total == invoiced.sub_total == D(due)


# Discounts


@pytest.mark.parametrize(
    ("percent", "amount", "currency", "off"),
    [
        ("50", "129", "USD", "64.50"),
        ("33.3333", "10", "USD", "3.33"),
        ("12.5", "999", "JPY", "125"),
        ("50", "0.01", "USD", "0.01"),
        ("100", "129", "USD", "129.00"),
        ("10", "0", "USD", "0.00"),
        ("15", "1.111", "BHD", "0.167"),
    ],
)
def test_a_percentage_is_rounded_to_the_minor_unit(
    percent: str, amount: str, currency: str, off: str
) -> None:
    discount = Discount(D(percent))
    assert discount.type is DiscountType.PERCENTAGE
    assert str(discount.off(D(amount), currency)) == off


@pytest.mark.parametrize(("amount", "off"), [("129", "20"), ("20", "20"), ("19.99", "19.99")])
def test_a_fixed_discount_takes_off_no_more_than_there_is(amount: str, off: str) -> None:
    discount = Discount(None, {"USD": D(20)})
    assert discount.type is DiscountType.FIXED
    assert discount.off(D(amount), "USD") == D(off)


@pytest.mark.parametrize(
    ("duration", "months", "period_months", "covered"),
    [
        (Duration.ONCE, None, 1, [True, False, False, False, False]),
        (Duration.ONCE, None, 12, [True, False, False, False, False]),
        (Duration.REPEATING, 3, 1, [True, True, True, False, False]),
        (Duration.REPEATING, 3, 12, [True, False, False, False, False]),
        (Duration.REPEATING, 13, 12, [True, True, False, False, False]),
        (Duration.FOREVER, None, 1, [True, True, True, True, True]),
    ],
)
def test_a_discount_covers_the_periods_that_begin_within_its_duration(
    duration: Duration, months: int | None, period_months: int, covered: list[bool]
) -> None:
    start = day("2026-01-31")
    made = applied(
        Discount(D(50), duration=duration, months=months),
        start,
        first_period(start, period_months),
    )
    begins = [add_months(start, number * period_months) for number in range(5)]
    assert [made.covers(at) for at in begins] == covered


def test_a_discount_covers_nothing_before_it_starts() -> None:
    made = AppliedDiscount(Discount(D(50)), day("2026-05-01"), None)
    assert not made.covers(day("2026-04-30T23:59:59"))


# Invoices


@pytest.mark.parametrize(
    ("lines", "minimum", "percent", "tax", "amounts"),
    [
        # sub total, adjustment, discount, tax, total, total excluding tax
        (["99", "10", "20"], "0", None, None, "129 0 0 0 129 129"),
        (["99", "10", "20"], "0", "50", None, "129 0 64.50 0 64.50 64.50"),
        (["300"], "550", None, None, "550 250 0 0 550 550"),
        (["550"], "550", None, None, "550 0 0 0 550 550"),
        (["600"], "550", None, None, "600 0 0 0 600 600"),
        (["300"], "550", "50", None, "550 250 275 0 275 275"),
        (["100"], "0", None, Tax("VAT", D(19)), "100 0 0 19 119 100"),
        (["110"], "0", None, Tax("VAT", D(10), True), "110 0 0 10 110 100"),
        (["200"], "0", "50", Tax("VAT", D(19)), "200 0 100 19 119 100"),
        (["220"], "0", "50", Tax("VAT", D(10), True), "220 0 110 10 110 100"),
        (["0.03"], "0", None, Tax("VAT", D(20)), "0.03 0 0 0.01 0.04 0.03"),
        (["0.015", "0.015"], "0", None, None, "0.04 0 0 0 0.04 0.04"),
        (["300"], "550", "100", Tax("VAT", D(19)), "550 250 550 0 0 0"),
        ([], "0", None, Tax("VAT", D(19)), "0 0 0 0 0 0"),
    ],
)
def test_an_invoice_is_lines_minimum_discount_tax_total_in_this_order(
    lines: list[str], minimum: str, percent: str | None, tax: Tax | None, amounts: str
) -> None:
    discount = Discount(D(percent)) if percent else None
    made = invoice(period_price("USD", map(D, lines), D(minimum), discount), tax)
    assert told(made) == [D(amount) for amount in amounts.split()]


@pytest.mark.parametrize(
    ("currency", "amount", "tax", "expected"),
    [
        ("JPY", "999", Tax("JCT", D(10), True), "91"),
        ("JPY", "999", Tax("JCT", D(10)), "100"),
        ("BHD", "1.111", Tax("VAT", D(5)), "0.056"),
    ],
)
def test_tax_is_rounded_to_the_minor_unit_of_its_currency(
    currency: str, amount: str, tax: Tax, expected: str
) -> None:
    assert str(invoice(period_price(currency, [D(amount)]), tax).tax) == expected


def test_a_discount_given_with_a_change_is_off_what_is_due_for_it() -> None:
    old, new = (period_price("USD", [D(amount)]) for amount in (100, 200))
    half = day("2026-04-16")
    credit = unused(old, APRIL, half)
    _, made = change(new, APRIL, half, credit, discount=Discount(D(50)), tax=Tax("VAT", D(20)))
    assert told(made) == [50, 0, 25, 5, 30, 25]


def test_a_discount_that_it_was_sold_with_is_in_credit_and_debit() -> None:
    half_off = Discount(D(50))
    old, new = (period_price("USD", [D(amount)], discount=half_off) for amount in (100, 200))
    half = day("2026-04-16")
    made, invoiced = change(new, APRIL, half, unused(old, APRIL, half))
    assert (made.credit, made.debit) == (25, 50)
    assert told(invoiced) == [75, 0, 50, 0, 25, 25]


def told(made: Invoice) -> list[Any]:
    return [
        made.sub_total,
        made.minimum_spend_adjustment,
        made.discount,
        made.tax,
        made.total,
        made.total_excluding_tax,
    ]


# What always holds

codes = st.sampled_from(sorted(CURRENCIES))
prices = st.decimals(0, 10**7, places=4)
percents = st.decimals("0.01", 100, places=2)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))
taxes = st.none() | st.builds(Tax, st.just("VAT"), percents, st.booleans())
discounts = st.none() | percents.map(Discount)
fractions = st.floats(0, 1)


def within(period: Period, fraction: float) -> datetime:
    return period.start + int(period.seconds * fraction) * SECOND


@given(codes, st.lists(prices, max_size=5), prices, discounts, taxes)
def test_lines_add_up_and_no_amount_is_below_zero(
    currency: str,
    lines: list[Decimal],
    minimum: Decimal,
    discount: Discount | None,
    tax: Tax | None,
) -> None:
    made = invoice(period_price(currency, lines, minimum, discount), tax)
    assert min(told(made)) >= 0
    assert made.sub_total == max(
        sum(to_money(line, currency) for line in lines), to_money(minimum, currency)
    )
    added = 0 if tax and tax.inclusive else made.tax
    assert made.total == made.sub_total - made.discount + added
    assert all(amount == to_money(amount, currency) for amount in told(made))


@given(codes, prices, prices, moments, st.sampled_from([1, 12]), fractions, discounts, taxes)
def test_a_change_never_bills_below_zero_and_keeps_what_it_cannot_use(
    currency: str,
    old: Decimal,
    new: Decimal,
    anchor: datetime,
    months: int,
    fraction: float,
    discount: Discount | None,
    tax: Tax | None,
) -> None:
    period = first_period(anchor, months)
    at = within(period, fraction)
    credit = unused(period_price(currency, [old]), period, at)
    made, invoiced = change(
        period_price(currency, [new]), period, at, credit, discount=discount, tax=tax
    )
    assert min(told(invoiced)) >= 0
    assert invoiced.sub_total - made.kept == made.net


@given(codes, prices, moments, st.sampled_from([1, 12]), fractions)
def test_the_unused_part_and_the_used_part_are_the_price_to_the_minor_unit(
    currency: str, amount: Decimal, anchor: datetime, months: int, fraction: float
) -> None:
    period = first_period(anchor, months)
    at = within(period, fraction)
    price = period_price(currency, [amount])
    elapsed = period.seconds - period.seconds_left(at)
    used = to_money(price.net * elapsed / period.seconds, currency)
    left = unused(price, period, at)
    assert abs(left + used - price.net) <= D(1).scaleb(-CURRENCIES[currency].digits)
    assert unused(price, period, period.start) == price.net
    assert unused(price, period, period.end) == 0


@given(moments, st.sampled_from([1, 12]), moments)
def test_periods_follow_each_other_without_a_gap(
    anchor: datetime, months: int, at: datetime
) -> None:
    period = period_at(anchor, months, at)
    assert period_at(anchor, months, period.end).start == period.end
    assert at < period.end
    assert period.start <= max(at, anchor)


@given(st.integers(0, 200), st.sampled_from([STEPS, FEES]))
def test_one_unit_more_of_graduated_tiers_costs_more(
    quantity: int, tiers: tuple[Tier, ...]
) -> None:
    more, less = (tiered(D(each), tiers, TiersMode.GRADUATED) for each in (quantity + 1, quantity))
    assert more > less
