"""What the demo company sells: its catalogue, read once."""

from functools import cache
from pathlib import Path

from data.metering.catalogue import Catalogue, read_catalogue

CATALOGUE = Path(__file__).parent / "catalogue.json"


@cache
def catalogue() -> Catalogue:
    return read_catalogue(CATALOGUE)


def sells_demo(path: Path) -> bool:
    """Whether it is the demo company's catalogue, whose story an empty store is filled with."""
    return path.resolve() == CATALOGUE.resolve()
