"""The contract suite runs once per adapter: another one only has to be named here."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cnop_platform.store import Store, dynamodb_client
from cnop_platform.store.admin import migrate
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store
from cnop_platform.store.open import sqlite_url as url_of
from cnop_platform.testing.dynamodb_local import DynamoDbLocal, DynamoDbLocalMissing

dynamodb = pytest.param("dynamodb", marks=pytest.mark.enable_socket)


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


@pytest.fixture(scope="session")
def dynamodb_local():
    try:
        server = DynamoDbLocal()
    except DynamoDbLocalMissing as missing:
        pytest.skip(str(missing))
    with server:
        yield server


@pytest.fixture
def dynamodb_url(dynamodb_local, monkeypatch):
    """A table of its own for each test. A busy machine may be slow; that is not what these tests are about."""
    monkeypatch.setattr(dynamodb_client, "ATTEMPT_SECONDS", 15.0)
    monkeypatch.setattr(dynamodb_client, "RETRY_SECONDS", 15.0)
    url = dynamodb_local.url(f"t-{uuid.uuid4().hex}")
    asyncio.run(migrate(url))
    return url


@pytest_asyncio.fixture
async def store(adapter, store_url) -> AsyncIterator[Store]:
    opened = MemoryStore() if adapter == "memory" else await open_store(store_url)
    yield opened
    await opened.close()
