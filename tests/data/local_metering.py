"""Local metering APIs for tests: one in this process with its own clock, one over HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import simplejson
import uvicorn
from graphql import GraphQLObjectType, GraphQLOutputType, GraphQLUnionType, get_named_type

from data.demo.sold import CATALOGUE
from data.metering.catalogue import Catalogue, read_catalogue
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, over_http, respond
from data.metering.service.graphql import SCHEMA
from data.metering.service.service import Service
from data.tables import Tables

ROOT = Path(__file__).parents[2]
CUSTOMER = "customer-demo-01"
CURRENCY = "ai-tokens"
GROWTH = "plan-revvenu-growth"
SEATS = "feature-seats"
SEAT_CREDITS = 25
NOON = datetime(2026, 5, 20, 12)
SECONDS_TO_START = 90

Answer = dict[str, Any]

PAGE_INFO = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage }"
GRANT = """
    grantId id displayName grantType status amount consumedAmount priority comment
    cost { amount currency } paymentCollection currencyId customerId resourceId sourceType
    effectiveAt expireAt voidedAt createdAt updatedAt additionalMetaData
    automaticRechargeConfigurationId invoiceId latestInvoice { status amountDue currency }
"""
MEASUREMENT = """
    id customerId featureId resourceId environmentId value currentUsage createdAt timestamp
    usagePeriodStart usagePeriodEnd nextResetDate
    credit { consumed currencyId currentUsage usageLimit timestamp usagePeriodEnd }
"""
PROVISION = """mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) {
    customer { customerId name email createdAt }
    subscription { subscriptionId status startDate plan { refId } resource { resourceId } } } }"""
CREATE_GRANT = f"""mutation ($input: CreditGrantInput!) {{
    createCreditGrant(input: $input) {{ {GRANT} }} }}"""
UPDATE_GRANT = f"""mutation ($input: UpdateCreditGrantInput!) {{
    updateCreditGrant(input: $input) {{ {GRANT} }} }}"""
VOID_GRANT = f"""mutation ($input: VoidCreditGrantInput!) {{
    voidCreditGrant(input: $input) {{ {GRANT} }} }}"""
SETTINGS = """
    id customerId currencyId isEnabled thresholdType thresholdValue targetBalance maxSpendLimit
    grantExpirationPeriod currentMonthlySpend createdAt updatedAt validationConfig {
    allowUnlimitedSpendLimit minGrantAmount maxTargetBalance maxThresholdAmount }
