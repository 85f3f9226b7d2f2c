"""What a search answers: options, and whether they are all there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to pick: `value` goes into the URL and back to the page, `label` is read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Found:
    """The options that match one search text.

    `is_complete` says that nothing was left out for this text; `total` is how many match in
    all, where the source knows it.
    """

    options: tuple[Option, ...]
    is_complete: bool
    total: int | None = None


Search = Callable[[str], Found]
"""From search text ("" for the beginning) to what matches it."""


def led_by(first: Option, search: Search) -> Search:
    """The same search with `first` ahead of every answer whose text it contains."""

    def led(text: str) -> Found:
        found = search(text)
        if text.casefold() not in first.label.casefold():
            return found
        total = None if found.total is None else found.total + 1
        return Found((first, *found.options), found.is_complete, total)

    return led


def labels_by_value(options: Sequence[Option]) -> dict[str, str]:
    """Labels in the order of the options; two options of one label are told apart by value."""
    known = {option.value: option.label for option in options}
    labels = list(known.values())
    return {
        value: label if labels.count(label) == 1 else f"{label} ({value})"
        for value, label in known.items()
    }
