"""What the Overview has at hand to draw, and how everybody is asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.access import current_actor
from dashboard.asking import ask
from dashboard.changing import changes_made
from dashboard.controls.period import Chosen
from dashboard.controls.scope import GLOBAL_POOL, Scope
from dashboard.formats import day_span, moment
from dashboard.header import Header, read_header
from dashboard.markdown import plain
from data.clock import utc_now
from queries.answer import answer
from queries.outlook import use_span
from queries.portfolio import AllCustomers, AllGrants, AllMoves, AllRecharges, AllUse, Whom
from queries.portfolio.standing import Facts, Portfolio, portfolio
from queries.question import Answer, Extracted, Unchosen
from queries.time import Grain

AT_A_TIME = 5
CUT = (
    "Some of the use was cut off, being more than this page reads: what was used is too low here, "
    "and credits may run out sooner. Choose a shorter period or larger buckets."
)
GATHERED = "portfolio gathered"
STOPPED = "portfolio stopped"

Frames = dict[str, pl.DataFrame]


class NoPools(Unchosen):
    """Nobody holds credits of the currency; the message says what would be here."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of everybody: one currency, over one period."""

    currency_id: str
    chosen: Chosen
    zone: str

    def moves(self, customers: Whom = None) -> AllMoves:
        """The question behind the chart."""
        period = self.chosen.period
        return AllMoves(self.currency_id, period.span, self.chosen.grain, self.zone, customers)

    def questions(self, now: datetime, customers: Whom = None) -> dict[str, Any]:
        """name → question"""
        currency, period, zone = self.currency_id, self.chosen.period, self.zone
        return {
            "grants": AllGrants(currency, customers),
            "recharges": AllRecharges(currency, customers),
            "history": AllUse(currency, use_span(now), Grain.DAY, "UTC", customers),
            "used": AllUse(currency, period.span, self.chosen.grain, zone, customers),
            "before": AllUse(currency, period.previous, Grain.WHOLE, zone, customers),
            "moves": self.moves(customers),
        }


Key = tuple[str, Wanted, int]
"""The source, what is asked of it, and how many changes this session had made before."""


@dataclass
class Gathered:
    """What a metering API has said so far, some customers at a time."""

    wanted: Key
    now: datetime
    customers: pl.DataFrame
    is_cut: bool
    done: int = 0
    parts: list[Frames] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return self.done >= self.customers.height

    def frames(self) -> Frames:
        """All parts together; nothing known yet is an empty frame."""
        names = self.parts[0] if self.parts else {}
        return {name: pl.concat([part[name] for part in self.parts]) for name in names}


@dataclass(frozen=True, slots=True)
class ShownPortfolio:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    wanted: Wanted
    portfolio: Portfolio
    moves: pl.DataFrame
    names: Mapping[str, str]
    """customer_id → name"""
    header: Header
    missing: str = ""
    """Who is left out, as a sentence; '' where nobody is."""

    @property
    def unit(self) -> str:
        return self.scope.currency.unit

    @property
    def now(self) -> datetime:
        return self.portfolio.facts.now

    @property
    def title(self) -> str:
        span, zone = self.wanted.chosen.period.span, self.scope.zone
        days = day_span(span.start, span.end, zone)
        return f"all customers, {days}, as of {moment(self.now, zone)}"

    def pool_name(self, customer_id: str, resource_id: str | None) -> str:
        """A customer's name, with its resource where the pool is one's."""
        name = self.names.get(customer_id) or customer_id
        return f"{name} · {resource_id}" if resource_id else name

    def about(self, question: str) -> dict[str, str]:
        """What an export says of itself."""
        span, zone = self.wanted.chosen.period.span, self.scope.zone
        return {
            "question": question,
            "customer": "all customers",
            "pool": f"every pool; without a resource: {GLOBAL_POOL.lower()}",
            "currency": self.wanted.currency_id,
            "from": moment(span.start, zone),
            "to (exclusive)": moment(span.end, zone),
            "time zone": zone,
            "source": self.header.source,
            "time of the data": moment(self.now, "UTC"),
            "complete": self.missing or "yes",
        }


