import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from cnop_core.clock import FixedClock
from cnop_core.ids import AssetId
from cnop_core.money import PriceUnits
from cnop_platform import strict_json
from cnop_platform.cache import connect
from cnop_platform.chores import background
from cnop_platform.prices import (
    FALLBACK_SECONDS,
    HIGHEST,
    LATEST_KEY,
    LOWEST,
    PRICE_CHANNEL,
    SNAPSHOT_KEY,
    PriceBoard,
    PriceStale,
    Quote,
    decode_quotes,
    encode_quotes,
    snapshot_put,
)
from cnop_platform.store import Put, StoreUnavailable
from cnop_platform.store.memory import MemoryStore

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BTC = AssetId("BTC")


def quote(price=4_300_012_345_678, *, asset_id=BTC, seconds=0):
    return Quote(asset_id, PriceUnits(price), NOW + timedelta(seconds=seconds))


class AwayStore(MemoryStore):
    away = False

    async def get(self, key):
        if self.away:
            raise StoreUnavailable("the store is away")
        return await super().get(key)


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def store():
    return AwayStore()


@pytest.fixture
def board(store, clock):
    return PriceBoard(store=store, cache=None, clock=clock)


@pytest.fixture
async def running(store, clock, valkey_client):
    board = PriceBoard(store=store, cache=valkey_client, clock=clock)
    async with background([board.run]):
        await until(lambda: board._subscription.connected)
        yield board


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def publish(client, *quotes):
    await client.publish(PRICE_CHANNEL, strict_json.dumps(encode_quotes(quotes)))


@given(st.integers(LOWEST, HIGHEST), st.integers(0, 10**9))
def test_a_quote_survives_the_wire_to_the_last_digit(price, milliseconds):
    sent = Quote(BTC, PriceUnits(price), NOW + timedelta(milliseconds=milliseconds))
    assert decode_quotes(strict_json.loads(strict_json.dumps(encode_quotes([sent])))) == [sent]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "BTC",
        {"BTC": "1.00"},
        {"BTC": ["1.00"]},
        {"BTC": [1, "2026-01-31T12:00:00Z"]},
        {"BTC": ["-1.00", "2026-01-31T12:00:00Z"]},
        {"BTC": ["1.00", "2026-01-31T12:00:00"]},
        {"BTC": ["1.00", 3]},
        {"BTC": ["1.00", "2026-01-31T12:00:00Z"], "ETH": None},
    ],
)
def test_anything_else_than_quotes_is_refused_as_a_whole(document):
    with pytest.raises(ValueError, match=r"."):
        decode_quotes(document)


async def test_the_newest_quote_wins_in_whatever_order_they_arrive(board):
    await board.accept([quote(200, seconds=1)])
    await board.accept([quote(100)])
    assert board.latest(BTC).price == 200


@pytest.mark.parametrize("price", [LOWEST - 1, HIGHEST + 1, -5])
async def test_a_price_outside_the_sanity_bounds_is_not_taken(board, price):
    await board.accept([quote(price)])
    assert board.latest(BTC) is None


async def test_a_quote_from_the_future_cannot_lock_out_true_ones(board):
    await board.accept([quote(100, seconds=3600)])
    await board.accept([quote(200)])
    assert board.latest(BTC).price == 200


async def test_a_quote_is_fresh_up_to_its_bound(board, clock):
    await board.accept([quote()])
    clock.advance(seconds=15)
    assert board.fresh(BTC, max_age_seconds=15) == quote()
    clock.advance(seconds=0.001)
    with pytest.raises(PriceStale) as raised:
        board.fresh(BTC, max_age_seconds=15)
    assert raised.value.stable_code == "PRICE_STALE"


async def test_the_age_of_the_newest_price_is_measured(board, clock):
    await board.accept([quote(), quote(seconds=-5, asset_id=AssetId("ETH"))])
    clock.advance(seconds=7)
    assert REGISTRY.get_sample_value("cnop_price_age_seconds") == 7


