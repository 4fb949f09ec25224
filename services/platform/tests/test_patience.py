"""Waiting is bounded by what the loop had a chance to see."""

import asyncio
import time

import pytest

from cnop_platform.patience import patience


async def test_who_never_answers_is_waited_for_so_long_and_no_longer():
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with patience(0.05):
            await asyncio.Event().wait()
    assert time.monotonic() - began >= 0.05


async def test_a_busy_loop_is_not_taken_for_an_absent_answer():
    async with patience(0.05):
        for _ in range(10):
            time.sleep(0.02)  # noqa: ASYNC251 - the loop is to be held up
            await asyncio.sleep(0)


async def test_nothing_ends_a_task_after_the_answer():
    async with patience(0.02):
        pass
    await asyncio.sleep(0.05)


async def test_a_task_that_is_cancelled_is_not_told_of_a_timeout():
    async def wait():
        async with patience(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
