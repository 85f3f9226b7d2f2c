"""How values come over the wire of the metering API."""

from datetime import UTC, datetime


def time(text: str) -> datetime:
    """Naive UTC of an ISO 8601 text."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def optional_time(text: str | None) -> datetime | None:
    return time(text) if text else None
