"""What the Balance page has at hand to draw, and how it is asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import polars as pl

from dashboard.asking import ask
from dashboard.controls.scope import Scope
from dashboard.controls.statement import Wanted, grain_of
from dashboard.formats import day_span, moment
from dashboard.header import Header, read_header
from queries.balance import Balance
from queries.catalogue import Features
from queries.grants import Grants
from queries.outlook import PoolOutlook, Said, daily_use, hindsight, pool_outlook, use_span
from queries.question import Answer, Live, Unchosen
from queries.recharge import Recharge
from queries.statement import Statement
from queries.statement.explain import Explanation, explain
from queries.time import Grain, Span

NONE = Decimal(0)


class NoGrants(Unchosen):
    """The pool holds nothing to explain; the message says what would be here."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is to be expected of the pool, and what the same method said before."""

    outlook: PoolOutlook
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    question: Statement
    is_now: bool
    answer: Answer
    whole: Explanation
    balance: Decimal
    """As the source gives it, of now."""
    grants: pl.DataFrame
    """As `Grants` answers."""
    names: Mapping[str, str]
    """feature_id → display name"""
    header: Header
    ahead: Ahead | None
    """Of a balance of now; a past one has had its future."""

    @property
    def unit(self) -> str:
        return self.scope.currency.unit

    @property
    def ends_at(self) -> datetime:
        """The moment of the closing balance."""
        return min(self.question.span.end, self.answer.as_of)

    @property
    def shown_span(self) -> Span:
        """From the opening balance to the closing one."""
        return Span(self.question.span.start, self.ends_at)

    @property
    def title(self) -> str:
        span, zone = self.question.span, self.question.zone
        return (
            f"statement of {self.header.whose}, {day_span(span.start, self.ends_at, zone)}, "
            f"as of {moment(self.answer.as_of, zone)}"
        )

    @property
    def grant_names(self) -> dict[str, str]:
        return dict(self.grants.select("grant_id", "display_name").iter_rows())

    def name_of(self, grant_id: str) -> str:
        """A grant's name with its id: names repeat every month."""
        name = self.grant_names.get(grant_id)
        return f"{name} ({grant_id})" if name else grant_id

    def about(self, question: str) -> dict[str, str]:
        """What an export says of itself."""
        asked = self.question
        return {
            "question": question,
            "customer": asked.customer_id,
            "pool": asked.resource_id or "customer-level pool",
            "currency": asked.currency_id,
            "from": moment(asked.span.start, asked.zone),
            "to (exclusive)": moment(self.ends_at, asked.zone),
            "time zone": asked.zone,
            "source": self.answer.source,
            "time of the data": moment(self.answer.as_of, "UTC"),
        }

    def proofs(self) -> Iterator[tuple[str, Decimal]]:
        """Other ways to the same balance of now: in words, and what each gives."""
        active = self.grants.filter(pl.col("status") == "ACTIVE")
        remaining = Decimal((active["amount"] - active["consumed_amount"]).sum() or 0)
        yield f"the balance that the {self._origin} gives", self.balance
        grants = "active grant" if active.height == 1 else f"{active.height:,} active grants"
        yield f"what remains of the {grants}", remaining

    @property
    def is_proven(self) -> bool:
        return all(amount == self.whole.now for _, amount in self.proofs())

    @property
    def _origin(self) -> str:
        return "metering API" if isinstance(self.scope.source, Live) else "extract"


def collect(scope: Scope, customer_id: str, wanted: Wanted, *, turn: int) -> Shown:
    """Everything the page draws; raises NoGrants, and where a question or a source fails.

    Usage goes on while a live source is asked three questions: where their answers do not agree,
    they are asked once more before the page says so.
    """
    shown = _collect(scope, customer_id, wanted, turn)
    if isinstance(scope.source, Live) and not shown.is_proven:
        return _collect(scope, customer_id, wanted, turn - 1)
    return shown


def _collect(scope: Scope, customer_id: str, wanted: Wanted, turn: int) -> Shown:
    pool = (customer_id, scope.currency.currency_id, scope.resource_id)
    grants = ask(Grants(*pool), scope.source, turn=turn).frame
    if not grants.height:
        raise NoGrants(
            "This pool has no grants yet, so there is no balance to explain. Grant credits on the "
            "Grants page, or choose another pool or currency above."
        )
    begun: list[datetime] = [*grants["created_at"], *grants["effective_at"]]
    span = wanted.span(min(begun), scope.zone)
    question = Statement(pool[0], pool[1], span, grain_of(span), scope.zone, pool[2])
    answer = ask(question, scope.source, turn=turn)
    balance = ask(Balance(*pool), scope.source, turn=turn).frame
    return Shown(
        scope,
        question,
        wanted.is_now,
        answer,
        explain(answer.frame, question),
        Decimal(balance["balance"].sum()),
        grants,
        dict(ask(Features(), scope.source).frame.iter_rows()),
        read_header(scope, answer, turn=turn),
        _look_ahead(scope, question, grants, answer, turn) if wanted.is_now else None,
    )


def _look_ahead(
    scope: Scope, question: Statement, grants: pl.DataFrame, told: Answer, turn: int
) -> Ahead:
    """The forecast counts in days of UTC, whatever the zone that the statement is cut in."""
    pool, now = (question.customer_id, question.currency_id), told.as_of
    use = ask(daily_use(*pool, now, question.resource_id), scope.source, turn=turn).frame
    recharge = None
    if question.resource_id is None:
        recharge = ask(Recharge(*pool), scope.source, turn=turn).frame
    by_day = replace(question, span=use_span(now), grain=Grain.DAY, zone="UTC")
    moved = told if _holds(told, question, by_day) else ask(by_day, scope.source, turn=turn)
    return Ahead(
        pool_outlook(use, grants, recharge, now=now),
        hindsight(use, grants, recharge, moved.frame, now=now),
    )


def _holds(told: Answer, question: Statement, wanted: Statement) -> bool:
    """Whether one statement says all that the other would: a live ledger is long to read twice."""
    is_alike = (question.grain, question.zone) == (wanted.grain, wanted.zone)
    is_first = question.span.start <= wanted.span.start
    return is_alike and (is_first or not told.frame["bucket"].has_nulls())
