import sys
from contextlib import closing
from pathlib import Path

import pytest

from cnop_platform.cache import CacheError
from cnop_platform.testing.valkeys import LocalValkey

sys.path.insert(0, str(Path(__file__).parent))

from users_under_test import ServiceUnderTest, make_settings, signed_in


@pytest.fixture(scope="session")
def valkey_process():
    with closing(LocalValkey()) as server:
        yield server


@pytest.fixture
async def valkey_server(valkey_process):
    """An empty running server; a test that killed it leaves the next one a new one."""
    client = valkey_process.client()
    try:
        await client.flushall()
    except CacheError:
        await valkey_process.start()
    finally:
        await client.aclose()
    return valkey_process


@pytest.fixture
async def cache(valkey_server):
    client = valkey_server.client()
    yield client
    await client.aclose()


@pytest.fixture
def settings(tmp_path, valkey_server):
    return make_settings(tmp_path, valkey_server.url)


@pytest.fixture
def service(settings, cache):
    return ServiceUnderTest(settings, cache)


@pytest.fixture
async def client(service):
    async with service.client() as client:
        yield client


@pytest.fixture
async def tokens(client):
    return await signed_in(client)
