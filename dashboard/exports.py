"""Exports: what is shown, as CSV, Excel or Parquet, with where it came from in the file."""

from collections.abc import Mapping
from io import BytesIO

import polars as pl
import xlsxwriter

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

About = Mapping[str, str]
"""Scope, source, time of the data: what the file says of itself."""


def to_csv(frame: pl.DataFrame, about: About) -> bytes:
    """Lines of `# name: value` and then the table."""
    head = "".join(f"# {name}: {_one_line(value)}\n" for name, value in about.items())
    return head.encode() + _harmless(frame).write_csv().encode()


def to_excel(frame: pl.DataFrame, about: About) -> bytes:
    """A workbook with the sheets Data and About."""
    out = BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        _harmless(frame).write_excel(book, worksheet="Data", autofit=True)
        sheet = book.add_worksheet("About")
        for row, (name, value) in enumerate(about.items()):
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, value)
    return out.getvalue()


def to_parquet(frame: pl.DataFrame, about: About) -> bytes:
    """Values exactly as they are, `about` as the file's own metadata."""
    out = BytesIO()
    frame.write_parquet(out, metadata=dict(about))
    return out.getvalue()


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula get an apostrophe before them."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    starts = [pl.col(name).str.starts_with(start) for name in texts for start in FORMULA_STARTS]
    guarded = []
    for position, name in enumerate(texts):
        mine = starts[position * len(FORMULA_STARTS) : (position + 1) * len(FORMULA_STARTS)]
        is_formula = pl.any_horizontal(mine)
        guarded.append(pl.when(is_formula).then("'" + pl.col(name)).otherwise(name).alias(name))
    names = {name: f"'{name}" for name in frame.columns if name.startswith(FORMULA_STARTS)}
    return frame.with_columns(guarded).rename(names)


def _one_line(text: str) -> str:
    return " ".join(text.split())
