"""The scenarios of a what-if, each a handful of query parameters: s1.key, s1.1.price and so on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import address_value, choose, pick, words
from dashboard.controls.key_picker import Found, LabelVisibility, Option, one_picker
from dashboard.controls.key_picker.address import catch_up, put_address
from dashboard.controls.scope import SHOWN_OF_MANY, Scope
from dashboard.controls.searching import while_typing
from dashboard.formats import compact
from dashboard.markdown import plain
from data.credits.orders import Order
from data.credits.rates import names_of
from queries.catalogue import Features
from queries.keys import Keys
from queries.question import QuestionError
from queries.time import Grain, Span
from queries.usage import CUSTOMER, Usage
from queries.whatif import MOST_CHANGES, MOST_SCENARIOS, NAME_LENGTH, Change, Scenario

EVERY, NO_VALUE, VALUE = "every", "none", "="
"""What a value's parameter says: every value, events without the key, or "=" and the value."""
USUAL_KEY = "model"
CUSTOMER_LABEL = "customer"
MOST_VALUES = 1000
ORDERS = {
    Order.DOCUMENTED: "As documented",
    Order.PROMOTIONAL_FIRST: "Promotional first",
    Order.PAID_FIRST: "Paid first",
    Order.SOONEST_FIRST: "Soonest expiry first, whatever the priority",
    Order.OLDEST_FIRST: "Oldest first",
}
SHOWN = "scenario"
EXAMPLES = "x2, +20 %, 0.05 or a formula"


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen in a row: value → label."""

    features: Mapping[str, str]
    values: Mapping[str, str]


def numbers() -> list[int]:
    """The numbers of the scenarios in the address; there is always a first one."""
    found = {int(number) for key in st.query_params if (number := _number_of(key))}
    return sorted(found | {1})


def read_scenarios(usual: str | None) -> dict[int, Scenario | QuestionError]:
    """Those in the address that say something, by number; or the sentence about one."""
    found: dict[int, Scenario | QuestionError] = {}
    for number in numbers():
        try:
            scenario = _read(number, usual)
        except QuestionError as error:
            name = address_value(f"s{number}.name", _usual_name(number))
            found[number] = QuestionError(f"{name}: {error}")
        else:
            if not scenario.is_baseline:
                found[number] = scenario
    return found


def usual_key(scope: Scope) -> str | None:
    """The key that prices are given by unless another is chosen; None where no event has any."""
    currency = scope.currency.currency_id
    for text in (USUAL_KEY, ""):
        found = ask(Keys(scope.customer_id, currency, search=text), scope.source).frame["key"]
        if found.len():
            return USUAL_KEY if USUAL_KEY in found else str(found[0])
    return None


def scenario_editor(scope: Scope, span: Span, usual: str | None) -> int:
    """The scenario that is chosen, to be read and changed; its number."""
    held = numbers()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            number = _chosen(held)
            _buttons(number, held)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            with st.container(width=220):
                words("Name", key=f"s{number}.name", placeholder=_usual_name(number))
            key = _key_control(scope, number, usual)
            with st.container(width=300):
                _order_control(number)
        _rows(scope, number, _offered(scope, span, key), key)
    return number


def address_of_scenarios() -> dict[str, str]:
    """All scenarios as they stand in the address."""
    return {key: st.query_params[key] for key in st.query_params if _number_of(key)}


def _number_of(key: str) -> str | None:
    head, _, rest = key.partition(".")
    number = head.removeprefix("s")
    is_one = head.startswith("s") and rest and number.isdecimal() and len(number) == 1
    return number if is_one and 1 <= int(number) <= MOST_SCENARIOS else None


def _usual_name(number: int) -> str:
    return f"Scenario {number}"


def _read(number: int, usual: str | None) -> Scenario:
    name = address_value(f"s{number}.name", _usual_name(number))[:NAME_LENGTH]
    order = address_value(f"s{number}.order", Order.DOCUMENTED)
    if order not in list(Order):
        raise QuestionError(f"{order!r} is not a burn order; choose one from the list.")
    changes = tuple(
        change for row in _row_numbers(number) if (change := _change(number, row)) is not None
    )
    key = address_value(f"s{number}.key", usual or CUSTOMER)
    return Scenario(name, changes, key, Order(order))


def _change(number: int, row: int) -> Change | None:
    """The row's change; None of a row that says no price yet."""
    price = address_value(f"s{number}.{row}.price", "").strip()
    if not price:
        return None
    feature = address_value(f"s{number}.{row}.feature", EVERY)
    value = address_value(f"s{number}.{row}.value", EVERY)
    return Change(None if feature == EVERY else feature, price, _value(value))


