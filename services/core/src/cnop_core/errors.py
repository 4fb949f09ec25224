"""The kinds of expected failure. A module raises its own subclass with a stable code; only the API layer knows HTTP."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One violated field: its dotted path and what was expected of it (never the rejected value)."""

    field: str
    message: str


class CnopError(Exception):
    """An expected failure. `code` is stable and public; the text says what was wrong and what to do."""

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, *, errors: tuple[FieldError, ...] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors
        self.stable_code = code or type(self).code


class InvalidInput(CnopError):
    """The request itself cannot be accepted as it stands."""

    code = "VALIDATION_ERROR"


class Unauthenticated(CnopError):
    """No identity was proven."""

    code = "AUTH_003"


class Forbidden(CnopError):
    """The proven identity may not do this."""

    code = "PERM_001"


class NotFound(CnopError):
    """The thing does not exist, or is not the caller's to know of."""

    code = "NOT_FOUND"


class Conflict(CnopError):
    """The state of the thing does not allow this now."""

    code = "CONFLICT"


class RateLimited(CnopError):
    """The caller must wait `retry_after_seconds` before trying again."""

    code = "RATE_001"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(CnopError):
    """Something this needs is away; trying after `retry_after_seconds` may succeed."""

    code = "SVC_001"
    retry_after_seconds = 1
