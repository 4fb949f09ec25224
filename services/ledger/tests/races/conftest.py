"""Races are run on every store there is: in memory, on SQLite, and on DynamoDB Local where Java is there to run it."""

import pytest

from cnop_platform.testing.dynamodb_tables import dynamodb, dynamodb_local, dynamodb_url

__all__ = ["dynamodb", "dynamodb_local", "dynamodb_url"]


@pytest.fixture(params=["memory", "sqlite", dynamodb])
def adapter(request):
    return request.param


@pytest.fixture(params=["sqlite", dynamodb])
def shared_url(request):
    """An empty store that several processes can open."""
    return request.getfixturevalue(f"{request.param}_url")
