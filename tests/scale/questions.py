"""The questions that the pages ask, of a large, a middle and a small customer and of all."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from queries.balance import Balance
from queries.catalogue import Features
from queries.customers import Customers, Resources
from queries.grants import Grants
from queries.keys import Keys
from queries.ledger import EventRows, LedgerEvent, LedgerPage, LeftThen
from queries.portfolio import AllCustomers, AllGrants, AllMoves, AllUse
from queries.statement import Spent, SpentEvents, Statement
from queries.time import Grain, Span
from queries.usage import Filter, TopUsage, Usage
from queries.whatif import Change, Replayed, Repriced, Scenario, TodaysRates
from tests.scale.fleet import YEAR

CURRENCY = "ai-tokens"
END = datetime(YEAR + 1, 1, 1)
MONTH, BEFORE = Span(datetime(YEAR, 12, 1), END), Span(datetime(YEAR, 11, 1), datetime(YEAR, 12, 1))
ALL_YEAR = Span(datetime(YEAR, 1, 1), END)
WEEK = Span(END - timedelta(days=7), END)
OUTLOOK = Span(END - timedelta(days=90), END)
"""As long as the outlook of a pool looks back."""
THREE = ("model", "team", "region")
TWO_REGIONS = (Filter("region", ("region-1", "region-2")),)
TOP = 20
"""So many groups the page draws at most."""
DOUBLED = Scenario("doubled", (Change(None, "x2", "model-1"),), "model")
FORMULA = Scenario("by a formula", (Change("chat", "0.003*missing + 1"),))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, or several that a page asks together, and of whom."""

    name: str
    whose: str
    questions: tuple[Any, ...]

    @property
    def key(self) -> str:
        return f"{self.name} · {self.whose}"


def of_events(people: dict[str, Any]) -> list[Asked]:
    """What is asked of usage; `people` is what `facts.py` found out about the fleet."""
    asked = [one for whose in ("largest", "middle", "small") for one in _of_one(whose, people)]
    return asked + list(_of_all())


def of_ledger(people: dict[str, Any]) -> list[Asked]:
    """What is asked of grants and the ledger."""
    asked = []
    for whose in ("largest", "middle", "small"):
        asked += _of_a_ledger(whose, people[whose]["customer_id"], people[whose])
    everybody: dict[str, Any] = {
        "all grants": AllGrants(CURRENCY),
        "all moves, 30 days by day": AllMoves(CURRENCY, MONTH),
        "all moves, year by month": AllMoves(CURRENCY, ALL_YEAR, Grain.MONTH),
        "all moves, year by day, Berlin": AllMoves(CURRENCY, ALL_YEAR, Grain.DAY, "Europe/Berlin"),
        "what-if, burned again, one model doubled": Replayed(CURRENCY, ALL_YEAR, DOUBLED),
        "what-if, burned again, as charged": Replayed(CURRENCY, ALL_YEAR),
    }
    return asked + [Asked(name, "all", (each,)) for name, each in everybody.items()]


def grant_of(customer: str) -> str:
    """The grant of December of the customer's own pool, as ledger.sql names it."""
    return f"grant|{customer}|{CURRENCY}|{YEAR}-12"


def _of_one(whose: str, people: dict[str, Any]) -> Iterator[Asked]:
    customer, event_id = people[whose]["customer_id"], people[whose]["event_id"]
    for name, question in _usage(customer):
        yield Asked(name, whose, (TopUsage(question, TOP),))
    month = Usage(customer, CURRENCY, MONTH, by=("model",))
    compared = TopUsage(month, TOP), month.whole(BEFORE)
    yield Asked("month by day, by model, and its change", whose, compared)
    yield Asked("keys", whose, (Keys(customer, CURRENCY),))
    yield Asked("resources", whose, (Resources(customer),))
    yield Asked("one event", whose, (LedgerEvent(customer, event_id),))
    alone = (customer,)
    yield Asked("what-if, year, doubled", whose, (Repriced(CURRENCY, ALL_YEAR, DOUBLED, alone),))
    yield Asked("what-if, year, formula", whose, (Repriced(CURRENCY, ALL_YEAR, FORMULA, alone),))


