import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cnop_core.clock import FixedClock
from cnop_inventory.bootstrap import build
from cnop_inventory.settings import InventorySettings
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import sqlite_url
from cnop_platform.store.sqlite import SqliteStore
from cnop_platform.system import SystemClock
from cnop_platform.testing.tokens import TERMS, TokenMint
from cnop_platform.testing.valkeys import valkey_client, valkey_server

sys.path.insert(0, str(Path(__file__).parent))

from samples import NOW

__all__ = ["valkey_client", "valkey_server"]


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def store():
    return MemoryStore()


class RunningService:
    """The service as its bootstrap builds it, on a SQLite file; Valkey is away unless its URL is given."""

    def __init__(self, folder, *, valkey_url=None, **settings):
        self.path = folder / "cnop.db"
        self.mint = TokenMint()
        self.settings = InventorySettings(
            environment="local",
            store=sqlite_url(self.path),
            valkey_url=valkey_url or f"unix://{folder / 'nobody-listens'}",
            token_issuer=TERMS.issuer,
            token_audience=TERMS.audience,
            gateway_secret="g" * 40,
            audit_key=b"k" * 32,
            **settings,
        )
        self.store = SqliteStore.open(self.path)

    def bearer(self, *roles):
        now = int(SystemClock().now().timestamp())
        return {"Authorization": f"Bearer {self.mint.token(now=now, roles=list(roles))}"}

    @asynccontextmanager
    async def client(self):
        app = build(self.settings, keys=self.mint.keys)
        transport = httpx.ASGITransport(app, client=("203.0.113.9", 4711))
        async with app.router.lifespan_context(app):
            async with httpx.AsyncClient(transport=transport, base_url="http://inventory") as client:
                yield client


@pytest.fixture
async def service(tmp_path):
    service = RunningService(tmp_path)
    yield service
    await service.store.close()


@pytest.fixture
async def client(service):
    async with service.client() as client:
        yield client


@pytest.fixture
def until():
    async def wait(condition):
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)

    return wait
