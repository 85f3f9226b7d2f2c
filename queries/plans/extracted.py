"""What an extract knows of what is sold: the rates of the plans, and coupons in part."""

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.plans import COUPON_SCHEMA, RATE_SCHEMA, Countries, Coupons, Paywall, Rates
from queries.question import CannotAnswer


def paywall(_question: Paywall, _extract: Extract) -> pl.DataFrame:
    raise CannotAnswer(
        "An extract holds the plans by name and what they charge in credits, and neither their "
        "prices nor their entitlements. The live source has them."
    )


def countries(_question: Countries, _extract: Extract) -> pl.DataFrame:
    raise CannotAnswer("An extract holds no prices of plans. The live source has them.")


def rates(_question: Rates, extract: Extract) -> pl.DataFrame:
    return extract.read(document("plans/rates.sql"), {}).cast(RATE_SCHEMA)


def coupons(_question: Coupons, extract: Extract) -> pl.DataFrame:
    return extract.read(document("plans/coupons.sql"), {}).cast(COUPON_SCHEMA)
