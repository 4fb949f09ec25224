"""Server-sent events (HTML Living Standard, section 9.2): bounded in number, ended at a stop, rid of slow readers.

A stream holds no buffer of its own. It asks its source for what is next, and a reader that does not take it within a
few seconds is dropped; it comes back with `Last-Event-ID` if it cares.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Protocol

import prometheus_client
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cnop_core.errors import RateLimited

HEARTBEAT_SECONDS: Final = 15.0
WRITE_SECONDS: Final = 5.0
_RETRY_MS: Final = 2_000
_HEARTBEAT: Final = b": heartbeat\n\n"
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}

_log = structlog.get_logger()
_open = prometheus_client.Gauge("cnop_streams_open", "Event streams that are open")
_dropped = prometheus_client.Counter("cnop_streams_dropped_total", "Event streams ended because their reader was slow")


class TooManyStreams(RateLimited):
    """No further stream may be opened, at all or from this address."""

    code = "STREAM_LIMIT"


class EventSource(Protocol):
    """Where the events of one stream come from."""

    async def next(self) -> bytes | None:
        """Wait for what is next and return it as encoded events; None ends the stream.

        The stream may cancel the call and call again: no event may be lost by that.
        """
        ...


def encode_event(*, event_id: str, event: str, data: str) -> bytes:
    """Render one event; `data` is a single line."""
    return f"id: {event_id}\nevent: {event}\ndata: {data}\n\n".encode()


class Streams:
    """How many streams this process serves: all in all, and to one address."""

    def __init__(self, *, limit: int, per_address: int) -> None:
        self._limit = limit
        self._per_address = per_address
        self._addresses: Counter[str] = Counter()
        self._stopping = asyncio.Event()

    def open(self, address: str) -> "StreamSlot":
        """Take a place; the response gives it back. Raises `TooManyStreams`."""
        if self._addresses.total() >= self._limit or self._addresses[address] >= self._per_address:
            raise TooManyStreams("too many streams are open; close one or try again later", retry_after_seconds=10)
        self._addresses[address] += 1
        return StreamSlot(self, address)

    def stop(self) -> None:
        """End all streams, and those that are still to come; their readers reconnect elsewhere."""
        self._stopping.set()

    async def stopped(self) -> None:
        """Return once streams are to end."""
        await self._stopping.wait()

    def release(self, address: str) -> None:
        """Give a place back."""
        self._addresses[address] -= 1
        if self._addresses[address] <= 0:
            del self._addresses[address]


class StreamSlot:
    """One open stream's place, given back when its context is left."""

    def __init__(self, streams: Streams, address: str) -> None:
        self._streams = streams
        self._address = address

    async def stopped(self) -> None:
        """Return once the stream is to end."""
        await self._streams.stopped()

    def __enter__(self) -> None:
        _open.inc()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _open.dec()
        self._streams.release(self._address)


class EventStream(Response):
    """The response that carries a stream."""

    media_type = "text/event-stream"

    def __init__(
        self,
        source: EventSource,
        *,
        slot: StreamSlot,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        write_seconds: float = WRITE_SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(headers={**_HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._source = source
        self._slot = slot
        self._heartbeat_seconds = heartbeat_seconds
        self._write_seconds = write_seconds

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the source ends, the reader leaves or lags, or the process stops."""
        with self._slot:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            sending = asyncio.create_task(self._send_all(send))
            ends = [asyncio.create_task(self._slot.stopped()), asyncio.create_task(_left(receive))]
            try:
                await asyncio.wait([sending, *ends], return_when=asyncio.FIRST_COMPLETED)
                stopped = ends[0].done()
            finally:
                for task in (sending, *ends):
                    task.cancel()
                await asyncio.gather(sending, *ends, return_exceptions=True)
            if stopped:
                await self._write(send, b"", more=False)
            elif not sending.cancelled() and (error := sending.exception()) is not None:
                raise error

    async def _send_all(self, send: Send) -> None:
        chunk: bytes | None = f"retry: {_RETRY_MS}\n\n".encode()
        while chunk is not None:
            if not await self._write(send, chunk, more=True):
                _dropped.inc()
                _log.info("stream_dropped", reason="the reader is too slow")
                return
            chunk = await self._next()
        await self._write(send, b"", more=False)

    async def _next(self) -> bytes | None:
        try:
            async with asyncio.timeout(self._heartbeat_seconds):
                return await self._source.next()
        except TimeoutError:
            return _HEARTBEAT

    async def _write(self, send: Send, chunk: bytes, *, more: bool) -> bool:
        try:
            async with asyncio.timeout(self._write_seconds):
                await send({"type": "http.response.body", "body": chunk, "more_body": more})
        except TimeoutError:
            return False
        return True


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
