"""Answers rendered once per change of the market and then given out as bytes.

Prices change once a second and are read thousands of times in it, so reading must not cost rendering, nor parsing what
was asked before. Only public reads may be answered so: nothing of the caller is looked at.
"""

import hashlib
from contextlib import suppress
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cnop_core.errors import CnopError
from cnop_inventory.application.market import Market, MarketView
from cnop_platform.access import declared_access
from cnop_platform.routes import SecureRoute

PREFIX: Final = "/inventory/assets"
_MAX_ANSWERS: Final = 256
_MAX_KEY_BYTES: Final = 300
_CACHE_CONTROL: Final = "public, max-age=1"
_JSON: Final = "application/json"


class RenderedRoute(SecureRoute):
    """A read whose answers may be shared between callers; it must be public."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not declared_access(self).public:
            raise ValueError(f"{self.path} is not public; only public answers may be shared between callers")


class RenderedAnswer:
    """A body with its entity tag. Its responses hold no state of a request, so they are made once and shared."""

    def __init__(self, body: bytes, *, route: APIRoute | None) -> None:
        self.route = route
        self._etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers = {"etag": self._etag, "cache-control": _CACHE_CONTROL}
        self._full = Response(body, media_type=_JSON, headers=headers)
        self._not_modified = Response(status_code=304, headers=headers)

    def response(self, headers: Headers) -> Response:
        """Return the answer, or 304 when the reader has it already (RFC 9110, section 13.1.2)."""
        known = headers.get("if-none-match")
        return self._not_modified if known is not None and self._is_named_in(known) else self._full

    def _is_named_in(self, if_none_match: str) -> bool:
        tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
        return any(tag in {"*", self._etag} for tag in tags)


class RenderedAnswers:
    """Answers by path and query string, forgotten as soon as the market has changed."""

    def __init__(self, view: MarketView) -> None:
        self._view = view
        self._market: Market | None = None
        self._answers: dict[bytes, RenderedAnswer] = {}

    async def find(self, scope: Scope) -> RenderedAnswer | None:
        """Return the answer to such a request if it was rendered since the last change."""
        market = await self._view.now()
        if market is not self._market:
            self._market, self._answers = market, {}
        return self._answers.get(_key(scope))

    def keep(self, request: Request, market: Market, body: bytes) -> Response:
        """Return the response made of `body`, and remember it for such requests while `market` lasts."""
        route = request.scope.get("route")
        answer = RenderedAnswer(body, route=route)
        key = _key(request.scope)
        may_be_shared = isinstance(route, RenderedRoute) and request.method == "GET"
        if (
            may_be_shared
            and market is self._market
            and len(key) <= _MAX_KEY_BYTES
            and len(self._answers) < _MAX_ANSWERS
        ):
            self._answers[key] = answer
        return answer.response(request.headers)


class RenderedReads:
    """ASGI middleware that gives out rendered answers before the request is routed; it stands inside the edge."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what was rendered; hand on everything else."""
        found = await self._find(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = found.route
        scope["state"]["routine"] = True
        await found.response(Headers(scope=scope))(scope, receive, send)

    async def _find(self, scope: Scope) -> RenderedAnswer | None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            return None
        answers: RenderedAnswers = scope["app"].state.provided[RenderedAnswers]
        # Errors are rendered further in: there the handler meets the same one.
        with suppress(CnopError):
            return await answers.find(scope)
        return None


def _key(scope: Scope) -> bytes:
    path: str = scope["path"]
    query: bytes = scope["query_string"]
    return path.encode() + b"?" + query
