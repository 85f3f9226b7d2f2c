"""A company of random histories, and the two sources that tell it."""

from dataclasses import dataclass

from data.tables import Tables
from queries.question import Extracted, Live


@dataclass(frozen=True)
class Told:
    tables: Tables
    live: Live
    extracted: Extracted
