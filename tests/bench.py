"""The measurements: python -m tests.bench. Medians over several runs; the machine is shared.

With SCALE=100k|1m|10m|100m in the environment, those of an extract of so many events instead.
"""

import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from dashboard import sources
from dashboard.asking import forget
from dashboard.settings import read_settings
from data.clock import utc_now
from data.credits.forecast import CLAIM
from data.credits.replay import replay
from data.demo.company import build
from data.demo.sold import CATALOGUE
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from data.metering.service.paging import cursor
from data.metering.service.readings import LEDGER_ORDER
from data.metering.service.service import Service
from queries.answer import Question, answer
from queries.ledger import MOST_ROWS, LedgerPage
from queries.outlook import fleet_outlook, unusual
from queries.question import Extracted, Live, Source
from queries.statement import Statement
from queries.time import Grain, Preset, Span, period, zone_of
from queries.usage import Usage
from queries.whatif import Change, Replayed, Repriced, Scenario
from tests import fleet_extract, fleets, long_ledger, synced_fleet
from tests.data import backtest
from tests.data.local_metering import MeteringProcess
from tests.scale import bench as at_scale

Address = dict[str, Any]

APP = Path(__file__).parent.parent / "dashboard" / "app.py"
RUNS = 15
LOADS = 3
LOAD_SECONDS = 10
RESTARTED_WITH = 1_000_000
CALLS = "api-credits"
POOLS = 10_000
REPLAYED = (1_000_000, 10_000_000)
LEDGER, DEPTH = 2_000_000, 1_000_000
LISTED: dict[str, dict[str, Any]] = {
    "all": {},
    "granted": {"types": ("CREDITS_GRANTED",)},
    "one grant": {"grant_id": "grant-42"},
    "one event": {"event_id": "event-4242"},
}
VIEWS: dict[str, tuple[str, Address]] = {
    "Overview": ("overview", {}),
    "usage of all customers, 30 days": ("usage", {}),
    "usage of one customer by model, live": ("usage", {
        "source": "live", "customer": "customer-demo-01", "by": "model",
    }),
    "usage of one customer by model and team, 12 months by day, top 20": ("usage", {
        "customer": "customer-demo-01", "by": ["model", "team"], "period": "12m",
        "grain": "day", "top": "20",
    }),
    "Balance of one customer": ("balance", {"customer": "customer-demo-01"}),
    "Grants of one customer": ("grants", {"customer": "customer-demo-01"}),
    "What-if, one model at twice its charge": ("what_if", {
        "s1.1.value": "=claude", "s1.1.price": "x2",
    }),
}  # fmt: skip
"""name → (the view, its address)"""


def main() -> None:
    logging.disable(logging.WARNING)
    if scale := os.environ.get("SCALE"):
        at_scale.main(scale)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["METERING_STORE"] = f"{folder}/metering"
        os.environ["EXTRACT_DIR"] = f"{folder}/extract"
        line("demo company, built", median(lambda: build(utc_now()), runs=3))
        line("sources, first start", median(connect, runs=1))
        line("sources, later start", median(connect, runs=3))
        pages()
        questions()
        sources.current().close()
        replays()
        outlooks()
        what_ifs(Path(folder) / "fleet")
        long_ledgers(Path(folder) / "long")
        metering(Path(folder) / "served")
        synced_fleet.bench(Path(folder) / "synced")


def connect() -> None:
    if sources._current is not None:
        sources._current.close()
    sources.use(sources.connect(read_settings()))


def pages() -> None:
    """Server time of a warm rerun of a page, and the size of its figure."""
    for name, (view, parameters) in VIEWS.items():
        page = opened(view, parameters)
        page.run()
        line(f"warm rerun, {name}", median(page.run))
        [chart] = page.get("plotly_chart")
        print(f"{'figure, ' + name:70}{len(chart.proto.spec) / 1000:10.1f} kB")


def opened(view: str, parameters: Address) -> AppTest:
    """A page of the app: Streamlit's harness knows them only after a first run."""
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.query_params["source"] = "none"
    page.run()
    del page.query_params["source"]
    page.switch_page(f"views/{view}.py")
    for key, value in parameters.items():
        page.query_params[key] = value
    return page.run()


def questions() -> None:
    """One customer's month, by the kind of source and by where days are cut."""
    here = sources.current()
    for zone in ("UTC", "Europe/Berlin"):
        span = period(Preset.LAST_30_DAYS, utc_now(), zone_of(zone)).span
        question = Usage("customer-demo-01", "ai-tokens", span, Grain.DAY, zone, by=("model",))
        kinds: dict[str, Source | None] = {"live": here.live, "extract": here.extract}
        for kind, source in kinds.items():
            if source is not None:
                line(f"usage by model, 30 days, {zone}, {kind}", median(asking(question, source)))


