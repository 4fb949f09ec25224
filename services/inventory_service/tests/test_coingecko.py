import asyncio
import json
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from samples import BTC, ETH

from cnop_core.clock import from_rfc3339
from cnop_core.ids import AssetId
from cnop_inventory.adapters.coingecko import COIN_IDS, CoinGeckoSource
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS

BITCOIN = """{"id":"bitcoin","symbol":"btc","name":"Bitcoin","image":"https://assets.example/bitcoin.png",
"current_price":43210.123456789012,"market_cap":846123456789.12,"market_cap_rank":1,
"fully_diluted_valuation":907654321987,"total_volume":21987654321.5,"high_24h":43999,"low_24h":41500.5,
"price_change_24h":-523.6328486847997,"price_change_percentage_24h":-1.19654,"market_cap_change_24h":-1.0,
"market_cap_change_percentage_24h":-0.80093,"circulating_supply":19581250.0,"total_supply":21000000.0,
"max_supply":21000000.0,"ath":126080,"ath_change_percentage":-65.7,"ath_date":"2025-10-06T18:57:42.558Z","atl":67.81,
"atl_change_percentage":63612.1,"atl_date":"2013-07-06T00:00:00.000Z","roi":null,
"last_updated":"2026-01-31T12:00:03.123Z","price_change_percentage_30d_in_currency":4.25,
"price_change_percentage_7d_in_currency":-2.5}"""
PEPPER = """{"id":"ethereum","current_price":1.2345e-5,"last_updated":"2026-01-31T12:00:00.000Z","market_cap":null}"""


class Api:
    """A small HTTP server on a Unix socket that answers as told, once each; the last answer stays."""

    def __init__(self, path):
        self.path = str(path)
        self.answers = [(200, f"[{BITCOIN}]", {})]
        self.requests = []

    async def handle(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *headers = head.strip().split("\r\n")
        self.requests.append((line.split()[1], dict(each.lower().split(": ", 1) for each in headers)))
        status, body, extra = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        data = body.encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        await writer.drain()
        writer.close()


@pytest.fixture
async def api(tmp_path):
    api = Api(tmp_path / "api")
    server = await asyncio.start_unix_server(api.handle, api.path)
    yield api
    server.close()
    await server.wait_closed()


class Feed:
    def __init__(self):
        self.batches = []
        self.pauses = []

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0.01)

    @property
    def observed(self):
        return [each for batch in self.batches for each in batch]


@asynccontextmanager
async def polling(api, *assets, **settings):
    feed = Feed()

    async def traded():
        return assets

    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=api.path)) as client:
        url = settings.pop("url", "http://coingecko.test/api/v3")
        source = CoinGeckoSource(client=client, poll_seconds=60, url=url, sleep=feed.sleep, **settings)
        work = asyncio.create_task(source.run(traded, feed.batches.append))
        try:
            yield feed
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def first_batch(api, *assets, **settings):
    async with polling(api, *assets, **settings) as feed:
        await until(lambda: feed.batches)
    return feed.batches[0]


async def test_an_answer_becomes_an_exact_quote_with_all_figures(api):
    [found] = await first_batch(api, BTC)
    assert (found.quote.asset_id, found.quote.price) == (BTC, 4_321_012_345_679)
    assert found.quote.as_of == from_rfc3339("2026-01-31T12:00:03.123Z")
    assert found.figures == {
        "market_cap": "846123456789.12",
        "market_cap_rank": "1",
        "total_volume_24h": "21987654321.5",
        "price_change_24h": "-523.6328486847997",
        "price_change_percentage_24h": "-1.19654",
        "price_change_percentage_7d": "-2.5",
        "price_change_percentage_30d": "4.25",
        "high_24h": "43999",
        "low_24h": "41500.5",
        "circulating_supply": "19581250.0",
        "total_supply": "21000000.0",
        "max_supply": "21000000.0",
        "ath": "126080",
        "ath_change_percentage": "-65.7",
        "ath_date": "2025-10-06T18:57:42.558Z",
        "atl": "67.81",
        "atl_change_percentage": "63612.1",
        "atl_date": "2013-07-06T00:00:00.000Z",
    }


