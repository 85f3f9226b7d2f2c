"""What a question is, what it is asked of, and what comes back."""

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from data.extract.duckdb import Extract
from data.metering.client import MeteringClient

CUSTOMER_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_|.@-]{0,254}")
OTHER_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_|.-]{0,254}")
COUNTRY = re.compile("[A-Z]{2}")


class QuestionError(ValueError):
    """A question that cannot be asked; the message is the sentence the user reads."""


class CannotAnswer(QuestionError):
    """This kind of source cannot answer the question; the message says which one can."""


class Unchosen(QuestionError):
    """What the question is about has not been chosen yet; the message says what to choose."""


@dataclass(frozen=True, slots=True)
class Live:
    """A metering API, hosted or local."""

    client: MeteringClient
    name: str = "live"

    @property
    def identity(self) -> str:
        return f"live {self.client.url}"

    @property
    def ends_at(self) -> datetime | None:
        """Where its data ends, if that is not now."""
        return None


@dataclass(frozen=True, slots=True)
class Extracted:
    """The current version of a DuckDB extract."""

    extract: Extract
    name: str = "extract"

    @property
    def identity(self) -> str:
        return f"extract {self.extract.folder} {self.extract.version}"

    @property
    def ends_at(self) -> datetime | None:
        return self.extract.cut_off


Source = Live | Extracted


@dataclass(frozen=True, slots=True)
class Answer:
    """A frame, what it was asked of, and the time of the data in it (naive UTC)."""

    frame: pl.DataFrame
    source: str
    as_of: datetime
    is_cut: bool = False
    follows: str | None = None
    """Where the same question goes on, of those that come in pages; None at the end."""


def check_customer(customer_id: str | None) -> None:
    if customer_id is not None and not CUSTOMER_ID.fullmatch(customer_id):
        raise QuestionError(
            f"{customer_id!r} cannot be a customer id: letters, digits and _ | . @ - are allowed."
        )


def check_id(kind: str, value: str | None) -> None:
    if value is not None and not OTHER_ID.fullmatch(value):
        raise QuestionError(
            f"{value!r} cannot be a {kind} id: letters, digits and _ | . - are allowed."
        )


def check_country(country: str) -> None:
    if not COUNTRY.fullmatch(country):
        raise QuestionError(
            f"{country!r} is no country code: give its two capital letters, such as DE."
        )
