"""The ledger from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document, given
from queries.extracted import check_scope
from queries.ledger import (
    EVENT,
    LEFT,
    MOST_ROWS,
    SCHEMA,
    EventRows,
    LedgerEvent,
    LedgerPage,
    LeftThen,
    WrittenSince,
)
from queries.question import CannotAnswer, QuestionError
from queries.usage import FEATURE

Page = tuple[pl.DataFrame, bool, str | None]


def read(question: LedgerPage, extract: Extract) -> Page:
    """(the rows, whether there are more, where the next page begins)."""
    pool = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    parameters = pool | {
        "below": _row_number(question.place),
        "types": list(question.types) or None,
        "grant_id": question.grant_id,
        "features": question.feature_id and _feature_keys(question.feature_id, extract),
        **_as_kept(question.event_id, extract),
        "since": question.span and question.span.start,
        "until": question.span and question.span.end,
        "most_rows": question.count + 1,
    }
    found = extract.read(document("ledger/ledger.sql"), parameters).cast(SCHEMA)
    rows, is_cut = found.head(question.count), found.height > question.count
    return rows, is_cut, rows["place"][-1] if is_cut else None


def event(question: LedgerEvent, extract: Extract) -> pl.DataFrame:
    scope = check_scope(extract, question.customer_id, None, question.resource_id)
    path = "ledger/event.sql"
    numbers = extract.event_numbers(question.event_id)
    parameters = given(path, scope | {"event_id": question.event_id, "numbers": numbers})
    return extract.read(document(path), parameters).cast(EVENT)


def rows_of_event(question: EventRows, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the rows, whether there are more than can be asked for)"""
    _row_number(question.place)
    pool = (question.customer_id, question.currency_id, question.resource_id)
    rows, is_cut, _ = read(LedgerPage(*pool, event_id=question.event_id, count=MOST_ROWS), extract)
    return rows, is_cut


def left(question: LeftThen, extract: Extract) -> pl.DataFrame:
    pool = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    parameters = pool | {"place": _row_number(question.place)}
    return extract.read(document("ledger/left.sql"), parameters).cast(LEFT)


def written_since(question: WrittenSince, extract: Extract) -> pl.DataFrame:  # noqa: ARG001  # it has no answer
    raise CannotAnswer(
        "Nothing is written to an extract while it is asked: choose the live source, which is the "
        "metering API."
    )


def _as_kept(event_id: str | None, extract: Extract) -> dict[str, object]:
    """The event's id as the ledger has it: a number, or a text."""
    number = None if event_id is None else extract.ledger_number(event_id)
    return {"event_number": number, "event_text": event_id if number is None else None}


def _feature_keys(feature_id: str, extract: Extract) -> list[int]:
    """Its key, if the extract has it."""
    found = extract.values(FEATURE).filter(pl.col("value") == feature_id)
    return found["code"].to_list()


def _row_number(place: str | None) -> int | None:
    if place is None:
        return None
    if not place.isdecimal() or len(place) > 18:
        raise QuestionError(
            f"{place!r} is no place in this source's ledger. Begin with the newest rows."
        )
    return int(place)
