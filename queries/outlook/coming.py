"""What comes of many pools: three flows of use, and the course that each of them takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from data.credits.fleet import microseconds
from data.credits.forecast import HISTORY, LEAST, Forecasts, forecasts
from data.credits.grants import NONE
from data.credits.outlook import Course, Flow, course
from queries.outlook import pools
from queries.outlook.asked import DAY, midnight
from queries.outlook.results import RunOut, Status

NO_GRANTS = "There are no grants in this pool that could run out."
NO_PRICE = (
    "Auto-recharge is left out: nothing was paid in US dollars that would tell what a credit costs."
)
UNUSED = f"Nothing was used in the last {HISTORY // 7} weeks, so nothing is expected to be."


@dataclass(frozen=True, slots=True)
class Coming:
    """One pool's prospects: with low, expected and high use, in that order; none without forecast.

    `rows` are its standing grants, as `pools.GRANT` names them.
    """

    key: tuple[str, str | None]
    run_out: RunOut
    rows: list[pools.Row]
    courses: tuple[Course, ...] = ()
    recharge_note: str = ""
    renewals: int = 0

    def lapses(self, grant_id: str) -> tuple[Decimal, Decimal, Decimal]:
        """What of a grant lapses: least, expected, most."""
        return spread([each.lapsed.get(grant_id, NONE) for each in self.courses])


def spread(amounts: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """Of amounts with low, expected and high use: the least, the expected, the most."""
    return min(amounts), amounts[1], max(amounts)


def coming(
    use: pl.DataFrame,
    grants: pl.DataFrame,
    recharges: pl.DataFrame,
    now: datetime,
    horizon: int,
    *,
    is_expected_only: bool = False,
) -> Iterator[Coming]:
    """Every pool with use or grants, by its keys; frames as `fleet_outlook` takes them.

    Each with the courses of low, expected and high use, or with the expected alone, which takes a
    third of the time.
    """
    names = pools.listed(use, grants)
    ends = ends_of_days(now, horizon)
    rest = (ends[0] - now) / DAY
    said = forecasts(pools.daily(use, names, now, HISTORY), horizon, rest=rest)
    times = [microseconds(at) for at in (now, *ends)]
    standing = pools.held(pools.numbered(grants, names), recharges, names, now, ends[-1])
    for (number, *key), held in zip(names.iter_rows(), standing, strict=True):
        days = int(said.days[number])
        silence = why_silent(days, held.opened, now)
        flows = () if silence else _flows(said, number, times)
        flows = flows[1:2] if is_expected_only else flows
        courses = tuple(course(held.pool(), flow) for flow in flows)
        run_out = _run_out(held.balance, courses, silence or ("" if days else UNUSED))
        note = NO_PRICE if held.is_unpriced else ""
        yield Coming((key[0], key[1]), run_out, held.rows, courses, note, len(held.renewals))


def ends_of_days(now: datetime, count: int) -> list[datetime]:
    """The midnights of UTC that come."""
    return [midnight(now) + day * DAY for day in range(1, count + 1)]


def why_silent(days: int, opened: datetime | None, now: datetime) -> str:
    """Why nothing can be said of a pool with so many days of history; '' where it can."""
    if opened is None:
        return NO_GRANTS
    if days >= LEAST or (not days and now - opened >= LEAST * DAY):
        return ""
    so_far = "is one" if days == 1 else f"are {days or 'none'}"
    return f"A forecast takes {LEAST} days since the first use; so far there {so_far}."


def _flows(said: Forecasts, number: int, times: list[int]) -> tuple[Flow, ...]:
    used = (said.low, said.expected, said.high)
    return tuple(Flow(times, [0, *paths[number].tolist()]) for paths in used)


def _run_out(balance: Decimal, courses: Sequence[Course], sentence: str) -> RunOut:
    if sentence != NO_GRANTS and balance <= 0:
        return RunOut(Status.OVERDRAFT if balance else Status.OUT, balance, sentence=sentence)
    if not courses:
        return RunOut(Status.UNKNOWN, balance, sentence=sentence)
    moments = [each.ran_out for each in courses]
    known = [moment for moment in moments if moment is not None]
    return RunOut(
        Status.WITHIN if known else Status.BEYOND,
        balance,
        earliest=min(known, default=None),
        expected=moments[len(moments) // 2],
        latest=max(known) if len(known) == len(moments) else None,
        sentence=sentence,
    )
