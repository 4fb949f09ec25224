"""The page: what is served under which path, how long it may be kept, and in which encoding."""

import gzip
from pathlib import Path

import httpx
import pytest

from cnop_web import page as pages
from cnop_web.page import load_page


async def test_the_start_page_is_never_stored(client: httpx.AsyncClient):
    response = await client.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "<title>page</title>" in response.text


@pytest.mark.parametrize("path", ["/orders", "/orders/ord_1", "/orders/", "/a/b/c", "/assets-overview"])
async def test_a_path_of_the_application_gets_the_start_page(client: httpx.AsyncClient, path: str):
    response = await client.get(path)
    assert response.status_code == 200
    assert "<title>page</title>" in response.text


async def test_a_hashed_file_may_be_kept_for_ever_and_others_are_asked_for_again(client: httpx.AsyncClient):
    hashed = await client.get("/assets/index-DlQuLeV7.js", headers={"Accept-Encoding": "identity"})
    assert hashed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/favicon.svg", "/assets/logo.png"):
        assert (await client.get(path)).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing-DlQuLeV7.js",
        "/assets/missing",
        "/robots.txt",
        "/.vite/manifest.json",
        "/assets/index-DlQuLeV7.js.br",
        "/escape.txt",
        "/../conftest.py",
        "/%2e%2e/conftest.py",
        "/assets/..%2f..%2fconftest.py",
        "/api",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v2/orders",
    ],
)
async def test_what_is_not_part_of_the_page_is_a_404_problem(client: httpx.AsyncClient, path: str):
    response = await client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["code"] == "NOT_FOUND"
    assert document["request_id"] == response.headers["x-request-id"]


async def test_other_methods_are_405(client: httpx.AsyncClient):
    for path in ("/", "/api/v1/health", "/api/v1/docs"):
        response = await client.post(path)
        assert response.status_code == 405
        assert response.json()["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.0, gzip;q=0", None),
        ("", None),
        ("identity", None),
    ],
)
async def test_the_best_encoding_that_is_accepted_is_sent(client: httpx.AsyncClient, accepted: str, encoding):
    request = client.build_request("GET", "/assets/index-DlQuLeV7.js", headers={"Accept-Encoding": accepted})
    response = await client.send(request, stream=True)
    content = b"".join([part async for part in response.aiter_raw()])
    assert response.headers.get("content-encoding") == encoding
    assert response.headers["vary"] == "Accept-Encoding"
    plain = b"console.log(1);" * 200
    expected = {"br": b"compressed beforehand", "gzip": gzip.compress(plain, mtime=0), None: plain}
    assert content == expected[encoding]


async def test_an_image_is_not_compressed_again(client: httpx.AsyncClient):
    response = await client.get("/assets/logo.png", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in response.headers


async def test_what_the_client_has_is_not_sent_again(client: httpx.AsyncClient):
    first = await client.get("/favicon.svg")
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = await client.get("/favicon.svg", headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == first.headers["etag"]
    assert (await client.get("/favicon.svg", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_each_encoding_has_an_entity_tag_of_its_own(client: httpx.AsyncClient):
    tags = {
        (await client.get("/assets/index-DlQuLeV7.js", headers={"Accept-Encoding": each})).headers["etag"]
        for each in ("gzip", "identity")
    }
    assert len(tags) == 2


async def test_head_sends_headers_only(client: httpx.AsyncClient):
    response = await client.head("/favicon.svg")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(b"<svg/>"))


async def test_without_a_built_page_the_rest_still_works_and_health_says_so(client_of, tmp_path: Path):
    for folder in (None, tmp_path / "missing"):
        async with client_of(folder) as bare:
            assert (await bare.get("/")).status_code == 404
            assert (await bare.get("/api/v1/docs")).status_code == 200
            ready = await bare.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            assert (await bare.get("/health/live")).json()["status"] == "healthy"


async def test_health_has_the_shape_of_every_service(client: httpx.AsyncClient):
    for path in ("/health", "/health/", "/health/ready"):
        response = await client.get(path)
        assert response.headers["cache-control"] == "no-store"
        assert response.json() == {
            "status": "healthy",
            "service": "web",
            "version": "1.2.3",
            "timestamp": "2026-01-31T12:00:00.000Z",
            "environment": "local",
            "checks": {"page": "ok"},
        }


def test_a_file_too_large_to_hold_is_refused_by_name(built: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "_LARGEST_BYTES", 100)
    with pytest.raises(ValueError, match=r"index.*larger than 100 bytes"):
        load_page(built)
