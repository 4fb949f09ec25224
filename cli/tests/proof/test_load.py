"""The clients, against a platform that is made of a few lines and fails when told to."""

import itertools
import json
import random
import time
from collections import Counter

import httpx
import pytest

from cnop_cli.proof.books import close_books
from cnop_cli.proof.customers import Customer
from cnop_cli.proof.doors import Door, Traffic, request_for
from cnop_cli.proof.history import Cancel, Deposit, Place, Withdraw
from cnop_cli.proof.load import Client, Prices
from cnop_cli.proof.wallet_model import units


class Platform:
    """Takes deposits and orders. `script` says how the next answers get lost."""

    def __init__(self):
        self.script = []
        self.keys = Counter()
        self.moved = {}
        self.paths = Counter()

    def __call__(self, request):
        self.paths[request.url.path] += 1
        body = json.loads(request.content or b"{}")
        if request.url.path.startswith("/auth"):
            return httpx.Response(200, json={"access_token": "token"})
        fault = self.script.pop(0) if self.script else None
        if fault == "before":
            raise httpx.ConnectError("nobody there")
        response = self._answer(request, body)
        if fault == "after":
            raise httpx.ReadError("the answer got lost")
        return httpx.Response(fault, json={"code": "SVC_001"}) if isinstance(fault, int) else response

    def _answer(self, request, body):
        if request.url.path == "/balance/transactions":
            return httpx.Response(200, json={"transactions": list(self.moved.values()), "has_more": False})
        if request.method == "GET" and request.url.path == "/orders":
            return httpx.Response(200, json={"data": [], "has_more": False})
        if request.method == "GET" and request.url.path == "/balance":
            names = ("current_balance", "available_balance", "held_balance")
            return httpx.Response(200, json=dict.fromkeys(names, "0.00"))
        if request.method == "GET":
            return httpx.Response(404, json={"code": "NOT_FOUND"})
        key = request.headers.get("idempotency-key")
        self.keys[key] += 1
        known = self.moved.setdefault(
            key or object(),
            {"transaction_id": f"txn_{len(self.moved)}", "transaction_type": "deposit", "reference": None, **body},
        )
        return httpx.Response(201, json={**known, "balance": "1.00"})


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
async def customer(platform):
    doors = [Door("gateway", "http://users", "http://orders")]
    async with httpx.AsyncClient(transport=httpx.MockTransport(platform)) as http:
        yield Customer(Traffic(http), doors, random.Random(1))


@pytest.fixture
def client(customer):
    prices = Prices()
    for asset_id, price in (("BTC", "60000"), ("ETH", "3000")):
        prices.note(asset_id, units(price))
    return Client(customer, prices, random.Random(1), 0.0)


async def test_what_is_asked_for_is_recorded_with_its_times_and_its_answer(customer):
    call = await customer.ask(Deposit(100), key="a")
    assert customer.history.calls == [call]
    assert (call.answer.status, call.answer.body["amount"], call.door) == (201, "1.00", "gateway")
    assert call.began <= call.ended <= time.monotonic()


@pytest.mark.parametrize("fault", ["before", "after", 500, 502, 503, 504])
async def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(customer, platform, fault):
    platform.script = [fault]
    call = await customer.ask(Deposit(100), key="a")
    assert (call.answer, call.ended) == (None, None)


async def test_a_stale_price_is_a_refusal(customer, platform):
    platform._answer = lambda request, body: httpx.Response(503, json={"code": "PRICE_STALE"})
    call = await customer.ask(Place("market_buy", "BTC", 1), key="a")
    assert call.answer.code == "PRICE_STALE"


async def test_a_client_repeats_under_the_same_key_until_it_is_answered(client, platform, monkeypatch):
    monkeypatch.setattr("cnop_cli.proof.load._RETRY_SECONDS", (0, 0))
    monkeypatch.setattr("cnop_cli.proof.load._DUPLICATE", 0)
    monkeypatch.setattr("cnop_cli.proof.load._KEYLESS", 0)
    platform.script = ["before", "after", 503]
    await client.act(Deposit(100))
    assert list(platform.keys.values()) == [3], "one key; the first try never arrived"
    assert [call.answer is None for call in client.customer.history.calls] == [True, True, True, False]


async def test_without_a_key_nothing_is_repeated(client, platform, monkeypatch):
    monkeypatch.setattr("cnop_cli.proof.load._KEYLESS", 1)
    platform.script = ["after"]
    await client.act(Deposit(100))
    assert len(client.customer.history.calls) == 1


async def test_a_duplicate_is_sent_at_the_same_time(client, platform, monkeypatch):
    monkeypatch.setattr("cnop_cli.proof.load._KEYLESS", 0)
    monkeypatch.setattr("cnop_cli.proof.load._DUPLICATE", 1)
    await client.act(Deposit(100))
    assert list(platform.keys.values()) == [2]


async def test_doubts_are_settled_before_the_books_are_read(customer, platform, monkeypatch):
    monkeypatch.setattr("cnop_cli.proof.customers._PAUSE_SECONDS", 0)
    platform.script = ["after"]
    await customer.ask(Deposit(100), key="a")
    assert [call.key for call in customer.history.doubtful()] == ["a"]
    platform.script = ["before"]
    books = await close_books(customer)
    assert customer.history.doubtful() == []
    assert len(books.movements) == 1


def test_the_draws_are_varied_and_their_amounts_never_repeat(client):
    client.customer.open_orders.append("ord_1")
    drawn = [client.draw() for _ in range(600)]
    kinds = {type(action).__name__ for action in drawn}
    assert kinds >= {"Deposit", "Withdraw", "Place", "Cancel", "Replace", "ReadBalance", "ReadHolding", "ReadOrder"}
    assert {action.time_in_force for action in drawn if isinstance(action, Place)} == {None, "GTC", "IOC", "GTD"}
    amounts = [action.cents for action in drawn if isinstance(action, Deposit | Withdraw)]
    assert len(set(amounts)) == len(amounts)


def test_the_same_seed_draws_the_same(client, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    again = Client(Customer(client.customer.traffic, [], random.Random(1)), client.prices, random.Random(1), 0.0)
    assert list(itertools.islice(iter(client.draw, None), 50)) == list(itertools.islice(iter(again.draw, None), 50))


def test_an_order_is_sent_with_all_of_its_terms_and_its_key():
    action = Place("limit_buy", "BTC", 150_000_000, 6_000_000_000_001, "GTD", 1_800_000_000.5)
    assert request_for(action, key="k").body == {
        "order_type": "limit_buy",
        "asset_id": "BTC",
        "quantity": "1.50000000",
        "price": "60000.00000001",
        "time_in_force": "GTD",
        "expires_at": "2027-01-15T08:00:00.500Z",
        "client_order_id": "k",
    }
    assert request_for(Cancel("ord_1"), key="k").method == "DELETE"
