"""What a report does to the balance: as it was, optimistic at once, settled, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard import asking
from dashboard.controls.scope import GLOBAL_POOL
from dashboard.failures import guarded
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.panels.report_shown import ShownReport
from dashboard.tables import exact_format
from data.clock import utc_now
from data.tables import CREDITS_SUM
from queries.balance.optimistic import News, newest
from queries.question import Live
from queries.reports.followed import Before, Owner, Pool, Since, stand, stood
from queries.time import to_local, zone_of

FOLLOWED = "reports being followed"
SECONDS = 2
LIMIT = timedelta(seconds=20)
"""Events settle within about 10 s."""
MOST_FOLLOWED = 5
MOST_COUNTED = 2000
"""Events that are looked up in the ledger one by one."""


@dataclass(slots=True)
class Followed:
    """What was sent, and the pools that it may move. `expected` counts the events in it.

    `is_repeat`: it was reported before, so that nothing should be taken.
    """

    owners: Sequence[Owner]
    left_out: int
    before: dict[Pool, Before]
    since_when: datetime
    is_repeat: bool = False
    heard: dict[Pool, News] = field(default_factory=dict)
    answered: dict[Pool, News] = field(default_factory=dict)
    """The newest that the answers themselves told."""
    sent_at: set[datetime] = field(default_factory=set)
    expected: int = 0
    since: list[Since] = field(default_factory=list)
    is_cut: bool = False
    """Others have written more rows since than are read."""
    is_over: bool = False

    def hear(self, pool: Pool, news: News) -> None:
        """Of an answer; the last write wins, by the credit timestamp."""
        for known in (self.answered, self.heard):
            if (found := newest(known.get(pool), news)) is not None:
                known[pool] = found

    def optimistic(self, since: Since) -> Decimal | None:
        """What the answer told of the pool, or else the API when it was asked."""
        if since.pool in self.answered:
            return self.answered[since.pool].balance
        return None if since.standing is None else since.standing.news.balance

    @property
    def counted(self) -> int:
        """The events that have taken credits, each once whatever it feeds."""
        return len({(one.pool.owner, name) for one in self.since for name in one.event_ids})

    @property
    def is_uncounted(self) -> bool:
        """Too many to be looked up: what they took is not told from what others used."""
        return self.expected > MOST_COUNTED or self.is_cut

    @property
    def is_settled(self) -> bool:
        if self.expected:
            return self.counted >= self.expected and not self.is_uncounted
        return all(one.is_settled for one in self.since)

    @property
    def ends_at(self) -> datetime:
        return self.since_when + LIMIT


def before(owners: Sequence[Owner], live: Live) -> Followed:
    """The pools as they stand before something is sent; raises what the API raises."""
    chosen = list(dict.fromkeys(owners))
    followed = chosen[:MOST_FOLLOWED]
    return Followed(followed, len(chosen) - len(followed), stood(followed, live), utc_now())


def follow(followed: Followed | None) -> None:
    """From the next run on; None forgets what was followed."""
    if followed is None:
        st.session_state.pop(FOLLOWED, None)
    else:
        followed.since_when = utc_now()
        st.session_state[FOLLOWED] = followed


def settling(shown: ShownReport, live: Live) -> None:
    """Asked again until it has settled, or for as long as that may take."""
    followed: Followed | None = st.session_state.get(FOLLOWED)
    if followed is None:
        return
    if followed.is_over:
        _draw(followed, shown, live)
        return
    st.fragment(_look, run_every=SECONDS)(followed, shown, live)


def _look(followed: Followed, shown: ShownReport, live: Live) -> None:
    with guarded():
        sent_at = () if followed.is_uncounted else followed.sent_at
        followed.since = stand(followed.owners, followed.before, followed.heard, sent_at, live)
        followed.is_cut |= any(one.is_cut for one in followed.since)
    followed.is_over = followed.is_settled if followed.since else False
    if followed.is_over or utc_now() >= followed.ends_at:
        followed.is_over = True
        asking.forget()
        st.rerun()
    _draw(followed, shown, live)


def _draw(followed: Followed, shown: ShownReport, live: Live) -> None:
    st.header("What it did to the balance")
    _tell(followed, shown)
    if not followed.since:
        return
    frame = _frame(followed)
    _table(frame)
    about = {
        "question": "balances after a report",
        "sent to": live.client.url,
        "time of the data": f"{utc_now():%Y-%m-%d %H:%M:%S} UTC",
    }
    export_buttons(frame, about, "balances after a report")
    if followed.left_out:
        st.caption(
            f"{len(followed.owners)} pools are followed; {followed.left_out:,} more are named in "
            "the file: their Balance pages tell."
        )
    if followed.is_over and not followed.is_settled:
        st.button("Look again", icon=":material/refresh:", on_click=_look_again)


def _look_again() -> None:
    followed: Followed = st.session_state[FOLLOWED]
    followed.is_over, followed.since_when = False, utc_now()


def _tell(followed: Followed, shown: ShownReport) -> None:
    if followed.is_settled and followed.since:
        st.success(plain(_settled(followed, shown)), icon=":material/done_all:")
    elif followed.is_over and followed.is_uncounted:
        st.info(plain(_uncounted(followed, shown)), icon=":material/functions:")
    elif followed.is_over:
        st.warning(plain(_not_settled(followed)), icon=":material/timer_off:")
    else:
        zone = shown.scope.zone
        until = f"{to_local(followed.ends_at, zone_of(zone)):%H:%M:%S} {zone}"
        st.info(
            plain(
                f"{_at_once(followed, shown)}Waiting for it to settle, which takes about 10 s; "
                f"asked again every {SECONDS} s until {until}."
            ),
            icon=":material/hourglass_top:",
        )


def _at_once(followed: Followed, shown: ShownReport) -> str:
    """The optimistic balances that the answers told of."""
    said = [
        f"Optimistic balance: {_text(news.balance)} {shown.unit(pool.currency_id)}. "
        for pool, news in followed.answered.items()
        if any(one.pool == pool and not one.is_settled for one in followed.since)
    ]
    return "".join(said)


def _moved(followed: Followed, shown: ShownReport) -> str:
    return ", ".join(
        f"{'−' if one.moved < 0 else '+'}{exact(abs(one.moved))} {shown.unit(one.pool.currency_id)}"
        for one in followed.since
        if one.moved
    )


def _uncounted(followed: Followed, shown: ShownReport) -> str:
    return (
        f"Settled so far: {_moved(followed, shown) or 'nothing'} since just before it was sent. "
        f"More than {MOST_COUNTED:,} events are not looked up one by one, so that this may hold "
        "what others used, and lack what is still to settle: look again."
    )


def _settled(followed: Followed, shown: ShownReport) -> str:
    moved = _moved(followed, shown)
    if not moved:
        return "Settled: the balance is as it was before."
    said = f"Settled: {moved} since just before it was sent"
    if not followed.answered:
        return f"{said}."
    if any(row["off"] for row in _frame(followed).iter_rows(named=True)):
        return (
            f"{said}, which is not what the optimistic balance had said: others have used or added "
            "credits meanwhile."
        )
    return f"{said}, as the optimistic balance had said."


def _not_settled(followed: Followed) -> str:
    seconds = int(LIMIT.total_seconds())
    if not followed.expected:
        return (
            f"It has not settled within {seconds} s. What is shown is the latest that is known; "
            "look again later."
        )
    rest = followed.expected - followed.counted
    what = "It has" if followed.expected == 1 else f"{rest:,} of {followed.expected:,} events have"
    if followed.is_repeat:
        return f"Already counted: nothing more was taken within {seconds} s."
    return (
        f"{what} taken no credits within {seconds} s: counted already under the same key and time, "
        "or feeding no feature that costs credits; or settling takes longer, so look again."
    )


def _frame(followed: Followed) -> pl.DataFrame:
    """Pools that have moved or wait; all of them where none has."""
    told = [
        one
        for one in followed.since
        if one.moved or not one.is_settled or one.pool in followed.answered
    ]
    rows = []
    for one in told or followed.since:
        expected = followed.optimistic(one)
        off = None if expected is None else one.settled - expected
        owner, currency_id = one.pool
        named = (owner.customer_id, owner.resource_id or GLOBAL_POOL, currency_id)
        rows.append((*named, one.before, expected, one.settled, one.moved, off))
    return pl.DataFrame(
        rows,
        {"customer": pl.String, "pool": pl.String, "currency": pl.String}
        | dict.fromkeys(("before", "optimistic", "settled", "difference", "off"), CREDITS_SUM),
        orient="row",
    )


def _table(frame: pl.DataFrame) -> None:
    labels = {
        "before": "Before",
        "optimistic": "Optimistic",
        "settled": "Settled",
        "difference": "Settled − before",
        "off": "Settled − optimistic",
    }
    st.dataframe(
        frame,
        hide_index=True,
        column_config={"customer": "Customer", "pool": "Pool", "currency": "Currency"}
        | {
            name: st.column_config.NumberColumn(label, format=exact_format(frame, name))
            for name, label in labels.items()
        },
        alt=f"Balances of {frame.height} pools before and after the report",
        placeholder="–",
    )


def _text(amount: Decimal) -> str:
    return exact(amount).replace("-", "−")
