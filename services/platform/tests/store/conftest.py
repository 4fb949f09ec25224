"""The contract suite runs once per adapter: another one only has to be named here."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cnop_platform.store import Store
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store, sqlite_url


@pytest.fixture(params=["memory", "sqlite"])
def adapter(request):
    return request.param


@pytest.fixture
def sqlite_file(tmp_path):
    return tmp_path / "a folder" / "store.db"


@pytest.fixture
def store_url(adapter, sqlite_file):
    """An empty store of the adapter; the one in memory has no URL."""
    return {"memory": "", "sqlite": sqlite_url(sqlite_file)}[adapter]


@pytest.fixture(params=["sqlite"])
def shared_url(request, sqlite_file):
    """An empty store that several processes can open."""
    return sqlite_url(sqlite_file)


@pytest_asyncio.fixture
async def store(adapter, store_url) -> AsyncIterator[Store]:
    opened = MemoryStore() if adapter == "memory" else await open_store(store_url)
    yield opened
    await opened.close()
