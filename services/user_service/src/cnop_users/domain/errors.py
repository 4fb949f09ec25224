"""Why identity refuses."""

from cnop_core.errors import Conflict, Forbidden, InvalidInput, NotFound, RateLimited, Unauthenticated


class BadCredentials(Unauthenticated):
    """User name and password do not belong together; which of them is wrong is not told."""

    code = "AUTH_001"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is unknown, spent, or of a session that has ended."""

    code = "AUTH_003"


class AddressBlocked(Forbidden):
    """Too many failed sign-ins came from this address."""

    code = "AUTH_004"


class ForeignOrigin(Forbidden):
    """A request that carries the session cookie came from another site."""


class AlreadyTaken(Conflict):
    """The user name or the email address belongs to an account."""


class WeakPassword(InvalidInput):
    """The password is common or easy to guess."""


class HashingBusy(RateLimited):
    """More passwords wait to be checked than can be in reasonable time.

    It says that there are too many callers, not that something is broken: a flood of sign-ins shall page nobody.
    """

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(
            f"too many passwords wait to be checked; try again in {retry_after_seconds} seconds",
            retry_after_seconds=retry_after_seconds,
        )


class UnknownSession(NotFound):
    """The caller has no session of this id."""


class LastWayIn(Conflict):
    """Nothing would be left to sign in with."""

    code = "LAST_LOGIN_METHOD"
