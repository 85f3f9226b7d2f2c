"""Exports hold what is shown, exactly, with where it came from, and nothing that could run."""

import csv
import zipfile
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from xml.etree import ElementTree

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from usage_page import UsagePage

from dashboard.exports import FORMULA_STARTS, to_csv, to_excel, to_parquet

ABOUT = {
    "question": "credit usage",
    "customer": "customer-demo-01",
    "time of the data": "22 May 2026 14:35 UTC",
}
FRAME = pl.DataFrame(
    {
        "model": ["claude", "gpt, 4o", '"quoted"', "zwei\nZeilen", "größer ≥ 1", ""],
        "credits": [Decimal("21355.308000"), Decimal("-0.000001"), Decimal(0)] * 2,
        "events": [358, 0, -2] * 2,
        "share": [0.476956, 0.0, None] * 2,
    },
    schema_overrides={"credits": pl.Decimal(38, 6)},
)
FORMULAS = ["=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1", "=cmd|' /C calc'!a0"]
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_csv(written: bytes) -> tuple[list[str], list[list[str]]]:
    """(the lines about the table, the table's rows)."""
    text = written.decode()
    about = [line for line in text.splitlines() if line.startswith("# ")]
    table = text.split("\n", len(about))[-1]
    return about, list(csv.reader(StringIO(table, newline="")))


def read_excel(written: bytes) -> dict[str, list[list[str | float | None]]]:
    """sheet → rows; read with nothing but what the format is made of."""
    book = zipfile.ZipFile(BytesIO(written))
    texts = [
        "".join(t.text or "" for t in item.iter(f"{SHEET}t"))
        for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    ]
    names = [
        sheet.attrib["name"]
        for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{SHEET}sheet")
    ]
    return {
        name: [
            [_cell(cell, texts) for cell in row]
            for row in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(
                f"{SHEET}row"
            )
        ]
        for number, name in enumerate(names, start=1)
    }


def _cell(cell: ElementTree.Element, texts: list[str]) -> str | float | None:
    value = cell.find(f"{SHEET}v")
    if value is None or value.text is None:
        return None
    return texts[int(value.text)] if cell.attrib.get("t") == "s" else float(value.text)


def test_csv_holds_every_value_to_the_last_digit() -> None:
    _, [head, *rows] = read_csv(to_csv(FRAME, ABOUT))
    assert head == ["model", "credits", "events", "share"]
    assert rows[0] == ["claude", "21355.308000", "358", "0.476956"]
    assert [row[0] for row in rows] == FRAME["model"].to_list()
    assert [Decimal(row[1]) for row in rows] == FRAME["credits"].to_list()
    assert [int(row[2]) for row in rows] == FRAME["events"].to_list()
    assert [row[3] for row in rows[:3]] == ["0.476956", "0.0", ""]


def test_csv_begins_with_what_the_file_is_about() -> None:
    about, _ = read_csv(to_csv(FRAME, ABOUT))
    assert about == [f"# {name}: {value}" for name, value in ABOUT.items()]


def test_text_about_the_file_cannot_break_out_of_its_line() -> None:
    about, [head, *_] = read_csv(to_csv(FRAME, {"customer": "a\n=1+1\r\nb"}))
    assert about == ["# customer: a =1+1 b"]
    assert head[0] == "model"


def test_excel_has_the_data_and_what_it_is_about() -> None:
    sheets = read_excel(to_excel(FRAME, ABOUT))
    assert list(sheets) == ["Data", "About"]
    assert sheets["About"] == [[name, value] for name, value in ABOUT.items()]
    head, *rows = sheets["Data"]
    assert head == FRAME.columns
    assert [row[0] or "" for row in rows] == FRAME["model"].to_list()
    assert [Decimal(str(row[1])) for row in rows] == FRAME["credits"].to_list()
    assert [row[2] for row in rows] == FRAME["events"].to_list()


