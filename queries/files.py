"""Files of rows, as people hand them in: read whole, with everything that is wrong with them."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

import simplejson

from queries.question import QuestionError
from queries.written import Cells, Problem

MOST_DIGITS = 400
"""Of a number in JSON: a short 1e999999999 would fill the memory once it is written out."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the row that begins on a line of the file."""

    line: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Columns:
    """Which there must be and which there may be, in the order in which a reader is told them.

    `aliases` are other names for some of them.
    """

    required: Sequence[str]
    names: Sequence[str]
    aliases: Mapping[str, str]


Rows = Iterator[tuple[int, Cells | Problem]]
"""Each row with the line on which it begins, or what keeps it from being one."""


def mark_of(content: bytes) -> str:
    """The file's fingerprint: another content, another mark."""
    return sha256(content).hexdigest()


def row_key(mark: str, number: int) -> str:
    """The key of the row at that place, the first being 1: always the same for the same file."""
    return key_of(f"{mark} row {number}")


def key_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def text_of(content: bytes) -> str:
    """Raises QuestionError for what is no text, and for a file without any."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionError(
            f"The file is not UTF-8: byte {error.start + 1:,} cannot be read. Save it as "
            "“CSV UTF-8” and choose it again."
        ) from None
    if not text.strip():
        raise QuestionError("The file is empty. Download the template to see what belongs in it.")
    return text


def csv_rows(text: str, columns: Columns) -> Rows:
    """Empty lines are left out; raises QuestionError where the file is no CSV with such columns."""
    lines = _lines(text)
    header = _header(next(lines, (0, []))[1], columns)
    for line, cells in lines:
        if len(cells) == len(header):
            yield line, dict(zip(header, cells, strict=True))
            continue
        sentence = (
            f"This row has {len(cells)} cells and the first line {len(header)}. A text with a "
            "comma stands in double quotes."
        )
        yield line, Problem("", sentence)


def json_rows(text: str, columns: Columns, roots: Sequence[str]) -> Rows:
    """A list of objects, an object with one under one of `roots`, or an object on each line.

    In a list a row's line is its place, the first being 1.
    """
    try:
        whole = read_json(text)
    except QuestionError:
        if text.lstrip().startswith("["):
            raise
        whole = None
    listed = _listed(whole, roots)
    if listed is not None:
        for number, one in enumerate(listed, start=1):
            yield number, _cells(one, columns)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, _cells(read_json(line), columns)
            except QuestionError as error:
                yield number, Problem("", str(error))


def read_json(text: str) -> Any:
    """With exact numbers; raises QuestionError for what is no JSON, or names a key twice."""
    try:
        return simplejson.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except simplejson.JSONDecodeError as error:
        raise QuestionError(
            f"This cannot be read as JSON: {error.msg}, line {error.lineno} column {error.colno}."
        ) from None
    except RecursionError:
        raise QuestionError("This cannot be read as JSON: it is nested too deep.") from None


def _listed(whole: Any, roots: Sequence[str]) -> list[Any] | None:
    if isinstance(whole, dict) and len(whole) == 1 and next(iter(whole)) in roots:
        whole = next(iter(whole.values()))
        if not isinstance(whole, list):
            raise QuestionError("What is reported must be a list of objects.")
    if isinstance(whole, dict):
        whole = [whole]
    return whole if isinstance(whole, list) else None


def _cells(one: Any, columns: Columns) -> Cells | Problem:
    if not isinstance(one, dict):
        return Problem("", "This is no JSON object with the names of the columns.")
    named = [(columns.aliases.get(name, name), value) for name, value in one.items()]
    unknown = [repr(name) for name, _ in named if name not in columns.names]
    twice = [name for name, count in Counter(name for name, _ in named).items() if count > 1]
    if unknown or twice:
        said = f"has unknown names, namely {', '.join(unknown)}" if unknown else ""
        said = said or f"has twice {', '.join(twice)}"
        return Problem("", f"This row {said}. The names are {', '.join(columns.names)}.")
    return {name: _text(value) for name, value in named}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if isinstance(value, str) else simplejson.dumps(value, use_decimal=True)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise QuestionError(f"A number has at most {MOST_DIGITS} digits; one here has more.")
    return number


def _no_number(text: str) -> None:
    raise QuestionError(f"{text} is no number that JSON has.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise QuestionError(f"An object here names {', '.join(map(repr, twice))} twice.")
    return dict(pairs)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins, empty ones left out."""
    reader, line = csv.reader(text.splitlines(keepends=True), strict=True), 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise QuestionError(f"Line {line:,} cannot be read as CSV: {error}.") from None


def _header(cells: Sequence[str], columns: Columns) -> list[str]:
    """The columns' names, or everything that is wrong with them."""
    written = [cell.strip() for cell in cells]
    if len(written) == 1 and (";" in written[0] or "\t" in written[0]):
        raise QuestionError("The columns must be separated by commas. Save the file as CSV UTF-8.")
    names = [columns.aliases.get(name, name) for name in written]
    wrong = {
        "misses": [name for name in columns.required if name not in names],
        "has unknown columns, namely": [repr(name) for name in names if name not in columns.names],
        "has twice": [name for name, count in Counter(names).items() if count > 1],
    }
    said = [f"{what} {', '.join(which)}" for what, which in wrong.items() if which]
    if said:
        raise QuestionError(
            f"The first line {'; it '.join(said)}. The columns are {', '.join(columns.names)}."
        )
    return names
