"""What the Usage page has at hand to draw, and how it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from dashboard.asking import ask
from dashboard.controls.filters import filter_text
from dashboard.controls.period import Chosen
from dashboard.controls.scope import Scope
from dashboard.formats import day_span, moment
from dashboard.header import Header, read_header
from queries.balance import Balance
from queries.catalogue import Features
from queries.grants import Grants
from queries.question import Answer
from queries.time import Span, bucket_end, zone_of
from queries.usage import CUSTOMER, FEATURE, Filter, TopUsage, Usage
from queries.usage.available import available
from queries.usage.shape import NOT_SET, Group, cumulative, groups, over_time, whole_series

CUT = (
    "There are more groups than this page lists: the smallest are missing from the table and from "
    "the comparison, though not from the totals of this period. Choose fewer keys, or a filter."
)
KEY_NAMES = {FEATURE: "Feature", CUSTOMER: "Customer"}
AMOUNT_COLUMNS = (
    "credits", "share", "events", "per_event", "previous", "change", "change_ratio",
)  # fmt: skip
TAKEN = (*AMOUNT_COLUMNS, *KEY_NAMES.values())


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    asked: TopUsage
    answer: Answer
    previous_span: Span
    previous: pl.DataFrame | None
    """Totals by group of the previous period; None when nothing is compared."""
    names: Mapping[str, str]
    """feature_id → display name"""
    header: Header
    is_cut: bool
    """Whether rows of this period or of the previous were cut off."""
    available: tuple[Decimal, ...] = ()

    @property
    def question(self) -> Usage:
        return self.asked.usage

    @property
    def groups(self) -> pl.DataFrame:
        """Each group's credits and events in the period, the largest first."""
        return groups(self.answer.frame)

    @property
    def over_time(self) -> pl.DataFrame:
        """What all rows of the chart add up to."""
        return over_time(self.answer.frame)

    @property
    def unit(self) -> str:
        return self.scope.currency.unit

    @property
    def title(self) -> str:
        span = self.question.span
        return (
            f"usage of {self.header.whose}, {day_span(span.start, span.end, self.question.zone)}, "
            f"as of {moment(self.answer.as_of, self.question.zone)}"
        )

    def about(self) -> dict[str, str]:
        """What an export says of itself."""
        question = self.question
        zone = question.zone
        return {
            "question": "credit usage",
            "customer": question.customer_id or "all customers",
            "pool": question.resource_id or "customer-level pool",
            "currency": question.currency_id,
            "from": moment(question.span.start, zone),
            "to (exclusive)": moment(question.span.end, zone),
            "bucket": question.grain.value,
            "time zone": zone,
            "group by": ", ".join(question.by) or "nothing",
            "filters": "; ".join(filter_text(f) for f in question.filters) or "none",
            "source": self.answer.source,
            "time of the data": moment(self.answer.as_of, "UTC"),
            "complete": "no: rows were cut off" if self.is_cut else "yes",
        }

    def name_of(self, group: Group) -> str:
        """A group in words: its values, features by their display names."""
        return " · ".join(self.names.get(value, value) or NOT_SET for value in group)


def collect(
    scope: Scope,
    chosen: Chosen,
    by: tuple[str, ...],
    filters: tuple[Filter, ...],
    *,
    most: int,
    is_compared: bool,
    has_available: bool,
    turn: int,
) -> Shown:
    """Everything the page draws; raises where a question or a source fails."""
    question = Usage(
        scope.customer_id,
        scope.currency.currency_id,
        chosen.period.span,
        chosen.grain,
        scope.zone,
        scope.resource_id,
        by,
        filters,
    )
    asked = TopUsage(question, most)
    answer = ask(asked, scope.source, turn=turn)
    before = None
    if is_compared:
        before = ask(question.whole(chosen.period.previous), scope.source, turn=turn)
    line = _available(scope, asked, answer, turn) if has_available else ()
    return Shown(
        scope,
        asked,
        answer,
        chosen.period.previous,
        None if before is None else before.frame,
        dict(ask(Features(), scope.source).frame.iter_rows()),
        read_header(scope, answer, turn=turn),
        answer.is_cut or (before is not None and before.is_cut),
        line,
    )


def _available(scope: Scope, asked: TopUsage, answer: Answer, turn: int) -> tuple[Decimal, ...]:
    """The credits there were to use: only where the chart holds all use of one pool up to now."""
    question = asked.usage
    reaches_now = question.span.end > answer.as_of
    if question.customer_id is None or question.filters or not reaches_now:
        return ()
    of_pool = (question.customer_id, question.currency_id, question.resource_id)
    balance = ask(Balance(*of_pool), scope.source, turn=turn).frame
    whole = whole_series(answer.frame, asked)
    if not balance.height or not whole:
        return ()
    grants = ask(Grants(*of_pool), scope.source, turn=turn).frame
    ends = [bucket_end(cut, question.grain, zone_of(question.zone)) for cut in question.cuts]
    return available(balance["balance"].item(), cumulative(whole), ends, grants)


def key_name(key: str) -> str:
    """A column name that no amount has: a dimension may be called `credits`."""
    return KEY_NAMES.get(key) or (f"{key} (key)" if key in TAKEN else key)
