"""A wire between the services and DynamoDB Local that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

_CHUNK: Final = 65_536


class Wire:
    """Carries connections to `port` of this machine. While it is cut, those there were are gone, and none is made."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cut = False
        self._carrying: set[asyncio.Task[None]] = set()
        self.endpoint = ""
        """The URL of this end, once it is laid."""

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        """Listen on a free port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._carrying, return_exceptions=True)

    def cut(self) -> None:
        """Cut it: whoever waits for an answer never learns what became of the request."""
        self._cut = True
        for task in self._carrying:
            task.cancel()

    def mend(self) -> None:
        """Let connections be made again."""
        self._cut = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if self._cut or task is None:
            _drop(writer)
            return
        self._carrying.add(task)
        try:
            await self._carry(reader, writer)
        except asyncio.CancelledError:
            # The one who cut the wire is not waiting for this task.
            return
        finally:
            self._carrying.discard(task)
            _drop(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return
        ways = [asyncio.create_task(_pump(reader, inner_writer)), asyncio.create_task(_pump(inner_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            _drop(inner_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


def _drop(writer: asyncio.StreamWriter) -> None:
    """Close without sending what is still buffered, as a broken cable would."""
    writer.transport.abort()
