"""Health as probes want it: alive, ready, and what each dependency says.

A dependency that has a substitute only degrades.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

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