def _of_all() -> Iterator[Asked]:
    for name, question in _usage(None):
        yield Asked(name, "all", (TopUsage(question, TOP),))
    month = Usage(None, CURRENCY, MONTH, by=("customerId",))
    compared = TopUsage(month, TOP), month.whole(BEFORE)
    yield Asked("month by day, by customer, and its change", "all", compared)
    questions: dict[str, Any] = {
        "keys": Keys(None, CURRENCY),
        "use of each pool, 90 days by day": AllUse(CURRENCY, OUTLOOK),
        "use of each pool, month whole": AllUse(CURRENCY, BEFORE, Grain.WHOLE),
        "use of each pool, year by month": AllUse(CURRENCY, ALL_YEAR, Grain.MONTH),
        "what-if, year, doubled": Repriced(CURRENCY, ALL_YEAR, DOUBLED),
        "what-if, year, formula": Repriced(CURRENCY, ALL_YEAR, FORMULA),
        "today's rates": TodaysRates(CURRENCY),
        "customers": AllCustomers(),
        "customers, searched": Customers("customer-00"),
        "features": Features(),
    }
    for name, question in questions.items():
        yield Asked(name, "all", (question,))


def _usage(customer: str | None) -> Iterator[tuple[str, Usage]]:
    month, year = Usage(customer, CURRENCY, MONTH), Usage(customer, CURRENCY, ALL_YEAR)
    yield "month by day", month
    yield "month by day, Berlin", replace(month, zone="Europe/Berlin")
    yield "month by day, Kolkata", replace(month, zone="Asia/Kolkata")
    yield "month by day, by model", replace(month, by=("model",))
    yield "month by day, by 3 keys", replace(month, by=THREE)
    yield "month by day, of one team", replace(month, filters=(Filter("team", ("team-2",)),))
    yield "week by hour, by model", replace(month, span=WEEK, grain=Grain.HOUR, by=("model",))
    yield "90 days by day", replace(month, span=OUTLOOK)
    yield "year by week", replace(year, grain=Grain.WEEK)
    yield "year by day, by model, Berlin", replace(year, zone="Europe/Berlin", by=("model",))
    yield "year by day, by model, of 2 regions", replace(year, by=("model",), filters=TWO_REGIONS)
    yield "year by month, by feature", replace(year, grain=Grain.MONTH, by=("featureId",))
    yield "year by day, by 3 keys", replace(year, by=THREE)
    yield "year by day, by user", replace(year, by=("user",))
    yield "year by month, by a rare key", replace(year, grain=Grain.MONTH, by=("rare-001",))


def _of_a_ledger(whose: str, customer: str, person: dict[str, Any]) -> Iterator[Asked]:
    first = LedgerPage(customer, CURRENCY)
    spent = Spent(customer, CURRENCY, MONTH, "model")
    place = person["place"]
    year = Statement(customer, CURRENCY, ALL_YEAR, Grain.WEEK)
    questions: dict[str, Any] = {
        "ledger, first page": first,
        "ledger, a page in the middle": replace(first, place=place),
        "ledger, grants only": replace(first, types=("CREDITS_GRANTED",)),
        "ledger, one event": EventRows(customer, CURRENCY, person["event_id"], place),
        "left of each grant then": LeftThen(customer, CURRENCY, place),
        "statement, year by week": year,
        "statement, year by day": replace(year, grain=Grain.DAY),
        "statement, year by day, Berlin": replace(year, grain=Grain.DAY, zone="Europe/Berlin"),
        "statement, month by day, Berlin": replace(
            year, span=MONTH, grain=Grain.DAY, zone="Europe/Berlin"
        ),
        "spent, month by model": spent,
        "spent, month by model, of a grant": replace(spent, grant_id=grant_of(customer)),
        "spent, year by user": replace(spent, span=ALL_YEAR, by="user"),
        "spent, year by week": replace(spent, span=ALL_YEAR, by="bucket", grain=Grain.WEEK),
        "spent, events of a month": SpentEvents(customer, CURRENCY, MONTH),
        "spent, events of a month, of a model": SpentEvents(
            customer, CURRENCY, MONTH, only=(("model", "model-1"),)
        ),
        "balance": Balance(customer, CURRENCY),
        "grants": Grants(customer, CURRENCY),
        "what-if, burned again": Replayed(CURRENCY, ALL_YEAR, DOUBLED, (customer,)),
    }
    for name, question in questions.items():
        yield Asked(name, whose, (question,))
