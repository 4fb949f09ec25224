"""Health as probes want it: alive, ready, and what each dependency says.

A dependency that has a substitute only degrades.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from cnop_core.clock import to_rfc3339
from cnop_platform.system import SystemClock

Probe = Callable[[], Awaitable[bool]]
_TIMEOUT_SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True)
class Health:
    """Probes by name: without a required one the service is unhealthy, without an optional one degraded."""

    required: Mapping[str, Probe] = field(default_factory=dict)
    optional: Mapping[str, Probe] = field(default_factory=dict)

    async def report(self) -> tuple[str, dict[str, str]]:
        """Run all probes at once and return the overall status and each one's."""
        probes = {**self.required, **self.optional}
        outcomes = dict(zip(probes, await asyncio.gather(*map(_passes, probes.values())), strict=True))
        checks = {name: "ok" if passed else "failed" for name, passed in outcomes.items()}
        if not all(outcomes[name] for name in self.required):
            return "unhealthy", checks
        return ("healthy" if all(outcomes.values()) else "degraded"), checks


async def _passes(probe: Probe) -> bool:
    try:
        return await asyncio.wait_for(probe(), _TIMEOUT_SECONDS)
    except Exception:  # noqa: BLE001 - boundary: whatever a probe raises means that it failed
        return False


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