def test_parquet_holds_the_frame_as_it_is_and_what_it_is_about() -> None:
    written = to_parquet(FRAME, ABOUT)
    assert pl.read_parquet(BytesIO(written)).equals(FRAME)
    metadata = pl.read_parquet_metadata(BytesIO(written))
    assert ABOUT.items() <= metadata.items()


def test_an_empty_table_is_a_file_with_its_columns() -> None:
    empty = FRAME.clear()
    assert read_csv(to_csv(empty, ABOUT))[1] == [FRAME.columns]
    assert read_excel(to_excel(empty, ABOUT))["Data"][0] == FRAME.columns
    assert pl.read_parquet(BytesIO(to_parquet(empty, ABOUT))).schema == FRAME.schema


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_becomes_a_formula(formula: str) -> None:
    frame = pl.DataFrame({"model": [formula], "credits": [Decimal("-1.5")]})
    _, [_, [text, amount]] = read_csv(to_csv(frame, ABOUT))
    assert (text, amount) == (f"'{formula}", "-1.5")
    book = to_excel(frame, ABOUT)
    assert b"<f>" not in zipfile.ZipFile(BytesIO(book)).read("xl/worksheets/sheet1.xml")
    shown = read_excel(book)["Data"][1]
    assert str(shown[0]).startswith("'")
    assert shown[1] == -1.5


@given(st.lists(st.text(max_size=5), max_size=5))
def test_no_cell_of_a_csv_begins_as_a_formula_does(values: list[str]) -> None:
    text = to_csv(pl.DataFrame({"model": values}, {"model": pl.String}), {}).decode()
    for [cell] in csv.reader(StringIO(text.split("\n", 1)[1], newline="")):
        assert not cell.startswith(FORMULA_STARTS)


def test_parquet_keeps_texts_that_a_spreadsheet_would_run() -> None:
    frame = pl.DataFrame({"model": FORMULAS})
    assert pl.read_parquet(BytesIO(to_parquet(frame, ABOUT)))["model"].to_list() == FORMULAS


def test_an_address_in_a_value_does_not_become_a_link() -> None:
    frame = pl.DataFrame({"model": ["https://example.com/" + "a" * 2100, "https://example.com"]})
    book = to_excel(frame, ABOUT)
    assert [row[0] for row in read_excel(book)["Data"][1:]] == frame["model"].to_list()
    assert b"hyperlink" not in zipfile.ZipFile(BytesIO(book)).read("xl/worksheets/sheet1.xml")


def test_no_column_name_becomes_a_formula() -> None:
    frame = pl.DataFrame({"-sum": ["a"]})
    _, [head, _] = read_csv(to_csv(frame, ABOUT))
    assert not head[0].startswith(FORMULA_STARTS)


def test_the_page_exports_all_its_rows_and_says_where_they_came_from(
    visit: type[UsagePage],
) -> None:
    page = visit(
        customer="customer-demo-01", tz="Europe/Berlin", by="user_id", source="live",
        only="model:claude", without="team:",
    )  # fmt: skip
    buttons = [button.label for button in page.at.download_button]
    assert buttons == ["CSV", "Excel", "Parquet"]
    (shown, *_), _ = page.at.session_state["Credit usage shown"]
    assert shown.about() == {
        "question": "credit usage",
        "customer": "customer-demo-01",
        "pool": "customer-level pool",
        "currency": "ai-tokens",
        "from": "23 Apr 2026 00:00 Europe/Berlin",
        "to (exclusive)": "22 May 2026 17:00 Europe/Berlin",
        "bucket": "day",
        "time zone": "Europe/Berlin",
        "group by": "user_id",
        "filters": "model is claude; team is not (not set)",
        "source": "live",
        "time of the data": "22 May 2026 14:35 UTC",
        "complete": "yes",
    }
    assert shown.answer.as_of == datetime(2026, 5, 22, 14, 35, 20)
