"""Description and health of all services, also while some of them are away."""

import asyncio

import httpx
import pytest

from cnop_web.services import ServiceAway, Services, http_fetch, overall

from .conftest import NAMES, SECRET, Upstreams


def document(*paths: str) -> dict:
    return {"openapi": "3.1.0", "paths": {path: {"get": {"operationId": path}} for path in paths}}


async def test_the_description_covers_all_services_and_is_kept(client: httpx.AsyncClient, upstreams: Upstreams):
    for name in NAMES:
        upstreams.set_document(name, document(f"/{name}"))
    for _ in range(3):
        merged = (await client.get("/api/v1/openapi.json")).json()
    assert set(merged["paths"]) == {f"/api/v1/{name}" for name in NAMES}
    assert merged["info"]["version"] == "1.2.3"
    assert len(upstreams.asked) == len(NAMES)


async def test_a_service_that_is_away_is_left_out_and_asked_again_soon(services: Services, upstreams: Upstreams):
    upstreams.set_document("user_service", document("/u"))
    assert set((await services.description())["paths"]) == {"/api/v1/u"}
    upstreams.set_document("order_service", document("/o"))
    assert set((await services.description())["paths"]) == {"/api/v1/u"}
    upstreams.now += 3
    assert set((await services.description())["paths"]) == {"/api/v1/u", "/api/v1/o"}


async def test_a_service_that_goes_away_stands_as_it_was_last_seen(services: Services, upstreams: Upstreams):
    for name in NAMES:
        upstreams.set_document(name, document(f"/{name}"))
    await services.description()
    upstreams.answers.clear()
    upstreams.now += 61
    assert len((await services.description())["paths"]) == len(NAMES)


@pytest.mark.parametrize("junk", [[], "text", {}, {"paths": []}, 7])
async def test_an_answer_that_is_no_description_is_ignored(services: Services, upstreams: Upstreams, junk):
    upstreams.set_document("user_service", document("/u"))
    upstreams.set_document("order_service", junk)
    assert set((await services.description())["paths"]) == {"/api/v1/u"}


@pytest.mark.parametrize(
    ("states", "status", "code"),
    [
        (dict.fromkeys(NAMES, "healthy"), "healthy", 200),
        ({**dict.fromkeys(NAMES, "healthy"), "order_service": "degraded"}, "degraded", 200),
        ({**dict.fromkeys(NAMES, "degraded"), "order_service": "unhealthy"}, "unhealthy", 503),
        ({"user_service": "healthy", "inventory_service": "healthy"}, "unhealthy", 503),
        ({**dict.fromkeys(NAMES, "healthy"), "order_service": "splendid"}, "unhealthy", 503),
    ],
)
async def test_the_platform_is_as_healthy_as_its_least_healthy_service(client, upstreams, states, status, code):
    upstreams.set_health(**states)
    response = await client.get("/api/v1/health")
    assert response.status_code == code
    document = response.json()
    assert (document["status"], document["service"]) == (status, "platform")
    assert document["checks"] == {
        name: states[name] if states.get(name) in {"healthy", "degraded"} else "unhealthy" for name in NAMES
    }


async def test_health_is_asked_for_at_most_once_a_second(services: Services, upstreams: Upstreams):
    upstreams.set_health(**dict.fromkeys(NAMES, "healthy"))
    await asyncio.gather(*(services.states() for _ in range(20)))
    assert len(upstreams.asked) == len(NAMES)
    upstreams.now += 1
    await services.states()
    assert len(upstreams.asked) == 2 * len(NAMES)


async def test_services_are_asked_at_the_same_time():
    everybody_asked = asyncio.Event()
    waiting = 0

    async def fetch(_url: str) -> dict:
        nonlocal waiting
        waiting += 1
        if waiting == len(NAMES):
            everybody_asked.set()
        await everybody_asked.wait()
        return {"status": "healthy"}

    services = Services(dict.fromkeys(NAMES, "http://x"), fetch=fetch, monotonic=lambda: 1.0, version="1")
    assert overall(await asyncio.wait_for(services.states(), 5)) == "healthy"


async def test_the_gateway_s_request_id_is_kept_and_nobody_else_s(client: httpx.AsyncClient):
    offered = "0198f0aa-1111-7222-8333-444455556666"
    through = {"x-request-id": offered, "x-cnop-gateway": SECRET}
    assert (await client.get("/health", headers=through)).headers["x-request-id"] == offered
    for secret in ("", "wrong"):
        direct = {"x-request-id": offered, "x-cnop-gateway": secret}
        assert (await client.get("/health", headers=direct)).headers["x-request-id"] != offered


async def test_metrics_are_for_those_who_do_not_come_through_the_gateway(client: httpx.AsyncClient):
    assert "cnop_http_request_duration_seconds" in (await client.get("/metrics")).text
    assert (await client.get("/metrics", headers={"x-cnop-gateway": SECRET})).status_code == 404


async def test_the_docs_page_reads_the_merged_description(client: httpx.AsyncClient):
    page = await client.get("/api/v1/docs")
    assert 'data-description="/api/v1/openapi.json"' in page.text
    assert (await client.get("/api/v1/docs/start.js")).status_code == 200


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b'"' + b"x" * 9_000_000 + b'"'),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_what_is_no_bounded_json_counts_as_away(answer):
    def handle(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        with pytest.raises(ServiceAway):
            await http_fetch(client)("http://service/openapi.json")


async def test_an_unhealthy_service_s_own_words_are_read_whatever_their_status():
    def handle(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, json={"status": "unhealthy"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        assert await http_fetch(client)("http://service/health/ready") == {"status": "unhealthy"}