def _value(text: str) -> str | None:
    if text == EVERY:
        return None
    return "" if text == NO_VALUE else text.removeprefix(VALUE)


def _row_numbers(number: int) -> list[int]:
    """The rows that are in the address, as far as a scenario takes them."""
    found = set()
    for key in st.query_params:
        head, row, *_ = [*key.split("."), "", ""]
        if head == f"s{number}" and row.isdecimal() and 1 <= int(row) <= MOST_CHANGES:
            found.add(int(row))
    return sorted(found)


def _chosen(held: Sequence[int]) -> int:
    names = {str(n): address_value(f"s{n}.name", _usual_name(n)) for n in held}
    if len(held) == 1:
        st.markdown(f"**{plain(names[str(held[0])])}**", width="content")
        return held[0]
    return int(pick("Scenario", names, key=SHOWN, default=str(held[0])))


def _buttons(number: int, held: Sequence[int]) -> None:
    free = next((n for n in range(1, MOST_SCENARIOS + 1) if n not in held), None)
    st.button(
        "Add a scenario",
        icon=":material/add:",
        disabled=free is None,
        help=f"A copy of this one to change; up to {MOST_SCENARIOS}.",
        on_click=_copy,
        args=(number, free),
    )
    if _said(number):
        st.button("Remove it", icon=":material/delete:", on_click=_remove, args=(number,))


def _key_control(scope: Scope, number: int, usual: str | None) -> str:
    """A key of the events, or the customer."""

    def search(text: str) -> Found:
        question = Keys(scope.customer_id, scope.currency.currency_id, search=text)
        found = ask(question, scope.source)
        keys = found.frame["key"].head(SHOWN_OF_MANY) if found.is_cut else found.frame["key"]
        options = [Option(CUSTOMER, CUSTOMER_LABEL)] if text.lower() in CUSTOMER_LABEL else []
        options += [Option(key, key) for key in keys]
        return Found(tuple(options), not found.is_cut)

    first = Option(usual, usual) if usual else Option(CUSTOMER, CUSTOMER_LABEL)
    with st.container(width=200):
        chosen = one_picker(
            "Prices by",
            while_typing(search),
            key=f"s{number}.key",
            first=first,
            help="The key of your events whose values have prices of their own.",
        )
    return chosen or first.value


def _order_control(number: int) -> None:
    choose(
        "Grants burn",
        {order.value: name for order, name in ORDERS.items()},
        key=f"s{number}.order",
        default=Order.DOCUMENTED.value,
        help="As documented: priority, then sooner expiry, promotional before paid, then age.",
    )


def _offered(scope: Scope, span: Span, key: str) -> Offered:
    features = ask(Features(), scope.source).frame
    named = {name: label or name for name, label in features.iter_rows()}
    return Offered({EVERY: "Every feature", **named}, _values(scope, span, key))


def _values(scope: Scope, span: Span, key: str) -> dict[str, str]:
    """The key's values in the period, the most used first."""
    question = Usage(
        scope.customer_id, scope.currency.currency_id, span, Grain.WHOLE, "UTC", by=(key,)
    )
    rows = ask(question, scope.source).frame.sort("credits", descending=True).head(MOST_VALUES)
    unit = scope.currency.unit
    return {EVERY: f"Every {CUSTOMER_LABEL if key == CUSTOMER else key}"} | {
        f"{VALUE}{value}"
        if value
        else NO_VALUE: f"{value or f'no {key}'} · {compact(credits)} {unit}"
        for value, credits in rows.select("key_1", "credits").iter_rows()
    }


