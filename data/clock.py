"""The clock: now, in the one form in which times are kept."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
