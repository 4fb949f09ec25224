"""The probes' endpoints, the same on every service."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from cnop_core.clock import to_rfc3339
from cnop_platform.health import Health
from cnop_platform.system import SystemClock


def health_router(*, service: str, version: str) -> APIRouter:
    """Return `/health`, `/health/live` and `/health/ready`."""
    router = APIRouter()

    def answer(request: Request, status: str, checks: Mapping[str, str]) -> JSONResponse:
        document: dict[str, Any] = {
            "status": status,
            "service": service,
            "version": version,
            "timestamp": to_rfc3339(SystemClock().now()),
            "environment": request.app.state.environment,
            "checks": dict(checks),
        }
        code = 503 if status == "unhealthy" else 200
        return JSONResponse(document, code, headers={"Cache-Control": "no-store"})

    async def live(request: Request) -> JSONResponse:
        return answer(request, "healthy", {})

    async def ready(request: Request) -> JSONResponse:
        health: Health = request.app.state.health
        return answer(request, *await health.report())

    router.add_route("/health/live", live, methods=["GET"])
    router.add_route("/health/ready", ready, methods=["GET"])
    router.add_route("/health", ready, methods=["GET"])
    return router
