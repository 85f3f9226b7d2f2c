"""A picker's search while its source fails."""

import pytest

from dashboard.controls.key_picker import Found, Option
from dashboard.controls.searching import while_typing
from data.metering.errors import Unreachable


def failing(text: str) -> Found:
    raise Unreachable(f"down at {text!r}")


def test_a_source_that_fails_on_typed_text_finds_nothing() -> None:
    assert while_typing(failing)("mod") == Found((), is_complete=False)


def test_a_source_that_fails_at_the_beginning_fails_the_page() -> None:
    with pytest.raises(Unreachable):
        while_typing(failing)("")


def test_what_is_found_is_handed_on() -> None:
    found = Found((Option("model", "model"),), is_complete=True)
    assert while_typing(lambda _: found)("mod") is found
