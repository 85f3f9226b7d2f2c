"""The .sql and .graphql files beside the questions."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def document(path: str) -> str:
    """The text of a document, named by subject and file: `usage/events.sql`."""
    return (HERE / path).read_text()


def given(path: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """Those of the parameters that the document names."""
    return {name: parameters[name] for name in _names(path)}


@cache
def _names(path: str) -> frozenset[str]:
    return frozenset(re.findall(r"\$([a-z_0-9]+)", document(path)))
