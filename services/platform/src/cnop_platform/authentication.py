"""Proves who sent a request: a bearer token that verifies, of a session that has not ended."""

from typing import Protocol

from starlette.requests import Request

from cnop_core.ids import SessionId, TokenId
from cnop_platform.access import MissingToken, Principal
from cnop_platform.tokens import InvalidToken, TokenVerifier


class EndedSessions(Protocol):
    """Tells which sessions, and which tokens before their session, have ended."""

    async def is_ended(self, *held: SessionId | TokenId) -> bool:
        """Tell whether one of these, a session or a single token of it, was ended."""
        ...


class BearerAuthenticator:
    """Reads the `Authorization` header (RFC 6750); tokens anywhere else are not looked at."""

    def __init__(self, *, verifier: TokenVerifier, sessions: EndedSessions) -> None:
        self._verifier = verifier
        self._sessions = sessions

    async def authenticate(self, request: Request) -> Principal:
        """Return the caller. Raises `MissingToken` or `InvalidToken`."""
        values = request.headers.getlist("authorization")
        if not values:
            raise MissingToken("send an access token: Authorization: Bearer <token>")
        scheme, _, token = values[0].partition(" ")
        if len(values) > 1 or scheme.lower() != "bearer" or not token:
            raise InvalidToken("expected one Authorization header with a bearer token")
        principal = await self._verifier.verify(token.strip())
        if await self._sessions.is_ended(principal.session_id, principal.token_id):
            raise InvalidToken("the session has ended; log in again")
        return principal
