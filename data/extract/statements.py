"""The SQL of this package: each statement, or list of statements, in a file of its own."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (HERE / "sql" / f"{name}.sql").read_text()


@cache
def schema() -> str:
    """The statements that create the tables of an empty extract."""
    return (HERE / "schema.sql").read_text()


@cache
def part_schema() -> str:
    """The statements that create the tables of an empty part, attached as `part`."""
    return (HERE / "part.sql").read_text()


@cache
def ledger_schema() -> str:
    """The statements that create the tables of an empty ledger, attached as `books`."""
    return (HERE / "ledger.sql").read_text()
