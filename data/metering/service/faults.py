"""Errors the service answers with: a code of the contract and a sentence."""


class Fault(Exception):
    """A business error; `details` are further fields of the GraphQL error's extensions."""

    def __init__(self, code: str, sentence: str, **details: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.details = details


def bad_input(sentence: str) -> Fault:
    return Fault("BadUserInput", sentence)


class StoreInUse(RuntimeError):
    """Another process owns the store; the message names what to do."""
