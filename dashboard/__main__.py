"""The commands: python -m dashboard serve | metering | extract | traces."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboard.settings import Settings, SettingsError, read_settings
from data.demo.sold import CATALOGUE
from data.demo.traces import TracesError
from data.extract.errors import ExtractError
from data.metering.errors import MeteringError
from data.metering.service.faults import NoStore, RulesBroken, StoreInUse
from data.metering.service.verification import verify
from data.metering.written import CatalogueError
from queries.command import ChangeError

SENTENCES = (
    SettingsError,
    ExtractError,
    CatalogueError,
    StoreInUse,
    NoStore,
    RulesBroken,
    MeteringError,
    ChangeError,
    TracesError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what can be said in a sentence is said in one, with exit code 1."""
    given = _parser().parse_args(arguments)
    try:
        given.run(given, read_settings())
    except SENTENCES as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard")
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve", help="the app, on PORT (8501)")
    serve.set_defaults(run=_serve)

    metering = commands.add_parser("metering", help="the local metering API over HTTP")
    metering.add_argument("--port", type=int)
    metering.add_argument("--store", type=Path, help="folder of its store")
    metering.add_argument("--catalog", type=Path, help="JSON: what is sold (METERING_CATALOG)")
    metering.add_argument("--empty", action="store_true", help="leave an empty store empty")
    metering.add_argument(
        "--verify", type=Path, metavar="DIR", help="check a store that nobody serves, and end"
    )
    metering.set_defaults(run=_metering)

    extract = commands.add_parser("extract", help="make an extract").add_subparsers(required=True)
    ingest = extract.add_parser("ingest", help="add events, or warehouse exports, from files")
    ingest.add_argument("events", type=Path, nargs="+", metavar="file or folder")
    ingest.add_argument(
        "--mapping",
        type=Path,
        help="JSON: columns to fields; without it the files are warehouse exports of credit "
        "consumption and credit grants, known by their columns",
    )
    ingest.add_argument(
        "--catalog", type=Path, help="JSON: what usage costs, and of exports the names"
    )
    ingest.set_defaults(run=_ingest)
    extract.add_parser("publish", help="make what was ingested the current version").set_defaults(
        run=_publish
    )

    sync = extract.add_parser("sync", help="read what is new from the metering API, and publish it")
    sync.add_argument(
        "--by",
        metavar="KEYS",
        help="up to 3 keys by which usage is read, as model,team (the first 3 by name)",
    )
    sync.set_defaults(run=_sync)

    traces = commands.add_parser("traces", help="report and ingest the Azure LLM traces")
    traces.add_argument("folder", type=Path, help="the folder with code.csv and conv.csv")
    traces.set_defaults(run=_traces)
    return parser


def _serve(_given: argparse.Namespace, settings: Settings) -> None:
    from dashboard.server import serve  # the other commands need no Streamlit

    serve(settings)


def _metering(given: argparse.Namespace, settings: Settings) -> None:
    if given.verify is not None:
        print(verify(given.verify))
        return
    if given.port is None or given.store is None:
        raise SettingsError("metering needs --port and --store, or --verify.")
    from dashboard.metering import serve_metering

    catalogue = given.catalog or settings.catalogue
    serve_metering(settings, given.store, catalogue, given.port, is_empty=given.empty)


def _ingest(given: argparse.Namespace, settings: Settings) -> None:
    from dashboard.ingesting import ingest_events, ingest_warehouse

    if given.mapping is None:
        ingest_warehouse(given.events, given.catalog, settings)
    else:
        ingest_events(given.events, given.mapping, given.catalog or CATALOGUE, settings)


def _publish(_given: argparse.Namespace, settings: Settings) -> None:
    from data.extract.publish import publish

    print(f"Published {publish(settings.extract_dir).name}.")


def _sync(given: argparse.Namespace, settings: Settings) -> None:
    from dashboard.syncing import sync_extract

    sync_extract(settings, given.by.split(",") if given.by else None)


def _traces(given: argparse.Namespace, settings: Settings) -> None:
    from dashboard.traces import import_traces

    import_traces(given.folder, settings)


if __name__ == "__main__":
    sys.exit(main())