def collect(scope: Scope, chosen: Chosen, place: DeltaGenerator) -> ShownPortfolio:
    """Everything the page draws; raises where a question or a source fails.

    `place` is an `st.empty` for how far the asking is.

    A metering API is asked some customers at a time: what it has said so far is kept, so that
    going on after a failure or a stop asks only for the rest.
    """
    wanted = Wanted(scope.currency.currency_id, chosen, scope.zone)
    if isinstance(scope.source, Extracted):
        now = scope.source.extract.cut_off
        answers = {name: ask(q, scope.source) for name, q in wanted.questions(now).items()}
        frames = {name: each.frame for name, each in answers.items()}
        customers = ask(AllCustomers(), scope.source)
        is_cut = customers.is_cut or any(each.is_cut for each in answers.values())
        return _shown(scope, wanted, now, frames, customers.frame, CUT if is_cut else "")
    gathered = _gathered(scope, wanted)
    if not gathered.is_whole and st.session_state.get(STOPPED) != gathered.wanted:
        _gather(scope, gathered, place)
    if not gathered.parts:
        empty = {name: ask(q, scope.source).frame
                 for name, q in wanted.questions(gathered.now, ()).items()}  # fmt: skip
        gathered.parts.append(empty)
    return _shown(
        scope, wanted, gathered.now, gathered.frames(), gathered.customers, _missing(gathered)
    )


def what_is_missing(shown: ShownPortfolio) -> None:
    """And where a metering API was asked, the ways to the rest, or to everybody anew."""
    if isinstance(shown.scope.source, Extracted):
        if shown.missing:
            st.warning(shown.missing, icon=":material/content_cut:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if shown.missing:
            st.warning(plain(shown.missing), icon=":material/hourglass_top:")
        if st.session_state.get(STOPPED):
            st.button("Go on", icon=":material/play_arrow:", on_click=_go_on)
        st.button("Ask everybody again", icon=":material/refresh:", on_click=_anew)


def _gathered(scope: Scope, wanted: Wanted) -> Gathered:
    """What was said of the same question before, or the beginning of it."""
    key = (scope.source.identity, wanted, changes_made())
    kept: Gathered | None = st.session_state.get(GATHERED)
    if kept is None or kept.wanted != key:
        listed = ask(AllCustomers(), scope.source)
        kept = Gathered(key, utc_now(), listed.frame, listed.is_cut)
        st.session_state[GATHERED] = kept
        st.session_state.pop(STOPPED, None)
    return kept


def _gather(scope: Scope, gathered: Gathered, place: DeltaGenerator) -> None:
    """Some customers at a time; pressing Stop ends the run before the next ones."""
    _, wanted, _ = gathered.wanted
    ids = gathered.customers["customer_id"].to_list()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(gathered.done / len(ids), _so_far(gathered))
        st.button("Stop", icon=":material/stop:", on_click=_stop, args=(gathered.wanted,))
    while not gathered.is_whole:
        some = tuple(ids[gathered.done : gathered.done + AT_A_TIME])
        questions = wanted.questions(gathered.now, some)
        gathered.parts.append({n: answer(q, scope.source).frame for n, q in questions.items()})
        gathered.done += len(some)
        bar.progress(gathered.done / len(ids), _so_far(gathered))
    place.empty()


def _so_far(gathered: Gathered) -> str:
    return f"{gathered.done:,} of {gathered.customers.height:,} customers asked for …"


def _missing(gathered: Gathered) -> str:
    if not gathered.is_whole:
        return (
            f"Stopped: {gathered.done:,} of {gathered.customers.height:,} customers are shown, "
            "the first by their ids."
        )
    if gathered.is_cut:
        return (
            f"The first {gathered.customers.height:,} customers by their ids are shown. All of "
            "them are in the extract."
        )
    return ""


def _stop(wanted: Key) -> None:
    st.session_state[STOPPED] = wanted


def _go_on() -> None:
    st.session_state.pop(STOPPED, None)


def _anew() -> None:
    st.session_state.pop(GATHERED, None)
    _go_on()


def _shown(
    scope: Scope,
    wanted: Wanted,
    now: datetime,
    frames: Frames,
    customers: pl.DataFrame,
    missing: str,
) -> ShownPortfolio:
    moves = frames["moves"]
    if not frames["grants"].height and not missing:
        raise NoPools(
            f"Nobody holds {scope.currency.unit} yet. This page fills with the first grant: choose "
            "a customer on the Grants page and grant credits, or choose another currency above."
        )
    facts = Facts(
        now,
        frames["grants"],
        frames["recharges"],
        frames["history"],
        frames["used"],
        frames["before"],
    )
    key = (scope.source.identity, current_actor().role.name, repr(wanted), now, missing)
    by = ["bucket", "move", "grant_type"]
    return ShownPortfolio(
        scope,
        wanted,
        _portfolio(key, facts),
        moves.group_by(by).agg(pl.col("amount").sum()).sort(by),
        dict(customers.iter_rows()),
        read_header(scope, Answer(moves, scope.source.name, now)),
        missing,
    )


@st.cache_resource(ttl=600, max_entries=8, show_spinner=False)
def _portfolio(key: tuple[object, ...], _facts: Facts) -> Portfolio:  # noqa: ARG001  # the cache's
    return portfolio(_facts)
