import asyncio

from cnop_platform.chores import background
from cnop_platform.infrastructure import Infrastructure
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import SystemClock


class AnsweringCache:
    async def ping(self):
        return True


async def test_background_work_ends_although_it_took_its_first_cancellation_for_a_failed_call():
    ended = []

    async def stubborn():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            try:
                await asyncio.sleep(30)
            finally:
                ended.append("stubborn")

    async with asyncio.timeout(5), background([stubborn]):
        await asyncio.sleep(0)
    assert ended == ["stubborn"]


async def test_background_work_that_ended_by_itself_does_not_hold_up_the_end():
    async def brief():
        return None

    async with asyncio.timeout(5), background([brief]):
        await asyncio.sleep(0)
    async with asyncio.timeout(5), background([]):
        pass


async def test_background_work_that_crashes_is_started_again_and_degrades_health_meanwhile(monkeypatch):
    monkeypatch.setattr("cnop_platform.chores._FIRST_PAUSE_SECONDS", 0.02)
    base = Infrastructure(store=MemoryStore(), cache=AnsweringCache(), clock=SystemClock())
    started, seen = [], []

    async def clumsy():
        seen.append(await base.health().report())
        started.append("clumsy")
        if len(started) < 3:
            raise RuntimeError("it fell over")
        await asyncio.Event().wait()

    async with asyncio.timeout(5), background([clumsy], crashed=base.crashed):
        while not base.crashed:
            await asyncio.sleep(0)
        assert await base.health().report() == ("degraded", {"store": "ok", "valkey": "ok", "chores": "failed"})
        while len(started) < 3:
            await asyncio.sleep(0.01)
        assert await base.health().report() == ("healthy", {"store": "ok", "valkey": "ok", "chores": "ok"})
    assert {status for status, _ in seen} == {"healthy"}
