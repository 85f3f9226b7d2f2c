"""What-if of a metering API: none, since it tells of no single event."""

from typing import NoReturn

from data.metering.client import MeteringClient
from queries.question import CannotAnswer


def read(question: object, client: MeteringClient) -> NoReturn:
    del question, client
    raise CannotAnswer(
        "A what-if prices every single event anew, and a metering API tells only of sums. "
        "Choose an extract as the source."
    )
