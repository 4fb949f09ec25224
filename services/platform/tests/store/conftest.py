"""The contract suite runs once per adapter: another one only has to be named here."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cnop_platform.store import Store
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store
from cnop_platform.store.open import sqlite_url as url_of
from cnop_platform.testing.dynamodb_tables import dynamodb, dynamodb_local, dynamodb_url

__all__ = ["dynamodb", "dynamodb_local", "dynamodb_url"]


@pytest.fixture(params=["memory", "sqlite", dynamodb])
def adapter(request):
    return request.param


@pytest.fixture
def store_url(adapter, request):
    """An empty store of the adapter; the one in memory has no URL."""
    return "" if adapter == "memory" else request.getfixturevalue(f"{adapter}_url")


@pytest.fixture(params=["sqlite", dynamodb])
def shared_url(request):
    """An empty store that several processes can open."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def sqlite_file(tmp_path):
    return tmp_path / "a folder" / "store.db"


@pytest.fixture
def sqlite_url(sqlite_file):
    return url_of(sqlite_file)


@pytest_asyncio.fixture
async def store(adapter, store_url) -> AsyncIterator[Store]:
    opened = MemoryStore() if adapter == "memory" else await open_store(store_url)
    yield opened
    await opened.close()
