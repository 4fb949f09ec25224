import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from service_under_test import ServiceUnderTest


@pytest.fixture
def service():
    return ServiceUnderTest()


@pytest.fixture
async def client(service):
    async with service.client() as client:
        yield client
