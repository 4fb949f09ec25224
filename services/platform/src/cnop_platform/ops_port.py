"""The port for operations: health and metrics only, without TLS, always open to the next probe."""

import asyncio
from typing import Any, Final

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cnop_platform.problem import problem_response

CONNECTIONS: Final = 50
"""Probes and scrapes come a few at a time; whoever holds more than that open is slow, lost, or means harm."""
_PATHS: Final = ("/health", "/metrics")


class Ops(uvicorn.Server):
    """A second listener of the same process."""

    async def open(self) -> None:
        """Begin to answer."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup()

    async def close(self) -> None:
        """Stop answering."""
        await self.shutdown()


class NewestFirst(HttpToolsProtocol):
    """Hangs up on whoever has been connected longest when there are too many, so that a new probe is always answered.

    Turning the newest away instead would let a scraper that hangs take the probes down, and with them the service.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own, which narrows asyncio's
        """Take the connection, in the place of the oldest if need be."""
        self.opened_at = asyncio.get_running_loop().time()
        others = [each for each in self.connections if isinstance(each, NewestFirst)]
        for oldest in sorted(others, key=lambda each: each.opened_at)[: len(others) + 1 - CONNECTIONS]:
            self.connections.discard(oldest)
            oldest.transport.abort()
        super().connection_made(transport)


def operations_only(app: ASGIApp) -> ASGIApp:
    """Return an app that passes on requests for health and metrics, and answers 404 to all else."""

    async def filtered(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if any(path == each or path.startswith(f"{each}/") for each in _PATHS):
            await app(scope, receive, send)
        else:
            absent = problem_response(Request(scope), status=404, message="there is nothing at this path")
            await absent(scope, receive, send)

    return filtered


def ops_server(app: ASGIApp, *, port: int, bounds: dict[str, Any]) -> Ops:
    """Return the listener, not yet open. It has no bound in uvicorn's sense, which would refuse the newest."""
    config = uvicorn.Config(operations_only(app), port=port, http=NewestFirst, lifespan="off", **bounds)
    return Ops(config)
