import asyncio
import base64

import httpx
import pytest

from cnop_platform.keysets import JwksKeys, KeysUnavailable
from cnop_platform.testing.tokens import TokenMint

pytestmark = pytest.mark.security


def jwks(mint):
    numbers = mint.private_key.public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(n.to_bytes(32, "big")).rstrip(b"=").decode() for n in (numbers.x, numbers.y))
    return {"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "kid": mint.kid, "x": x, "y": y}]}


class UserService:
    """Answers with the keys of its mints, slowly, or not at all."""

    def __init__(self, *mints):
        self.documents = {"keys": [key for mint in mints for key in jwks(mint)["keys"]]}
        self.asked = 0
        self.away = False

    async def answer(self, _request):
        self.asked += 1
        await asyncio.sleep(0.01)
        return httpx.Response(503) if self.away else httpx.Response(200, json=self.documents)


@pytest.fixture
def time():
    return [1000.0]


@pytest.fixture
async def open_keys(time):
    clients = []

    def open_keys(service):
        clients.append(httpx.AsyncClient(transport=httpx.MockTransport(service.answer)))
        return JwksKeys("http://users/jwks", client=clients[-1], clock=lambda: time[0])

    yield open_keys
    for client in clients:
        await client.aclose()


async def test_all_who_come_before_the_first_answer_wait_for_it(open_keys):
    service = UserService(TokenMint("a"))
    keys = open_keys(service)
    found = await asyncio.gather(*(keys.key("a") for _ in range(20)))
    assert None not in found
    assert service.asked == 1


async def test_an_unknown_key_is_asked_for_but_not_more_than_every_two_seconds(open_keys, time):
    service = UserService(TokenMint("a"))
    keys = open_keys(service)
    await keys.key("a")
    service.documents = UserService(TokenMint("a"), TokenMint("b")).documents
    assert await keys.key("b") is None
    time[0] += 2.1
    assert None not in await asyncio.gather(*(keys.key("b") for _ in range(5)))
    assert service.asked == 2


async def test_keys_once_seen_stay_good_while_the_address_is_away(open_keys, time):
    service = UserService(TokenMint("a"))
    keys = open_keys(service)
    await keys.key("a")
    service.away = True
    time[0] += 3600
    assert await keys.key("a") is not None


async def test_without_any_keys_nobody_is_told_good_or_bad(open_keys):
    service = UserService()
    service.away = True
    with pytest.raises(KeysUnavailable):
        await open_keys(service).key("a")
