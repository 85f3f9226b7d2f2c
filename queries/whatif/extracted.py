"""What-if from an extract."""

from dataclasses import replace

import polars as pl

from data.credits.replay import uncollected
from data.extract.duckdb import Extract
from queries.catalogue import Features
from queries.catalogue import extracted as catalogue
from queries.documents import document
from queries.extracted import check_scope
from queries.portfolio import POOL, AllGrants, AllRecharges, Whom
from queries.portfolio import extracted as portfolio
from queries.whatif import REPRICED, Replayed, Repriced, Scenario, TodaysRates
from queries.whatif.batches import batches
from queries.whatif.events import ALL_TIME, check_charges, events
from queries.whatif.late import late_events
from queries.whatif.rated import rated
from queries.whatif.replaying import past, replayed_pools
from queries.whatif.tariff import Tariff, tariff_of
from queries.whatif.totals import charged, totals


def repriced(question: Repriced, extract: Extract) -> pl.DataFrame:
    scope = check_scope(extract, None, question.currency_id)
    tariff, pools = _tariff(question.scenario, extract), _pools(extract, question.customers)
    whom = _customer_keys(pools, question.customers)
    sums = totals(extract, scope | {"customer_keys": whom}, tariff, question.span)
    named = sums.join(pools, on="pool").sort(*POOL, nulls_last=False)
    return named.select(REPRICED.names()).cast(REPRICED)


def replayed(question: Replayed, extract: Extract) -> pl.DataFrame:
    scope = check_scope(extract, None, question.currency_id)
    pools = _pools(extract, question.customers)
    shared = scope | {"customer_keys": _customer_keys(pools, question.customers)}
    some = list(batches(pools, charged(extract, shared, ALL_TIME)))
    if len(some) < 2:
        return _replayed(question, extract)
    return pl.concat(_replayed(replace(question, customers=whom), extract) for whom in some)


def _replayed(question: Replayed, extract: Extract) -> pl.DataFrame:
    """Of all customers of the question at once."""
    currency, customers = question.currency_id, question.customers
    scope = _scope(currency, customers)
    held = past(
        _pools(extract, customers),
        portfolio.grants(AllGrants(currency, customers), extract),
        portfolio.recharges(AllRecharges(currency, customers), extract),
        check_charges(
            events(
                extract,
                currency,
                customers,
                _tariff(question.scenario, extract),
                span=question.span,
                late=late_events(extract, scope),
            )
        ),
        extract.read(document("whatif/written.sql"), scope),
        question.span,
        extract.cut_off,
    )
    with uncollected():
        return replayed_pools(held, question.scenario)


def todays_rates(question: TodaysRates, extract: Extract) -> pl.DataFrame:
    scope = check_scope(extract, None, question.currency_id)
    held = _scope(question.currency_id, question.customers)
    rates = extract.read(document("whatif/rates.sql"), held)
    whom = _customer_keys(_pools(extract, question.customers), question.customers)
    return rated(rates, extract, scope | {"customer_keys": whom})


def _tariff(scenario: Scenario, extract: Extract) -> Tariff:
    features = catalogue.features(Features(), extract)["feature_id"]
    return tariff_of(scenario, features)


def _scope(currency_id: str, customers: Whom) -> dict[str, object]:
    named = None if customers is None else list(customers)
    return {"currency_id": currency_id, "customers": named}


def _pools(extract: Extract, customers: Whom) -> pl.DataFrame:
    given = {"customers": None if customers is None else list(customers)}
    return extract.read(document("whatif/pools.sql"), given)


def _customer_keys(pools: pl.DataFrame, customers: Whom) -> list[int] | None:
    return None if customers is None else sorted(set(pools["customer_key"]))
