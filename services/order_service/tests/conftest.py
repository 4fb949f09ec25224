import itertools
import sys
from pathlib import Path

import pytest

from cnop_platform.store.open import open_store
from cnop_platform.testing.dynamodb_tables import dynamodb, dynamodb_local, dynamodb_url
from cnop_platform.testing.stores import memory_store, sqlite_store
from cnop_platform.testing.valkeys import valkey_client, valkey_server

sys.path.insert(0, str(Path(__file__).parent))

from exchange import Exchange

__all__ = ["dynamodb_local", "dynamodb_url", "memory_store", "sqlite_store", "valkey_client", "valkey_server"]


@pytest.fixture
def entropy():
    """Distinct ids, the same in every run."""
    numbers = itertools.count(1)
    return lambda count: next(numbers).to_bytes(10, "big")[-count:]


@pytest.fixture(params=["memory", "sqlite"])
def any_store(request):
    """Every test that takes it runs once per store."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
async def dynamodb_store(dynamodb_url):
    """An empty table, where Java is there to run DynamoDB Local."""
    store = await open_store(dynamodb_url)
    yield store
    await store.close()


@pytest.fixture(params=["memory", "sqlite", dynamodb])
def every_store(request):
    """As `any_store`, and on DynamoDB: for what depends on how a store settles races, and on what it keeps."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
async def exchange(memory_store, entropy):
    """The order service on a store in memory, with a clock and prices that the test moves."""
    async with Exchange(memory_store, entropy).running() as exchange:
        yield exchange


@pytest.fixture
def set_terms(exchange):
    """Change the house's terms."""
    return exchange.set_terms
