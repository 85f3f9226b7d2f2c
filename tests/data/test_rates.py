"""What usage costs: formulas that are read and never run, and exact amounts and values."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.credits.amounts import AmountError, decimal, to_credits, to_units
from data.credits.dimensions import KEY, dimension_text
from data.credits.rates import DEEPEST, FORMULA_LENGTH, FormulaError, Rate, formula

TOKENS = {"input": "1200", "output": 50, "ratio": "0.5", "a$b": 7, "_x1": Decimal("1.5")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", "7"),
        ("0.25", "0.25"),
        (".5", "0.5"),
        ("input", "1200"),
        ("a$b + _x1", "8.5"),
        ("1 + 2*3", "7"),
        ("2*3 + 1", "7"),
        ("(1 + 2)*3", "9"),
        ("10 - 3 - 2", "5"),
        ("10 - (3 - 2)", "9"),
        ("12/3/2", "2"),
        ("12/(3/2)", "8"),
        ("12/3*2", "8"),
        ("-3", "-3"),
        ("-3*2", "-6"),
        ("2*-3", "-6"),
        ("5 - -3", "8"),
        ("--3", "3"),
        ("-(1 + 2)*2", "-6"),
        ("((((1))))", "1"),
        ("((1 + 2)*(3 + 4))/(7*(2 - 1))", "3"),
        ("0.1 + 0.2", "0.3"),
        ("0.0025*input + 0.0075*output", "3.375"),
        ("1.1*model1_tokens + 5*output", "250"),
        ("\t1\n+\n1 ", "2"),
    ],
)
def test_a_formula_is_arithmetic_over_the_dimensions_of_one_event(text: str, value: str) -> None:
    assert formula(text)(TOKENS) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "dimensions"),
    [
        ("tokens", {}),
        ("tokens", {"tokens": "many"}),
        ("tokens", {"tokens": ""}),
        ("tokens", {"tokens": True}),
        ("tokens", {"tokens": None}),
        ("tokens", {"tokens": ["1"]}),
        ("tokens", {"tokens": "NaN"}),
        ("tokens", {"tokens": "-Infinity"}),
        ("tokens", {"Tokens": 5}),
        ("1/tokens", {}),
        ("1/0", {}),
        ("0/0", {}),
        ("5/(tokens - 3)", {"tokens": 3}),
    ],
)
def test_a_missing_dimension_and_a_division_by_zero_count_as_0(
    text: str, dimensions: dict[str, object]
) -> None:
    assert formula(text)(dimensions) == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read at 'its end'"),
        ("  ", "cannot be read at 'its end'"),
        ("1 +", "cannot be read at 'its end'"),
        ("(1 + 2", "cannot be read at 'its end'"),
        ("1 + 2)", "cannot be read at ')'"),
        ("()", "cannot be read at ')'"),
        ("1 2", "cannot be read at '2'"),
        ("2input", "cannot be read at 'input'"),
        ("1e5", "cannot be read at 'e5'"),
        ("+1", "cannot be read at '+'"),
        ("1 */ 2", "cannot be read at '/'"),
        ("max(1, 2)", "unknown character at 6"),
        ("1.", "unknown character at 2"),
        ("1.2.3", "cannot be read at '.3'"),
        ("2^3", "unknown character at 2"),
        ("a % b", "unknown character at 2"),
        ("tokens['a']", "unknown character at 7"),
        ("1 == 1", "unknown character at 2"),
        ("é + 1", "unknown character at 1"),
    ],
)
def test_a_formula_that_cannot_be_read_is_refused_where_it_breaks(text: str, sentence: str) -> None:
    with pytest.raises(FormulaError) as refused:
        formula(text)
    assert str(refused.value).startswith(f"The formula {text!r} ")
    assert sentence in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_refused_formula_says_what_would_be_accepted() -> None:
    with pytest.raises(FormulaError) as refused:
        formula("1 +")
    assert str(refused.value).endswith(
        "numbers, dimension names, + - * / and parentheses are allowed."
    )


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('exit 1')",
        "open('/etc/passwd')",
        "(lambda: 1)()",
        "[1][0]",
        "exit()",
        "input.__class__",
    ],
)
def test_a_formula_is_never_executed(text: str) -> None:
    with pytest.raises(FormulaError):
        formula(text)


def test_names_of_python_are_but_dimensions() -> None:
    assert formula("exit + print")({}) == 0
    assert formula("exit + print")({"exit": 1, "print": 2}) == 3


def test_a_formula_has_a_longest_and_a_deepest_form() -> None:
    longest = "1" + "+1" * ((FORMULA_LENGTH - 1) // 2)
    assert formula(longest)({}) == len(longest) // 2 + 1
    with pytest.raises(FormulaError, match=f"{FORMULA_LENGTH} are allowed"):
        formula("1" * (FORMULA_LENGTH + 1))
    deepest = "(" * (DEEPEST - 1) + "1" + ")" * (DEEPEST - 1)
    assert formula(deepest)({}) == 1
    for nested in (f"({deepest})", "(" * 999, "-" * 999 + "1"):
        with pytest.raises(FormulaError, match=f"nests deeper than {DEEPEST} levels"):
            formula(nested)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="0123456789.+-*/() \tab_$é^\n", max_size=30))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    with suppress(FormulaError):
        assert formula(text)({"a": 2, "b": 3}).is_finite()


# Rates


def test_a_flat_rate_charges_each_unit_and_a_formula_decides_where_there_is_one() -> None:
    assert Rate("seats", "tokens", Decimal(25)).charge(Decimal("1.5"), {}) == Decimal("37.5")
    by_formula = Rate("chat", "tokens", Decimal(99), "0.002*input + 0.006*output")
    assert by_formula.charge(Decimal(7), TOKENS) == Decimal("2.7")


def test_units_given_back_are_credited() -> None:
    assert Rate("seats", "tokens", Decimal(25)).charge(Decimal(-2), {}) == -50


@pytest.mark.parametrize("size", ["1e13", "1e30", "1e999999", "1e9999999"])
def test_a_charge_that_no_amount_can_hold_is_refused_with_a_sentence(size: str) -> None:
    rate = Rate("chat", "tokens", cost_formula="2*input*input - input")
    with pytest.raises(AmountError) as refused:
        rate.charge(Decimal(1), {"input": size})
    assert str(refused.value).endswith(".")


# Amounts


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.0000005", "0.000001"),
        ("-0.0000005", "-0.000001"),
        ("0.00000049999999999999999999999", "0"),
        ("1.2345675", "1.234568"),
        ("1.2345665", "1.234567"),
        ("-1.2345675", "-1.234568"),
        (0.1, "0.1"),
        (1e-9, "0"),
        (3, "3"),
        ("999999999999.999999", "999999999999.999999"),
        ("-999999999999.9999994", "-999999999999.999999"),
    ],
)
def test_credits_round_half_away_from_zero_to_6_decimals(
    given: str | float | int, kept: str
) -> None:
    rounded = to_credits(given)
    assert rounded == Decimal(kept)
    assert rounded.as_tuple().exponent == -6


@pytest.mark.parametrize(
    "given", ["1000000000000", "-1e12", "999999999999.9999995", 1e300, "1e9999999", 10**30]
)
def test_credits_stay_below_what_a_column_of_18_digits_holds(given: str | float | int) -> None:
    with pytest.raises(AmountError) as refused:
        to_credits(given)
    assert str(refused.value) == f"{given} credits are too many: an amount stays below 10^12."


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.000005", "0.00001"),
        ("-0.000005", "-0.00001"),
        ("0.0000049", "0"),
        ("2.123455", "2.12346"),
        (2**53 - 1, "9007199254740991"),
        (-(2**53 - 1), "-9007199254740991"),
        ("34359738367.99999", "34359738367.99999"),
        ("34359738367.999999", "34359738368"),
        (2**35, "34359738368"),
        ("34359738368.000001", "34359738368"),
    ],
)
def test_units_round_half_away_from_zero_to_5_decimals(given: str | int, kept: str) -> None:
    rounded = to_units(given)
    assert rounded == Decimal(kept)
    assert rounded.as_tuple().exponent == -5


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (2**53, "±(2^53 − 1)"),
        (-(2**53), "±(2^53 − 1)"),
        ("9007199254740991.5", "±(2^53 − 1)"),
        ("1e9999999", "±(2^53 − 1)"),
        ("34359738368.5", "below 2^35"),
        ("-34359738368.00001", "below 2^35"),
    ],
)
def test_units_out_of_range_are_refused_with_the_limit(given: str | int, limit: str) -> None:
    with pytest.raises(AmountError) as refused:
        to_units(given)
    assert str(refused.value).startswith(f"{given} is out of range: ")
    assert limit in str(refused.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "'' is not a number."),
        ("ten", "'ten' is not a number."),
        (True, "True is not a number."),
        ("NaN", "'NaN' is not a finite number."),
        (float("inf"), "inf is not a finite number."),
    ],
)
def test_what_is_no_number_is_no_amount(given: str | float, sentence: str) -> None:
    with pytest.raises(AmountError) as refused:
        decimal(given)
    assert str(refused.value) == sentence


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.decimals(-(10**11), 10**11, allow_nan=False, places=9))
def test_rounding_moves_an_amount_by_half_a_step_at_most(number: Decimal) -> None:
    rounded = to_credits(number)
    assert abs(rounded - number) <= Decimal("0.0000005")
    assert to_credits(-number) == -rounded
    assert to_credits(rounded) == rounded


# Dimensions


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("gemini", "gemini"),
        ("", ""),
        (" 3.0 ", " 3.0 "),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (3.0, "3"),
        (-3.0, "-3"),
        (0.5, "0.5"),
        (Decimal("0.50"), "0.5"),
        (Decimal("1E+2"), "100"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (Decimal("0.12345678901234567890123456789012"), "0.12345678901234567890123456789012"),
        (2**64, "18446744073709551616"),
    ],
)
def test_a_value_has_one_text_however_its_number_was_written(value: str | float, text: str) -> None:
    assert dimension_text(value) == text


@pytest.mark.parametrize("key", ["model", "model_version", "a$b", "x-1", "_", "9"])
def test_keys_are_letters_digits_and_three_signs(key: str) -> None:
    assert KEY.fullmatch(key)


@pytest.mark.parametrize("key", ["", "a b", "a.b", "modèle", "model\n", "a'b", "a;b"])
def test_other_keys_are_refused(key: str) -> None:
    assert not KEY.fullmatch(key)
