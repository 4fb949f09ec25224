import asyncio
import json
from contextlib import contextmanager

import pytest
from exchange import ALICE, BOB

from cnop_orders.application import wallet_feed
from cnop_orders.application.wallet_feed import Subscriber, WalletFeeds


class WakeUps:
    """Wake-ups that the test gives."""

    def __init__(self):
        self.connected = True
        self.event = None

    @contextmanager
    def listening(self, user_id):
        self.event = asyncio.Event()
        yield self.event
        self.event = None


class Follower:
    """Reads a feed and takes its events apart."""

    def __init__(self, feed):
        self._feed = feed
        self._waiting = []

    async def next(self, seconds=5):
        while not self._waiting:
            async with asyncio.timeout(seconds):
                text = await self._feed.next()
            if text is None:
                return None
            self._waiting = [parse(block) for block in text.decode().split("\n\n") if block]
        return self._waiting.pop(0)


def parse(block):
    members = dict(line.split(": ", 1) for line in block.split("\n"))
    return int(members["id"]) if "id" in members else None, members["event"], json.loads(members["data"])


@pytest.fixture
def wake_ups():
    return WakeUps()


@pytest.fixture
def follow(exchange, wake_ups):
    feeds = WalletFeeds(
        reader=exchange.reader,
        orders=exchange.parts.orders,
        wake_ups=wake_ups,
        sessions=exchange.sessions,
        clock=exchange.clock,
    )

    @contextmanager
    def follow(after_seq=None, user_id=ALICE):
        expires_at = int(exchange.clock.now().timestamp()) + 900
        with feeds.open(Subscriber(user_id, "ses_1", expires_at), after_seq=after_seq) as feed:
            yield Follower(feed)

    return follow


async def test_a_feed_begins_now_and_brings_each_change(exchange, follow, wake_ups):
    await exchange.fund(ALICE, 10_000)
    with follow() as follower:
        assert await follower.next() == (1, "ready", {"seq": 1})
        order = (await exchange.place(quantity="0.1")).json()["data"]
        wake_ups.event.set()
        seq, name, change = await follower.next()
        assert (seq, name, change["kind"], change["order"]) == (2, "change", "buy", order)
        assert change["balances"] == [
            {"asset_id": "BTC", "quantity": "0.10000000", "available": "0.10000000", "held": "0.00000000"},
            {"asset_id": "USD", "quantity": "5000.00", "available": "5000.00", "held": "0.00"},
        ]


async def test_a_feed_resumes_after_the_last_event_without_gap_or_repetition(exchange, follow):
    for _ in range(4):
        await exchange.fund(ALICE, 1)
    with follow(after_seq=1) as follower:
        assert (await follower.next())[:2] == (1, "ready")
        assert [(await follower.next())[0] for _ in range(3)] == [2, 3, 4]


async def test_what_comes_in_many_chunks_is_complete(exchange, follow, monkeypatch):
    monkeypatch.setattr(wallet_feed, "_CHUNK", 2)
    for _ in range(7):
        await exchange.fund(ALICE, 1)
    with follow(after_seq=0) as follower:
        await follower.next()
        assert [(await follower.next(1))[0] for _ in range(7)] == list(range(1, 8))


@pytest.mark.parametrize("after_seq", [0, 99])
async def test_who_missed_too_much_or_claims_the_future_starts_over(exchange, follow, monkeypatch, after_seq):
    monkeypatch.setattr(wallet_feed, "MAX_REPLAY", 3)
    for _ in range(5):
        await exchange.fund(ALICE, 1)
    with follow(after_seq=after_seq) as follower:
        assert await follower.next() == (5, "reset", {"seq": 5})


async def test_without_wake_ups_the_wallet_is_looked_at_anyway(exchange, follow, wake_ups):
    wake_ups.connected = False
    with follow() as follower:
        await follower.next()
        waiting = asyncio.create_task(follower.next())
        while not waiting.done() and (await exchange.wallet(ALICE)).seq == 0:
            await asyncio.sleep(0)
            await exchange.fund(ALICE, 1)
        assert (await waiting)[0] == 1


async def test_cancelling_the_wait_loses_nothing(exchange, follow, wake_ups):
    with follow() as follower:
        await follower.next()
        waiting = asyncio.create_task(follower.next())
        await asyncio.sleep(0)
        await exchange.fund(ALICE, 1)
        wake_ups.event.set()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await follower.next())[0] == 1


async def test_a_feed_ends_with_its_token(exchange, follow):
    with follow() as follower:
        await follower.next()
        exchange.clock.advance(seconds=901)
        assert await follower.next() == (None, "end", {"reason": "token_expired"})
        assert await follower.next() is None


async def test_a_feed_ends_at_once_with_its_session(exchange, follow):
    with follow() as follower:
        await follower.next()
        waiting = asyncio.create_task(follower.next())
        await asyncio.sleep(0)
        exchange.sessions.ended.add("ses_1")
        assert await waiting == (None, "end", {"reason": "session_ended"})


async def test_nobody_sees_another_persons_changes(exchange, follow, wake_ups):
    with follow(user_id=BOB) as follower:
        await follower.next()
        await exchange.fund(ALICE, 1)
        wake_ups.event.set()
        with pytest.raises(TimeoutError):
            await follower.next(0.2)
