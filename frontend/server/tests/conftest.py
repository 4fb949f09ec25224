from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cnop_core.clock import FixedClock
from cnop_web.app import Web, create_app
from cnop_web.page import load_page
from cnop_web.services import ServiceAway, Services

NAMES = ("user_service", "inventory_service", "order_service")
SECRET = "s" * 40


class Upstreams:
    """Answers that tests set by URL; anything else is away."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.now = 1_000.0

    async def fetch(self, url: str) -> Any:
        self.asked.append(url)
        if url not in self.answers:
            raise ServiceAway(url)
        return self.answers[url]

    def set_health(self, **states: str) -> None:
        for name, status in states.items():
            self.answers[f"http://{name}/health/ready"] = {"status": status}

    def set_document(self, name: str, document: dict[str, Any]) -> None:
        self.answers[f"http://{name}/openapi.json"] = document


@pytest.fixture
def upstreams() -> Upstreams:
    return Upstreams()


@pytest.fixture
def services(upstreams: Upstreams) -> Services:
    urls = {name: f"http://{name}" for name in NAMES}
    return Services(urls, fetch=upstreams.fetch, monotonic=lambda: upstreams.now, version="1.2.3")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page as the build leaves it."""
    files = {
        "index.html": b"<!doctype html><title>page</title>" + b" " * 2_000,
        "favicon.svg": b"<svg/>",
        "assets/index-DlQuLeV7.js": b"console.log(1);" * 200,
        "assets/index-DlQuLeV7.js.br": b"compressed beforehand",
        "assets/logo.png": b"\x89PNG" * 1_000,
        ".vite/manifest.json": b"{}",
    }
    folder = tmp_path / "page"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "escape.txt").symlink_to("/etc/hostname")
    return folder


@pytest.fixture
def client_of(services: Services) -> Callable[[Path | None], httpx.AsyncClient]:
    def build(folder: Path | None) -> httpx.AsyncClient:
        web = Web(
            page=load_page(folder),
            services=services,
            clock=FixedClock(datetime(2026, 1, 31, 12, tzinfo=UTC)),
            environment="local",
            version="1.2.3",
        )
        transport = httpx.ASGITransport(create_app(web, gateway_secret=SECRET))
        return httpx.AsyncClient(transport=transport, base_url="http://web")

    return build


@pytest.fixture
def client(client_of, built: Path) -> httpx.AsyncClient:
    return client_of(built)
