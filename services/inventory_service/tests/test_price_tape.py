import asyncio
import json

import pytest
from samples import BTC, ETH, NOW, quote

from cnop_core.clock import epoch_ms
from cnop_inventory.api.stream import encode_tick, stream_prices
from cnop_inventory.application.price_tape import PriceTape
from cnop_platform.chores import background
from cnop_platform.prices import PriceBoard
from cnop_platform.request_context import RequestContext
from cnop_platform.store.memory import MemoryStore
from cnop_platform.streams import Streams, TooManyStreams

START = epoch_ms(NOW)


@pytest.fixture
def board(clock):
    return PriceBoard(store=MemoryStore(), cache=None, clock=clock)


@pytest.fixture
def tape(board):
    return PriceTape(board, encode=encode_tick, kept=5)


@pytest.fixture
def tick(board, tape, clock):
    async def tick(price, *, second, asset_id=BTC):
        clock.advance(seconds=max(0, second - (clock.now() - NOW).total_seconds()))
        await board.accept([quote(price, seconds=second, asset_id=asset_id)])
        tape.write()

    return tick


def events(text):
    found = []
    for block in text.decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        prices = {each["asset_id"]: each["price_usd"] for each in json.loads(fields["data"])["prices"]}
        found.append((int(fields["id"]) - START, fields["event"], prices))
    return found


async def read(reader):
    async with asyncio.timeout(1):
        return events(await reader.next())


async def test_a_new_reader_begins_with_all_prices(tape, tick):
    await tick(100, second=1)
    await tick(3, second=2, asset_id=ETH)
    assert await read(tape.reader(last_event_id=None)) == [(2000, "prices", {"BTC": 100, "ETH": 3})]


async def test_then_it_reads_each_change_once(tape, tick):
    await tick(100, second=1)
    reader = tape.reader(last_event_id=None)
    await read(reader)
    await tick(101, second=2)
    await tick(102, second=3)
    assert await read(reader) == [(2000, "prices", {"BTC": 101}), (3000, "prices", {"BTC": 102})]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await reader.next()


async def test_a_reader_resumes_where_it_was(tape, tick):
    for second in (1, 2, 3):
        await tick(100 + second, second=second)
    assert await read(tape.reader(last_event_id=START + 2000)) == [(3000, "prices", {"BTC": 103})]


async def test_a_reader_that_was_away_too_long_gets_all_prices(tape, tick):
    for second in range(1, 8):
        await tick(100 + second, second=second)
    assert await read(tape.reader(last_event_id=START + 1000)) == [(7000, "prices", {"BTC": 107})]
    assert len(await read(tape.reader(last_event_id=START + 2000))) == 5


async def test_what_came_before_this_process_counts_as_missed(tape, tick):
    await tick(100, second=10)
    await tick(101, second=11)
    assert await read(tape.reader(last_event_id=START + 5000)) == [(11_000, "prices", {"BTC": 101})]


@pytest.mark.parametrize("last_event_id", [0, START + 10**9, 10**15])
async def test_an_id_from_nowhere_begins_anew(tape, tick, last_event_id):
    await tick(100, second=1)
    assert await read(tape.reader(last_event_id=last_event_id)) == [(1000, "prices", {"BTC": 100})]


async def test_a_reader_that_a_faster_replica_has_served_waits_for_what_is_newer(tape, tick):
    await tick(100, second=1)
    reader = tape.reader(last_event_id=START + 2000)
    waiting = asyncio.create_task(reader.next())
    await asyncio.sleep(0)
    await tick(101, second=2)
    await asyncio.sleep(0)
    assert not waiting.done()
    await tick(102, second=3)
    assert events(await waiting) == [(3000, "prices", {"BTC": 102})]


async def test_a_read_that_is_cancelled_loses_nothing(tape, tick):
    await tick(100, second=1)
    reader = tape.reader(last_event_id=START + 1000)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await reader.next()
    await tick(101, second=2)
    assert await read(reader) == [(2000, "prices", {"BTC": 101})]


async def test_ids_grow_although_two_ticks_bear_the_same_time(tape, tick):
    await tick(100, second=1)
    await tick(3, second=1, asset_id=ETH)
    reader = tape.reader(last_event_id=START + 1000)
    assert await read(reader) == [(1001, "prices", {"ETH": 3})]


async def test_before_the_first_price_a_reader_waits(tape, board, tick):
    waiting = asyncio.create_task(tape.reader(last_event_id=None).next())
    await asyncio.sleep(0)
    await tick(100, second=1)
    assert len(events(await waiting)) == 1


async def test_the_tape_follows_the_board_by_itself(tape, board):
    async with background([tape.run]):
        await board.accept([quote(100, seconds=1)])
        assert await read(tape.reader(last_event_id=None)) == [(1000, "prices", {"BTC": 100})]


async def test_addresses_of_one_ipv6_network_share_what_one_address_may_open(tape):
    streams = Streams(limit=10, per_address=1)

    async def follow(address):
        context = RequestContext("request-1", address, "curl", via_gateway=True)
        return await stream_prices(None, tape, streams, context)

    await follow("2001:db8:0:1::1")
    with pytest.raises(TooManyStreams):
        await follow("2001:db8:0:1:ffff::2")
    await follow("2001:db8:0:2::1")
    await follow("203.0.113.1")
    await follow("203.0.113.2")
