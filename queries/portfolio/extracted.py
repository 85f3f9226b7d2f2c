"""The portfolio from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.extracted import check_scope
from queries.portfolio import (
    GRANTS,
    MOST_ROWS,
    MOVES,
    RECHARGES,
    USE,
    AllCustomers,
    AllGrants,
    AllMoves,
    AllRecharges,
    AllUse,
)

Parameters = dict[str, object]


def customers(question: AllCustomers, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the customers, whether there are more)."""
    del question
    found = extract.read(document("portfolio/customers.sql"), {"most_rows": MOST_ROWS + 1})
    return found.head(MOST_ROWS), found.height > MOST_ROWS


def grants(question: AllGrants, extract: Extract) -> pl.DataFrame:
    given = _currency(question, extract)
    return extract.read(document("portfolio/grants.sql"), given).cast(GRANTS)


def recharges(question: AllRecharges, extract: Extract) -> pl.DataFrame:
    given = _currency(question, extract)
    return extract.read(document("portfolio/recharges.sql"), given).cast(RECHARGES)


def use(question: AllUse, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `AllUse` describes, whether rows were cut off)."""
    given = _buckets(question, extract) | {"most_rows": MOST_ROWS + 1}
    found = extract.read(document("portfolio/use.sql"), given).cast(USE)
    return found.head(MOST_ROWS), found.height > MOST_ROWS


def moves(question: AllMoves, extract: Extract) -> pl.DataFrame:
    given = _buckets(question, extract)
    return extract.read(document("portfolio/moves.sql"), given).cast(MOVES)


def _currency(
    question: AllGrants | AllRecharges | AllUse | AllMoves, extract: Extract
) -> Parameters:
    check_scope(extract, None, question.currency_id)
    customers = None if question.customers is None else list(question.customers)
    return {"currency_id": question.currency_id, "customers": customers}


def _buckets(question: AllUse | AllMoves, extract: Extract) -> Parameters:
    return _currency(question, extract) | {
        "since": question.span.start,
        "until": question.span.end,
        "cuts": question.cuts,
    }
