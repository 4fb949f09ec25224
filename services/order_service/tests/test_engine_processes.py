"""Two real engine processes on one store: whatever happens to them, their lease or Valkey, each order fills once."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from exchange import Exchange

from cnop_core.clock import epoch_ms
from cnop_ledger import Kind
from cnop_orders.application.requests import OrderRequest
from cnop_orders.domain.order import OrderType
from cnop_platform import strict_json
from cnop_platform.prices import PRICE_CHANNEL, Quote, encode_quotes, snapshot_put
from cnop_platform.store import Key, Put, StoreUnavailable
from cnop_platform.store.open import open_store, sqlite_url
from cnop_platform.system import SystemClock, entropy

USERS = [f"usr_{number:026}" for number in range(8)]
ORDERS_EACH = 60
ORDER = OrderRequest(OrderType.LIMIT_BUY, "BTC", "0.001", price="40000")


class EngineProcess:
    def __init__(self, folder, *, name, store_url, valkey_url):
        self._log_path = folder / f"{name}.log"
        environment = {
            "PATH": os.environ["PATH"],
            "CNOP_ENVIRONMENT": "local",
            "CNOP_STORE": store_url,
            "CNOP_VALKEY_URL": valkey_url,
            "CNOP_AUDIT_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
            "CNOP_LEDGER_KEY": base64.urlsafe_b64encode(bytes(range(32))).decode(),
        }
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cnop_orders", "engine"], env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def log(self):
        return self._log_path.read_text()

    @property
    def has_the_lease(self):
        assert self._process.poll() is None, self.log
        return self.log.count("lease_gained") > self.log.count("lease_lost")

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self):
        """End it the way an operator would, and return its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self._process.wait(timeout=60)

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


async def until(condition, seconds=120):
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if await result if asyncio.iscoroutine(result) else result:
                return
            await asyncio.sleep(0.01)


@pytest.fixture
async def store_url(tmp_path):
    return sqlite_url(tmp_path / "store.db")


@pytest.fixture
async def exchange(store_url):
    store = await open_store(store_url)
    async with Exchange(store, entropy, clock=SystemClock()).running() as exchange:
        for user_id in USERS:
            await exchange.fund(user_id, 10_000)
            for _ in range(ORDERS_EACH):
                await exchange.parts.trading.place(exchange.caller(user_id), ORDER, None)
        yield exchange
    await store.close()


@pytest.fixture
def engines(tmp_path, store_url, valkey_server, exchange):
    pair = [
        EngineProcess(tmp_path, name=name, store_url=store_url, valkey_url=valkey_server.url)
        for name in ("first", "second")
    ]
    yield pair
    for engine in pair:
        engine.close()


async def pause(engine, store):
    """Stop the process, though not within a commit: it would keep the file locked, and nobody could write."""
    while True:
        engine.signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(0.5):
                await store.transact([Put(Key("PROBE", "PROBE"), {})])
            return
        except (TimeoutError, StoreUnavailable):
            engine.signal(signal.SIGCONT)


def crossing(exchange):
    return [Quote("BTC", 39_000 * 10**8, exchange.clock.now())]


async def filled(exchange):
    wallets = [await exchange.wallet(user_id) for user_id in USERS]
    return sum(wallet.holding("BTC").posted // 100_000 for wallet in wallets)


async def assert_each_filled_once(exchange):
    for user_id in USERS:
        fills = Counter([entry.order_id async for entry in exchange.reader.entries(user_id) if entry.kind is Kind.BUY])
        assert (len(fills), set(fills.values())) == (ORDERS_EACH, {1})
        wallet = await exchange.wallet(user_id)
        assert (wallet.open_orders, wallet.cash.held) == (0, 0)
        assert wallet.cash.posted == 1_000_000 - ORDERS_EACH * 3_900


async def test_an_engine_that_pauses_past_its_lease_fills_nothing_twice(exchange, engines, valkey_client):
    await until(lambda: any(engine.has_the_lease for engine in engines))
    working = next(engine for engine in engines if engine.has_the_lease)
    idle = next(engine for engine in engines if engine is not working)
    assert not idle.has_the_lease

    async def publish():
        await valkey_client.publish(PRICE_CHANNEL, strict_json.dumps(encode_quotes(crossing(exchange))))

    async def some_are_filled():
        await publish()
        return await filled(exchange)

    await until(some_are_filled)
    await pause(working, exchange.store)
    assert await filled(exchange) < len(USERS) * ORDERS_EACH

    async def all_are_filled():
        await publish()
        return await filled(exchange) == len(USERS) * ORDERS_EACH

    await until(all_are_filled)
    working.signal(signal.SIGCONT)
    stopped_at = epoch_ms(exchange.clock.now())
    await until(lambda: epoch_ms(exchange.clock.now()) > stopped_at + 1500)
    await assert_each_filled_once(exchange)
    for engine in engines:
        assert engine.stop() == 0, engine.log[-3000:]


async def test_without_valkey_both_engines_work_on_the_stores_prices_and_fill_nothing_twice(
    exchange, engines, valkey_server
):
    await until(lambda: any(engine.has_the_lease for engine in engines))
    valkey_server.kill()

    async def all_are_filled():
        await exchange.store.transact([snapshot_put(crossing(exchange))])
        return await filled(exchange) == len(USERS) * ORDERS_EACH

    await until(all_are_filled)
    await assert_each_filled_once(exchange)
    for engine in engines:
        assert engine.stop() == 0, engine.log[-3000:]


async def test_an_engine_killed_in_the_middle_is_replaced_and_nothing_is_lost(exchange, engines, valkey_client):
    await until(lambda: any(engine.has_the_lease for engine in engines))
    working = next(engine for engine in engines if engine.has_the_lease)

    async def publish():
        await valkey_client.publish(PRICE_CHANNEL, strict_json.dumps(encode_quotes(crossing(exchange))))

    async def some_are_filled():
        await publish()
        return await filled(exchange)

    await until(some_are_filled)
    working.signal(signal.SIGKILL)

    async def all_are_filled():
        await publish()
        return await filled(exchange) == len(USERS) * ORDERS_EACH

    await until(all_are_filled)
    await assert_each_filled_once(exchange)
