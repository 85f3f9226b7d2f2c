"""Requests made from the schema by chance: mostly sensible, often not, sometimes not even JSON."""

import random
from typing import Any

import simplejson
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
)
from local_metering import CURRENCY, CUSTOMER, SEATS, object_type

DEEPEST = 4
IDS = {
    "customerId": [CUSTOMER, "customer-fuzz"],
    "customerRefId": [CUSTOMER],
    "featureId": [SEATS, "feature-api-calls", "feature-01-templates", "feature-image-generation"],
    "featureRefId": [SEATS, "feature-api-calls"],
    "currencyId": [CURRENCY, "api-credits"],
    "resourceId": ["room-1", "room-2"],
    "planId": ["plan-revvenu-growth", "plan-revvenu-free"],
    "addonId": ["addon-10-campaigns", "addon-priority-support"],
    "couponId": ["coupon-stigg-50", "coupon-launch-25"],
    "promotionCode": ["STIGG50", "LAUNCH25"],
    "eventName": ["api_call", "llm_request", "unheard_of"],
    "productId": ["product-revvenu"],
    "billingCountryCode": ["US", "DE", "XX"],
}
TEXTS = [
    "",
    "a",
    "x" * 256,
    "ключ",
    "'; drop table grants; --",
    "%_%",
    "{}",
    "\u0000",
    "\U0001f4a9",
]
TIMES = [
    "2026-05-20T12:00:00Z", "2026-05-20T12:00:00.123456+14:00", "2026-04-01", "2020-02-29",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-12:00",
    "2026-02-30", "10000-01-01", "yesterday", "", 0,
]  # fmt: skip
NUMBERS = [
    0, -0.0, 1, 2, 3.5, -1, 10, 100, 0.1, 0.0000001, 99.999995, 2**31, 2**35, 2**53, -(2**53),
    10**12, 10**12 - 1, 10**30, 1e400, float("nan"), float("-inf"), "1", True,
]  # fmt: skip
ODDITIES: list[Any] = [None, "", 0, -1, 1.5, True, [], {}, [[]], {"a": 1}, "x", float("nan")]
DIMENSIONS: list[Any] = [
    {}, {"model": "a"}, {"input_tokens": 10, "output_tokens": "7"}, {"a b": 1}, {"k": None},
    {"k": [1]}, {"k": {"deep": {"deeper": []}}}, {"k": 1e300}, {"k": -0.0}, {"": "x"},
    {f"key_{n}": n for n in range(50)}, "text", [], 5,
]  # fmt: skip


