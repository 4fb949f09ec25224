import asyncio
from contextlib import asynccontextmanager

import pytest
from exchange import ALICE, Exchange


class OpenStream:
    """A stream as a client holds it: what arrived so far, and whether it ended."""

    def __init__(self, exchange, headers):
        self._exchange = exchange
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._left = asyncio.Event()
        self._arrived = asyncio.Condition()
        self.status = None
        self.text = ""
        self.ended = False

    async def run(self):
        scope = {
            "type": "http", "method": "GET", "path": "/orders/stream", "raw_path": b"/orders/stream",
            "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1", "headers": self._headers,
            "client": ("203.0.113.9", 4711), "server": ("orders", 80), "asgi": {"version": "3.0"},
        }  # fmt: skip
        await self._exchange.app(scope, self._receive, self._send)

    async def until(self, text):
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: text in self.text)

    async def until_ended(self):
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: self.ended)

    def leave(self):
        self._left.set()

    async def _receive(self):
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        async with self._arrived:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.text += message["body"].decode()
                self.ended = not message.get("more_body", False)
            self._arrived.notify_all()


@asynccontextmanager
async def opened(exchange, **headers):
    stream = OpenStream(exchange, {**exchange.bearer(ALICE), **headers})
    task = asyncio.create_task(stream.run())
    yield stream
    stream.leave()
    await task


@pytest.fixture
async def exchange(memory_store, entropy, valkey_server):
    """The service with a real Valkey, over which wake-ups travel."""
    exchange = Exchange(memory_store, entropy, cache_url=valkey_server.url)
    async with exchange.running(), exchange.woken():
        yield exchange


async def test_a_change_arrives_with_its_seq_as_id(exchange):
    await exchange.fund(ALICE, 10_000)
    async with opened(exchange) as stream:
        await stream.until("event: ready")
        order = (await exchange.place()).json()["data"]
        await stream.until(order["order_id"])
        assert stream.status == 200
        assert "id: 2\nevent: change\n" in stream.text


async def test_last_event_id_resumes(exchange):
    for _ in range(3):
        await exchange.fund(ALICE, 1)
    async with opened(exchange, **{"Last-Event-ID": "1"}) as stream:
        await stream.until("id: 3\n")
        assert stream.text.count("event: change") == 2


@pytest.mark.parametrize("last", ["x", "-1", "1" * 13])
async def test_an_id_that_is_none_counts_as_none(exchange, last):
    await exchange.fund(ALICE, 1)
    async with opened(exchange, **{"Last-Event-ID": last}) as stream:
        await stream.until("id: 1\nevent: ready")


async def test_a_stream_ends_when_its_session_does(exchange):
    async with opened(exchange) as stream:
        await stream.until("event: ready")
        exchange.sessions.ended.add(f"ses_{ALICE}")
        await stream.until_ended()
        assert '{"reason":"session_ended"}' in stream.text


async def test_a_user_opens_only_so_many(exchange):
    async with opened(exchange) as first, opened(exchange) as second:
        await first.until("event: ready")
        await second.until("event: ready")
        answer = await exchange.call("GET", "/orders/stream")
        assert (answer.status_code, answer.json()["code"]) == (429, "STREAM_LIMIT")
    exchange.streams.stop()
    assert (await exchange.call("GET", "/orders/stream")).status_code == 200


async def test_a_stop_of_the_service_ends_its_streams(exchange):
    async with opened(exchange) as stream:
        await stream.until("event: ready")
        exchange.streams.stop()
        await stream.until_ended()
