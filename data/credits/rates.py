"""What usage costs: a flat rate per unit, or a formula over the dimensions of one event."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from data.credits.amounts import PRECISION, AmountError, decimal, to_credits

FORMULA_LENGTH = 1000
DEEPEST = 50
NONE = Decimal(0)
TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_$]*)|([-+*/()]))")

Dimensions = Mapping[str, object]
Evaluate = Callable[[Dimensions], Decimal]


class FormulaError(ValueError):
    """A cost formula that cannot be read; the message says where and what would be accepted."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Credits per unit (`amount`), or a `cost_formula` over the dimensions, which then decides."""

    feature_id: str
    currency_id: str
    amount: Decimal = Decimal(1)
    cost_formula: str | None = None

    def charge(self, units: Decimal, dimensions: Dimensions) -> Decimal:
        """Credits that one event costs, rounded half away from zero to 6 decimals.

        Raises AmountError when they are out of range.
        """
        if not self.cost_formula:
            return to_credits(PRECISION.multiply(units, self.amount))
        try:
            return to_credits(formula(self.cost_formula)(dimensions))
        except ArithmeticError:
            raise AmountError(
                f"The formula {self.cost_formula!r} goes out of range with these dimensions."
            ) from None


@lru_cache(maxsize=256)
def formula(text: str) -> Evaluate:
    """Parse `+ - * /`, parentheses, numbers and dimension names; nothing is ever executed.

    A dimension that is missing or no number counts as 0, a division by zero gives 0
    (the hosted service publishes neither; contract, section 3).
    """
    return _evaluate(_parse(text))


def names_of(text: str) -> frozenset[str]:
    """The dimensions that a formula reads."""
    return _names(_parse(text))


@lru_cache(maxsize=256)
def linear(text: str) -> Mapping[str, Decimal] | None:
    """A formula as a sum: what each dimension is multiplied by, and under "" what is added.

    None where it is no such sum, or where one of its numbers has no end, as 1/3 has none.
    """
    return _linear(_parse(text))


Node = Decimal | str | tuple[str, "Node", "Node"]
"""A number, a dimension, or an operator between two of them."""


def _parse(text: str) -> Node:
    if len(text) > FORMULA_LENGTH:
        raise FormulaError(f"The formula has {len(text)} characters; {FORMULA_LENGTH} are allowed.")
    parser = _Parser(text)
    node = parser.sum()
    if parser.position < len(parser.tokens):
        raise parser.unexpected()
    return node


class _Parser:
    """Recursive descent: sum → product → factor.

    A factor holds another, in parentheses or behind a minus, down to DEEPEST levels.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0
        self.depth = 0

    def sum(self) -> Node:
        left = self.product()
        while operator := self.take("+", "-"):
            left = (operator, left, self.product())
        return left

    def product(self) -> Node:
        left = self.factor()
        while operator := self.take("*", "/"):
            left = (operator, left, self.factor())
        return left

    def factor(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError(f"The formula {self.text!r} nests deeper than {DEEPEST} levels.")
        node = self.single()
        self.depth -= 1
        return node

    def single(self) -> Node:
        if self.take("-"):
            return "-", NONE, self.factor()
        if self.take("("):
            inner = self.sum()
            if not self.take(")"):
                raise self.unexpected()
            return inner
        if self.position >= len(self.tokens) or self.tokens[self.position] in set("+*/)"):
            raise self.unexpected()
        token = self.tokens[self.position]
        self.position += 1
        return Decimal(token) if token[0].isdigit() or token[0] == "." else token

    def take(self, *wanted: str) -> str | None:
        if self.position < len(self.tokens) and self.tokens[self.position] in wanted:
            self.position += 1
            return self.tokens[self.position - 1]
        return None

    def unexpected(self) -> FormulaError:
        here = self.tokens[self.position] if self.position < len(self.tokens) else "its end"
        return FormulaError(
            f"The formula {self.text!r} cannot be read at {here!r}: "
            "numbers, dimension names, + - * / and parentheses are allowed."
        )


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while position < len(text.rstrip()):
        match = TOKEN.match(text, position)
        if not match:
            raise FormulaError(f"The formula {text!r} has an unknown character at {position + 1}.")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


def _evaluate(node: Node) -> Evaluate:
    if isinstance(node, Decimal):
        return lambda _: node
    if isinstance(node, str):
        return lambda dimensions: _numeric(dimensions.get(node))
    operator, left, right = node
    return _binary(operator, _evaluate(left), _evaluate(right))


def _binary(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if operator == "+":
        return lambda dimensions: PRECISION.add(left(dimensions), right(dimensions))
    if operator == "-":
        return lambda dimensions: PRECISION.subtract(left(dimensions), right(dimensions))
    if operator == "*":
        return lambda dimensions: PRECISION.multiply(left(dimensions), right(dimensions))
    return lambda dimensions: _divide(left(dimensions), right(dimensions))


def _names(node: Node) -> frozenset[str]:
    if isinstance(node, Decimal):
        return frozenset()
    return frozenset([node]) if isinstance(node, str) else _names(node[1]) | _names(node[2])


def _linear(node: Node) -> dict[str, Decimal] | None:
    if isinstance(node, Decimal):
        return {"": node}
    if isinstance(node, str):
        return {node: Decimal(1)}
    operator, *sides = node
    left, right = map(_linear, sides)
    if left is None or right is None:
        return None
    if operator in "+-":
        sign = 1 if operator == "+" else -1
        return {
            name: PRECISION.add(left.get(name, NONE), sign * right.get(name, NONE))
            for name in {**left, **right}
        }
    if operator == "*" and set(left) == {""}:
        left, right = right, left
    return _scaled(left, right.get("", NONE), operator) if set(right) <= {""} else None


def _scaled(sum_: dict[str, Decimal], by: Decimal, operator: str) -> dict[str, Decimal] | None:
    if operator == "*":
        return {name: PRECISION.multiply(number, by) for name, number in sum_.items()}
    scaled = {name: _divide(number, by) for name, number in sum_.items()}
    is_exact = not by or all(PRECISION.multiply(scaled[name], by) == sum_[name] for name in sum_)
    return scaled if is_exact else None


def _divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    return PRECISION.divide(dividend, divisor) if divisor else NONE


def _numeric(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        return Decimal(0)
    try:
        return decimal(value)
    except AmountError:
        return Decimal(0)
