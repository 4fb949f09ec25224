"""The page process as an ASGI application. It is behind the gateway, which guards, limits and adds security headers."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cnop_core.clock import Clock, to_rfc3339
from cnop_platform.docs_page import docs_routes
from cnop_platform.edge import Edge
from cnop_platform.problem import problem_response
from cnop_web.merging import API_PREFIX
from cnop_web.page import Page
from cnop_web.services import Services, overall

_SENTENCES = {404: "there is nothing at this path", 405: "this path does not support the method"}
_STATUS_OF = {"healthy": 200, "degraded": 200, "unhealthy": 503}


class Web:
    """The handlers and what they work with."""

    def __init__(self, *, page: Page, services: Services, clock: Clock, environment: str, version: str) -> None:
        self._page = page
        self._services = services
        self._clock = clock
        self._environment = environment
        self._version = version

    async def file(self, request: Request) -> Response:
        """Answer with a file of the page, or with nothing when the client has it already."""
        found = self._page.find(request.url.path)
        if found is None:
            raise HTTPException(404)
        variant = found.best(request.headers.get("accept-encoding", ""))
        headers = {"Cache-Control": found.cache_control, "ETag": variant.etag, "Vary": "Accept-Encoding"}
        if variant.etag in _tags(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        if variant.encoding:
            headers["Content-Encoding"] = variant.encoding
        return Response(variant.content, media_type=found.media_type, headers=headers)

    async def description(self, _request: Request) -> Response:
        """Answer with the description of all services."""
        return JSONResponse(await self._services.description())

    async def platform_health(self, _request: Request) -> Response:
        """Answer with the state of all services."""
        states = await self._services.states()
        return self._health("platform", overall(states), states)

    async def live(self, _request: Request) -> Response:
        """Answer that the process runs."""
        return self._health("web", "healthy", {})

    async def ready(self, _request: Request) -> Response:
        """Answer whether the page can be served; the description and health are of use without it."""
        built = self._page.is_built
        return self._health("web", "healthy" if built else "degraded", {"page": "ok" if built else "failed"})

    async def metrics(self, request: Request) -> Response:
        """Answer with the process's metrics, unless it is somebody behind the gateway who asks."""
        if request.state.context.via_gateway:
            raise HTTPException(404)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    def _health(self, service: str, status: str, checks: Mapping[str, str]) -> Response:
        document: dict[str, Any] = {
            "status": status,
            "service": service,
            "version": self._version,
            "timestamp": to_rfc3339(self._clock.now()),
            "environment": self._environment,
            "checks": dict(checks),
        }
        return JSONResponse(document, _STATUS_OF[status], headers={"Cache-Control": "no-store"})


def create_app(web: Web, *, gateway_secret: str = "") -> Starlette:
    """Build the application around its handlers."""
    return Starlette(
        routes=[
            Route("/health", web.ready),
            Route("/health/live", web.live),
            Route("/health/ready", web.ready),
            Route("/metrics", web.metrics),
            Route(f"{API_PREFIX}/health", web.platform_health),
            Route(f"{API_PREFIX}/openapi.json", web.description),
            *docs_routes(
                title="Cloud-Native Order Processor API",
                description_url=f"{API_PREFIX}/openapi.json",
                path=f"{API_PREFIX}/docs",
            ),
            Route("/{path:path}", web.file),
        ],
        exception_handlers={HTTPException: _problem},
        middleware=[Middleware(Edge, gateway_secret=gateway_secret)],
    )


async def _problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message = _SENTENCES.get(error.status_code, error.detail)
    return problem_response(request, status=error.status_code, message=message, headers=error.headers)


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