def asking(question: Question, source: Source) -> Callable[[], object]:
    return lambda: answer(question, source)


def replays() -> None:
    """A year of a fleet through its grants, ledger and all; and how that grows with its events."""
    seconds = []
    for count in REPLAYED:
        rng = np.random.default_rng(1)
        granted, burned = fleets.grants(POOLS, rng), fleets.events(count, POOLS, rng)
        seconds.append(median(partial(replay, granted, burned), runs=3))
        line(f"replay of {count:,} events, {POOLS:,} pools, 12 grants each", seconds[-1])
        rate(f"replay of {count:,} events", [count / seconds[-1]])
    print(f"{'replay, 10 times the events':70}{seconds[-1] / seconds[0]:10.1f} times as long")


def outlooks() -> None:
    """How often the forecast's range held what came later, and the outlook of a fleet."""
    now = utc_now()
    company = build(now)
    for currency, events in (
        company["usage_events"].partition_by("currency_id", as_dict=True).items()
    ):
        for ahead, share in backtest.held(events, now).items():
            name = f"forecast of {currency[0]}, {ahead} days, held (claimed {CLAIM:.0%})"
            print(f"{name:70}{share:10.1%}", flush=True)
    rng = np.random.default_rng(1)
    granted, burned = fleets.grants(POOLS, rng), fleets.events(REPLAYED[0], POOLS, rng)
    for moment in (fleets.START + timedelta(days=200), fleets.START + timedelta(days=350)):
        fleet = fleets.standing(granted, burned, moment)
        seconds = median(partial(fleet_outlook, *fleet, now=moment), runs=3)
        line(f"outlook of {POOLS:,} pools, {moment:%-d %b}", seconds)
    line(
        f"unusual use among {POOLS:,} pools", median(partial(unusual, fleet[0], now=moment), runs=3)
    )


def what_ifs(folder: Path) -> None:
    """A year of a fleet with one changed price: totals, the replay of everybody, and its growth."""
    seconds: dict[str, list[float]] = {}
    for count in REPLAYED:
        place = folder / str(count)
        write(
            fleet_extract.tables(count, POOLS),
            place / STAGING,
            source="a fleet",
            cut_off=fleet_extract.END,
            loaded_at=fleet_extract.END,
        )
        publish(place)
        with Extract(place) as extract:
            for name, took in what_if(Extracted(extract), count).items():
                seconds.setdefault(name, []).append(took)
    for name, (small, large) in seconds.items():
        print(f"{f'what-if, {name}, 10 times the events':70}{large / small:10.1f} times as long")


def what_if(source: Source, count: int) -> dict[str, float]:
    currency, year = fleet_extract.CURRENCY, Span(fleets.START, fleet_extract.END)
    prices = {
        "one model doubled": Change(None, "x2", fleet_extract.model(1)),
        "one model by a formula": Change(None, "0.002*input_tokens", fleet_extract.model(1)),
    }
    took = {}
    for name, price in prices.items():
        scenario = Scenario(name, (price,), fleet_extract.KEY)
        questions: dict[str, Question] = {
            "totals": Repriced(currency, year, scenario),
            "full replay": Replayed(currency, year, scenario),
        }
        for kind, question in questions.items():
            key = f"{name}, {kind}"
            took[key] = median(asking(question, source), runs=3)
            line(f"what-if of {count:,} events, {key}", took[key])
    baseline: Question = Replayed(currency, year)
    took["baseline"] = median(asking(baseline, source), runs=3)
    line(f"what-if of {count:,} events, baseline", took["baseline"])
    differs = answer(baseline, source).frame["difference"].sum()
    print(f"{'what-if, ledger rows in which the baseline differs':70}{differs:10}", flush=True)
    return took


def long_ledgers(folder: Path) -> None:
    """A page in the depth of one customer's ledger against the first, by the kind of source."""
    tables = long_ledger.tables(LEDGER)
    now: datetime = tables["ledger"]["occurred_at"][-1]
    staged = folder / STAGING
    write(tables, staged, source="a long ledger", cut_off=now, loaded_at=now)
    publish(folder)
    catalogue = read_catalogue(CATALOGUE)
    service = Service(folder / "store", catalogue, clock=lambda: now, settle_every=None)
    service.fill({name: frame for name, frame in tables.items() if name != "usage_events"})
    with Extract(folder) as extract:
        live, extracted = Live(sources.inside(service)), Extracted(extract)
        deep_pages(extracted, str(LEDGER - DEPTH + 1))
        whole_ledger(extracted, now)
        deep_pages(live, long_place(LEDGER - DEPTH + 1))
        sources.use(sources.Sources(live, extracted, service=service))
        ledger_page(str(LEDGER - DEPTH + 1))
        sources.use(None)
    service.close()


