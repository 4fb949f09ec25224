import asyncio
import sqlite3
import uuid
from contextlib import suppress

import pytest
from aiodynamo.errors import AccessDenied, TableNotFound

from cnop_platform.store import Key, Put, StoreUnavailable, dynamodb_client
from cnop_platform.store.admin import describe, migrate
from cnop_platform.store.dynamodb_client import REQUEST_ERRORS, connect
from cnop_platform.store.dynamodb_table import Table, TableState, plan
from cnop_platform.store.open import InvalidStoreUrl, dynamodb_place, open_store

SHARED = ("sqlite", pytest.param("dynamodb", marks=pytest.mark.enable_socket))


@pytest.fixture(params=SHARED)
def missing_url(request):
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    return request.getfixturevalue("dynamodb_local").url(f"missing-{uuid.uuid4().hex}")


async def test_a_missing_store_is_described_created_and_used(missing_url):
    before = await describe(missing_url)
    assert (before.status, before.items, len(before.pending) > 0) == ("missing", None, True)
    assert tuple(await migrate(missing_url)) == before.pending
    after = await describe(missing_url)
    assert (after.status, after.items, after.pending) == ("ready", 0, ())
    assert tuple(await migrate(missing_url)) == ()

    store = await open_store(missing_url)
    await store.transact([Put(Key("P", "A"), {}, index=Key("OPEN", "1"))])
    assert len((await store.query_index("OPEN")).items) == 1
    await store.close()
    assert (await describe(missing_url)).items == 1


async def test_migrations_at_the_same_time_all_succeed(missing_url):
    await asyncio.gather(*(migrate(missing_url) for _ in range(4)))
    assert (await describe(missing_url)).pending == ()


async def test_looking_at_a_missing_file_does_not_create_it(sqlite_url, sqlite_file):
    await describe(sqlite_url)
    assert not sqlite_file.exists()


async def test_a_file_of_something_else_is_neither_described_nor_migrated(sqlite_url, sqlite_file):
    sqlite_file.parent.mkdir()
    other = sqlite3.connect(sqlite_file)
    other.execute("CREATE TABLE notes (text)")
    other.close()
    for operation in (describe, migrate):
        with pytest.raises(StoreUnavailable, match="something else"):
            await operation(sqlite_url)


@pytest.mark.parametrize("operation", [describe, migrate])
async def test_a_url_of_no_store_is_refused(operation):
    with pytest.raises(InvalidStoreUrl):
        await operation("postgres://host/db")


DEFINITIONS = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gsi1pk", "gsi1sk")]
KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
INDEX = {
    "IndexName": "gsi1",
    "IndexStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "gsi1pk", "KeyType": "HASH"}, {"AttributeName": "gsi1sk", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "ALL"},
}
TABLE = {
    "TableStatus": "ACTIVE",
    "KeySchema": KEYS,
    "AttributeDefinitions": DEFINITIONS,
    "GlobalSecondaryIndexes": [INDEX],
}
EXPIRING = {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def actions(table, time_to_live):
    return [step.action for step in plan(TableState(table, time_to_live), "t")]


def test_a_table_as_it_should_be_needs_nothing():
    assert actions(TABLE, EXPIRING) == []


def test_what_a_table_lacks_is_added():
    bare = {key: value for key, value in TABLE.items() if key != "GlobalSecondaryIndexes"}
    assert actions(None, {}) == ["CreateTable", "UpdateTimeToLive"]
    assert actions(bare, EXPIRING) == ["UpdateTable"]
    assert actions(TABLE, {"TimeToLiveStatus": "DISABLED"}) == ["UpdateTimeToLive"]


@pytest.mark.parametrize(
    "change",
    [
        {"KeySchema": KEYS[:1]},
        {"KeySchema": INDEX["KeySchema"]},
        {"AttributeDefinitions": [{**entry, "AttributeType": "N"} for entry in DEFINITIONS]},
        {"GlobalSecondaryIndexes": [INDEX | {"KeySchema": KEYS}]},
        {"GlobalSecondaryIndexes": [INDEX | {"Projection": {"ProjectionType": "KEYS_ONLY"}}]},
    ],
    ids=["no sort key", "other keys", "numbers", "other index keys", "index of keys"],
)
def test_a_table_of_another_shape_is_refused(change):
    with pytest.raises(StoreUnavailable, match="must"):
        actions(TABLE | change, EXPIRING)


def test_a_table_that_expires_by_something_else_is_refused():
    with pytest.raises(StoreUnavailable, match="expire by other"):
        actions(TABLE, EXPIRING | {"AttributeName": "other"})


def test_a_table_is_ready_when_its_index_is():
    assert TableState(TABLE, {}).is_ready
    assert not TableState(TABLE | {"TableStatus": "CREATING"}, {}).is_ready
    assert not TableState(TABLE | {"GlobalSecondaryIndexes": [INDEX | {"IndexStatus": "CREATING"}]}, {}).is_ready
    assert not TableState(None, {}).is_ready


@pytest.mark.enable_socket
async def test_a_table_without_index_and_expiry_is_brought_up_to_date(dynamodb_local):
    url = dynamodb_local.url("bare-table")
    place = dynamodb_place(url)
    requests = connect(region=place.region, endpoint=place.endpoint)
    bare = {
        "TableName": place.table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": KEYS,
        "AttributeDefinitions": DEFINITIONS[:2],
    }
    with suppress(*REQUEST_ERRORS):  # On a busy machine the answer may come too late; what counts is the table.
        await requests.send("CreateTable", bare)
    await requests.close()
    assert len((await describe(url)).pending) == 2
    assert len(await migrate(url, wait_seconds=20)) == 2
    assert (await describe(url)).pending == ()


@pytest.mark.enable_socket
async def test_what_dynamodb_refuses_is_said_with_its_step():
    requests = ScriptedRequests(TableNotFound(), AccessDenied("not you"), TableNotFound())
    table = Table(region="local", name="orders", endpoint="http://127.0.0.1:1")
    await table._requests.close()
    table._requests = requests
    with pytest.raises(StoreUnavailable, match="refused to create the table orders"):
        await table.migrate(wait_seconds=1)
    assert requests.actions == ["DescribeTable", "CreateTable", "DescribeTable"]


class ScriptedRequests:
    """Answers each request with the next error."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.actions = []

    async def send(self, action, payload):
        self.actions.append(action)
        raise self.errors.pop(0)


@pytest.mark.enable_socket
async def test_a_store_without_its_table_is_unavailable(dynamodb_local):
    store = await open_store(dynamodb_local.url("nowhere"))
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()


@pytest.mark.enable_socket
async def test_an_endpoint_where_nobody_listens_is_unavailable(unused_tcp_port, monkeypatch):
    monkeypatch.setattr(dynamodb_client, "RETRY_SECONDS", 0.05)
    url = f"dynamodb://local/table?endpoint=http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(StoreUnavailable):
        await describe(url)
    store = await open_store(url)
    for call in (store.ping(), store.transact([Put(Key("P", "A"), {})])):
        with pytest.raises(StoreUnavailable):
            await call
    await store.close()
