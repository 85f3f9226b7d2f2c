"""What questions to an extract share: the check that what they ask for is in it."""

from data.extract.duckdb import Extract
from queries.documents import document
from queries.question import QuestionError


class NotInExtract(QuestionError):
    """The customer, currency or resource asked for is not in the extract."""


def check_scope(
    extract: Extract,
    customer_id: str | None,
    currency_id: str | None = None,
    resource_id: str | None = None,
) -> None:
    """Raise the sentence for the first of them that the extract does not hold."""
    given = {
        "customer_id": customer_id,
        "currency_id": currency_id,
        "resource_id": resource_id,
    }
    has_customer, has_currency, has_resource = extract.read(document("scope.sql"), given).row(0)
    if not has_customer:
        raise NotInExtract(f"There is no customer {customer_id!r} in the extract.")
    if not has_currency:
        raise NotInExtract(f"There is no currency {currency_id!r} in the extract.")
    if not has_resource:
        raise NotInExtract(
            f"Customer {customer_id!r} has no resource {resource_id!r} in the extract."
        )
