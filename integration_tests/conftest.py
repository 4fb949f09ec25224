import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from platform_client import Person, client


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the search through all logs behind what writes them."""
    items.sort(key=lambda item: item.get_closest_marker("secrets") is not None)


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
