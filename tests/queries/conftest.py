"""Random histories, put into both kinds of source once."""

import json
from collections.abc import Iterator
from functools import partial

import histories
import pytest
from histories import NOW
from told import Told, WatchedPool

from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, respond
from data.metering.service.service import Service
from queries.question import Extracted, Live

CUSTOMERS = 500
CATALOGUE = {
    "currencies": [
        {"currency_id": "ai-tokens", "display_name": "AI Tokens", "status": "ACTIVE"},
        {"currency_id": "legacy", "display_name": "Legacy credits", "status": "ARCHIVED"},
    ],
    "features": [
        {"feature_id": name, "display_name": name.title(), "feature_type": "NUMBER",
         "meter_type": "Incremental"}
        for name in histories.FEATURES
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Random histories, put into both kinds of source."""
    folder = tmp_path_factory.mktemp("histories")
    WatchedPool.turns.clear()
    tables = histories.company(CUSTOMERS, seed=4, kind=WatchedPool)
    (folder / "catalogue.json").write_text(json.dumps(CATALOGUE))
    catalogue = read_catalogue(folder / "catalogue.json")
    service = Service(folder / "store", catalogue, clock=lambda: NOW, settle_every=None)
    service.fill(tables)
    staged = folder / "extract" / STAGING
    write(tables, staged, source="random histories", cut_off=NOW, loaded_at=NOW)
    publish(staged.parent)
    client = MeteringClient.inside(partial(respond, service), SERVER_KEY)
    with Extract(staged.parent) as extract:
        yield Told(tables, Live(client), Extracted(extract), WatchedPool.turns)
    service.close()