async def test_small_prices_in_scientific_notation_keep_their_digits(api):
    api.answers = [(200, f"[{PEPPER}]", {})]
    [found] = await first_batch(api, ETH)
    assert (found.quote.price, found.figures) == (1_234, {})


async def test_only_known_assets_are_asked_for(api):
    await first_batch(api, BTC, ETH, AssetId("NOPE"), AssetId("SHIB"), coin_ids={**COIN_IDS, "SHIB": "shiba-inu"})
    query = parse_qs(urlsplit(api.requests[0][0]).query)
    assert query["ids"] == ["bitcoin,ethereum,shiba-inu"]
    assert query["vs_currency"] == ["usd"]


async def test_without_a_known_asset_nothing_is_asked(api):
    async with polling(api, AssetId("NOPE")) as feed:
        await until(lambda: len(feed.batches) >= 2)
    assert (api.requests, feed.observed) == ([], [])


def test_every_default_asset_has_an_id():
    assert set(COIN_IDS) == {draft.asset_id for draft in DEFAULT_ASSETS}


@pytest.mark.parametrize(
    ("url", "header"),
    [("http://pro-api.coingecko.test/api/v3", "x-cg-pro-api-key"), ("http://api.test/v3/", "x-cg-demo-api-key")],
)
async def test_the_key_goes_into_the_header_of_its_plan(api, url, header):
    await first_batch(api, BTC, url=url, key="CG-key")
    assert api.requests[0][1][header] == "cg-key"


async def test_between_answers_the_pace_is_steady(api):
    async with polling(api, BTC) as feed:
        await until(lambda: len(feed.pauses) >= 3)
    assert set(feed.pauses) == {60}


async def test_a_limit_is_respected_for_as_long_as_it_asks(api):
    api.answers = [(429, "{}", {"Retry-After": "90"}), (200, f"[{BITCOIN}]", {})]
    async with polling(api, BTC) as feed:
        await until(lambda: feed.observed)
        await until(lambda: len(feed.pauses) >= 2)
    assert feed.pauses[:2] == [90, 60]


@pytest.mark.parametrize("retry_after", ["999999", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"])
async def test_no_answer_makes_the_pause_endless(api, retry_after):
    api.answers = [(503, "", {"Retry-After": retry_after})]
    async with polling(api, BTC) as feed:
        await until(lambda: len(feed.pauses) >= 12)
    assert max(feed.pauses) <= 600


@pytest.mark.parametrize(
    "answer", ["", "{}", "null", "[1,2]", '[{"id":"bitcoin"}]', '[{"id":["bitcoin"]}]', "[" * 100_000, "x" * 2_100_000]
)
async def test_an_answer_that_makes_no_sense_gives_no_price_and_is_followed_by_the_next(api, answer):
    api.answers = [(200, answer, {}), (200, f"[{BITCOIN}]", {})]
    async with polling(api, BTC) as feed:
        await until(lambda: feed.observed)
    assert len(feed.observed) >= 1


async def test_one_malformed_coin_spoils_no_other(api):
    broken = json.dumps({**json.loads(BITCOIN), "id": "ethereum", "current_price": None})
    api.answers = [(200, f"[{broken},{BITCOIN}]", {})]
    assert [each.quote.asset_id for each in await first_batch(api, BTC, ETH)] == [BTC]


async def test_a_provider_that_is_away_is_tried_again_with_growing_pauses(api, tmp_path):
    api.path = str(tmp_path / "nobody-listens")
    async with polling(api, BTC) as feed:
        await until(lambda: len(feed.pauses) >= 10)
    assert feed.pauses[0] <= 5
    assert 300 <= feed.pauses[9] <= 600
