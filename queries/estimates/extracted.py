"""Why an extract cannot estimate."""

from typing import NoReturn

from data.extract.duckdb import Extract
from queries.estimates import EstimateChange, EstimateNew, EventCost, UsageCost
from queries.question import CannotAnswer

CANNOT = (
    "An extract holds what has happened, and neither prices nor discounts: what something would "
    "cost is reckoned by the metering API. Choose the live source."
)


def estimate(
    question: EstimateNew | EstimateChange | UsageCost | EventCost, extract: Extract
) -> NoReturn:
    del question, extract
    raise CannotAnswer(CANNOT)
