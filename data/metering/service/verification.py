"""The rules that a store of credits keeps, checked over the whole of it while nobody serves it."""

from pathlib import Path

from data.metering.service.faults import RulesBroken
from data.metering.service.store import open_read_only

SQL = Path(__file__).parent / "sql" / "verify"
MOST_SENTENCES = 20

RULES = {
    "pools": "Pool {pool}: its grants leave {remaining} credits, but its ledger sums to {booked}.",
    "movements": (
        "Pool {pool}: granted − consumed − expired − voided is {movements}, but its ledger sums "
        "to {balance}; {source} left overdrafts and {target} reached grants."
    ),
    "grants": (
        "Pool {pool}: grant {grant_id} has {consumed} consumed and {remaining} left, but its "
        "ledger rows say {booked_consumed} and {booked_remaining}."
    ),
    "limits": "Pool {pool}: grant {grant_id} of {amount} has {consumed} consumed.",
    "events": (
        "Pool {pool}: event {event_id} took {credits} credits, but its ledger rows sum to {booked}."
    ),
    "repeats": "Pool {pool}: event {event_id} is there {times} times.",
    "numbers": "The {list} has {rows} rows, but {numbers} numbers up to {last}.",
    "keys": "Key {seen_key} was accepted at {seen_at} and again at {again_at}.",
}
"""Query → the sentence for each row it finds."""

COUNTS = """
select
    (select count(distinct (customer_id, currency_id, resource_id)) from grants) as pools,
    (select count(*) from grants) as grants,
    (select count(*) from ledger) as ledger,
    (select count(*) from usage_events) as usage,
    (select count(*) from queue) as queued
"""


def verify(folder: Path) -> str:
    """One line with the counts; raises RulesBroken with a sentence for each rule that is broken.

    A store that was killed is read with what it had acknowledged, and stays as it is.
    """
    with open_read_only(folder) as store:
        broken = []
        for name, sentence in RULES.items():
            found = store.sql((SQL / f"{name}.sql").read_text())
            rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
            broken += [sentence.format(**row) for row in rows[:MOST_SENTENCES]]
            if len(rows) > MOST_SENTENCES:
                broken.append(f"… and {len(rows) - MOST_SENTENCES:,} more of these.")
        if broken:
            raise RulesBroken("\n".join(broken))
        pools, grants, ledger, usage, queued = store.sql(COUNTS).fetchall()[0]
    return (
        f"OK: {pools:,} pools, {grants:,} grants, {ledger:,} ledger rows, {usage:,} usage events, "
        f"{queued:,} queued."
    )
