"""The documentation page: complete, without inline script, and nobody else is asked for anything."""

import re
import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette

from cnop_platform.docs_page import POLICY, docs_routes


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = Starlette(routes=docs_routes(title="A & <B>", description_url='/openapi.json?"x"'))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def test_the_page_and_everything_it_refers_to_is_served_here(client: httpx.AsyncClient):
    page = await client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == POLICY
    references = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "/docs/swagger-ui-bundle.js" in references
    for reference in references:
        if reference != "data:,":
            answer = await client.get(reference)
            assert answer.status_code == 200
            assert answer.content


async def test_the_page_has_no_inline_script_or_style_and_escapes_what_it_is_given(client: httpx.AsyncClient):
    text = (await client.get("/docs")).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "<style" not in text
    assert " style=" not in text
    assert not re.search(r"\son[a-z]+=", text)
    assert "A &amp; &lt;B&gt;" in text
    assert 'data-description="/openapi.json?&quot;x&quot;"' in text


async def test_only_the_page_s_own_files_are_served(client: httpx.AsyncClient):
    for name in ("redoc.standalone.js", "__init__.py", "..%2f__init__.py", "%2e%2e/__init__.py"):
        assert (await client.get(f"/docs/{name}")).status_code == 404


def test_the_policy_allows_no_inline_code():
    assert "unsafe" not in POLICY


def test_neither_fastapi_nor_the_package_of_the_files_is_imported():
    code = (
        "import sys; from cnop_platform.docs_page import docs_routes; docs_routes(title='t', description_url='/o');"
        "sys.exit(str({'fastapi', 'fastapi_offline'} & set(sys.modules)) if {'fastapi', 'fastapi_offline'} "
        "& set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
