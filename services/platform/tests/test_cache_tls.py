"""`valkeys://`: commands and messages to a real server through real TLS, and whose certificates are believed.

The server that comes with the tests speaks no TLS itself, so a relay ends it in front of the server's socket.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
import trustme
from pydantic import ValidationError

from cnop_platform.cache import CacheError, Subscription, connect
from cnop_platform.chores import background
from cnop_platform.settings import CommonSettings
from cnop_platform.testing.valkeys import LocalValkey

pytestmark = pytest.mark.enable_socket


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def in_front_of(server: LocalValkey, context: ssl.SSLContext) -> AsyncIterator[int]:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_unix_connection(server.url.removeprefix("unix://"))
        await asyncio.gather(pump(reader, inner[1]), pump(inner[0], writer))

    listening = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    try:
        yield int(listening.sockets[0].getsockname()[1])
    finally:
        listening.close()


@asynccontextmanager
async def served(folder: Path, *names: str) -> AsyncIterator[str]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)
    with closing(LocalValkey()) as server:
        await server.start()
        async with in_front_of(server, context) as port:
            yield f"valkeys://localhost:{port}/0"


async def test_commands_and_messages_go_through_tls(tmp_path: Path):
    heard = []

    async def handle(_channel: str, data: bytes) -> None:
        heard.append(data)

    async def prepared() -> None:
        return

    async with served(tmp_path, "localhost") as url:
        client = connect(f"{url}?ssl_ca_certs={tmp_path / 'ca.pem'}")
        await client.set("cnop:rl:sample", "1")
        assert await client.get("cnop:rl:sample") == b"1"
        subscription = Subscription(client, ["cnop:sample"], handle=handle, on_connect=prepared)
        async with background([subscription.run]), asyncio.timeout(10):
            while not heard:
                await client.publish("cnop:sample", "hello")
                await asyncio.sleep(0.02)
        await client.aclose()


async def refused(url: str) -> None:
    client = connect(url)
    with pytest.raises(CacheError):
        await client.ping()
    await client.aclose()


async def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused(tmp_path: Path):
    async with served(tmp_path, "localhost") as url:
        await refused(url)


async def test_a_certificate_that_was_issued_to_somebody_else_is_refused(tmp_path: Path):
    async with served(tmp_path, "elsewhere.test") as url:
        await refused(f"{url}?ssl_ca_certs={tmp_path / 'ca.pem'}")


async def test_plain_text_is_not_spoken_to_valkeys(valkey_server: LocalValkey):
    async def relay(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+PONG\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(relay, "127.0.0.1", 0)
    await refused(f"valkeys://127.0.0.1:{listening.sockets[0].getsockname()[1]}/0")
    listening.close()


@pytest.mark.parametrize(
    ("scheme", "allowed"), [("valkeys", True), ("unix", True), ("valkey", False), ("redis", False)]
)
def test_production_wants_tls(scheme: str, allowed: bool):
    def settings() -> CommonSettings:
        return CommonSettings(environment="production", store="sqlite:////a.db", valkey_url=f"{scheme}://a:6379/0")

    if allowed:
        assert settings().environment == "production"
    else:
        with pytest.raises(ValidationError, match="valkeys://"):
            settings()
