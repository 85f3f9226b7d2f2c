"""A sync: an extract brought up to date from a metering API, from where the last one came to."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from data.credits.dimensions import KEY
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from data.extract.folder import STAGING, only_writer
from data.extract.publish import publish_staged, settle
from data.extract.sync import told
from data.extract.sync.asking import Asker
from data.extract.sync.ledger import read_ledger
from data.extract.sync.store import STORE, Pool, Row, Store, open_store
from data.extract.sync.tables import tables
from data.extract.sync.usage import MOST_KEYS, read_usage
from data.extract.work import SOURCE
from data.metering.errors import MeteringError

ATTEMPTS = 3
AT_ONCE = 4
"""Customers that are read at the same time: while one waits, as for its turn, others go on."""
SECONDS_BETWEEN_LINES = 1.0


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: the version it published, what it read, and what does not add up.

    `added` are ledger rows and cells of usage; `calls` are by operation. `warning` is a sentence.
    """

    version: Path
    customers: int
    added: int
    calls: Counter[str]
    warning: str | None


def sync(
    asker: Asker,
    folder: Path,
    *,
    source: str,
    now: datetime,
    by: Sequence[str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Synced:
    """Read what is new, and publish it as the next version of the folder's extract.

    `source` names the API, `now` (naive UTC) is when this begins: usage is complete before it.
    `by` are the keys, at most three, by which usage is read; `tell` gets a line now and then.
    Raises ExtractError, also for whatever the API does wrong; what was read until then is kept,
    and the next sync goes on from there.
    """
    _check_keys(by)
    with only_writer(folder), _opened(folder, source) as store:
        try:
            customers = _read(asker, store, by, now, tell)
        except MeteringError as error:
            raise ExtractError(
                f"{error} The published extract stays as it is, and what was read is kept: run "
                "the sync again to go on."
            ) from None
        warning = _warning(store.differences())
        added = store.added
        tell("Building the extract.")
        write(tables(store), folder / STAGING, source=source, cut_off=now, loaded_at=now)
        return Synced(publish_staged(folder), customers, added, asker.calls, warning)


@contextmanager
def _opened(folder: Path, source: str) -> Iterator[Store]:
    """The store, unless the folder's extract was made of what a sync does not read."""
    published = settle(folder)
    if published is not None and not (folder / STORE).exists():
        with Extract(folder) as extract:
            if extract.source == SOURCE:
                raise ExtractError(
                    f"The extract in {folder} was made from event files, which a sync would "
                    "replace: choose another folder with EXTRACT_DIR."
                )
    with open_store(folder, source) as store:
        yield store


def _check_keys(by: Sequence[str] | None) -> None:
    if by is None:
        return
    if len(by) > MOST_KEYS or len(set(by)) < len(by):
        raise ExtractError(
            f"Usage can be read by up to {MOST_KEYS} different keys, not by {', '.join(by)}."
        )
    for key in by:
        if not KEY.fullmatch(key):
            raise ExtractError(f"{key!r} cannot be a key: letters, digits, _, $ and - can.")


def _read(
    asker: Asker,
    store: Store,
    by: Sequence[str] | None,
    until: datetime,
    tell: Callable[[str], None],
) -> int:
    """Read all that is new; the number of customers."""
    began = said = asker.clock()
    customers = _read_lists(asker, store)
    resources = _resources(store)
    currencies = store.table("currencies")["currency_id"].to_list()

    def read(customer_id: str) -> None:
        _read_recharges(asker, store, customer_id, currencies)
        for resource_id in (None, *resources.get(customer_id, [])):
            for currency_id in _read_pools(asker, store, customer_id, resource_id):
                pool = Pool(customer_id, currency_id, resource_id)
                read_usage(asker, store, pool, by, until)

    for done in _each_at_once(read, customers, asker.stop):
        now = asker.clock()
        if now - said >= SECONDS_BETWEEN_LINES or done == len(customers):
            said = now
            tell(
                f"{done:,} of {len(customers):,} customers, {store.added:,} new rows, "
                f"{now - began:,.0f} s"
            )
    return len(customers)


def _each_at_once(
    read: Callable[[str], None], customers: Sequence[str], stop: Callable[[], None]
) -> Iterator[int]:
    """How many are read, as they are; the first failure stops the others and is raised."""
    with ThreadPoolExecutor(AT_ONCE) as workers:
        readings = [workers.submit(read, customer_id) for customer_id in customers]
        try:
            for done, reading in enumerate(as_completed(readings), start=1):
                reading.result()
                yield done
        except BaseException:
            stop()
            workers.shutdown(wait=False, cancel_futures=True)
            raise


def _resources(store: Store) -> Mapping[str, Sequence[str]]:
    """customer → its resources"""
    resources: dict[str, list[str]] = {}
    listed = store.table("resources").select("customer_id", "resource_id")
    for customer_id, resource_id in listed.sort("customer_id", "resource_id").iter_rows():
        resources.setdefault(customer_id, []).append(resource_id)
    return resources


def _read_lists(asker: Asker, store: Store) -> list[str]:
    """Ask for what belongs to no pool anew; the ids of the customers.

    What the catalogue sells is as it is told now; whom or what rows may name stays, told or not.
    """
    store.replace("coupons", asker.nodes("coupons", {}, told.coupon))
    store.replace("addons", asker.nodes("addons", {}, told.addon))
    plans = asker.nodes("plans", {}, told.plan)
    store.replace("plans", [plan for plan, _ in plans])
    store.replace("rates", [rate for _, rates in plans for rate in rates])
    store.replace(
        "promotional_entitlements", asker.nodes("promotionalEntitlements", {}, told.promotion)
    )
    store.replace("subscriptions", asker.nodes("subscriptions", {}, told.subscription))
    store.add("features", asker.nodes("features", {}, told.feature), "feature_id")
    store.add(
        "currencies",
        asker.ask("customCurrencies", {}, lambda given: [told.currency(one) for one in given]),
        "currency_id",
    )
    store.add(
        "resources",
        asker.nodes("customerResources", {}, told.resource),
        "customer_id",
        "resource_id",
    )
    customers = asker.nodes("customers", {}, told.customer)
    store.add("customers", customers, "customer_id")
    return [row["customer_id"] for row in customers]


def _read_recharges(
    asker: Asker, store: Store, customer_id: str, currencies: Sequence[str]
) -> None:
    rows: list[Row] = []
    for currency_id in currencies:
        given = {"customerId": customer_id, "currencyId": currency_id}
        read = partial(told.recharge, customer_id, currency_id)
        rows += asker.ask("getAutoRechargeSettings", {"input": given}, read)
    store.set_recharges(customer_id, rows)


def _read_pools(asker: Asker, store: Store, customer_id: str, resource_id: str | None) -> list[str]:
    """Read balances, grants and ledgers of all currencies; the ids of the currencies.

    Usage may settle between the questions: they are asked until the balances stood still.
    """
    owner = {"customerId": customer_id, "resourceId": resource_id}
    before = _balances(asker, owner)
    for _ in range(ATTEMPTS):
        read = partial(told.grant, customer_id, resource_id)
        grants = asker.nodes("creditGrants", {"input": owner}, read)
        currencies = sorted({grant["currency_id"] for grant in grants} | before.keys())
        for currency_id in currencies:
            read_ledger(asker, store, Pool(customer_id, currency_id, resource_id))
        after = _balances(asker, owner)
        has_stood_still = after == before
        before = after
        if has_stood_still:
            break
    balances = [
        {
            "customer_id": customer_id,
            "resource_id": resource_id,
            "currency_id": currency_id,
            "balance": balance,
        }
        for currency_id, balance in before.items()
    ]
    store.set_pools(customer_id, resource_id, grants, balances)
    return currencies


def _balances(asker: Asker, owner: dict[str, str | None]) -> dict[str, Decimal]:
    """currency → settled balance"""

    def read(answer: Any) -> dict[str, Decimal]:
        return {
            one["currency"]["currencyId"]: Decimal(one["currentBalance"])
            for one in answer["balances"]
        }

    return asker.ask("creditBalanceSummary", {"input": owner}, read)


def _warning(differences: Sequence[dict[str, Any]]) -> str | None:
    """One sentence about the pools that do not add up, with the first as an example."""
    if not differences:
        return None
    first, others = differences[0], len(differences) - 1
    pool = " / ".join(
        first[name] for name in ("customer_id", "resource_id", "currency_id") if first[name]
    )
    balance, of_ledger, of_grants = (
        f"{first[name].normalize():,f}" for name in ("told", "of_ledger", "of_grants")
    )
    return (
        f"The metering API says that the balance of {pool} is {balance}, but its ledger sums to "
        f"{of_ledger} and its grants have {of_grants} left"
        + (f", and {others:,} other pools do not add up either." if others else ".")
    )
