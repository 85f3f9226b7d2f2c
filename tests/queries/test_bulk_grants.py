"""Many grants from one file: read whole or not at all, and each row once however often it runs."""

from datetime import datetime
from decimal import Decimal

import pytest

from queries.command import Role
from queries.files import row_key
from queries.grants.bulk import (
    COLUMNS,
    MOST_ROWS,
    TEMPLATE,
    Known,
    listed,
    read_bulk,
    totals,
    unknown,
)
from queries.question import QuestionError

HEADER = ",".join(COLUMNS)
GOOD = "acme,ai-tokens,,PROMOTIONAL,Welcome,500,,,,,,"
KNOWN = Known({"acme", "zenith"}, {"ai-tokens"}, {"acme": {"workspace"}})


def file(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def flaws(*rows: str) -> list[tuple[int, str, str]]:
    found = read_bulk(file(*rows)).flaws
    return [(flaw.line, flaw.problem.column, flaw.problem.sentence) for flaw in found]


def test_the_template_is_a_file_without_flaws() -> None:
    bulk = read_bulk(TEMPLATE.encode())
    assert bulk.flaws == ()
    gift, pack = [row.command for row in bulk.rows]
    assert (gift.grant_type, gift.amount, gift.cost, gift.effective_at) == (
        "PROMOTIONAL", Decimal(500), Decimal(0), None,
    )  # fmt: skip
    assert (pack.cost, pack.expire_at) == (Decimal(400), None)
    assert gift.expire_at == datetime(2026, 12, 31)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf \n", "The file is empty"),
        (HEADER.encode(), "a header and no rows"),
        ("Grüße".encode("latin-1"), "not UTF-8: byte 3 cannot be read"),
        (HEADER.encode("utf-16"), "not UTF-8: byte 1 "),
        (file(GOOD, header="customer_id,amount"), "misses currency_id, grant_type, display_name"),
        (file(GOOD, header=f"{HEADER},colour"), "unknown columns, namely 'colour'"),
        (file(GOOD, header=f"{HEADER},amount"), "has twice amount"),
        (file(GOOD, header=HEADER.replace(",", ";")), "separated by commas"),
        (file('acme,"ai'), "Line 2 cannot be read as CSV"),
        (file(*[GOOD] * (MOST_ROWS + 1)), "more than 1,000 rows"),
    ],
)
def test_a_file_that_is_none_says_why(content: bytes, sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        read_bulk(content)


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [
        (",ai-tokens,,PAID,Pack,1,,,,,,", "customer_id", "A customer id is missing."),
        ('acme,ai-tokens,,PAID,Pack,"1,000",,,,,,', "amount", "'1,000' is not a plain number"),
        ('acme,ai-tokens,,PAID,Pack,"1.000,5",,,,,,', "amount", "without thousands separators"),
        ("acme,ai-tokens,,PAID,Pack,1e3,,,,,,", "amount", "'1e3' is not a plain number"),
        ("acme,ai-tokens,,PAID,Pack,١,,,,,,", "amount", "is not a plain number"),
        ("acme,ai-tokens,,PAID,Pack,1,$5,,,,,", "cost", "'$5' is not a plain number"),
        ("acme,ai-tokens,,PAID,Pack,1,,,high,,,", "priority", "'high' is no priority"),
        ("acme,ai-tokens,,PAID,Pack,1,,,,31/05/2026,,", "effective_at", "without a zone it is UTC"),
        ("acme,ai-tokens,,PAID,Pack,1,,,,,0001-01-01T00:00+05:00,", "expire_at", "is not a date"),
        ("acme,ai-tokens,,PAID,Pack,1,,,,,9999-12-31,", "expire_at", "from 1970 to 2199"),
        ("acme,ai-tokens,,GIFT,Pack,1,,,,,,", "", "cannot be made as GIFT"),
        ("acme,ai-tokens,,PAID,Pack,0,,,,,,", "", "above 0"),
        ("acme,ai-tokens,,PROMOTIONAL,Pack,1,5,,,,,", "", "A promotional grant costs nothing"),
        ("acme,ai-tokens,,PAID,Pack,1,5,XXX,,,,", "", "'XXX' is no currency here"),
        ("acme,ai-tokens,,PAID,Pack,1,,,,2026-06-01,2026-05-01,", "", "before it takes effect"),
        ("acme,ai-tokens,,PAID,Pack", "", "This row has 5 cells and the first line 12"),
    ],
)
def test_a_row_that_cannot_be_made_says_why(row: str, column: str, sentence: str) -> None:
    [(line, at, said)] = flaws(GOOD, row)
    assert (line, at) == (3, column)
    assert sentence in said


