"""The SQL of this package: each statement, or list of statements, in a file of its own."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (HERE / "sql" / f"{name}.sql").read_text()
