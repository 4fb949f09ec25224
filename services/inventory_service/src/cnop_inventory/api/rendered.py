"""Answers rendered once per change of the market and then given out as bytes.

Prices change once a second and are read thousands of times in it, so reading must not cost rendering.
"""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response

from cnop_inventory.application.market import Market, MarketView
from cnop_platform.access import declared_access
from cnop_platform.routes import SecureRoute

_MAX_ANSWERS: Final = 256
_MAX_KEY_BYTES: Final = 300
_CACHE_CONTROL: Final = "public, max-age=1"
_JSON: Final = "application/json"


class RenderedAnswer:
    """A body with its entity tag. Its responses hold no state of a request, so they are made once and shared."""

    def __init__(self, body: bytes) -> None:
        self._etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers = {"etag": self._etag, "cache-control": _CACHE_CONTROL}
        self._full = Response(body, media_type=_JSON, headers=headers)
        self._not_modified = Response(status_code=304, headers=headers)

    def response(self, request: Request) -> Response:
        """Return the answer, or 304 when the reader has it already (RFC 9110, section 13.1.2)."""
        known = request.headers.get("if-none-match")
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

    async def find(self, request: Request) -> RenderedAnswer | None:
        """Return the answer to such a request if it was rendered since the last change."""
        market = await self._view.now()
        if market is not self._market:
            self._market, self._answers = market, {}
        return self._answers.get(_key(request))

    def keep(self, request: Request, market: Market, body: bytes) -> RenderedAnswer:
        """Return the answer made of `body`, and remember it for such requests while `market` lasts."""
        answer, key = RenderedAnswer(body), _key(request)
        if market is self._market and len(key) <= _MAX_KEY_BYTES and len(self._answers) < _MAX_ANSWERS:
            self._answers[key] = answer
        return answer


def _key(request: Request) -> bytes:
    path: str = request.scope["path"]
    query: bytes = request.scope["query_string"]
    return path.encode() + b"?" + query


class RenderedRoute(SecureRoute):
    """A public read that gives out a rendered answer before anything of the request is parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler, which renders what has not been rendered yet."""
        handle = super().get_route_handler()
        if not declared_access(self).public:
            raise ValueError(f"{self.path} is not public; only public answers may be shared between callers")

        async def answer(request: Request) -> Response:
            answers: RenderedAnswers = request.app.state.provided[RenderedAnswers]
            found = await answers.find(request)
            return found.response(request) if found is not None else await handle(request)

        return answer
