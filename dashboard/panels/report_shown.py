"""What the Report usage page has at hand to draw: whose pools, and what there is to report."""

from dataclasses import dataclass, replace

from dashboard.asking import ask
from dashboard.controls.reports import EVENTS, USAGES
from dashboard.controls.scope import Scope
from dashboard.formats import moment
from dashboard.header import Header, read_header
from queries.catalogue import Currencies, Features
from queries.question import Live

MANY = (USAGES, EVENTS)


@dataclass(frozen=True, slots=True)
class ShownReport:
    """`customer_id` None is for files, which may name many; the header is the API's own."""

    what: str
    scope: Scope
    customer_id: str | None
    features: dict[str, str]
    units: dict[str, str]
    header: Header | str

    @property
    def is_many(self) -> bool:
        return self.what in MANY

    @property
    def title(self) -> str:
        """Of what stays on the screen where the next answer fails: the form is not among it."""
        if isinstance(self.header, str):
            return "what was reported last"
        return f"the balance of {self.header.whose}, as of {moment(self.header.as_of, 'UTC')}"

    def unit(self, currency_id: str | None) -> str:
        return self.units.get(currency_id or "", currency_id or "credits")


def collect(scope: Scope, what: str, live: Live) -> ShownReport:
    """Whatever source the reader looks at, reports go to the API: what is said here is its word."""
    here = replace(scope, source=live)
    customer_id = scope.customer_id
    if what not in MANY:
        customer_id = scope.one_customer("reports what one customer used")
    found = ask(Features(), live)
    header: Header | str = "All customers · reports go to the metering API"
    if customer_id is not None:
        header = read_header(here, found)
    currencies = ask(Currencies(), live).frame
    return ShownReport(
        what,
        here,
        customer_id,
        {
            feature: f"{name} · {feature}" if name else feature
            for feature, name in found.frame.select("feature_id", "display_name").iter_rows()
        },
        {
            currency: unit or "credits"
            for currency, unit in currencies.select("currency_id", "unit_plural").iter_rows()
        },
        header,
    )
