"""The demo company behind both sources, and the Usage page that asks them."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
import stamina
from faulty_wire import Wire
from local_metering import LocalApi
from streamlit.components.v2 import manifest_scanner
from usage_page import UsagePage
from usage_world import NOW, Api, Clock, Demo

from dashboard import asking
from dashboard.activity.store import ActivityFile
from dashboard.sources import Sources, use
from data.demo.company import build
from data.demo.sold import CATALOGUE
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY
from data.metering.service.service import Service
from queries.question import Extracted, Live

URL = "http://metering.test/graphql"

scan_once = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    tables = build(NOW)
    catalogue = read_catalogue(CATALOGUE)
    service = Service(folder / "store", catalogue, clock=lambda: NOW, settle_every=None)
    service.fill(tables)
    staged = folder / "extract" / STAGING
    write(tables, staged, source="the demo company", cut_off=NOW, loaded_at=NOW)
    publish(staged.parent)
    with Extract(staged.parent) as extract:
        yield Demo(tables, service, extract)
    service.close()
    asking.forget()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr("data.clock.datetime", clock)
    yield clock
    if clock.at != NOW:
        asking.forget()


@pytest.fixture(autouse=True)
def activity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ActivityFile:
    """A record of changes of the test's own."""
    monkeypatch.setenv("ACTIVITY", str(tmp_path / "activity.sqlite"))
    return ActivityFile(tmp_path / "activity.sqlite")


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    stamina.set_testing(True)
    yield
    stamina.set_testing(False)


@pytest.fixture(autouse=True)
def _installed_packages_are_scanned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest looks through them for components each time it is made, for 0.2 s."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", scan_once)


@pytest.fixture
def transport(demo: Demo) -> Api:
    return Api(demo.service)


@pytest.fixture
def sources(demo: Demo, transport: Api) -> Iterator[Sources]:
    """Both, in the place of this process's own. What tests before have asked is still kept."""
    client = MeteringClient(URL, SERVER_KEY, transport=httpx.MockTransport(transport))
    sources = Sources(Live(client), Extracted(demo.extract), is_demo=True)
    use(sources)
    yield sources
    use(None)
    client.close()


@pytest.fixture
def api(transport: Api, sources: Sources) -> Api:  # noqa: ARG001  # in use from here on
    """The transport to the metering API, for a test that counts requests or makes them fail."""
    asking.forget()
    return transport


@pytest.fixture
def visit(sources: Sources) -> Callable[..., UsagePage]:  # noqa: ARG001  # the page asks them
    """Open the Usage page at an address: `visit(customer="customer-demo-01", by="model")`."""
    return UsagePage


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    """A local metering API of the module's own, to be written to."""
    api = LocalApi(tmp_path_factory.mktemp("local") / "store")
    api.clock.now = NOW
    yield api
    api.close()


@pytest.fixture
def wire(local: LocalApi) -> Iterator[Wire]:
    """To the live source, which is the only one here."""
    wire = Wire(local)
    use(Sources(Live(wire.client), None))
    asking.forget()
    yield wire
    use(None)
    asking.forget()
    wire.client.close()