"""
RECHARGE = f"""query ($input: GetAutoRechargeSettingsInput!) {{
    getAutoRechargeSettings(input: $input) {{ {SETTINGS} }} }}"""
SAVE_RECHARGE = f"""mutation ($input: SaveAutoRechargeSettingsInput!) {{
    saveAutoRechargeSettings(input: $input) {{ {SETTINGS} }} }}"""
CONSUME = """mutation ($input: ConsumeCreditInput!) { consumeCredits(input: $input) {
    amount currencyId customerId resourceId timestamp
    credit { currencyId currentUsage usageLimit timestamp usagePeriodEnd } } }"""
REPORT_USAGE = f"""mutation ($input: ReportUsageInput!) {{
    reportUsage(input: $input) {{ {MEASUREMENT} }} }}"""
REPORT_BULK = f"""mutation ($input: ReportUsageBulkInput!) {{
    reportUsageBulk(input: $input) {{ {MEASUREMENT} }} }}"""
REPORT_EVENT = """mutation ($events: UsageEventsReportInput!) { reportEvent(events: $events) }"""
GRANTS = f"""query ($input: GetCreditGrantsInput!) {{ creditGrants(input: $input) {{
    totalCount {PAGE_INFO} edges {{ cursor node {{ {GRANT} }} }} }} }}"""
LEDGER = f"""query ($input: CreditLedgerInput!) {{ creditsLedger(input: $input) {{
    totalCount {PAGE_INFO} edges {{ cursor node {{
    amount creditCurrencyId creditGrantId customerId eventId eventType featureId resourceId
    timestamp feature {{ displayName }} grant {{ displayName status }} }} }} }} }}"""
BALANCE = """query ($input: CreditBalanceSummaryInput!) { creditBalanceSummary(input: $input) {
    customerId resourceId balances { currency { currencyId displayName symbol } currencyId
    currentBalance customerId resourceId totalConsumed totalGranted validUntil } } }"""
USAGE = f"""query ($input: CreditUsageInput!) {{ creditUsage(input: $input) {{
    currency {{ currencyId displayName symbol units {{ singular plural }} }} {PAGE_INFO}
    series {{ featureId featureName totalCredits eventCount tags {{ key value }}
    points {{ timestamp value eventCount }} }} }} }}"""
FIELDS = """query ($input: CreditEventsFieldsInput!) {
    creditEventsFields(input: $input) { fields } }"""

TABLES = (
    "customers", "resources", "subscriptions", "grants", "ledger", "usage_events", "queue",
    "unmatched_events", "seen_keys", "recharge_settings", "promotional_entitlements",
)  # fmt: skip
PRINT = " union all ".join(
    f"select '{table}' as name, count(*) as rows, coalesce(bit_xor(hash({table})), 0) as content "
    f"from {table}"
    for table in TABLES
)


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **much: float) -> None:
        self.now += timedelta(**much)


class Api:
    """The operations of a metering API as short calls, through the product's own client.

    Ids left out are those of the showcase customer and its currency; None leaves one really out.
    """

    def __init__(self, client: MeteringClient) -> None:
        self.client = client

    def ask(self, document: str, **variables: Any) -> Answer:
        return self.client.ask(document, variables)

    def tell(self, document: str, **variables: Any) -> Answer:
        return self.client.tell(document, variables, is_keyed=False)

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, Answer]:
        """A request of any shape: status and answer."""
        raise NotImplementedError

    def provision(self, customer_id: str = CUSTOMER, plan: str | None = GROWTH) -> Answer:
        given: Answer = {"customerId": customer_id}
        if plan:
            given["subscriptionParams"] = {"planId": plan}
        return self.tell(PROVISION, input=given)["provisionCustomer"]

    def grant(self, amount: object, **given: Any) -> Answer:
        asked = {"displayName": "Credits", "grantType": "PAID", "amount": amount}
        return self.tell(CREATE_GRANT, input=_of_pool(asked | given))["createCreditGrant"]

    def update(self, grant_id: str, **given: Any) -> Answer:
        asked = {"id": grant_id} | given
        return self.tell(UPDATE_GRANT, input=asked)["updateCreditGrant"]

    def void(self, grant_id: str) -> Answer:
        return self.tell(VOID_GRANT, input={"id": grant_id})["voidCreditGrant"]

    def recharge(self, **given: Any) -> Answer:
        """The auto-recharge settings of a customer and currency."""
        return self.ask(RECHARGE, input=_of_pool(given))["getAutoRechargeSettings"]

    def save_recharge(self, **given: Any) -> Answer:
        asked = {"customerId": CUSTOMER, "currencyId": CURRENCY, "isEnabled": True} | given
        return self.tell(SAVE_RECHARGE, input=asked)["saveAutoRechargeSettings"]

    def consume(self, amount: object, key: str, **given: Any) -> Answer:
        asked = {"amount": amount, "idempotencyKey": key}
        return self.tell(CONSUME, input=_of_pool(asked | given))["consumeCredits"]

    def report(self, value: object, **given: Any) -> Answer:
        return self.tell(REPORT_USAGE, input=measurement(value, **given))["reportUsage"]

    def report_bulk(self, usages: list[Answer]) -> list[Answer]:
        return self.tell(REPORT_BULK, input={"usages": usages})["reportUsageBulk"]

    def report_events(self, *events: Answer) -> Answer:
        return self.tell(REPORT_EVENT, events={"usageEvents": events})

    def grants(self, **given: Any) -> list[Answer]:
        """The nodes of the first 100."""
        asked = {"paging": {"first": 100}}
        return nodes(self.ask(GRANTS, input=_of_pool(asked | given))["creditGrants"])

    def ledger_page(self, **given: Any) -> Answer:
        return self.ask(LEDGER, input=_of_pool(given))["creditsLedger"]

    def ledger(self, **given: Any) -> list[Answer]:
        """The nodes of every page, oldest first."""
        return self.client.ask_nodes(LEDGER, {"input": _of_pool(given)}, "creditsLedger")

    def balance(self, **given: Any) -> Answer:
        """The one balance of the pool."""
        (balance,) = self.ask(BALANCE, input=_of_pool(given))["creditBalanceSummary"]["balances"]
        return balance

    def usage(self, **given: Any) -> Answer:
        return self.ask(USAGE, input=_of_pool(given))["creditUsage"]

    def fields(self, **given: Any) -> list[str]:
        return self.ask(FIELDS, input=_of_pool(given))["creditEventsFields"]["fields"]


class LocalApi(Api):
    """The service in this process, on its own clock; nothing settles until `settle`."""

    def __init__(self, store: Path, sold: Catalogue | None = None) -> None:
        self.clock = Clock()
        self.store = store
        self.sold = sold or catalogue()
        self._open()

    def _open(self) -> None:
        self.service = Service(self.store, self.sold, clock=self.clock, settle_every=None)
        super().__init__(MeteringClient.inside(partial(respond, self.service), SERVER_KEY))

    def close(self) -> None:
        self.service.close()

    def restart(self, sold: Catalogue | None = None) -> None:
        """Stop and start again, with another catalogue if one is given."""
        self.close()
        self.sold = sold or self.sold
        self._open()

    def settle(self) -> None:
        self.service.settle()

    def fill(self, tables: Tables) -> None:
        self.service.fill(tables)

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, Answer]:
        status, answer = respond(self.service, headers or {"x-api-key": SERVER_KEY}, body)
        return status, simplejson.loads(answer, use_decimal=True)


class ServedApi(LocalApi):
    """The service on a clock of its own, asked over HTTP; nothing settles until `settle`."""

    def _open(self) -> None:
        super()._open()
        config = uvicorn.Config(over_http(self.service), port=free_port(), log_level="warning")
        self.server = uvicorn.Server(config)
        self.thread = Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)  # between looks at a server that is starting
        url = f"http://127.0.0.1:{config.port}/graphql"
        Api.__init__(self, MeteringClient(url, SERVER_KEY, attempts=1))

    def close(self) -> None:
        self.client.close()
        self.server.should_exit = True
        self.thread.join()
        super().close()


class MeteringProcess(Api):
    """`python -m dashboard metering` on a free loopback port; ready when this returns."""

    def __init__(self, store: Path, *options: str) -> None:
        self.store = store
        port = free_port()
        self.log = store.parent / f"{store.name}-{port}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                metering_command(store, port, *options),
                cwd=ROOT,
                env=environment(),
                stdout=log,
                stderr=log,
            )
        self.url = f"http://127.0.0.1:{port}/graphql"
        super().__init__(MeteringClient(self.url, SERVER_KEY, attempts=1))
        self._wait_until_it_answers(f"http://127.0.0.1:{port}/healthz")

    def _wait_until_it_answers(self, url: str) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                assert httpx.get(url).text == "ok"
                return
            except httpx.TransportError:
                assert time.monotonic() < deadline, self.log.read_text()
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"It ended before it answered: {self.log.read_text()}")

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, Answer]:
        response = httpx.post(self.url, content=body, headers=headers or {"X-API-KEY": SERVER_KEY})
        return response.status_code, simplejson.loads(response.content, use_decimal=True)

    def kill(self) -> None:
        """End it with no chance to tidy up."""
        self.client.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


@cache
def catalogue() -> Catalogue:
    return read_catalogue(CATALOGUE)


def sold_with(folder: Path, **sections: Any) -> Catalogue:
    """The demo company's catalogue with other sections, from a file in the folder."""
    path = folder / "catalogue.json"
    document = simplejson.loads(CATALOGUE.read_text(), use_decimal=True) | sections
    path.write_text(simplejson.dumps(document, use_decimal=True))
    return read_catalogue(path)


