"""A load client that costs little: keep-alive connections, requests prepared beforehand, answers read by their length.

It is closed-loop: each connection sends its next request when it has the answer to the last one, so the rate is what
the platform sustains with that many clients at once, and the latencies are what each of them sees.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import uvloop

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was seen: requests a second, the 50th and 99th percentile in milliseconds, answers by status code."""

    rate: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]

    @property
    def failures(self) -> int:
        """Count the answers that were no success, lost connections included (as status 0)."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)


def request(
    *, host: str, path: str, token: str | None = None, body: bytes = b"", key: str | None = None, method: str = "POST"
) -> bytes:
    """Prepare one HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", "content-type: application/json"]
    if token:
        lines.append(f"authorization: Bearer {token}")
    if key:
        lines.append(f"idempotency-key: {key}")
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + _HEAD_END + body


@dataclass(slots=True)
class _Tally:
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


class _Connection(asyncio.Protocol):
    """One client: a request on the wire at a time."""

    def __init__(
        self, requests: Sequence[bytes], tally: _Tally, running: Callable[[], bool], pause_seconds: float
    ) -> None:
        self._pause_seconds = pause_seconds
        self._requests = requests
        self._tally = tally
        self._running = running
        self._next = 0
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        if not self._running() or self._transport.is_closing():
            self._transport.close()
            return
        message = self._requests[self._next % len(self._requests)]
        self._next += 1
        self._sent_at = time.perf_counter()
        self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(_HEAD_END)
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        at = head.find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < head_end + len(_HEAD_END) + length:
            return
        self._buffer = b""
        self._tally.latencies.append(time.perf_counter() - self._sent_at)
        self._tally.statuses[int(head[9:12])] += 1
        if self._pause_seconds:
            asyncio.get_running_loop().call_later(self._pause_seconds, self._send)
        else:
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._running():
            self._tally.statuses[0] += 1
        if not self.done.done():
            self.done.set_result(None)


async def _drive(
    host: str,
    port: int,
    scripts: Sequence[Sequence[bytes]],
    *,
    seconds: float,
    pause_seconds: float,
    sources: Sequence[str],
    until: Callable[[], bool],
) -> Measurement:
    loop, tally = asyncio.get_running_loop(), _Tally()
    began = time.perf_counter()
    deadline = began + seconds

    def running() -> bool:
        return time.perf_counter() < deadline and not until()

    async def connect(number: int, script: Sequence[bytes]) -> _Connection:
        # Spread over the pause, so that those who wait as long do not all send at once.
        await asyncio.sleep(pause_seconds / len(scripts))
        source = (sources[number % len(sources)], 0) if sources else None
        return (
            await loop.create_connection(
                lambda: _Connection(script, tally, running, pause_seconds), host, port, local_addr=source
            )
        )[1]

    connections = [await connect(number, script) for number, script in enumerate(scripts)]
    await asyncio.wait_for(asyncio.gather(*(connection.done for connection in connections)), seconds + 30)
    elapsed = time.perf_counter() - began
    ordered = sorted(tally.latencies) or [0.0]

    def percentile(share: float) -> float:
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000

    return Measurement(len(tally.latencies) / elapsed, percentile(0.5), percentile(0.99), dict(tally.statuses))


def measure(
    *,
    host: str,
    port: int,
    scripts: Sequence[Sequence[bytes]],
    seconds: float,
    pause_seconds: float = 0.0,
    sources: Sequence[str] = (),
    until: Callable[[], bool] = lambda: False,
) -> Measurement:
    """Load a server for some seconds: one connection for each script, which sends its requests over and over.

    It ends before if `until` says so.

    With a pause each waits that long between an answer and its next request. `sources` are the addresses to connect
    from, in turn.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        work = _drive(host, port, scripts, seconds=seconds, pause_seconds=pause_seconds, sources=sources, until=until)
        return runner.run(work)