class Chance:
    """One run of requests: the same seed makes the same ones."""

    def __init__(self, seed: int, grant_ids: list[str]) -> None:
        self.rng = random.Random(seed)
        self.grant_ids = grant_ids

    def body(self) -> bytes:
        """A request as it goes over the wire."""
        text, variables = self.document()
        request: Any = {"query": text, "variables": variables}
        if self.often(0.03):
            request = self.rng.choice([[request], request["query"], {"query": 5}, {}, None, [[]]])
        elif self.often(0.1):
            request["operationName"] = self.rng.choice(["Fuzz", "Other", "", None, 5])
        body = simplejson.dumps(request, ensure_ascii=self.often(0.5), allow_nan=True).encode()
        return self.bent(body) if self.often(0.05) else body

    def document(self) -> tuple[str, Any]:
        kind = self.rng.choice(["Query", "Mutation", "Mutation"])
        roots = object_type(kind).fields
        chosen = self.rng.choices(list(roots), k=1 if self.often(0.93) else 3)
        variables: dict[str, Any] = {}
        declared, fields = [], []
        for number, root in enumerate(chosen):
            passed = []
            for name, argument in roots[root].args.items():
                given = self.value(name, argument.type)
                if given is None and not isinstance(argument.type, GraphQLNonNull):
                    continue
                if self.often(0.3):
                    passed.append(f"{name}: {self.literal(given)}")
                else:
                    variables[f"v{number}{name}"] = given
                    declared.append(f"$v{number}{name}: {argument.type}")
                    passed.append(f"{name}: $v{number}{name}")
            arguments = f"({', '.join(passed)})" if passed else ""
            alias = f"f{number}: " if len(chosen) > 1 or self.often(0.1) else ""
            fields.append(f"{alias}{root}{arguments} {self.selection(roots[root].type, DEEPEST)}")
        asked = f"({', '.join(declared)})" if declared else ""
        head = f"{kind.lower()} Fuzz{asked}"
        if self.often(0.02):
            variables = self.rng.choice([None, [], "x", 7])
        return f"{head} {{ {' '.join(fields)} }}", variables

    def value(self, name: str, given: GraphQLInputType) -> Any:
        if isinstance(given, GraphQLNonNull):
            return None if self.often(0.02) else self.value(name, given.of_type)
        if self.often(0.02):
            return self.rng.choice(ODDITIES)
        if isinstance(given, GraphQLList):
            size = self.rng.choice([0, 1, 1, 2, 3])
            return [self.value(name, given.of_type) for _ in range(size)]
        if isinstance(given, GraphQLInputObjectType):
            return self.object(given)
        if isinstance(given, GraphQLEnumType):
            return self.rng.choice(
                [*given.values, "MONTH", "nothing"] if self.often(0.1) else list(given.values)
            )
        return self.scalar(name, get_named_type(given).name)

    def object(self, given: GraphQLInputObjectType) -> dict[str, Any]:
        made = {}
        for name, field in given.fields.items():
            is_wanted = 0.98 if isinstance(field.type, GraphQLNonNull) else 0.3
            if name not in ("and", "or") and self.often(is_wanted):
                made[name] = self.value(name, field.type)
        if self.often(0.02):
            made[self.rng.choice(["unknown", "", "__proto__"])] = 1
        return made

    def scalar(self, name: str, kind: str) -> Any:
        if name == "id" or (name == "grantId"):
            return self.rng.choice([*self.grant_ids, "nobody's"])
        if name in IDS and self.often(0.9):
            return self.rng.choice(IDS[name])
        if kind == "DateTime":
            return self.rng.choice(TIMES[:4] if self.often(0.8) else TIMES)
        if kind == "Float":
            return self.rng.choice(NUMBERS[:9] if self.often(0.8) else NUMBERS)
        if kind == "Int":
            return self.rng.choice([1, 2, 10, 100, 0, -1, 101, 2**31, 1.5])
        if kind == "Boolean":
            return self.often(0.5)
        if kind == "JSON":
            return self.rng.choice(DIMENSIONS)
        if kind in ("UUID", "ConnectionCursor"):
            return self.rng.choice([None, "00000000-0000-0000-0000-000000000000", "WzFd", "!"])
        if name == "idempotencyKey":
            return f"key-{self.rng.randrange(200)}"
        return self.rng.choice(["model", "text", *TEXTS])

    def literal(self, value: Any) -> str:
        """A value as it is written in a document; what has no such form is an error there."""
        if isinstance(value, dict):
            fields = [f"{key or '_'}: {self.literal(one)}" for key, one in value.items()]
            return f"{{{', '.join(fields)}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.literal, value))}]"
        if isinstance(value, str) and value.isidentifier() and value.isupper():
            return value if self.often(0.7) else f'"{value}"'
        return simplejson.dumps(value, allow_nan=True)

    def selection(self, output: GraphQLOutputType, depth: int) -> str:
        named = get_named_type(output)
        if isinstance(named, GraphQLUnionType):
            parts = (f"... on {one.name} {self.selection(one, depth - 1)}" for one in named.types)
            return f"{{ __typename {self.rng.choice(list(parts))} }}"
        if not isinstance(named, GraphQLObjectType):
            return ""
        leaves, nodes = [], []
        for name, field in named.fields.items():
            is_leaf = not isinstance(
                get_named_type(field.type), GraphQLObjectType | GraphQLUnionType
            )
            (leaves if is_leaf else nodes).append((name, field))
        chosen = self.rng.sample(leaves, min(len(leaves), self.rng.randint(1, 6)))
        if depth > 0 and nodes:
            chosen += self.rng.sample(nodes, min(len(nodes), 2))
        parts = [f"{name} {self.selection(field.type, depth - 1)}" for name, field in chosen]
        if self.often(0.02):
            parts.append(
                self.rng.choice(["nothing", "__typename @skip(if: true)", "...Lost", "a: b"])
            )
        return f"{{ {' '.join(['__typename', *parts])} }}"

    def bent(self, body: bytes) -> bytes:
        """With some bytes dropped, doubled or replaced."""
        bent = bytearray(body)
        for _ in range(self.rng.randint(1, 4)):
            at = self.rng.randrange(len(bent))
            if self.often(0.3):
                del bent[at : at + self.rng.randint(1, 9)]
            else:
                bent[at : at + 1] = self.rng.randbytes(self.rng.randint(1, 3))
            if not bent:
                break
        return bytes(bent)

    def often(self, chance: float) -> bool:
        return self.rng.random() < chance
