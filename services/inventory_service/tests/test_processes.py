"""The service and the feed as the processes that they are, with a real Valkey and a real store."""

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx
import pytest

from cnop_inventory.__main__ import main
from cnop_inventory.domain.backfill import DEPTH_SECONDS
from cnop_inventory.domain.candles import Interval
from cnop_platform.prices import SNAPSHOT_KEY, decode_quotes
from cnop_platform.store.open import sqlite_url
from cnop_platform.store.sqlite import SqliteStore

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(120)]

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Platform:
    def __init__(self, folder, valkey_server):
        self.port = free_port()
        self.valkey = valkey_server
        self.path = folder / "cnop.db"
        self.environment = {
            "PATH": os.environ["PATH"],
            "CNOP_ENVIRONMENT": "local",
            "CNOP_PORT": str(self.port),
            "CNOP_STORE": sqlite_url(self.path),
            "CNOP_VALKEY_URL": valkey_server.url,
            "CNOP_TOKEN_ISSUER": "https://issuer.test",
            "CNOP_TOKEN_AUDIENCE": "cnop-test",
            "CNOP_GATEWAY_SECRET": "g" * 40,
            "CNOP_AUDIT_KEY": KEY,
            "CNOP_FEED_LEASE_SECONDS": "2",
        }

    @asynccontextmanager
    async def process(self, *arguments):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cnop_inventory", *arguments, env=self.environment, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    @asynccontextmanager
    async def client(self):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=5) as client:
            yield client

    async def snapshot(self):
        store = SqliteStore.open(self.path)
        try:
            item = await store.get(SNAPSHOT_KEY)
            return {each.asset_id: each for each in decode_quotes(item.body["quotes"])} if item else {}
        finally:
            await store.close()


@pytest.fixture
def platform(tmp_path, valkey_server):
    return Platform(tmp_path, valkey_server)


async def eventually(attempt, *, seconds=40):
    """Try until the attempt gives something true."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if found := await attempt():
                    return found
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def stop(process):
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(8):
        return await process.wait()


async def read(client):
    response = await client.get("/inventory/assets/BTC")
    return response.json()["data"] if response.status_code == 200 else None


async def test_a_fresh_stack_shows_prices_and_a_history_streams_them_outlives_valkey_and_stops_cleanly(platform):
    async with platform.process() as api, platform.process("feed") as feed, platform.client() as client:
        await shows_live_prices_with_figures_and_history(client)
        await streams_a_tick_a_second_and_resumes(client)
        await keeps_prices_current_without_valkey(client, platform.valkey)
        assert await stop(feed) == 0
        await ends_streams_when_it_stops(client, api)


async def shows_live_prices_with_figures_and_history(client):
    async def complete():
        answer = await read(client)
        return answer and answer["price_change_percentage_30d"] is not None and answer

    asset = await eventually(complete)
    assert 30_000 <= asset["price_usd"] <= 90_000
    assert asset["low_24h"] < asset["high_24h"]
    history = (await client.get("/inventory/assets/BTC/prices?interval=1d")).json()
    assert history["source"] == "simulated"
    assert len(history["data"]) >= DEPTH_SECONDS[Interval.DAY] // 86_400


async def streams_a_tick_a_second_and_resumes(client):
    seen = await events(client, 3)
    assert all(each > earlier for earlier, each in pairwise(seen))
    assert await events(client, 2, last_event_id=seen[0]) == seen[1:]


async def keeps_prices_current_without_valkey(client, valkey):
    async def newer(than):
        answer = await read(client)
        return answer["last_updated"] > than and answer["last_updated"]

    valkey.kill()
    latest = (await read(client))["last_updated"]
    for _ in range(2):
        latest = await eventually(lambda latest=latest: newer(latest), seconds=12)
    assert (await client.get("/health")).json()["status"] == "degraded"
    await valkey.start()
    await eventually(lambda: newer(latest), seconds=12)


async def ends_streams_when_it_stops(client, api):
    async with client.stream("GET", "/inventory/stream") as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        stopping = asyncio.create_task(stop(api))
        async for _ in lines:
            pass
        assert await stopping in {0, -signal.SIGTERM}


async def events(client, count, *, last_event_id=None):
    headers = {"Last-Event-ID": str(last_event_id)} if last_event_id else {}
    found = []
    async with asyncio.timeout(20), client.stream("GET", "/inventory/stream", headers=headers) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("id: "):
                found.append(int(line.removeprefix("id: ")))
            if line.startswith("data: "):
                assert any(each["asset_id"] == "BTC" for each in json.loads(line.removeprefix("data: "))["prices"])
                if len(found) == count:
                    return found
    return found


async def test_a_second_feed_takes_over_from_one_that_was_killed_and_goes_on_from_its_prices(platform):
    async with platform.process("feed") as first:
        before = await eventually(platform.snapshot)
        async with platform.process("feed") as second:
            first.kill()

            async def taken_over():
                now = await platform.snapshot()
                return now["BTC"].as_of > before["BTC"].as_of and now

            after = await eventually(taken_over)
            assert abs(after["BTC"].price - before["BTC"].price) * 100 < before["BTC"].price
            assert await stop(second) == 0


@pytest.mark.parametrize(
    ("arguments", "change", "expected"),
    [
        (["feed"], {"CNOP_FEED": "crystal-ball"}, "CNOP_FEED"),
        (
            ["feed"],
            {"CNOP_ENVIRONMENT": "production", "CNOP_VALKEY_URL": "valkeys://feed:pw@127.0.0.1:6379/0"},
            "feed must be coinbase or coingecko in production",
        ),
        (["feed"], {"CNOP_AUDIT_KEY": ""}, "CNOP_AUDIT_KEY"),
        ([], {"CNOP_STREAM_LIMIT": "0"}, "CNOP_STREAM_LIMIT"),
        (["fed"], {}, "usage"),
    ],
)
def test_a_bad_start_is_one_line_that_names_what_is_wrong(platform, monkeypatch, arguments, change, expected):
    for name, value in {**platform.environment, **change}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert expected in str(raised.value)
    assert "\n" not in str(raised.value)
