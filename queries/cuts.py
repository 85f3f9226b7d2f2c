"""Which days and quarters of an hour are cut, so that sums of them do not answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.extract.parts import EPOCH, SLOT

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cut:
    """Days or quarters of an hour, counted from 1970, each with a cut within it."""

    numbers: list[int]
    granule: timedelta

    @property
    def since(self) -> datetime:
        """When the first begins; without any, that is also when the last ends."""
        return EPOCH + self.numbers[0] * self.granule if self.numbers else EPOCH

    @property
    def until(self) -> datetime:
        """When the last ends."""
        return EPOCH + (self.numbers[-1] + 1) * self.granule if self.numbers else EPOCH

    @property
    def is_run(self) -> bool:
        """Whether none between the first and the last is missing."""
        return not self.numbers or self.numbers[-1] - self.numbers[0] + 1 == len(self.numbers)


def cut_days(cuts: Iterable[datetime]) -> Cut:
    return _within(cuts, DAY)


def cut_slots(cuts: Iterable[datetime]) -> Cut:
    """The quarters of an hour."""
    return _within(cuts, SLOT)


def _within(cuts: Iterable[datetime], granule: timedelta) -> Cut:
    return Cut(
        sorted({(cut - EPOCH) // granule for cut in cuts if (cut - EPOCH) % granule}), granule
    )
