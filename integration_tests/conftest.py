import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from platform_client import Person, client


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what leaves odd things in the store behind the rest, and the search through all logs behind everything."""
    late = {"fuzz": 1, "secrets": 2}
    items.sort(key=lambda item: max((late.get(mark.name, 0) for mark in item.iter_markers()), default=0))


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
