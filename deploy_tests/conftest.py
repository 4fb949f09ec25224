from pathlib import Path

import pytest
from manifests import OVERLAYS, Manifests, render


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifests]:
    folder: Path = tmp_path_factory.mktemp("kustomize")
    return {overlay: Manifests(overlay, render(overlay, folder)) for overlay in OVERLAYS}


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest, rendered: dict[str, Manifests]) -> Manifests:
    return rendered[request.param]


@pytest.fixture
def dev(rendered: dict[str, Manifests]) -> Manifests:
    return rendered["dev"]


@pytest.fixture
def prod(rendered: dict[str, Manifests]) -> Manifests:
    return rendered["prod"]
