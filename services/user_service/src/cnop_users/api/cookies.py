"""The refresh cookie of browsers: out of reach for scripts, sent to this site only, and used only by our own pages."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cnop_users.domain.errors import ForeignOrigin

COOKIE: Final = "__Host-cnop_refresh"


class RefreshCookie:
    """Sets, reads and clears the cookie. `origins` are the pages that may use it, compared exactly (RFC 6454)."""

    def __init__(self, *, origins: frozenset[str], max_age_seconds: int) -> None:
        self._origins = origins
        self._max_age_seconds = max_age_seconds

    def require_own_origin(self, request: Request) -> None:
        """Raise `ForeignOrigin` unless exactly one `Origin` header names one of our own pages."""
        origins = request.headers.getlist("origin")
        if len(origins) != 1 or origins[0] not in self._origins:
            raise ForeignOrigin("a session cookie may only be used by the platform's own pages")

    def read(self, request: Request) -> str | None:
        """Return the refresh token from the cookie, None without one. Raises `ForeignOrigin`."""
        token = request.cookies.get(COOKIE)
        if token is not None:
            self.require_own_origin(request)
        return token

    def write(self, response: Response, token: str) -> None:
        """Let the browser keep the token."""
        response.set_cookie(
            COOKIE, token, max_age=self._max_age_seconds, path="/", secure=True, httponly=True, samesite="strict"
        )

    def clear(self, response: Response) -> None:
        """Let the browser forget the token."""
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
