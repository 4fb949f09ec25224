import json
import random
from decimal import Decimal

import httpx
import pytest

from cnop_cli import demo, platform_client
from cnop_cli.errors import CommandError
from cnop_cli.platform_client import PlatformClient, Refused

ASSETS = [
    {
        "asset_id": name,
        "price_usd": price,
        "is_active": True,
        "scale": 8,
        "min_quantity": "0.001",
        "max_quantity": "1000",
    }
    for name, price in (("BTC", 60000.0), ("ETH", 3000.0), ("XRP", 0.5))
] + [{"asset_id": "OLD", "price_usd": 1.0, "is_active": False, "scale": 8, "min_quantity": "1", "max_quantity": "9"}]


class Platform:
    """A platform that says yes to everything and takes notes."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict]] = []
        self.tokens: set[str] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        self.seen.append((path, json.loads(request.content) if request.content else {}))
        self.tokens.add(request.headers.get("authorization", ""))
        if path == "/inventory/assets":
            return httpx.Response(200, json={"data": ASSETS})
        if path == "/portfolio":
            return httpx.Response(200, json={"usd_balance": "1.00", "total_portfolio_value": "2.00"})
        return httpx.Response(201, json={"access_token": "token", "data": {}})

    def bodies(self, path: str) -> list[dict]:
        return [body for seen, body in self.seen if seen == path]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch):
    def use(answer) -> None:
        def client(url: str, *, ca: str | None = None) -> PlatformClient:
            return PlatformClient(httpx.Client(base_url=f"{url}/api/v1", transport=httpx.MockTransport(answer)))

        monkeypatch.setattr(PlatformClient, "connect", staticmethod(client))
        monkeypatch.setattr(platform_client.time, "sleep", lambda _seconds: None)

    return use


def test_everyone_registers_funds_an_account_and_trades(connect) -> None:
    platform = Platform()
    connect(platform.answer)
    accounts = list(demo.fill("http://gateway", chance=random.Random(1)))
    assert len(accounts) == len(demo.PEOPLE)
    assert len({account.username for account in accounts}) == len({account.password for account in accounts}) == 5
    orders = platform.bodies("/orders")
    assert {order["order_type"] for order in orders} == {"market_buy", "market_sell", "limit_buy"}
    assert "OLD" not in {order["asset_id"] for order in orders}
    assert all(Decimal("0.001") <= Decimal(order["quantity"]) <= 1000 for order in orders)
    assert all(Decimal(body["amount"]) <= 10_000 for body in platform.bodies("/balance/deposit"))


def test_a_second_run_makes_new_people(connect) -> None:
    connect(Platform().answer)
    names = [{account.username for account in demo.fill("http://gateway", chance=random.Random(1))} for _ in range(2)]
    assert not names[0] & names[1]


def test_a_refusal_is_one_line_with_its_code(connect) -> None:
    problem = {"code": "DAILY_LIMIT", "detail": "10,000 USD a day"}
    connect(lambda _request: httpx.Response(422, json=problem))
    with pytest.raises(Refused, match=r"^GET /inventory/assets was refused with 422 DAILY_LIMIT: 10,000 USD a day$"):
        list(demo.fill("http://gateway", chance=random.Random(1)))


def test_what_asks_to_come_back_later_is_asked_again_with_the_same_key(connect) -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return httpx.Response(503 if len(keys) < 3 else 201, json={}, headers={"retry-after": "1"})

    connect(answer)
    PlatformClient.connect("http://gateway").post("/orders", {})
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_a_gateway_that_is_away_is_one_line(connect) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    connect(answer)
    with pytest.raises(CommandError, match=r"the gateway does not answer \(ConnectError\)"):
        list(demo.fill("http://gateway", chance=random.Random(1)))