def metering_command(store: Path, port: int, *options: str) -> list[str]:
    command = [sys.executable, "-m", "dashboard", "metering", "--port", str(port)]
    return [*command, "--store", str(store), *options]


def environment() -> dict[str, str]:
    """This one's, without what the product reads from it."""
    ours = ("HOST", "PORT", "DISPLAY_ZONE", "EXTRACT_DIR")
    return {k: v for k, v in os.environ.items() if k not in ours and not k.startswith("METERING_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def measurement(value: object, **given: Any) -> Answer:
    """One usage as reportUsage takes it: of seats, unless another feature is given."""
    asked = {"customerId": CUSTOMER, "featureId": SEATS, "value": value} | given
    return {name: what for name, what in asked.items() if what is not None}


def event(key: str, **given: Any) -> Answer:
    """One raw event as reportEvent takes it: a call of the API, which costs 1 API credit."""
    return {"customerId": CUSTOMER, "eventName": "api_call", "idempotencyKey": key} | given


def fingerprint(api: LocalApi) -> list[Answer]:
    """How many rows each table has, and a checksum of them whatever their order."""
    return api.service.store.rows(PRINT)


def whole(kind: str, root: str, given: Answer) -> str:
    """A document that asks one root for everything, with variables of its arguments' names."""
    field = object_type(kind).fields[root]
    declared = ", ".join(f"${name}: {field.args[name].type}" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    return (
        f"{kind.lower()} {f'({declared})' if given else ''} "
        f"{{ {root} {f'({passed})' if given else ''} {selection(field.type)} }}"
    )


def selection(output: GraphQLOutputType) -> str:
    """Everything there is to select of a type; none of ours contains itself."""
    named = get_named_type(output)
    if isinstance(named, GraphQLUnionType):
        return f"{{ __typename {' '.join(f'... on {t} {selection(t)}' for t in named.types)} }}"
    if not isinstance(named, GraphQLObjectType):
        return ""
    chosen = (f"{name} {selection(field.type)}" for name, field in named.fields.items())
    return f"{{ {' '.join(chosen)} }}"


def object_type(name: str) -> GraphQLObjectType:
    found = SCHEMA.get_type(name)
    assert isinstance(found, GraphQLObjectType)
    return found


def nodes(connection: Answer) -> list[Answer]:
    return [edge["node"] for edge in connection["edges"]]


def available(credit: Answer) -> Any:
    """The balance that an answer's `credit` tells of."""
    return credit["usageLimit"] - credit["currentUsage"]


def at(**before: float) -> str:
    """A time on the wire: so much before noon of the tests' first day."""
    return wire(NOON - timedelta(**before))


def wire(time: datetime) -> str:
    """ISO 8601 with milliseconds, as the contract's samples write it."""
    return time.isoformat(timespec="milliseconds") + "Z"


def _of_pool(given: Answer) -> Answer:
    asked = {"customerId": CUSTOMER, "currencyId": CURRENCY} | given
    return {name: value for name, value in asked.items() if value is not None}
