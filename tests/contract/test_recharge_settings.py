"""Auto-recharge settings: the same question to the metering API and to the extract."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.demo.sold import CATALOGUE, catalogue
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, respond
from data.metering.service.service import Service
from data.tables import SCHEMAS, Tables
from queries.answer import answer
from queries.extracted import NotInExtract
from queries.question import Extracted, Live, QuestionError
from queries.recharge import LIMITS, SCHEMA, Recharge, RechargeLimits

NOW = datetime(2026, 5, 20, 12)
SAVED = datetime(2026, 3, 1, 9, 30)
CURRENCY = "ai-tokens"
SETTINGS = {
    "capped": (
        True, "CreditAmount", Decimal("500.5"), Decimal(5000), Decimal(160), "OneYear", Decimal(0),
    ),
    "free": (
        False, "DollarAmount", Decimal(20), Decimal("99.000001"), None, "OneMonth", Decimal(0),
    ),
}  # fmt: skip
CUSTOMERS = (*SETTINGS, "unsaved")


def tables() -> Tables:
    customers = [(name, name.title(), f"{name}@mail.example", SAVED) for name in CUSTOMERS]
    saved = [(name, CURRENCY, *values, SAVED, NOW) for name, values in SETTINGS.items()]
    return dict(catalogue().tables) | {
        "customers": pl.DataFrame(customers, SCHEMAS["customers"], orient="row"),
        "recharge_settings": pl.DataFrame(saved, SCHEMAS["recharge_settings"], orient="row"),
    }


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Extracted]]:
    folder = tmp_path_factory.mktemp("recharges")
    service = Service(
        folder / "store", read_catalogue(CATALOGUE), clock=lambda: NOW, settle_every=None
    )
    service.fill(tables())
    staged = folder / "extract" / STAGING
    write(tables(), staged, source="the test", cut_off=NOW, loaded_at=NOW)
    publish(staged.parent)
    client = MeteringClient.inside(partial(respond, service), SERVER_KEY)
    with Extract(staged.parent) as extract:
        yield Live(client), Extracted(extract)
    service.close()


def same(both: tuple[Live, Extracted], customer_id: str) -> pl.DataFrame:
    live, extracted = (answer(Recharge(customer_id, CURRENCY), source).frame for source in both)
    assert live.schema == extracted.schema == SCHEMA
    assert_frame_equal(live, extracted)
    return live


@pytest.mark.parametrize("customer_id", SETTINGS)
def test_what_was_saved_is_answered(both: tuple[Live, Extracted], customer_id: str) -> None:
    assert same(both, customer_id).rows() == [(*SETTINGS[customer_id], SAVED, NOW)]


def test_where_nothing_was_saved_there_is_no_row(both: tuple[Live, Extracted]) -> None:
    assert same(both, "unsaved").height == 0


def test_a_customer_that_is_not_in_the_extract_is_named(both: tuple[Live, Extracted]) -> None:
    with pytest.raises(NotInExtract, match="'nobody'"):
        answer(Recharge("nobody", CURRENCY), both[1])


def test_an_extract_holds_no_limits_of_a_plan(both: tuple[Live, Extracted]) -> None:
    live, extracted = (answer(RechargeLimits("capped", CURRENCY), source).frame for source in both)
    assert live.schema == extracted.schema == LIMITS
    assert (live.height, extracted.height) == (1, 0)
    with pytest.raises(NotInExtract, match="'nobody'"):
        answer(RechargeLimits("nobody", CURRENCY), both[1])


def test_a_question_that_cannot_be_asked_says_why() -> None:
    with pytest.raises(QuestionError, match="cannot be a customer id"):
        Recharge("not an id", CURRENCY)
