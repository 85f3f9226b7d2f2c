"""A JSON file read into dataclasses; an error names the line, the place and what would do.

The dataclasses are the format: a field's type says what is accepted, a default makes it optional,
`Annotated` adds a Rule or a Reference, and a ValueError of `__post_init__` is a sentence about the
whole entry.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Place = tuple[str | int, ...]

MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class CatalogueError(ValueError):
    """A catalogue file that cannot be used; the message names the place and what is expected."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be beside its type; `expected` completes "must be …"."""

    expected: str
    accepts: Callable[[Any], object] = lambda _: True


@dataclass(frozen=True, slots=True)
class Reference:
    """An id that a section of the file must list."""

    section: str


class Written:
    """One file: its values, the line of each, and the references met while they were read."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises CatalogueError when it is not there or not JSON."""
        self.name = path.name
        self.references: list[tuple[Place, str, str]] = []
        try:
            text = path.read_text(encoding="utf-8")
            self.document = json.loads(text, parse_float=Decimal)
        except OSError as error:
            raise CatalogueError(f"{path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise CatalogueError(f"{path} is not text in UTF-8.") from None
        except RecursionError:
            raise CatalogueError(f"{path} nests too deeply.") from None
        except json.JSONDecodeError as error:
            raise CatalogueError(f"{self.name}, line {error.lineno}: {error.msg}.") from None
        self.lines = self._lines(text)

    def fail(self, place: Place, sentence: str) -> NoReturn:
        where = f"{_dotted(place)} " if place else "The file "
        raise CatalogueError(f"{self.name}, line {self.lines[place]}: {where}{sentence}")

    def read(self, kind: type[T], place: Place = (), given: Any = MISSING) -> T:
        """An object of the file as a dataclass."""
        given = self.document if given is MISSING else given
        if not isinstance(given, dict):
            self._refuse(place, given, "an object")
        known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass
        for name in given:
            if name not in known:
                self.fail((*place, name), f"is not known here; allowed are {', '.join(known)}.")
        for name, field in known.items():
            has_default = field.default is not MISSING or field.default_factory is not MISSING
            if name not in given and not has_default:
                self.fail(place, f"lacks {name!r}.")
        hints = get_type_hints(kind, include_extras=True)
        values = {
            name: self._value(hints[name], (*place, name), value) for name, value in given.items()
        }
        try:
            return kind(**values)
        except ValueError as error:
            self.fail(place, str(error))

    def _value(self, hint: Any, place: Place, given: Any) -> Any:
        """A value of the file as the type says."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._annotated(hint, place, given)
        if origin in (Union, UnionType):
            (inner,) = (each for each in arguments if each is not NoneType)
            return None if given is None else self._value(inner, place, given)
        if origin is tuple:
            if not isinstance(given, list):
                self._refuse(place, given, "a list")
            return tuple(self._value(arguments[0], (*place, n), e) for n, e in enumerate(given))
        if origin is Mapping:
            if not isinstance(given, dict):
                self._refuse(place, given, "an object")
            return {name: self._value(arguments[1], (*place, name), given[name]) for name in given}
        if is_dataclass(hint):
            return self.read(hint, place, given)  # type: ignore[arg-type]  # a class, by its hint
        return self._single(hint, place, given)

    def _annotated(self, hint: Any, place: Place, given: Any) -> Any:
        rules = [note for note in hint.__metadata__ if isinstance(note, Rule)]
        expected = rules[0].expected if rules else None
        value = self._single(hint.__origin__, place, given, expected)
        for rule in rules:
            if not rule.accepts(value):
                self._refuse(place, given, rule.expected)
        for note in hint.__metadata__:
            if isinstance(note, Reference):
                self.references.append((place, note.section, value))
        return value

    def _single(self, kind: Any, place: Place, given: Any, expected: str | None = None) -> Any:
        if issubclass(kind, StrEnum):
            if given not in list(kind):
                self._refuse(place, given, f"one of {', '.join(kind)}")
            return kind(given)
        accepted, convert, words = SINGLE[kind]
        if isinstance(given, bool) != (kind is bool) or not isinstance(given, accepted):
            self._refuse(place, given, expected or words)
        try:
            return convert(given)
        except ValueError:
            self._refuse(place, given, expected or words)

    def _refuse(self, place: Place, given: Any, expected: str) -> NoReturn:
        is_decimal = isinstance(given, Decimal)
        shown = str(given) if is_decimal else json.dumps(given, default=str, ensure_ascii=False)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
        shown = shown.encode(errors="replace").decode()
        self.fail(place, f"must be {expected}, not {shown}.")

    def _lines(self, text: str) -> dict[Place, int]:
        """The line on which each value of a valid JSON text begins; a name given twice is refused.

        `place` leads to the value that comes next: of an object's members by their names, of a
        list's by their numbers, None where a member's name has still to come.
        """
        breaks = list(accumulate((line.count("\n") for line in MARK.split(text)), initial=1))
        lines: dict[Place, int] = {}
        place: list[Any] = []
        for line, mark in zip(breaks[1:], MARK.findall(text), strict=False):
            if mark in "}]":
                place.pop()
            elif mark == ",":
                place[-1] = place[-1] + 1 if isinstance(place[-1], int) else None
            elif place and place[-1] is None:
                place[-1] = json.loads(mark)
                if tuple(place) in lines:
                    self.lines = lines
                    self.fail(tuple(place), "is given twice.")
            elif mark != ":":
                lines[tuple(place)] = line
                if mark in "{[":
                    place.append(None if mark == "{" else 0)
        return lines


def _text(given: str) -> str:
    """The text; a ValueError for halves of characters, which no store can keep."""
    given.encode()
    return given


SINGLE: dict[Any, tuple[tuple[type, ...], Callable[[Any], Any], str]] = {
    str: ((str,), _text, "a text of whole characters"),
    bool: ((bool,), bool, "true or false"),
    int: ((int,), int, "a whole number"),
    Decimal: ((int, Decimal), Decimal, "a decimal number"),
    datetime: ((str,), datetime.fromisoformat, "a UTC time such as 2026-05-01T00:00:00"),
}


def _dotted(place: Place) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")
