"""The route class of every service: access is decided before the body is read, and JSON is parsed strictly."""

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from cnop_platform import strict_json
from cnop_platform.access import declared_access


class StrictRequest(Request):
    """A request with a bounded body, whose JSON keeps every digit and refuses duplicate keys, NaN and Infinity."""

    body_limit_bytes = 0

    async def body(self) -> bytes:
        """Read the body. Raises a 413 as soon as it is longer than the endpoint's limit."""
        if not hasattr(self, "_body"):
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > self.body_limit_bytes:
                    raise HTTPException(413, f"the body may be at most {self.body_limit_bytes} bytes long")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        """Parse the body; what is wrong is reported as the framework's own JSON error."""
        if not hasattr(self, "_json"):
            try:
                parsed = strict_json.loads(await self.body())
                # A bare Decimal has attributes, which pydantic would take for the fields of a model; a float has none.
                self._json = float(parsed) if isinstance(parsed, Decimal) else parsed
            except strict_json.InvalidJson as error:
                raise json.JSONDecodeError(str(error), "", 0) from None
        return self._json


class SecureRoute(APIRoute):
    """Admits the caller by the declared access before anything else of the request is looked at."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handle = super().get_route_handler()
        access = declared_access(self)

        async def secured(request: Request) -> Response:
            principal = await request.app.state.gatekeeper.admit(request, access)
            request.state.principal = principal
            strict = StrictRequest(request.scope, request.receive)
            strict.body_limit_bytes = access.body_limit_bytes
            return await handle(strict)

        return secured