def deep_pages(source: Source, place: str) -> None:
    first = LedgerPage(long_ledger.CUSTOMER, long_ledger.CURRENCY)
    deep = replace(first, place=place)
    for name, narrowed in LISTED.items():
        if narrowed and isinstance(source, Live):
            continue
        pages = [replace(page, **narrowed) for page in (first, deep)]
        seconds = [median(asking(page, source)) for page in pages]
        line(f"ledger of {LEDGER:,} rows, {name}, {source.name}, first page", seconds[0])
        line(f"ledger of {LEDGER:,} rows, {name}, {source.name}, row {DEPTH:,}", seconds[1])
        print(
            f"{'the deep page against the first':70}{seconds[1] / seconds[0]:10.2f} times as long"
        )


def long_place(number: int) -> str:
    """Under the row of that number, in the metering API's own way; the rows below come to 1000."""
    return f"last 1000 {cursor({'ledger_seq': number}, LEDGER_ORDER)}"


def whole_ledger(source: Source, now: datetime) -> None:
    """The statement of the Balance page, and a part of what an export gathers."""
    pool = (long_ledger.CUSTOMER, long_ledger.CURRENCY)
    statement = Statement(*pool, Span(long_ledger.START, now))
    line(f"statement of {LEDGER:,} rows", median(asking(statement, source), runs=5))
    part = LedgerPage(*pool, count=MOST_ROWS)
    line(f"{MOST_ROWS:,} of {LEDGER:,} rows", median(asking(part, source), runs=5))


def ledger_page(place: str) -> None:
    """Server time of the whole page, with nothing kept from the run before."""
    seconds = []
    whole: Address = {"source": "extract", "customer": long_ledger.CUSTOMER}
    for parameters in ({}, {"place": place}):
        page = opened("ledger", whole | parameters)
        seconds.append(median(partial(anew, page), runs=7))
        line(f"Ledger page, {'row ' + f'{DEPTH:,}' if parameters else 'first'}", seconds[-1])
    print(f"{'the deep page against the first':70}{seconds[1] / seconds[0]:10.2f} times as long")


def anew(page: AppTest) -> None:
    forget()
    page.run()
    assert not page.exception
    assert len(page.dataframe) == 1


def metering(store: Path) -> None:
    """The local metering API over HTTP, its load made by another process on the same cores."""
    api = MeteringProcess(store, "--empty")
    api.provision()
    api.grant(10**9)
    api.grant(10**9, currencyId=CALLS)
    rates: dict[str, list[float]] = {name: [] for name in ("acknowledged", "settled", "answer")}
    calls = 0
    for _ in range(LOADS):
        started = time.perf_counter()
        load = loaded("events", api.url)
        calls += load["acknowledged"] // 2
        while api.balance(currencyId=CALLS)["totalConsumed"] < calls:
            time.sleep(0.05)  # between looks at what has settled
        rates["acknowledged"].append(load["acknowledged"] / load["seconds"])
        rates["settled"].append(load["acknowledged"] / (time.perf_counter() - started))
        rates["answer"].append(load["p95"])
    rate("raw events, acknowledged", rates["acknowledged"])
    rate("raw events, settled", rates["settled"])
    line("batch of 1000 raw events, 95th percentile", statistics.median(rates["answer"]))
    usage = [loaded("usage", api.url) for _ in range(LOADS)]
    rate("reportUsage, 32 clients", [load["acknowledged"] / load["seconds"] for load in usage])
    line("reportUsage, 95th percentile", statistics.median(load["p95"] for load in usage))
    while 2 * calls < RESTARTED_WITH:
        calls += loaded("events", api.url)["acknowledged"] // 2
    api.kill()
    line(f"restart after a kill, {2 * calls:,} events", median(restarting(store), runs=3))


def loaded(what: str, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.load", what, url, str(LOAD_SECONDS)]
    load: dict[str, float] = json.loads(subprocess.check_output(command))
    return load


def restarting(store: Path) -> Callable[[], object]:
    """From the start of the process to its first answer, each time killed right after."""
    return lambda: MeteringProcess(store, "--empty").kill()


def rate(name: str, rates: list[float]) -> None:
    print(f"{name:70}{statistics.median(rates):10,.0f} /s", flush=True)


def median(run: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def line(name: str, seconds: float) -> None:
    print(f"{name:70}{seconds * 1000:10.1f} ms", flush=True)


if __name__ == "__main__":
    main()
