import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from valkey.exceptions import ConnectionError as Unreachable

from cnop_core.clock import FixedClock
from cnop_core.ids import SessionId
from cnop_platform.chores import background
from cnop_platform.revocations import RevocationPublisher, RevocationView, revocation_put
from cnop_platform.store import StoreUnavailable
from cnop_platform.store.memory import MemoryStore

pytestmark = pytest.mark.security

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
EXPIRES_AT = int(NOW.timestamp()) + 900
SESSION = SessionId("ses_1")


class CountingStore(MemoryStore):
    reads = 0
    queries_to_refuse = 0

    async def query(self, *arguments, **options):
        if self.queries_to_refuse:
            self.queries_to_refuse -= 1
            raise StoreUnavailable("refused by the test")
        return await super().query(*arguments, **options)

    index_answers = True

    async def query_index(self, *arguments, **options):
        if not self.index_answers:
            raise StoreUnavailable("refused by the test")
        return await super().query_index(*arguments, **options)

    async def get_many(self, keys):
        self.reads += 1
        return await super().get_many(keys)


class CutOff:
    """A client of Valkey whose cable somebody pulled, once `publish` is wanted."""

    def __init__(self, client, *, cut=False):
        self._client = client
        self.cut = cut

    async def publish(self, *message):
        if self.cut:
            raise Unreachable("cut off by the test")
        return await self._client.publish(*message)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture
def store():
    return CountingStore()


@pytest.fixture
async def stack():
    async with AsyncExitStack() as stack:
        yield stack


async def running_view(stack, store, server):
    client = server.client()
    stack.push_async_callback(client.aclose)
    view = RevocationView(store=store, cache=client, clock=FixedClock(NOW))
    await stack.enter_async_context(background([view.run]))
    return view


async def running_publisher(stack, server, name="users-1", *, cable=lambda client: client):
    client = server.client()
    stack.push_async_callback(client.aclose)
    publisher = RevocationPublisher(cache=cable(client), name=name)
    work = await stack.enter_async_context(AsyncExitStack())
    await work.enter_async_context(background([publisher.run]))
    return publisher, work


async def test_an_announced_end_reaches_another_process_without_the_store(stack, store, valkey_server):
    publisher, _ = await running_publisher(stack, valkey_server)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    assert not await view.is_ended(SESSION)
    await publisher.announce([SESSION], expires_at=EXPIRES_AT)
    async with asyncio.timeout(5):
        while not await view.is_ended(SESSION):
            await asyncio.sleep(0.02)
    assert store.reads == 0


async def test_what_ended_before_the_start_is_known(stack, store, valkey_server):
    await store.transact([revocation_put(SESSION, ended_at=NOW, token_expires_at=EXPIRES_AT)])
    await running_publisher(stack, valkey_server)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    assert await view.is_ended(SESSION)


async def test_without_valkey_the_store_is_asked(stack, store, valkey_server):
    await running_publisher(stack, valkey_server)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    valkey_server.kill()
    await until(lambda: not view.is_current)
    assert not await view.is_ended(SESSION)
    await store.transact([revocation_put(SESSION, ended_at=NOW, token_expires_at=EXPIRES_AT)])
    assert await view.is_ended(SESSION)


async def test_a_paused_valkey_counts_as_away(stack, store, valkey_server):
    await running_publisher(stack, valkey_server)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    valkey_server.pause()
    await until(lambda: not view.is_current)
    valkey_server.resume()
    await until(lambda: view.is_current)


async def test_after_an_outage_what_ended_in_it_is_known_from_memory(stack, store, valkey_server):
    publisher, _ = await running_publisher(stack, valkey_server)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    valkey_server.kill()
    await until(lambda: not view.is_current)
    await store.transact([revocation_put(SESSION, ended_at=NOW, token_expires_at=EXPIRES_AT)])
    await publisher.announce([SESSION], expires_at=EXPIRES_AT)
    await valkey_server.start()
    await until(lambda: view.is_current)
    store.reads = 0
    assert await view.is_ended(SESSION)
    assert store.reads == 0


async def test_a_publisher_that_dies_before_its_announcement_is_made_up_for(stack, store, valkey_server):
    await running_publisher(stack, valkey_server, "users-1")
    _, dying = await running_publisher(stack, valkey_server, "users-2")
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current and len(view._publishers) == 2)
    await store.transact([revocation_put(SESSION, ended_at=NOW, token_expires_at=EXPIRES_AT)])
    await dying.aclose()
    await until(lambda: view.is_current and len(view._publishers) == 1)
    store.reads = 0
    assert await view.is_ended(SESSION)
    assert store.reads == 0


async def test_a_store_that_is_away_when_a_publisher_dies_is_asked_again(stack, store, valkey_server, monkeypatch):
    monkeypatch.setattr("cnop_platform.revocations._TIDY_SECONDS", 0.05)
    await running_publisher(stack, valkey_server, "users-1")
    _, dying = await running_publisher(stack, valkey_server, "users-2")
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current and len(view._publishers) == 2)
    store.queries_to_refuse = 2
    await dying.aclose()
    await until(lambda: view.is_current and len(view._publishers) == 1)
    assert store.queries_to_refuse == 0


async def test_what_a_replica_ends_that_lost_valkey_reaches_processes_that_hear_another(stack, store, valkey_server):
    cables = []

    def cable(client):
        cables.append(CutOff(client))
        return cables[0]

    await running_publisher(stack, valkey_server, "users-1")
    cut_off, _ = await running_publisher(stack, valkey_server, "users-2", cable=cable)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current and len(view._publishers) == 2)
    cables[0].cut = True
    await until(lambda: view.is_current and len(view._publishers) == 1)
    await store.transact([revocation_put(SESSION, ended_at=NOW, token_expires_at=EXPIRES_AT)])
    await cut_off.announce([SESSION], expires_at=EXPIRES_AT)
    await until(lambda: SESSION in view._ended)
    assert view.is_current


async def test_what_a_replica_ends_that_never_reached_valkey_is_known_too(stack, store, valkey_server):
    await running_publisher(stack, valkey_server, "users-1")
    never, _ = await running_publisher(stack, valkey_server, "users-2", cable=lambda client: CutOff(client, cut=True))
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    await store.transact([revocation_put(SESSION, ended_at=NOW, token_expires_at=EXPIRES_AT)])
    await never.announce([SESSION], expires_at=EXPIRES_AT)
    await until(lambda: SESSION in view._ended)
    assert view.is_current


async def test_a_process_that_cannot_catch_up_asks_for_each_request(stack, store, valkey_server, monkeypatch):
    monkeypatch.setattr("cnop_platform.revocations._TIDY_SECONDS", 0.05)
    monkeypatch.setattr("cnop_platform.revocations._BEHIND_SECONDS", 0.5)
    await running_publisher(stack, valkey_server)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    store.index_answers = False
    await until(lambda: not view.is_current)
    store.reads = 0
    assert not await view.is_ended(SESSION)
    assert store.reads == 1
    store.index_answers = True
    await until(lambda: view.is_current)


async def test_a_malformed_message_changes_nothing(stack, store, valkey_server, valkey_client):
    await running_publisher(stack, valkey_server)
    view = await running_view(stack, store, valkey_server)
    await until(lambda: view.is_current)
    for text in ("{", "[]", '{"sessions": 3}', '{"sessions": {"ses_1": "x"}}'):
        await valkey_client.publish("cnop:revocations", text)
    await valkey_client.publish("cnop:revocations", f'{{"sessions": {{"ses_2": {EXPIRES_AT}}}}}')
    await until(lambda: "ses_2" in view._ended)
    assert not await view.is_ended(SESSION)