async def test_an_asset_without_a_quote_is_stale(board):
    with pytest.raises(PriceStale):
        board.fresh(BTC, max_age_seconds=15)


async def test_whoever_waits_wakes_with_the_next_change(board):
    waiting = asyncio.create_task(board.wait_for_change())
    await asyncio.sleep(0)
    await board.accept([quote()])
    assert await waiting == board.revision == 1


async def test_a_change_between_two_waits_is_not_missed(board):
    await board.accept([quote(seconds=1)])
    async with asyncio.timeout(1):
        assert await board.wait_for_change(since=0) == 1


async def test_what_changes_nothing_wakes_nobody(board):
    await board.accept([quote()])
    await board.accept([quote()])
    assert board.revision == 1


async def test_prices_arrive_over_valkey(running, valkey_client):
    await publish(valkey_client, quote())
    await until(lambda: running.latest(BTC) == quote())


async def test_the_board_starts_with_the_snapshot_of_the_store(store, clock, valkey_client):
    await store.transact([snapshot_put([quote(500)])])
    board = PriceBoard(store=store, cache=valkey_client, clock=clock)
    async with background([board.run]):
        await until(lambda: board.latest(BTC) == quote(500))


async def test_the_board_starts_with_the_snapshot_although_valkey_is_away(store, clock, tmp_path):
    await store.transact([snapshot_put([quote(500)])])
    client = connect(f"unix://{tmp_path / 'nobody-listens'}")
    board = PriceBoard(store=store, cache=client, clock=clock)
    async with background([board.run]), asyncio.timeout(1):
        await until(lambda: board.latest(BTC) == quote(500))
    await client.aclose()


async def test_the_latest_prices_in_valkey_are_preferred_to_an_older_snapshot(store, clock, valkey_client):
    await store.transact([snapshot_put([quote(500)])])
    await valkey_client.set(LATEST_KEY, strict_json.dumps(encode_quotes([quote(600, seconds=4)])))
    board = PriceBoard(store=store, cache=valkey_client, clock=clock)
    async with background([board.run]):
        await until(lambda: board.latest(BTC) == quote(600, seconds=4))


async def test_a_malformed_message_is_passed_over_and_the_next_one_counts(running, valkey_client):
    for text in ("{", "[]", "null", '{"BTC": ["1"]}', '{"BTC": [1, 2]}', "\xff"):
        await valkey_client.publish(PRICE_CHANNEL, text)
    await publish(valkey_client, quote())
    await until(lambda: running.latest(BTC) == quote())
    assert running.revision == 1


@pytest.mark.parametrize("body", [{}, {"quotes": None}, {"quotes": {"BTC": "x"}}, {"quotes": []}])
async def test_a_malformed_snapshot_does_not_stop_the_board(store, board, body):
    await store.transact([Put(SNAPSHOT_KEY, body)])
    await board.load_snapshot()
    await board.accept([quote()])
    assert board.latest(BTC) == quote()


async def test_without_valkey_the_snapshot_keeps_the_board_current(running, store, valkey_server):
    valkey_server.kill()
    await store.transact([snapshot_put([quote(700, seconds=1)])])
    async with asyncio.timeout(FALLBACK_SECONDS + 2):
        await running.wait_for_change(since=0)
    assert running.latest(BTC) == quote(700, seconds=1)


async def test_with_valkey_and_store_away_the_board_waits_and_recovers(store, clock, valkey_server):
    store.away = True
    async with AsyncExitStack() as stack:
        client = valkey_server.client()
        stack.push_async_callback(client.aclose)
        board = PriceBoard(store=store, cache=client, clock=clock)
        await stack.enter_async_context(background([board.run]))
        await until(lambda: board._subscription.connected)
        valkey_server.kill()
        await until(lambda: not board._subscription.connected)
        await valkey_server.start()
        await until(lambda: board._subscription.connected)
        publisher = valkey_server.client()
        stack.push_async_callback(publisher.aclose)
        await publish(publisher, quote())
        await until(lambda: board.latest(BTC) == quote())
