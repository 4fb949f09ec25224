"""Keeps the engine going: a pass whenever prices change, and at least once a second, while this replica may work."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

import structlog
from prometheus_client import Counter, Gauge

from cnop_core.errors import CnopError
from cnop_orders.application.engine import Engine, Tally
from cnop_platform.lease import Lease
from cnop_platform.prices import PriceBoard
from cnop_platform.store import Key
from cnop_platform.system import monotonic

LEASE_NAME: Final = "order-engine"
_LONGEST_PAUSE_SECONDS: Final = 1.0

_log = structlog.get_logger()
_orders = Counter("cnop_engine_orders_total", "Resting orders that the engine dealt with", ["outcome"])
_passes = Counter("cnop_engine_passes_total", "Passes of the engine over the resting orders", ["outcome"])
_passed_at = Gauge(
    "cnop_engine_pass_timestamp_seconds", "When the engine last finished a pass, or found it not its turn"
)
_broken = Gauge("cnop_engine_broken_orders", "What the last pass could not work on as it is stored")
for _outcome in ("filled", "expired", "withdrawn", "failed"):
    _orders.labels(_outcome)
for _outcome in ("ok", "failed"):
    _passes.labels(_outcome)


class EngineWorker:
    """Runs passes of the engine until cancelled; a store that is away ends a pass, not the worker."""

    def __init__(
        self, *, engine: Engine, board: PriceBoard, lease: Lease, elapsed: Callable[[], float] = monotonic
    ) -> None:
        self._engine = engine
        self._board = board
        self._lease = lease
        self._elapsed = elapsed
        self._known_broken: set[Key] = set()
        """What was reported already, since a broken order is met again in each pass."""

    async def run(self) -> NoReturn:
        """Work whenever the lease allows it."""
        revision = 0
        while True:
            if self._lease.may_work:
                await self._pass()
            else:
                _passed_at.set_to_current_time()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_PAUSE_SECONDS):
                    revision = await self._board.wait_for_change(since=revision)

    async def _pass(self) -> None:
        started = self._elapsed()
        try:
            tally = await self._engine.work()
        except CnopError as error:
            _log.warning("engine_pass_failed", code=error.stable_code, reason=error.message)
            _passes.labels("failed").inc()
            return
        _passes.labels("ok").inc()
        _passed_at.set_to_current_time()
        _count(tally)
        self._report(tally)
        if not tally.is_empty:
            _log.info(
                "engine_pass",
                duration_ms=round((self._elapsed() - started) * 1000),
                filled=tally.filled,
                expired=tally.expired,
                withdrawn=tally.withdrawn,
                failed=dict(tally.failed),
            )

    def _report(self, tally: Tally) -> None:
        """Say once of each broken item which it is and what is wrong; forget those that were mended."""
        for key, error in tally.broken.items():
            if key not in self._known_broken:
                _log.error("order_broken", partition=key.pk, item=key.sk, reason=str(error), exc_info=error)
        self._known_broken = set(tally.broken)


def _count(tally: Tally) -> None:
    _orders.labels("filled").inc(tally.filled)
    _orders.labels("expired").inc(tally.expired)
    _orders.labels("withdrawn").inc(tally.withdrawn)
    _orders.labels("failed").inc(sum(tally.failed.values()))
    _broken.set(len(tally.broken))
