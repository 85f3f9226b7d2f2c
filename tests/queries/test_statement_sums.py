"""The statement of a pool adds up at every level, whatever happened, whoever is asked."""

from datetime import datetime, timedelta
from decimal import Decimal

import sums
from histories import NOW
from told import Told

from queries.answer import answer

END = NOW + timedelta(hours=1)
MIDDLE = datetime(2026, 4, 9)


def test_every_history_adds_up_at_every_level_and_both_sources_tell_it_alike(told: Told) -> None:
    """Equal frames add up alike: the levels are gone through once."""
    running = sums.running(told.tables)
    sources = (told.live, told.extracted)
    wrong: list[str] = []
    for pool in sums.pools(told.tables):
        question = sums.statement(pool, MIDDLE, END)
        live, extracted = (answer(question, source).frame for source in sources)
        if not live.equals(extracted):
            wrong.append(f"{pool}: the sources differ")
        now = sums.balances(pool, sources, running.get(pool, Decimal(0)))
        wrong += sums.differences(pool, question, live, now)
    assert wrong == []
