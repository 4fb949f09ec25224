"""What an OpenID provider answers is read no further, and no longer, than an answer may be."""

import asyncio
import gzip

import httpx
import pytest
from users_under_test import START

from cnop_core.clock import FixedClock
from cnop_users.adapters import oidc
from cnop_users.adapters.oidc import OpenIdProvider, ProviderAway, ProviderSettings
from cnop_users.application.federation import Flow

pytestmark = pytest.mark.security

FLOW = Flow("mock", "state", "nonce", "verifier")
PART = b" " * 65_536


class Answer(httpx.AsyncByteStream):
    """An answer of many parts, which counts how many were taken."""

    def __init__(self, parts, *, pause=None):
        self.parts, self.pause, self.taken, self.closed = parts, pause, 0, False

    async def __aiter__(self):
        for part in self.parts:
            if self.pause:
                await self.pause()
            self.taken += 1
            yield part

    async def aclose(self):
        self.closed = True


def provider_that_answers(answer, **headers):
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, headers=headers, stream=answer))
    settings = ProviderSettings(issuer="https://provider.test", client_id="cnop", client_secret="c" * 40)
    return OpenIdProvider(
        "mock",
        settings,
        redirect_uri="https://shop.test/callback",
        client=httpx.AsyncClient(transport=transport),
        clock=FixedClock(START),
    )


async def test_a_body_without_end_is_not_read_to_its_end():
    answer = Answer([PART] * 1_000)
    with pytest.raises(ProviderAway, match="does not answer as one"):
        await provider_that_answers(answer).authorization_url(FLOW)
    assert answer.taken <= oidc._MOST_BYTES // len(PART) + 1
    assert answer.closed


async def test_a_packed_body_is_not_unpacked():
    """A small answer can be packed so that it fills the memory at the first part; it was not asked for either."""
    answer = Answer([gzip.compress(b'{"issuer": "https://provider.test"}')])
    with pytest.raises(ProviderAway, match="does not answer as one"):
        await provider_that_answers(answer, **{"Content-Encoding": "gzip"}).authorization_url(FLOW)


async def test_a_body_that_comes_drop_by_drop_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(oidc, "_LONGEST_SECONDS", 0.05)
    never = asyncio.Event()
    answer = Answer([b"{"] * 1_000, pause=never.wait)
    async with asyncio.timeout(5):
        with pytest.raises(ProviderAway, match="does not answer;"):
            await provider_that_answers(answer).authorization_url(FLOW)
    assert answer.closed
