"""The local metering API served over HTTP, on loopback only."""

import gc
from pathlib import Path

import uvicorn

from dashboard.settings import Settings
from data.demo.sold import sells_demo
from data.metering.catalogue import read_catalogue
from data.metering.service.app import SERVER_KEY, over_http
from data.metering.service.service import Service


def serve_metering(
    settings: Settings, store: Path, catalogue: Path, port: int, *, is_empty: bool
) -> None:
    """Serve until interrupted; an empty store starts as the demo company unless `is_empty`."""
    # A batch makes tens of thousands of objects and no cycles: looking for some after every 700
    # took a tenth of the time.
    gc.set_threshold(50_000)
    service = Service(store, read_catalogue(catalogue))
    if service.store.is_empty() and not is_empty and sells_demo(catalogue):
        from dashboard.sources import fill_with_demo  # a restart need not wait for the demo's code

        fill_with_demo(service)
    print(
        f"The local metering API: http://{settings.host}:{port}/graphql\n"
        f"Its key: X-API-KEY: {SERVER_KEY}",
        flush=True,
    )
    try:
        uvicorn.run(over_http(service), host=settings.host, port=port, log_level="warning")
    finally:
        service.close()
