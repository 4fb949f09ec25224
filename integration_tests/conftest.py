import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from platform_client import Person, client


@pytest.fixture(scope="session")
def http():
    with client() as http:
        yield http


@pytest.fixture
def person(http):
    return Person.register(http)


@pytest.fixture
def funded(person):
    person.deposit("10000.00")
    return person
