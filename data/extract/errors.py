"""What can be wrong with an extract, each as the sentence a user reads.

ExtractError
├── MappingError    the mapping does not say what it must, or does not fit a file or the catalogue
└── EventsError     a file of events that cannot be read as a whole
"""


class ExtractError(Exception):
    """No extract is published, it cannot be read, or it cannot be made."""


class MappingError(ExtractError):
    """A mapping that cannot be used; says which entry and what would be accepted."""


class EventsError(ExtractError):
    """A file of events that cannot be read at all; single bad rows are rejects instead."""
