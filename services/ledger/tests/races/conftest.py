"""Races are run on every store there is: in memory, on SQLite, and on DynamoDB Local where Java is there to run it."""

import asyncio
import uuid

import pytest

from cnop_platform.store.admin import migrate
from cnop_platform.testing.dynamodb_local import DynamoDbLocal, DynamoDbLocalMissing

dynamodb = pytest.param("dynamodb", marks=pytest.mark.enable_socket)


@pytest.fixture(params=["memory", "sqlite", dynamodb])
def adapter(request):
    return request.param


@pytest.fixture(params=["sqlite", dynamodb])
def shared_url(request):
    """An empty store that several processes can open."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(scope="session")
def dynamodb_local():
    try:
        server = DynamoDbLocal()
    except DynamoDbLocalMissing as missing:
        pytest.skip(str(missing))
    with server:
        yield server


@pytest.fixture
def dynamodb_url(dynamodb_local):
    """A table of its own for each test."""
    url = dynamodb_local.url(f"t-{uuid.uuid4().hex}")
    asyncio.run(migrate(url))
    return url
