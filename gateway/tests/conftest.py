from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .support import DOCUMENTS, Gateway, Keys, Service, running, serving


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def services() -> Iterator[dict[str, Service]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(serving(Service(name))) for name in [*DOCUMENTS, "web"]}


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, keys: Keys, services: dict[str, Service]) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("gateway"), keys, services) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
