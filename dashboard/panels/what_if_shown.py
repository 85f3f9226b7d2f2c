"""What the What-if page has at hand to draw, and how the past is worked out piece by piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.asking import ask
from dashboard.controls.scope import Scope
from dashboard.controls.what_if import ORDERS
from dashboard.formats import compact, day_span, moment
from dashboard.header import Header, read_header
from dashboard.markdown import plain
from queries.answer import answer
from queries.portfolio import AllCustomers, Whom
from queries.question import Answer, CannotAnswer, Extracted
from queries.time import Span
from queries.whatif import BASELINE, Replayed, Repriced, Scenario, TodaysRates
from queries.whatif.compared import Effect, compared, effect

AT_A_TIME = 1000
WORKED_OUT = "what-if worked out"
STOPPED = "what-if stopped"

Question = Replayed | Repriced | TodaysRates
Key = tuple[str, Question]


class Stopped(CannotAnswer):
    """The reader stopped the work; the message says how to go on."""


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario beside the baseline: by pool, and summed up."""

    scenario: Scenario
    by_pool: pl.DataFrame
    effect: Effect


@dataclass(frozen=True, slots=True)
class ShownWhatIf:
    """All that the page draws, at hand."""

    scope: Scope
    span: Span
    whom: Whom
    baseline: pl.DataFrame
    rated: pl.DataFrame
    results: Mapping[int, Result]
    names: Mapping[str, str]
    """customer_id → name"""
    header: Header

    @property
    def unit(self) -> str:
        return self.scope.currency.unit

    @property
    def title(self) -> str:
        days = day_span(self.span.start, self.span.end, self.scope.zone)
        return f"{self.whose}, {days}"

    @property
    def whose(self) -> str:
        if self.whom is None:
            return "all customers"
        named = [self.names.get(each) or each for each in self.whom]
        return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")

    def pool_name(self, customer_id: str, resource_id: str | None) -> str:
        name = self.names.get(customer_id) or customer_id
        return f"{name} · {resource_id}" if resource_id else name

    def about(self, question: str) -> dict[str, str]:
        """What an export says of itself."""
        zone = self.scope.zone
        told = {
            f"scenario {number}": described(result.scenario)
            for number, result in self.results.items()
        }
        return {
            "question": question,
            "customers": self.whose,
            "currency": self.scope.currency.currency_id,
            "from": moment(self.span.start, zone),
            "to (exclusive)": moment(self.span.end, zone),
            "time zone": zone,
            "source": self.header.source,
            "time of the data": moment(self.header.as_of, "UTC"),
        } | told


def described(scenario: Scenario) -> str:
    """A scenario in words."""
    parts = [
        f"{change.feature_id or 'every feature'}"
        + ("" if change.value is None else f" with {scenario.key} {change.value or 'missing'}")
        + f": {change.price}"
        for change in scenario.changes
    ]
    return (
        f"{scenario.name}: {'; '.join([*parts, f'grants burn {ORDERS[scenario.order].lower()}'])}"
    )


def check_source(scope: Scope) -> None:
    """Raise what a source says that cannot answer, before anything is asked of it."""
    if not isinstance(scope.source, Extracted):
        answer(TodaysRates(scope.currency.currency_id), scope.source)


def collect(
    scope: Scope,
    span: Span,
    whom: Whom,
    scenarios: Mapping[int, Scenario],
    place: DeltaGenerator,
) -> ShownWhatIf:
    """Everything the page draws; raises where a question or the source fails.

    `place` is an `st.empty` for the sum so far and how far the work is. What is worked out is
    kept as long as the page asks for it, so that going on after a stop does only the rest.
    """
    currency = scope.currency.currency_id
    listed = ask(AllCustomers(), scope.source).frame
    names = dict(listed.iter_rows())
    parts = _parts(whom, list(names))
    asked = [
        Replayed(currency, span, s, part) for s in (BASELINE, *scenarios.values()) for part in parts
    ]
    work: list[Question] = [TodaysRates(currency, whom)]
    work += [Repriced(currency, span, scenario, whom) for scenario in scenarios.values()]
    done = _work(scope, [*work, *asked], place)

    def replayed(scenario: Scenario) -> pl.DataFrame:
        frames = [done[Replayed(currency, span, scenario, part)].frame for part in parts]
        return pl.concat(frames)

    baseline = replayed(BASELINE)
    results = {}
    for number, scenario in scenarios.items():
        by_pool = compared(baseline, replayed(scenario))
        results[number] = Result(scenario, by_pool, effect(by_pool))
    rated = done[work[0]]
    header = read_header(scope, rated)
    return ShownWhatIf(scope, span, whom, baseline, rated.frame, results, names, header)


def _parts(whom: Whom, everybody: Sequence[str]) -> list[Whom]:
    """So many customers at a time that a stop is not waited for; all at once where they are few."""
    if whom is not None or len(everybody) <= AT_A_TIME:
        return [whom]
    return [
        tuple(everybody[start : start + AT_A_TIME]) for start in range(0, len(everybody), AT_A_TIME)
    ]


def _work(
    scope: Scope, questions: Sequence[Question], place: DeltaGenerator
) -> dict[Question, Answer]:
    """The answers, those of the run before included; raises Stopped while the reader wants that."""
    identity = scope.source.identity
    kept: dict[Key, Answer] = st.session_state.get(WORKED_OUT, {})
    wanted = [(identity, question) for question in questions]
    done = {key: kept[key] for key in wanted if key in kept}
    st.session_state[WORKED_OUT] = done
    if len(done) < len(wanted):
        if st.session_state.get(STOPPED) == wanted:
            raise Stopped(
                f"Stopped: {len(done)} of {len(wanted)} parts are worked out. "
                "Go on to see the rest."
            )
        _work_out(scope, wanted, done, place)
    return {question: done[identity, question] for question in questions}


def _work_out(
    scope: Scope, wanted: list[Key], done: dict[Key, Answer], place: DeltaGenerator
) -> None:
    with place.container():
        total = st.empty()
        with st.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(len(done) / len(wanted), _so_far(done, wanted))
            st.button("Stop", icon=":material/stop:", on_click=_stop, args=(wanted,))
    for key in wanted:
        if key not in done:
            done[key] = answer(key[1], scope.source)
        _tell_sum(total, done, scope.currency.unit)
        bar.progress(len(done) / len(wanted), _so_far(done, wanted))
    place.empty()


def _tell_sum(place: DeltaGenerator, done: Mapping[Key, Answer], unit: str) -> None:
    """The totals are there long before the replay is."""
    lines = []
    for (_, question), found in done.items():
        if isinstance(question, Repriced):
            was, now = (Decimal(found.frame[name].sum() or 0) for name in ("charged", "repriced"))
            lines.append(
                f"{plain(question.scenario.name)}: {compact(was)} {plain(unit)} as charged, "
                f"**{compact(now)}** with the new prices."
            )
    place.markdown("  \n".join(lines))


def _so_far(done: Mapping[Key, Answer], wanted: Sequence[Key]) -> str:
    return f"{len(done)} of {len(wanted)} parts worked out …"


def _stop(wanted: list[Key]) -> None:
    st.session_state[STOPPED] = wanted


def go_on() -> None:
    st.session_state.pop(STOPPED, None)
