"""The app factory: every HTTP service is made here, with the same errors, access checks, health and metrics."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cnop_platform.access import Principal, UndeclaredAccess, declared_access
from cnop_platform.edge import Edge
from cnop_platform.error_handlers import install_error_handlers
from cnop_platform.gatekeeper import Gatekeeper
from cnop_platform.health import Health
from cnop_platform.health_routes import health_router
from cnop_platform.permissions import Permission, Role
from cnop_platform.policies import load_role_matrix, policies_folder
from cnop_platform.problem import PROBLEM_SCHEMA
from cnop_platform.routes import SecureRoute
from cnop_platform.shared_limits import group_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wiring:
    """The objects that a running service works with, built by its `bootstrap`."""

    gatekeeper: Gatekeeper
    health: Health
    environment: str
    provided: Mapping[type[Any], Any] = field(default_factory=dict)


# Its own spans and logs carry paths, queries and what failed validation; ours (`cnop_platform.spans`) do not.
_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}

Wire = Callable[[], AbstractAsyncContextManager[Wiring]]


def service_router(*, tags: Sequence[str]) -> APIRouter:
    """Return a router whose routes all go through the access check and the strict JSON parser."""
    return APIRouter(route_class=SecureRoute, tags=list(tags))


def allows(permission: Permission) -> Any:
    """Tell a handler (as a dependency) whether its caller holds a permission that decides about a field."""

    async def find(request: Request) -> bool:
        principal: Principal | None = request.state.principal
        gatekeeper: Gatekeeper = request.app.state.gatekeeper
        return principal is not None and gatekeeper.permits(principal, permission)

    return Depends(find)


def provided(kind: type[T]) -> Any:
    """Give a handler the object of that type from the service's wiring."""

    async def look_up(request: Request) -> T:
        found: T = request.app.state.provided[kind]
        return found

    return Depends(look_up)


def create_app(
    *,
    name: str,
    title: str,
    version: str,
    routers: Sequence[APIRouter],
    wire: Wire,
    gateway_secret: str = "",
    policies: str | None = None,
) -> FastAPI:
    """Build a service. Raises `UndeclaredAccess` when a route does not declare its access exactly once.

    `wire` runs at start-up only, so that the description can be had without any connection.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with wire() as wiring:
            app.state.gatekeeper = wiring.gatekeeper
            app.state.health = wiring.health
            app.state.environment = wiring.environment
            app.state.provided = wiring.provided
            yield

    app = _DescribedApp(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    for router in routers:
        app.router.routes.extend(router.routes)
    _describe_access(app, policies)
    app.router.routes.extend(_internal_routes(name=name, version=version).routes)
    install_error_handlers(app)
    app.add_middleware(Edge, gateway_secret=gateway_secret)
    return app


def _describe_access(app: FastAPI, policies: str | None) -> None:
    matrix = load_role_matrix(policies_folder(policies))
    for route in app.router.routes:
        if not isinstance(route, APIRoute):
            continue
        access = declared_access(route)
        group_of(access)
        if access.public and access.permission and Role.PUBLIC not in matrix[access.permission]:
            raise UndeclaredAccess(f"{route.path} is declared public, but no policy grants {access.permission} to all")
        operation: dict[str, Any] = {
            "x-access": {
                "permission": access.permission.value if access.permission else None,
                "roles": sorted(access.roles(matrix)),
                "rate_class": access.rate.value,
                "step_up": access.step_up,
                "owner": access.owner,
                "body_limit_bytes": access.body_limit_bytes,
                "timeout_seconds": access.timeout_seconds,
                "stream": access.stream,
                "cookie": access.cookie,
            },
            "security": [] if access.public else [{"bearer": []}],
        }
        route.openapi_extra = {**(route.openapi_extra or {}), **operation}
        for status in _error_statuses(route, public=access.public):
            route.responses.setdefault(status, _PROBLEM)


_PROBLEM: dict[str, Any] = {
    "description": "Problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _error_statuses(route: APIRoute, *, public: bool) -> list[int]:
    # The gateway itself answers requests that are no HTTP (400), too slow (408), too long (431), or unanswered (504).
    always = [400, 408, 422, 429, 431, 503, 504]
    reads_body = route.body_field is not None
    return [
        *([] if public else [401, 403]),
        *always,
        *([413] if reads_body else []),
        *([404] if "{" in route.path else []),
    ]


def _internal_routes(*, name: str, version: str) -> APIRouter:
    router = health_router(service=name, version=version)

    async def root(_request: Request) -> Response:
        return JSONResponse({"service": name, "version": version})

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    router.add_route("/", root, methods=["GET"])
    router.add_route("/metrics", metrics, methods=["GET"])
    return router


class _DescribedApp(FastAPI):
    """An application whose description names everything that its operations refer to, wherever it is asked for."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        return document


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description, complete with the problem schema and the bearer scheme."""
    return app.openapi()