def test_every_flaw_of_every_row_is_listed_with_its_line() -> None:
    found = flaws("acme,ai-tokens,,PAID,,x,y,,,,,", GOOD, "", ",,,,,,,,z,,,")
    assert [(line, column) for line, column, _ in found] == [
        (2, "display_name"), (2, "amount"), (2, "cost"),
        (5, "customer_id"), (5, "currency_id"), (5, "grant_type"), (5, "display_name"),
        (5, "amount"), (5, "priority"),
    ]  # fmt: skip


def test_a_cell_over_several_lines_counts_them() -> None:
    bulk = read_bulk(file(GOOD.replace("Welcome", '"Wel\ncome"'), GOOD))
    assert [row.line for row in bulk.rows] == [2, 4]


def test_what_looks_like_a_formula_is_just_text() -> None:
    [row] = read_bulk(file('acme,ai-tokens,,PAID,=1+1,5,,,,,,"@SUM(A1)"')).rows
    assert (row.command.display_name, row.command.comment) == ("=1+1", "@SUM(A1)")


def test_columns_that_are_left_out_are_as_if_empty() -> None:
    header = "amount,display_name,grant_type,currency_id,customer_id"
    [row] = read_bulk(file("5,Gift,promotional,ai-tokens,acme", header=header)).rows
    assert (row.command.grant_type, row.command.priority) == ("PROMOTIONAL", 50)
    assert row.command.comment is None


def test_times_with_a_zone_are_turned_into_utc_and_others_are_utc() -> None:
    rows = "acme,ai-tokens,,PAID,Pack,1,,,,2026-05-31T14:30+02:00,2026-06-30T12:00,"
    [row] = read_bulk(file(rows)).rows
    assert row.command.effective_at == datetime(2026, 5, 31, 12, 30)
    assert row.command.expire_at == datetime(2026, 6, 30, 12)


def test_what_the_rows_name_and_there_is_not_is_a_flaw() -> None:
    bulk = read_bulk(
        file(
            GOOD,
            GOOD.replace("acme", "nobody"),
            GOOD.replace("ai-tokens,", "doubloons,"),
            GOOD.replace("tokens,,", "tokens,elsewhere,"),
            GOOD.replace("tokens,,", "tokens,workspace,"),
        )
    )
    assert [(f.line, f.problem.sentence) for f in unknown(bulk, KNOWN)] == [
        (3, "There is no customer 'nobody'."),
        (4, "There is no currency 'doubloons'."),
        (5, "acme has no resource 'elsewhere'."),
    ]


def test_equal_rows_are_different_grants_and_the_same_file_is_the_same_grants() -> None:
    once, again = read_bulk(file(GOOD, GOOD)), read_bulk(file(GOOD, GOOD))
    keys = [row.command.key for row in once.rows]
    assert len(set(keys)) == 2
    assert keys == [row.command.key for row in again.rows]
    assert keys == [row_key(once.mark, 1), row_key(once.mark, 2)]
    other = read_bulk(file(GOOD, GOOD.replace("500", "501")))
    assert set(keys).isdisjoint(row.command.key for row in other.rows)


def test_a_file_takes_the_role_of_its_most_demanding_row() -> None:
    assert read_bulk(file(GOOD)).needs is Role.SUPPORT
    assert read_bulk(file(GOOD, GOOD.replace("PROMOTIONAL", "PAID"))).needs is Role.BILLING


def test_the_totals_are_the_sums_of_the_rows_by_type_and_currency() -> None:
    paid = "zenith,ai-tokens,,PAID,Pack,0.1,{},{},,,,"
    rows = read_bulk(file(GOOD, GOOD, paid.format(5, "USD"), paid.format("5.5", "EUR"))).rows
    summed = totals(rows)
    assert summed.select("grant_type", "grants", "customers", "cost_currency").rows() == [
        ("PAID", 1, 1, "EUR"), ("PAID", 1, 1, "USD"), ("PROMOTIONAL", 2, 1, "USD"),
    ]  # fmt: skip
    assert summed["credits"].to_list() == [Decimal("0.1"), Decimal("0.1"), Decimal(1000)]
    assert summed["cost"].to_list() == [Decimal("5.5"), Decimal(5), Decimal(0)]
    assert listed(rows)["line"].to_list() == [2, 3, 4, 5]
