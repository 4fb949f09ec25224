"""Every test that takes `store` or `ledger` runs once per store; `races` adds DynamoDB."""

import asyncio
import itertools
import random
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from cnop_core.clock import FixedClock
from cnop_core.ids import UserId
from cnop_ledger import Bounds, Ledger
from cnop_ledger.testing import KEYS
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store
from cnop_platform.store.open import sqlite_url as url_of
from cnop_platform.testing.stores import UnreliableStore

UNHURRIED = Bounds(wait_seconds=60)
"""Nobody is turned away because the machine that runs the tests is busy."""
USER = UserId("usr_01JBBBBBBBBBBBBBBBBBBBBBBB")


@pytest.fixture(params=["memory", "sqlite"])
def adapter(request):
    return request.param


@pytest.fixture
def sqlite_url(tmp_path):
    return url_of(tmp_path / "store.db")


@pytest.fixture
def store_url(adapter, request):
    return "" if adapter == "memory" else request.getfixturevalue(f"{adapter}_url")


@pytest_asyncio.fixture
async def store(adapter, store_url):
    """An empty store that can be told to fail."""
    opened = MemoryStore() if adapter == "memory" else await open_store(store_url)
    yield UnreliableStore(opened)
    await opened.close()


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 1, 31, 12, tzinfo=UTC))


@pytest.fixture
def entropy():
    """Unpredictable enough for distinct ids, the same in every run."""
    numbers = itertools.count(1)
    return lambda count: next(numbers).to_bytes(10, "big")[-count:]


@pytest.fixture
def make_ledger(store, clock, entropy):
    """Another ledger on the same store, as another process would be."""

    def make(*, on=store, **settings):
        settings = {"bounds": UNHURRIED, **settings}
        return Ledger(on, KEYS, clock=clock, entropy=entropy, sleep=_no_sleep, **settings)

    return make


@pytest.fixture
def make_slow_store(store):
    """A view of the store that lets others run before and after each step, as a network would."""
    return lambda seed: SlowStore(store, random.Random(seed))


@pytest_asyncio.fixture
async def ledger(make_ledger):
    made = make_ledger()
    yield made
    await made.close()


@pytest.fixture
def user():
    return USER


async def _no_sleep(seconds):
    assert 0 <= seconds <= 1


class SlowStore(UnreliableStore):
    def __init__(self, store, numbers):
        super().__init__(store)
        self._numbers = numbers

    async def get(self, key):
        await self._let_others_run()
        return await super().get(key)

    async def get_many(self, keys):
        await self._let_others_run()
        found = await super().get_many(keys)
        await self._let_others_run()
        return found

    async def transact(self, writes):
        await self._let_others_run()
        try:
            await super().transact(writes)
        finally:
            await self._let_others_run()

    async def _let_others_run(self):
        for _ in range(self._numbers.randrange(4)):
            await asyncio.sleep(0)
