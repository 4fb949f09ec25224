"""What the platform is measured beside: the least that can be done at the same place, in the same run."""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.load import Measurement

from cnop_cli.errors import CommandError
from cnop_cli.stack import envoy, health, processes
from cnop_cli.stack.state import write_private
from cnop_core.ids import UserId
from cnop_ledger import Bounds, Ledger
from cnop_ledger.testing import KEYS, deposit_command
from cnop_platform.store import Absent, Body, Key, Put
from cnop_platform.store.open import open_store, sqlite_url
from cnop_platform.system import SystemClock, entropy

HOST: Final = "127.0.0.1"
ITEMS: Final = 4
"""As many as a market order writes: wallet, entry, order, idempotency record."""
_START_SECONDS: Final = 20.0
_OWNER: Final = UserId("usr_01JAAAAAAAAAAAAAAAAAAAAAAA")

ECHO_ACCESS: Final = {"permission": "orders:place", "roles": ["customer"], "rate_class": "trade"}
ECHO_DOCUMENT: Final = {
    "openapi": "3.1.0",
    "info": {"title": "Echo", "version": "1"},
    "paths": {"/echo": {"post": {"operationId": "echo", "responses": {}, "x-access": ECHO_ACCESS}}},
}
ECHO: Final = """
import sys
from decimal import Decimal
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

class Order(BaseModel):
    order_type: str
    asset_id: str
    quantity: Decimal

app = FastAPI()

@app.post("/echo", status_code=201)
async def echo(order: Order) -> Order:
    return order

uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
"""
NOTHING: Final = """
import asyncio, sys, uvloop
ANSWER = b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok"

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(ANSWER)

async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

uvloop.run(main())
"""


@contextmanager
def server(program: str, port: int, *, folder: Path) -> Iterator[None]:
    """Run a Python program that serves on a port of the loopback interface."""
    with process([sys.executable, "-c", program, str(port)], port, folder=folder):
        yield


@contextmanager
def process(argv: Sequence[str], port: int, *, folder: Path) -> Iterator[int]:
    """Run a program for as long as the body lasts, from the time it listens on its port; give its process id.

    Raises:
        CommandError: it does not listen in time.
    """
    child = processes.spawn(argv, environment={"PATH": "/usr/bin:/bin"}, folder=folder, log=folder / "reference.log")
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not health.passes(f"tcp://{HOST}:{port}", uptime_seconds=0):
            if child.poll() is not None or time.monotonic() > deadline:
                raise CommandError(f"a reference point did not start (see {folder / 'reference.log'})")
            time.sleep(0.05)
        yield child.pid
    finally:
        child.terminate()
        child.wait()


@contextmanager
def echo_behind_gateway(settings: dict[str, Any], *, ports: tuple[int, int, int, int], folder: Path) -> Iterator[int]:
    """Run a bare FastAPI echo behind a gateway rendered as the platform's own; give that gateway's port.

    The filters are the same: token, roles, limits per user, JSON access log. `ports` are for the echo, the gateway, its
    page listener and its admin listener.
    """
    echo, door, page, admin = ports
    own = {
        **settings,
        "upstreams": {"echo": {"host": HOST, "port": echo}},
        "gateway": {"host": HOST, "port": door},
        "page": {"host": HOST, "port": page},
        "admin_port": admin,
    }
    rendered = envoy.render(own, {"echo": json.loads(json.dumps(ECHO_DOCUMENT))})
    configuration = folder / "echo-gateway.json"
    write_private(configuration, rendered.configuration)
    command = envoy.command(program=rendered.program, configuration=configuration)
    with server(ECHO, echo, folder=folder), process(command, door, folder=folder):
        yield door


def store_transactions(*, folder: Path, clients: int, seconds: float) -> Measurement:
    """Commit as many items a transaction as an order writes, straight to a store of its own, from many clients."""
    return asyncio.run(_store_transactions(folder / "reference.db", clients, seconds))


async def _store_transactions(path: Path, clients: int, seconds: float) -> Measurement:
    store = await open_store(sqlite_url(path))
    numbers, latencies = itertools.count(), list[float]()
    began = time.perf_counter()

    async def client() -> None:
        while (sent := time.perf_counter()) < began + seconds:
            number = next(numbers)
            body: Body = {"text": "x" * 200, "number": number}
            await store.transact([Put(Key(f"REFERENCE#{number}", f"{part}"), body, Absent()) for part in range(ITEMS)])
            latencies.append(time.perf_counter() - sent)

    try:
        await asyncio.gather(*(client() for _ in range(clients)))
    finally:
        await store.close()
    return _measured(latencies, time.perf_counter() - began, status=200)


def deposits_into_one_wallet(*, folder: Path, clients: int, seconds: float, group_size: int) -> Measurement:
    """Deposit from many clients into one wallet of a store of its own; so many commands at most commit together."""
    return asyncio.run(_deposits(folder / f"wallet-{group_size}.db", clients, seconds, Bounds(group_size=group_size)))


async def _deposits(path: Path, clients: int, seconds: float, bounds: Bounds) -> Measurement:
    store = await open_store(sqlite_url(path))
    ledger = Ledger(store, KEYS, clock=SystemClock(), entropy=entropy, bounds=bounds)
    latencies, began = list[float](), time.perf_counter()

    async def client() -> None:
        while (sent := time.perf_counter()) < began + seconds:
            await ledger.execute(deposit_command(_OWNER, 1))
            latencies.append(time.perf_counter() - sent)

    try:
        await asyncio.gather(*(client() for _ in range(clients)))
    finally:
        await ledger.close()
        await store.close()
    return _measured(latencies, time.perf_counter() - began, status=201)


def _measured(latencies: list[float], seconds: float, *, status: int) -> Measurement:
    ordered = sorted(latencies)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
    return Measurement(len(ordered) / seconds, p50, p99, {status: len(ordered)})
