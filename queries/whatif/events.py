"""The events of an extract, with what they were charged and what another tariff charges."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from data.credits.amounts import CREDITS_LIMIT, AmountError
from data.credits.rates import Rate, linear
from data.extract.duckdb import Extract
from data.tables import CREDITS, TIME, ColumnTypes
from queries.documents import document
from queries.portfolio import Whom
from queries.question import QuestionError
from queries.time import EARLIEST, LATEST, Span
from queries.whatif.prices import NONE, Price
from queries.whatif.tariff import Line, Tariff

MOST_NAMES = 4
"""So many dimensions a sum in events.sql can take."""
FACTOR_STEP, MOST_FACTOR = Decimal("0.000000001"), Decimal(10) ** 6
EVENT_COLUMNS = ["pool", "feature_id", "occurred_at", "known_at", "ledger_seq", "credits"]
ALL_TIME = Span(EARLIEST, LATEST)
LATE_COLUMNS: ColumnTypes = {
    "event_id": pl.String,
    "feature_id": pl.String,
    "known_at": TIME,
    "ledger_seq": pl.Int64,
}
LATE = pl.Schema(LATE_COLUMNS)

Sum = Mapping[str, Decimal]


def events(
    extract: Extract,
    currency_id: str,
    customers: Whom,
    tariff: Tariff,
    *,
    span: Span = ALL_TIME,
    of: Span = ALL_TIME,
    late: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """pool, feature_id, occurred_at, known_at, ledger_seq, credits, repriced, in no order.

    span: whose events the tariff prices, of those in `of`. late: as `LATE`, the events that the
    ledger has out of order. Raises QuestionError where a price goes out of range.
    """
    late = LATE.to_frame() if late is None else late
    parameters = _parameters(tariff) | {
        "currency_id": currency_id,
        "customers": None if customers is None else list(customers),
        "since": span.start,
        "until": span.end,
        "first": of.start,
        "last": of.end,
        "late_event_ids": late["event_id"].to_list(),
        "late_feature_ids": late["feature_id"].to_list(),
        "late_known_at": late["known_at"].to_list(),
        "late_places": late["ledger_seq"].to_list(),
    }
    found = extract.read(document("whatif/events.sql"), parameters)
    is_told = pl.col("repriced").is_not_null()
    worked_out = _work_out(found.filter(~is_told), tariff, extract)
    if worked_out.is_empty():
        return found.select(worked_out.columns)
    return pl.concat([found.filter(is_told).select(worked_out.columns), worked_out])


def check_charges(found: pl.DataFrame) -> pl.DataFrame:
    """The events, where no new price charges less than nothing; else QuestionError."""
    wrong = found.filter(pl.col("repriced") < 0, pl.col("credits") >= 0)
    if wrong.height:
        row = wrong.row(0, named=True)
        raise QuestionError(
            f"The new price charges an event of {row['feature_id']} {row['repriced']:f} credits. "
            "A price is 0 or more."
        )
    return found


def _parameters(tariff: Tariff) -> dict[str, Any]:
    """The tariff as events.sql takes it: sums where its prices are some."""
    names: list[str] = []
    sums = [plain_sum(line.price, names) for line in tariff.lines]
    given: dict[str, Any] = {
        "key": tariff.key,
        "places": list(range(len(sums))),
        "features": [line.feature_id for line in tariff.lines],
        "feature_values": [line.value for line in tariff.lines],
        "is_sum": [sum_ is not None for sum_ in sums],
        "per_credit": [line.price.per_credit for line in tariff.lines],
        "per_unit": [line.price.per_unit for line in tariff.lines],
        "constant": [(sum_ or {}).get("", NONE) for sum_ in sums],
    }
    for number in range(MOST_NAMES):
        name = names[number] if number < len(names) else None
        given[f"name_{number + 1}"] = name
        given[f"per_{number + 1}"] = [(sum_ or {}).get(name or "-", NONE) for sum_ in sums]
    return given


def plain_sum(price: Price, names: list[str]) -> Sum | None:
    """A price as the sum that the documents can take, its dimensions added to `names`."""
    found = linear(price.formula) if price.formula else {}
    if found is None:
        return None
    added = [name for name in found if name and name not in names]
    is_plain = all(abs(n) < MOST_FACTOR and not n % FACTOR_STEP for n in found.values())
    if not is_plain or len(names) + len(added) > MOST_NAMES:
        return None
    names += added
    return found


def _work_out(rows: pl.DataFrame, tariff: Tariff, extract: Extract) -> pl.DataFrame:
    """Events whose price is no plain sum, each charged by itself."""
    texts = _texts(extract) if rows.height else {}
    known: dict[tuple[object, ...], Decimal] = {}
    charges = []
    for place, units, codes, rest in rows.select("place", "units", "codes", "rest").iter_rows():
        case = (place, units, tuple(codes), tuple((pair["key"], pair["value"]) for pair in rest))
        if case not in known:
            promoted = (texts[n, code] for n, code in enumerate(codes, 1) if code is not None)
            known[case] = charge_of(tariff.lines[place], units, dict(case[3]) | dict(promoted))
        charges.append(known[case])
    repriced = pl.Series(charges, dtype=CREDITS)
    return rows.select(EVENT_COLUMNS).with_columns(repriced=repriced)


def _texts(extract: Extract) -> dict[tuple[int, int], tuple[str, str]]:
    """By place and code, the key and the value that an event has there."""
    values = extract.read(document("values.sql"), {})
    keys = extract.promoted_keys
    return {(place, code): (keys[place - 1], value) for place, code, value in values.iter_rows()}


def charge_of(line: Line, units: Decimal, dimensions: Mapping[str, str]) -> Decimal:
    if line.price.per_credit:
        raise QuestionError(
            f"{line.price.per_credit} times the charge of an event of {line.feature_id} is more "
            f"than {CREDITS_LIMIT:,} credits, which no ledger can hold."
        )
    try:
        return Rate(line.feature_id, "", line.price.per_unit, line.price.formula).charge(
            units, dimensions
        )
    except AmountError as error:
        raise QuestionError(f"The new price of {line.feature_id}: {error}") from None
