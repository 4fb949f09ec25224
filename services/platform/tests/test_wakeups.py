import asyncio

from cnop_platform.chores import background
from cnop_platform.wakeups import WALLET_CHANNEL, WalletBell, WalletEar


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_ring_wakes_who_listens_for_that_user_and_nobody_else(valkey_client):
    bell, ear = WalletBell(valkey_client), WalletEar(valkey_client)
    async with background([bell.run, ear.run]):
        await until(lambda: ear.connected)
        with ear.listening("usr_1") as first, ear.listening("usr_1") as second, ear.listening("usr_2") as other:
            bell.ring("usr_1")
            async with asyncio.timeout(10):
                await first.wait()
                await second.wait()
            assert not other.is_set()
        assert ear.count("usr_1") == 0


async def test_a_malformed_announcement_is_ignored(valkey_client):
    bell, ear = WalletBell(valkey_client), WalletEar(valkey_client)
    async with background([bell.run, ear.run]):
        await until(lambda: ear.connected)
        with ear.listening("usr_1") as woken:
            for text in (b"no json", b"{}", b"[1, null]"):
                await valkey_client.publish(WALLET_CHANNEL, text)
            bell.ring("usr_1")
            async with asyncio.timeout(10):
                await woken.wait()


async def test_ringing_goes_on_while_valkey_is_away_and_listeners_wake_when_it_is_back(valkey_server):
    client = valkey_server.client()
    bell, ear = WalletBell(client), WalletEar(client)
    async with background([bell.run, ear.run]):
        await until(lambda: ear.connected)
        with ear.listening("usr_1") as woken:
            valkey_server.kill()
            await until(lambda: not ear.connected)
            bell.ring("usr_1")
            assert not woken.is_set()
            await valkey_server.start()
            async with asyncio.timeout(10):
                await woken.wait()
    await client.aclose()
