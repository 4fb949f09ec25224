"""The door for monitoring: figures go out, everything else of Envoy's own interface stays in."""

from pathlib import Path

import httpx
import pytest

from cnop_gateway import render

from .support import Keys, free_port, operations, running, settings_of


def test_there_is_no_such_door_unless_it_is_asked_for():
    names = [each["name"] for each in render(settings_of(), operations())["static_resources"]["listeners"]]
    assert names == ["gateway", "page"]


@pytest.mark.enable_socket
def test_the_door_shows_figures_and_nothing_else_of_envoy(folder: Path, keys: Keys, services):
    door = {"host": "127.0.0.1", "port": free_port()}
    with running(folder, keys, services, metrics=door, admin_drain=True) as gateway:
        httpx.get(f"http://127.0.0.1:{gateway.settings.gateway.port}/health", trust_env=False)
        with httpx.Client(base_url=f"http://127.0.0.1:{door['port']}", trust_env=False) as client:
            figures = client.get("/stats/prometheus")
            assert figures.status_code == 200
            assert "envoy_http_downstream_rq_xx" in figures.text
            for path in (
                "/",
                "/stats",
                "/config_dump",
                "/drain_listeners",
                "/quitquitquit",
                "/ready",
                "/stats/prometheus/..%2f..%2fdrain_listeners",
            ):
                assert client.get(path).status_code in {400, 404}, path
            assert client.post("/stats/prometheus").status_code == 404
            assert client.post("/drain_listeners").status_code == 404
