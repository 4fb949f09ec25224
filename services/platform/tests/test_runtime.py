import asyncio

from cnop_platform.infrastructure import background


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

    async with asyncio.timeout(5), background([stubborn()]):
        await asyncio.sleep(0)
    assert ended == ["stubborn"]


async def test_background_work_that_ended_by_itself_does_not_hold_up_the_end():
    async def brief():
        return None

    async with asyncio.timeout(5), background([brief()]):
        await asyncio.sleep(0)
    async with asyncio.timeout(5), background([]):
        pass
