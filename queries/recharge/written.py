"""Auto-recharge settings as people write them: the texts of a form, read into terms."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from data.credits.recharge import ThresholdType
from queries.question import QuestionError
from queries.recharge.terms import AMOUNTS, Limits, Terms, amount_problem, wrong_with
from queries.written import Problem, plain_number

MISSING = {
    "threshold": "A threshold is missing: the balance below which credits are bought.",
    "target": "A target is missing: the balance up to which credits are bought.",
    "cap": "A cap is missing: switch it off to spend without one.",
}


def read_terms(
    texts: Mapping[str, str], limits: Limits
) -> tuple[Terms | None, tuple[Problem, ...]]:
    """(the terms, or None where a text cannot be read; everything that is wrong with them).

    texts: field of `Terms` → text; without a text for `cap` there is no cap.
    """
    problems: list[Problem] = []
    read: dict[str, Any] = dict(texts) | {"cap": None}
    for column in AMOUNTS:
        if column not in texts:
            continue
        is_money = column == "cap" or (
            column == "threshold" and texts["threshold_type"] == ThresholdType.DOLLARS
        )
        amount, problem = _amount(column, texts[column].strip(), is_money=is_money)
        read[column] = amount
        if problem is not None:
            problems.append(problem)
    if problems:
        return None, tuple(problems)
    terms = Terms(**read)
    return terms, wrong_with(terms, limits)


def _amount(column: str, text: str, *, is_money: bool) -> tuple[Decimal | None, Problem | None]:
    if not text:
        return None, Problem(column, MISSING[column], is_missing=True)
    try:
        amount = plain_number(text)
    except QuestionError as error:
        return None, Problem(column, str(error))
    return amount, amount_problem(column, amount, is_money=is_money)
