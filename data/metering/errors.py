"""What can go wrong when the metering API is asked, each as a sentence that a user can read.

MeteringError
├── Unreachable        no connection, or one that was lost: a write may have happened
│   └── NotSent        the connection was never made: nothing happened
├── TimedOut           no answer in time; a write may have happened
├── RateLimited        too many requests; `wait` says how long the API asked to wait
├── ServerFault        the API failed on its side
├── BrokenAnswer       an answer that cannot be read
└── Refused            the API understood and said no
    ├── KeyRefused     the API key
    ├── AccessDenied   the key may not do this
    ├── NotFound       customer, feature, currency, grant …
    └── BadInput       a value the API does not accept
"""

from collections.abc import Mapping


class MeteringError(Exception):
    """The sentence to show, with the API's code and trace id where it gave them."""

    def __init__(self, sentence: str, *, code: str = "", trace_id: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.trace_id = trace_id


class Unreachable(MeteringError):
    pass


class NotSent(Unreachable):
    pass


class TimedOut(MeteringError):
    pass


class RateLimited(MeteringError):
    def __init__(self, sentence: str, *, wait: float | None = None, code: str = "") -> None:
        super().__init__(sentence, code=code)
        self.wait = wait


class ServerFault(MeteringError):
    pass


class BrokenAnswer(MeteringError):
    pass


class Refused(MeteringError):
    pass


class KeyRefused(Refused):
    pass


class AccessDenied(Refused):
    pass


class NotFound(Refused):
    pass


class BadInput(Refused):
    pass


TOO_MANY = "The metering API is receiving too many requests from this account. Wait a moment."
FAILED = "The metering API failed on its side. Try again; if it stays, tell its operator."
BAD_KEY = "The metering API refused the key. Check METERING_API_KEY."


def refusal(message: str, extensions: Mapping[str, object]) -> MeteringError:
    """The exception for a GraphQL error, chosen by its code (contract, section 1)."""
    code = str(extensions.get("code") or "")
    trace_id = str(extensions.get("traceId") or "")
    if code == "RateLimitExceeded":
        return RateLimited(TOO_MANY, code=code)
    if code in ("Unauthenticated", "ApiKeyExpired"):
        return KeyRefused(BAD_KEY, code=code, trace_id=trace_id)
    if code in ("UnexpectedError", "OperationTimeout", ""):
        return ServerFault(f"{FAILED} It said: {message}", code=code, trace_id=trace_id)
    kind: type[Refused] = Refused
    if code in ("AccessDeniedError", "IdentityForbidden"):
        kind = AccessDenied
    elif "NotFound" in code:
        kind = NotFound
    elif code in ("BadUserInput", "InvalidArgumentError", "UnsupportedParameter"):
        kind = BadInput
    return kind(message, code=code, trace_id=trace_id)
