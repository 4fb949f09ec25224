"""DynamoDB Local behind a connection that throttles, loses requests and loses answers."""

import asyncio
import dataclasses
import json
import random

import pytest
from aiodynamo.http.types import RequestFailed, Response

from cnop_platform.store import Absent, ConditionFailed, Key, Put, Version
from cnop_platform.store.dynamodb import DynamoStore
from cnop_platform.store.open import dynamodb_place

pytestmark = pytest.mark.enable_socket

HEAD = Key("CHAIN", "HEAD")
THROTTLED = Response(400, json.dumps({"__type": "x#ThrottlingException"}).encode())
REASONS = [{"Code": "TransactionConflict", "Message": ""}]
CONFLICTED = Response(
    400, json.dumps({"__type": "x#TransactionCanceledException", "CancellationReasons": REASONS}).encode()
)
FAULTS = {"none": 5, "throttle": 2, "conflict": 1, "lost request": 1, "lost answer": 2}
"""What happens to requests, and how often."""


class Faults:
    """Passes requests on, and now and then lets one fail before or after it took effect."""

    def __init__(self, inner, seed):
        self._inner = inner
        self._random = random.Random(seed)
        self.injected = 0

    async def __call__(self, request):
        fault = self._random.choices(list(FAULTS), FAULTS.values())[0]
        self.injected += fault != "none"
        if fault == "throttle":
            return THROTTLED
        if fault == "conflict" and b'"TransactItems"' in request.body:
            return CONFLICTED
        if fault == "lost request":
            raise RequestFailed(ConnectionResetError())
        response = await self._inner(request)
        if fault == "lost answer":
            raise TimeoutError
        return response


@pytest.fixture
async def flaky(dynamodb_url):
    place = dynamodb_place(dynamodb_url)
    store = await DynamoStore.open(region=place.region, table=place.table, endpoint=place.endpoint)
    faults = Faults(store._requests._client.http, seed=1)
    store._requests._client = dataclasses.replace(store._requests._client, http=faults)
    yield store, faults
    await store.close()


async def append(store, name):
    while True:
        head = await store.get(HEAD)
        number = head.body["entries"] + 1
        entry = Put(Key("CHAIN", f"ENTRY#{number:04}"), {"by": name}, Absent())
        try:
            await store.transact([Put(HEAD, {"entries": number}, Version(head.version)), entry])
        except ConditionFailed:
            continue
        return


async def test_each_transaction_takes_effect_once_whatever_the_connection_loses(flaky):
    store, faults = flaky
    await store.transact([Put(HEAD, {"entries": 0}, Absent())])

    async def append_ten(name):
        for _ in range(10):
            await append(store, name)

    await asyncio.gather(*(append_ten(name) for name in ("left", "right", "middle")))
    assert faults.injected > 20
    assert (await store.get(HEAD)).body == {"entries": 30}
    entries = (await store.query("CHAIN", prefix="ENTRY#")).items
    assert [entry.key.sk for entry in entries] == [f"ENTRY#{number:04}" for number in range(1, 31)]
    assert sorted(entry.body["by"] for entry in entries) == sorted(["left", "right", "middle"] * 10)


async def test_an_unconditional_put_counts_its_version_once_per_call(flaky):
    store, faults = flaky
    for number in range(1, 21):
        await store.transact([Put(HEAD, {"n": number})])
        assert (await store.get(HEAD)).version == number
    assert faults.injected > 10


async def test_reads_come_through_a_connection_that_loses_much(flaky):
    store, _ = flaky
    keys = [Key("P", f"{number:03}") for number in range(100)]
    await store.transact([Put(key, {}) for key in keys])
    assert set(await store.get_many(keys)) == set(keys)
    assert len((await store.query("P", limit=1000)).items) == 100
    assert len([item async for item in store.scan(prefix="P")]) == 100
