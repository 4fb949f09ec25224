import sys
from pathlib import Path

import pytest

from cnop_platform.testing.valkeys import valkey_client, valkey_server

sys.path.insert(0, str(Path(__file__).parent))

from service_under_test import ServiceUnderTest

__all__ = ["client", "service", "valkey_client", "valkey_server"]


@pytest.fixture
def service():
    return ServiceUnderTest()


@pytest.fixture
async def client(service):
    async with service.client() as client:
        yield client
