import asyncio
from contextlib import AsyncExitStack

import pytest

from cnop_core.errors import Unavailable
from cnop_platform.cache import CacheError, Subscription, connect
from cnop_platform.chores import background

CHANNEL = "cnop:sample"


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


class Listener:
    """Keeps what a subscription hears; fails to prepare as often as told."""

    def __init__(self, client, *, failures=0):
        self.heard = []
        self.prepared = 0
        self._failures = failures
        self.subscription = Subscription(client, [CHANNEL], handle=self.handle, on_connect=self.on_connect)

    async def handle(self, channel, data):
        if data == b"refuse":
            raise Unavailable("the store is away")
        self.heard.append((channel, data))

    async def on_connect(self):
        self.prepared += 1
        if self._failures:
            self._failures -= 1
            raise Unavailable("the store is away")


@pytest.fixture
async def listen(valkey_client):
    async with AsyncExitStack() as stack:

        async def start(**how):
            listener = Listener(valkey_client, **how)
            await stack.enter_async_context(background([listener.subscription.run]))
            await until(lambda: listener.subscription.connected)
            return listener

        yield start


async def test_messages_arrive_in_order_after_the_preparation(listen, valkey_client):
    listener = await listen()
    assert listener.prepared == 1
    for number in range(3):
        await valkey_client.publish(CHANNEL, str(number))
    await until(lambda: len(listener.heard) == 3)
    assert listener.heard == [(CHANNEL, b"0"), (CHANNEL, b"1"), (CHANNEL, b"2")]


async def test_a_failed_preparation_is_tried_again(listen):
    listener = await listen(failures=2)
    assert listener.prepared == 3


async def test_an_expected_failure_of_the_handler_prepares_anew(listen, valkey_client):
    listener = await listen()
    await valkey_client.publish(CHANNEL, "refuse")
    await until(lambda: listener.prepared == 2 and listener.subscription.connected)
    await valkey_client.publish(CHANNEL, "fine")
    await until(lambda: listener.heard == [(CHANNEL, b"fine")])


async def test_after_an_outage_the_subscription_is_back(listen, valkey_server):
    listener = await listen()
    valkey_server.kill()
    await until(lambda: not listener.subscription.connected)
    await valkey_server.start()
    await until(lambda: listener.subscription.connected)
    client = valkey_server.client()
    await client.publish(CHANNEL, "back")
    await client.aclose()
    await until(lambda: listener.heard == [(CHANNEL, b"back")])


async def test_a_call_fails_within_bounds_while_valkey_is_silent(valkey_server, valkey_client):
    await valkey_client.ping()
    valkey_server.pause()
    with pytest.raises(CacheError):
        async with asyncio.timeout(5):
            await valkey_client.get("anything")


async def test_a_client_connects_only_when_it_is_used(tmp_path):
    client = connect(f"unix://{tmp_path / 'nobody-listens'}")
    with pytest.raises(CacheError):
        await client.ping()
    await client.aclose()


async def test_a_cancellation_that_comes_back_as_a_lost_connection_still_ends_the_subscription(valkey_client):
    entered = asyncio.Event()

    async def on_connect():
        entered.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise OSError("the connection was lost") from None

    async def ignore(_channel, _data):
        return

    subscription = Subscription(valkey_client, [CHANNEL], handle=ignore, on_connect=on_connect)
    task = asyncio.create_task(subscription.run())
    async with asyncio.timeout(5):
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not subscription.connected
