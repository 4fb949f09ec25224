"""Pytest fixtures that give an empty table of DynamoDB Local, and skip the test where Java is not there to run it.

Import them in a `conftest.py`, and mark what uses them with `enable_socket`, as `dynamodb` does for a parameter.
"""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Final

import pytest

from cnop_platform.store import dynamodb_client
from cnop_platform.store.admin import migrate
from cnop_platform.testing.dynamodb_local import DynamoDbLocal, DynamoDbLocalMissing

__all__ = ["dynamodb", "dynamodb_local", "dynamodb_url"]

dynamodb: Final = pytest.param("dynamodb", marks=pytest.mark.enable_socket)
_SLOW_SECONDS: Final = 15.0


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[DynamoDbLocal]:
    """Run DynamoDB Local for as long as there are tests."""
    try:
        server = DynamoDbLocal()
    except DynamoDbLocalMissing as missing:
        pytest.skip(str(missing))
    with server:
        yield server


@pytest.fixture
def dynamodb_url(dynamodb_local: DynamoDbLocal, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a table of its own. A busy machine may be slow; that is not what these tests are about."""
    monkeypatch.setattr(dynamodb_client, "ATTEMPT_SECONDS", _SLOW_SECONDS)
    monkeypatch.setattr(dynamodb_client, "RETRY_SECONDS", _SLOW_SECONDS)
    url = dynamodb_local.url(f"t-{uuid.uuid4().hex}")
    asyncio.run(migrate(url))
    return url
