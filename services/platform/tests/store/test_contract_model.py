"""Every adapter, against a plain dictionary: whatever is asked of both, both answer alike."""

import asyncio
import itertools
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnop_platform.store import Absent, Anything, Check, ConditionFailed, Delete, Item, Key, Put, Version
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store

PARTITIONS = ("P", "P#", "é")
SORT_KEYS = ("A", "AB", "B", "a\U0001f30d", "\uffff")
INDEX_PARTITIONS = ("OPEN", "OPEN#")

plain = st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text(max_size=20)
values = st.recursive(
    plain,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), part, max_size=3),
    max_leaves=5,
)
bodies = st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=4)
keys = st.builds(Key, st.sampled_from(PARTITIONS), st.sampled_from(SORT_KEYS))
places = st.none() | st.builds(Key, st.sampled_from(INDEX_PARTITIONS), st.sampled_from(SORT_KEYS))
conditions = st.builds(Anything) | st.builds(Absent) | st.builds(Version, st.integers(0, 4))
expiries = st.none() | st.integers(0, 2**40)
writes = (
    st.builds(Put, keys, bodies, conditions, expiries, places)
    | st.builds(Delete, keys, conditions)
    | st.builds(Check, keys, st.builds(Absent) | st.builds(Version, st.integers(0, 4)))
)
transactions = st.lists(writes, min_size=1, max_size=6, unique_by=lambda write: write.key)
ranges = st.fixed_dictionaries(
    {}, optional={"start": st.sampled_from(SORT_KEYS), "end": st.sampled_from(SORT_KEYS)}
) | st.builds(lambda prefix: {"prefix": prefix}, st.sampled_from(("", "A", "a", "\uffff", "x")))


class Model:
    """What the port promises, said as plainly as possible."""

    def __init__(self):
        self.items = {}

    def transact(self, transaction):
        failed = [(index, write.key) for index, write in enumerate(transaction) if not self.holds(write)]
        if failed:
            return failed
        for write in transaction:
            if isinstance(write, Put):
                before = self.items.get(write.key)
                version = before.version + 1 if before else 1
                self.items[write.key] = Item(write.key, version, write.body, write.expires_at, write.index)
            elif isinstance(write, Delete):
                self.items.pop(write.key, None)
        return []

    def holds(self, write):
        item = self.items.get(write.key)
        match write.condition:
            case Absent():
                return item is None
            case Version(number):
                return item is not None and item.version == number
        return True

    def query(self, pk, forward, *, prefix="", start=None, end=None):
        found = [item for item in self.items.values() if item.key.pk == pk and within(item.key.sk, prefix, start, end)]
        return sorted(found, key=lambda item: item.key.sk.encode(), reverse=not forward)

    def query_index(self, pk, *, start=None, end=None):
        indexed = [item for item in self.items.values() if item.index and item.index.pk == pk]
        return {item.key for item in indexed if within(item.index.sk, "", start, end)}


def within(sk, prefix, start, end):
    after_start = start is None or sk.encode() >= start.encode()
    before_end = end is None or sk.encode() <= end.encode()
    return sk.startswith(prefix) and after_start and before_end


class Namespace:
    """Gives each example partitions of its own, so that one store serves them all."""

    def __init__(self, store):
        self.store = store
        self.name = f"{uuid.uuid4().hex}/"

    def outer(self, key):
        return key and Key(self.name + key.pk, key.sk)

    def inner(self, key):
        return key and Key(key.pk.removeprefix(self.name), key.sk)

    def write(self, write):
        if isinstance(write, Put):
            return Put(self.outer(write.key), write.body, write.condition, write.expires_at, self.outer(write.index))
        return type(write)(self.outer(write.key), write.condition)

    def item(self, item):
        return Item(self.inner(item.key), item.version, item.body, item.expires_at, self.inner(item.index))

    async def transact(self, transaction):
        try:
            await self.store.transact([self.write(write) for write in transaction])
        except ConditionFailed as error:
            return [(index, self.inner(key)) for index, key in error.failed]
        return []

    async def pages(self, query, pk, **options):
        items, cursor = [], None
        while True:
            page = await query(self.name + pk, cursor=cursor, **options)
            items.extend(map(self.item, page.items))
            cursor = page.cursor
            if cursor is None:
                return items


async def check(store, history, limit, forward, bounds):
    model, actual = Model(), Namespace(store)
    for transaction in history:
        assert await actual.transact(transaction) == model.transact(transaction)
    for pk in PARTITIONS:
        found = await actual.pages(store.query, pk, limit=limit, forward=forward, **bounds)
        assert found == model.query(pk, forward, **bounds)
    index_bounds = {name: bound for name, bound in bounds.items() if name != "prefix"}
    for pk in INDEX_PARTITIONS:
        found = await actual.pages(store.query_index, pk, limit=limit, forward=forward, **index_bounds)
        assert len(found) == len({item.key for item in found})
        assert {item.key for item in found} == model.query_index(pk, **index_bounds)
        assert all(item == model.items[item.key] for item in found)
    every = [Key(*parts) for parts in itertools.product(PARTITIONS, SORT_KEYS)]
    many = await store.get_many([actual.outer(key) for key in every])
    assert {actual.inner(key): actual.item(item) for key, item in many.items()} == model.items
    for key in every:
        one = await store.get(actual.outer(key))
        assert (one and actual.item(one)) == model.items.get(key)
    scanned = [actual.item(item) async for item in store.scan(prefix=actual.name)]
    assert {item.key: item for item in scanned} == model.items
    assert len(scanned) == len(model.items)


@pytest.mark.timeout(120)
def test_the_store_behaves_like_a_dictionary(adapter, store_url):
    with asyncio.Runner() as runner:
        store = MemoryStore() if adapter == "memory" else runner.run(open_store(store_url))

        @settings(
            max_examples=25 if adapter == "dynamodb" else 60,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(st.lists(transactions, min_size=1, max_size=8), st.integers(1, 6), st.booleans(), ranges)
        def behaves_alike(history, limit, forward, bounds):
            runner.run(check(store, history, limit, forward, bounds))

        behaves_alike()
        runner.run(store.close())
