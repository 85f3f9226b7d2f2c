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


class RulesBroken(RuntimeError):
    """A store breaks rules of credits; the message has a sentence for each."""


class NoStore(RuntimeError):
    """There is no store where one was said to be."""
