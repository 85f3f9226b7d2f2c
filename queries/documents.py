"""The .sql and .graphql files beside the questions."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def document(path: str) -> str:
    """The text of a document, named by subject and file: `usage/usage.sql`."""
    return (HERE / path).read_text()
