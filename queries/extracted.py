"""What questions to an extract share: its numbers for what they ask for, which must be in it."""

from collections.abc import Iterable, Sequence

from data.extract.duckdb import Extract
from queries.documents import document
from queries.question import QuestionError


class NotInExtract(QuestionError):
    """The customer, currency or resource asked for is not in the extract."""


def check_scope(
    extract: Extract,
    customer_id: str | None,
    currency_id: str | None = None,
    resource_id: str | None = None,
) -> dict[str, object]:
    """`customer_key`, `currency_key` and `resource_key`, the extract's numbers for them.

    None for what is not asked for. Raises the sentence for the first that it does not hold.
    """
    given = {
        "customer_id": customer_id,
        "currency_id": currency_id,
        "resource_id": resource_id,
    }
    found = extract.look_up(document("scope.sql"), given)
    if customer_id is not None and found["customer_key"] is None:
        raise NotInExtract(f"There is no customer {customer_id!r} in the extract.")
    if currency_id is not None and found["currency_key"] is None:
        raise NotInExtract(f"There is no currency {currency_id!r} in the extract.")
    if resource_id is not None and found["resource_key"] is None:
        raise NotInExtract(
            f"Customer {customer_id!r} has no resource {resource_id!r} in the extract."
        )
    return found


def codes_of(extract: Extract, pairs: Sequence[tuple[str, str]]) -> dict[str, str | None]:
    """By key, which codes stand for its values, of pairs of a key and a value.

    As `marks` of the codes; an event without the key has the code 0. None for a key whose values
    have no codes.
    """
    wanted: dict[str, set[int]] = {key: set() for key, _ in pairs}
    if pairs:
        given = {"keys": [key for key, _ in pairs], "texts": [value for _, value in pairs]}
        for key, code in extract.read(document("codes.sql"), given).iter_rows():
            wanted[key].add(code)
        for key, value in pairs:
            if not value:
                wanted[key].add(0)
    sizes = extract.key_sizes
    return {
        key: marks(codes, sizes[key]) if key in sizes else None for key, codes in wanted.items()
    }


def marks(numbers: Iterable[int], size: int) -> str:
    """A 1 at the place of each number and 0 at all others, of `size` places.

    Cast to `bit`, it tells ten times as fast as a list whether a number is among them.
    """
    places = bytearray(b"0" * size)
    for number in numbers:
        places[number] = ord("1")
    return places.decode()
