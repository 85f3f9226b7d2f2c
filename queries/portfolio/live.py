"""The portfolio from a metering API: the customers named, one after the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import TypeVar

import polars as pl

from data.credits.pool import EntryType
from data.metering.client import Answer, MeteringClient
from data.metering.wire import time
from data.tables import ColumnTypes
from queries.customers import Customers, Resources
from queries.customers import live as customers
from queries.documents import document
from queries.grants import Grants
from queries.grants import live as one_pools_grants
from queries.portfolio import (
    CUSTOMERS,
    GRANTS,
    MOVES,
    POOL,
    RECHARGES,
    USE,
    AllCustomers,
    AllGrants,
    AllMoves,
    AllRecharges,
    AllUse,
    Whom,
)
from queries.question import CannotAnswer
from queries.recharge import Recharge
from queries.recharge import live as one_pools_recharge
from queries.usage import Usage
from queries.usage import live as one_pools_usage

AT_ONCE = 4
MOVE_OF = {
    EntryType.GRANTED.value: "granted",
    EntryType.EXPIRED.value: "expired",
    EntryType.VOIDED.value: "voided",
    EntryType.UPDATED.value: "updated",
}
"""What the ledger is asked for: few rows. What was consumed is in the usage, summed."""
MOVED: ColumnTypes = {"at": MOVES["bucket"], **{name: MOVES[name] for name in list(MOVES)[1:]}}

Pool = tuple[str, str | None]
One = TypeVar("One", Pool, str)


def listed(question: AllCustomers, client: MeteringClient) -> tuple[pl.DataFrame, bool]:
    """(the customers, whether there are more)."""
    del question
    found, is_cut = customers.customers(Customers(), client)
    return found.select(CUSTOMERS.names()), is_cut


def grants(question: AllGrants, client: MeteringClient) -> pl.DataFrame:
    def of_pool(pool: Pool) -> pl.DataFrame:
        customer_id, resource_id = pool
        asked = Grants(customer_id, question.currency_id, resource_id)
        return _named(one_pools_grants.read(asked, client), pool).select(GRANTS.names())

    return _together(of_pool, _pools(question.customers, client), GRANTS)


def recharges(question: AllRecharges, client: MeteringClient) -> pl.DataFrame:
    def of_customer(customer_id: str) -> pl.DataFrame:
        asked = Recharge(customer_id, question.currency_id)
        found = one_pools_recharge.read(asked, client)
        return found.select(pl.lit(customer_id).alias("customer_id"), pl.all())

    return _together(of_customer, _known(question.customers), RECHARGES)


def use(question: AllUse, client: MeteringClient) -> pl.DataFrame:
    def of_pool(pool: Pool) -> pl.DataFrame:
        return _named(_used(question, pool, client), pool).select(USE.names())

    return _together(of_pool, _pools(question.customers, client), USE)


def moves(question: AllMoves, client: MeteringClient) -> pl.DataFrame:
    """From the ledger what it holds few rows of; what was consumed from the usage."""
    asked = partial(_moved, question, client)
    rows = _together(asked, _pools(question.customers, client), MOVES)
    by = ["bucket", "move", "grant_type"]
    summed = rows.group_by(by).agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
    return summed.select(MOVES.names()).cast(MOVES).sort(by)


def _moved(question: AllMoves, client: MeteringClient, pool: Pool) -> pl.DataFrame:
    customer_id, resource_id = pool
    given = {
        "customerId": customer_id,
        "currencyId": question.currency_id,
        "resourceId": resource_id,
        "eventType": list(MOVE_OF),
    }
    nodes = client.ask_nodes(document("portfolio/moves.graphql"), {"input": given}, "creditsLedger")
    held = one_pools_grants.read(Grants(customer_id, question.currency_id, resource_id), client)
    types = dict(held.select("grant_id", "grant_type").iter_rows())
    rows = pl.DataFrame([_move(node, types) for node in nodes], MOVED, orient="row").sort("at")
    starts = pl.DataFrame({"bucket": question.cuts}, {"bucket": MOVES["bucket"]})
    within = rows.filter(pl.col("at") >= question.span.start, pl.col("at") < question.span.end)
    placed = within.join_asof(
        starts.with_columns(since=pl.col("bucket")), left_on="at", right_on="since"
    )
    consumed = _used(question, pool, client).select(
        "bucket",
        move=pl.lit("consumed"),
        grant_type=pl.lit(None, pl.String),
        amount=-pl.col("credits"),
    )
    return pl.concat([placed.select(MOVES.names()).cast(MOVES), consumed.cast(MOVES)])


def _move(node: Answer, types: Mapping[str, str]) -> tuple[object, ...]:
    move = MOVE_OF[node["eventType"]]
    grant_type = types.get(node["creditGrantId"]) if move == "granted" else None
    return time(node["timestamp"]), move, grant_type, Decimal(node["amount"])


def _used(question: AllUse | AllMoves, pool: Pool, client: MeteringClient) -> pl.DataFrame:
    customer_id, resource_id = pool
    asked = Usage(
        customer_id,
        question.currency_id,
        question.span,
        question.grain,
        question.zone,
        resource_id,
    )
    return one_pools_usage.read(asked, client).select("bucket", "credits")


def _known(asked: Whom) -> tuple[str, ...]:
    if asked is None:
        raise CannotAnswer(
            "The metering API answers for one customer at a time. "
            "All customers at once are in the extract: choose it as the source."
        )
    return asked


def _pools(asked: Whom, client: MeteringClient) -> list[Pool]:
    """Each customer's own pool, and one of each of its resources."""

    def of_customer(customer_id: str) -> Iterator[Pool]:
        yield customer_id, None
        owned = customers.resources(Resources(customer_id), client)["resource_id"]
        yield from ((customer_id, resource_id) for resource_id in owned)

    return [pool for customer_id in _known(asked) for pool in of_customer(customer_id)]


def _together(
    of_one: Callable[[One], pl.DataFrame], asked: Sequence[One], schema: pl.Schema
) -> pl.DataFrame:
    with ThreadPoolExecutor(AT_ONCE) as workers:
        found: list[pl.DataFrame] = list(workers.map(of_one, asked))
    return pl.concat([schema.to_frame(), *found])


def _named(frame: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    columns: Iterable[pl.Expr] = (
        pl.lit(value, pl.String).alias(name) for name, value in zip(POOL, pool, strict=True)
    )
    return frame.with_columns(columns)