def _rows(scope: Scope, number: int, offered: Offered, key: str) -> None:
    """The rows that say something and a fresh one, each with what is wrong about it."""
    told = _row_numbers(number)
    fresh = next((row for row in range(1, MOST_CHANGES + 1) if row not in told), None)
    shown = [*told, fresh] if fresh is not None else told
    for place, row in enumerate(sorted(shown)):
        _row(scope, number, row, offered, key, is_first=place == 0, is_fresh=row == fresh)


def _row(
    scope: Scope,
    number: int,
    row: int,
    offered: Offered,
    key: str,
    *,
    is_first: bool,
    is_fresh: bool,
) -> None:
    seen: LabelVisibility = "visible" if is_first else "collapsed"
    prefix = f"s{number}.{row}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=210):
            choose(
                "Feature",
                offered.features,
                key=f"{prefix}.feature",
                default=EVERY,
                label_visibility=seen,
            )
        with st.container(width=250):
            choose(
                CUSTOMER_LABEL if key == CUSTOMER else key,
                offered.values,
                key=f"{prefix}.value",
                default=EVERY,
                label_visibility=seen,
            )
        with st.container(width=240):
            words("New price", key=f"{prefix}.price", placeholder=EXAMPLES, label_visibility=seen)
        if not is_fresh:
            st.button(
                "",
                icon=":material/close:",
                key=f"{prefix}.remove",
                help="Remove this price",
                on_click=_forget,
                args=(f"{prefix}.",),
            )
    _tell(scope, number, row, offered, key)


def _tell(scope: Scope, number: int, row: int, offered: Offered, key: str) -> None:
    """What is wrong about a row, or what of it no event of the period has."""
    try:
        change = _change(number, row)
    except QuestionError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if change is None:
        return
    for sentence in _unknown(scope, change, offered, key):
        st.warning(plain(sentence), icon=":material/help:")


def _unknown(scope: Scope, change: Change, offered: Offered, key: str) -> Iterator[str]:
    value = change.value
    if change.feature_id and change.feature_id not in offered.features:
        yield f"No feature is called {change.feature_id}: this price changes nothing."
    elif value is not None and (f"{VALUE}{value}" if value else NO_VALUE) not in offered.values:
        which = f"{key} {value}" if value else f"no {key}"
        yield f"No event of the period has {which}: this price changes nothing."
    for name in sorted(names_of(change.terms.formula or "0")):
        asked = Keys(scope.customer_id, scope.currency.currency_id, search=name)
        if name not in ask(asked, scope.source).frame["key"]:
            yield f"No event carries {name}, so it counts as 0 in the formula {change.price}."


def _said(number: int) -> list[str]:
    return [key for key in st.query_params if key.startswith(f"s{number}.")]


def _copy(number: int, free: int) -> None:
    """The scenario once more, under a free number, to be changed."""
    catch_up()
    copied = {
        f"s{free}.{key.partition('.')[2]}": st.query_params[key]
        for key in _said(number)
        if not key.endswith(".name")
    }
    _write(copied | {f"s{free}.name": _usual_name(free), SHOWN: str(free)})


def _remove(number: int) -> None:
    _write({}, without=(f"s{number}.", SHOWN))


def _forget(prefix: str) -> None:
    _write({}, without=(prefix,))


def _write(added: Mapping[str, str], without: tuple[str, ...] = ()) -> None:
    """The address with these and without those, as one entry of the history."""
    catch_up()
    kept = {
        key: st.query_params.get_all(key)
        for key in st.query_params
        if not (without and key.startswith(without))
    }
    put_address(kept | {key: [value] for key, value in added.items()})
