"""How long 10,000 open orders take to fill once their price is there, and what that does to everybody else's calls.

Run it with `./cnop bench engine`. The orders rest on one asset, each user having as many as one may have; one price
then crosses them all. Meanwhile other people place orders and read their balance through the gateway, as often as
before.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.inside import inside
from benchmarks.load import Measurement, measure, request
from benchmarks.smoke import cheapest_order, newcomer

from cnop_cli.errors import CommandError
from cnop_cli.platform_client import PlatformClient
from cnop_cli.trial import Trial, trial
from cnop_core.ids import AssetId, UserId
from cnop_core.money import PRICE_SCALE, PriceUnits, format_units, parse_units
from cnop_ledger.testing import deposit_command
from cnop_orders.application.requests import OrderRequest
from cnop_orders.domain.order import OrderType
from cnop_orders.domain.terms import Terms
from cnop_platform import strict_json
from cnop_platform.prices import PRICE_CHANNEL, Quote, encode_quotes
from cnop_platform.system import SystemClock

ASSET: Final = AssetId("AAVE")
QUANTITY: Final = "0.01"
EACH: Final = Terms().open_orders
FUNDS: Final = 10_000_00
_PAUSE_SECONDS: Final = 0.05
"""Between an answer and the next call of a client: they leave room when idle, so that what takes it away is seen."""
_LEAD_SECONDS: Final = 0.5
_AHEAD: Final = timedelta(seconds=4)
"""A price from the near future holds against the feed's own until then."""
_LONGEST_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen: seconds from the price to the last fill, and others' calls without it and meanwhile."""

    orders: int
    users: int
    seconds: float
    idle: Measurement
    meanwhile: Measurement


@dataclass(frozen=True, slots=True)
class Book:
    """The resting orders: whose they are, and the price that crosses them all."""

    users: tuple[UserId, ...]
    crossing: PriceUnits


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./cnop bench engine", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="open orders (default: 10000)")
    parser.add_argument("--clients", type=int, default=16, help="people who go on meanwhile (default: 16)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to measure without fills (default: 5)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    args = parser.parse_args()
    with trial() as stack:
        result = run(stack, users=-(-args.orders // EACH), clients=args.clients, seconds=args.seconds)
        stack.cnop("ledger", "verify")
    print(json.dumps(asdict(result), indent=2) if args.json else as_table(result))


def run(stack: Trial, *, users: int, clients: int, seconds: float) -> Result:
    """Let orders rest, measure the calls of others, and again from when the price crosses until all are filled."""
    gateway_url = str(stack.known.settings["gateway_url"])
    book = asyncio.run(_rest(stack, users))
    scripts = _calls(gateway_url, [newcomer(gateway_url) for _ in range(clients)])
    gateway = urlsplit(gateway_url)
    where: dict[str, Any] = {"host": str(gateway.hostname), "port": int(gateway.port or 0), "scripts": scripts}
    idle = measure(**where, seconds=seconds, pause_seconds=_PAUSE_SECONDS)
    all_filled, took = threading.Event(), list[float]()

    def cross() -> None:
        try:
            took.append(asyncio.run(_cross(stack, book)))
        finally:
            all_filled.set()

    crossing = threading.Thread(target=cross)
    crossing.start()
    meanwhile = measure(**where, seconds=_LONGEST_SECONDS, pause_seconds=_PAUSE_SECONDS, until=all_filled.is_set)
    crossing.join()
    if not took:
        raise CommandError(f"not all orders were filled within {_LONGEST_SECONDS:.0f} s")
    return Result(users * EACH, users, took[0], idle, meanwhile)


def as_table(result: Result) -> str:
    """Render the result for people."""
    idle, meanwhile = result.idle, result.meanwhile
    rows = [("calls of others", "a second", "p50 ms", "p99 ms", "failed")] + [
        (name, f"{seen.rate:,.0f}", f"{seen.p50_ms:.1f}", f"{seen.p99_ms:.1f}", str(seen.failures))
        for name, seen in (("idle", idle), ("while orders fill", meanwhile))
    ]
    rate = result.orders / result.seconds
    return "\n".join(
        [
            f"{result.orders:,} orders of {result.users} users filled in {result.seconds:.1f} s: {rate:,.0f} a second",
            *("  ".join([row[0].ljust(18), *(cell.rjust(9) for cell in row[1:])]) for row in rows),
            f"p99 while orders fill: {meanwhile.p99_ms / idle.p99_ms:.1f} times idle",
        ]
    )


async def _rest(stack: Trial, users: int) -> Book:
    """Place the orders as the order service does, at half of the price that the asset has."""
    shown = PlatformClient.connect(str(stack.known.settings["gateway_url"])).get(f"/inventory/assets/{ASSET}")
    price = parse_units(str(shown["data"]["price_usd"]), scale=PRICE_SCALE)
    wanted = OrderRequest(OrderType.LIMIT_BUY, ASSET, QUANTITY, price=format_units(price // 2, scale=PRICE_SCALE))
    people = tuple(UserId(f"usr_{number:026}") for number in range(users))
    async with inside(stack.state, store_url=str(stack.known.settings["store"])) as parts:
        for user_id in people:
            await parts.ledger.execute(deposit_command(user_id, FUNDS))
            await asyncio.gather(*(parts.place(user_id, wanted) for _ in range(EACH)))
    return Book(people, PriceUnits(price // 3))


def _calls(gateway_url: str, tokens: Sequence[str]) -> list[list[bytes]]:
    host, order = urlsplit(gateway_url).netloc, json.dumps(cheapest_order(gateway_url)).encode()
    return [
        [
            request(host=host, path="/api/v1/orders", token=token, body=order),
            request(host=host, path="/api/v1/balance", token=token, method="GET"),
        ]
        for token in tokens
    ]


async def _cross(stack: Trial, book: Book) -> float:
    """Publish the price that crosses, again until every order is filled; return the seconds that took."""
    left, store_url = list(book.users), str(stack.known.settings["store"])
    async with inside(stack.state, store_url=store_url, rights="price_feed") as parts:
        await asyncio.sleep(_LEAD_SECONDS)
        began = published_at = time.perf_counter()
        await _publish(parts.cache, book)
        async with asyncio.timeout(_LONGEST_SECONDS):
            while left:
                if not (await parts.reader.wallet(left[0])).open_orders:
                    left.pop(0)
                elif time.perf_counter() - published_at > 1:
                    published_at = time.perf_counter()
                    await _publish(parts.cache, book)
                else:
                    await asyncio.sleep(0.02)
        return time.perf_counter() - began


async def _publish(cache: Any, book: Book) -> None:
    quote = Quote(ASSET, book.crossing, SystemClock().now() + _AHEAD)
    await cache.publish(PRICE_CHANNEL, strict_json.dumps(encode_quotes([quote])))


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(f"cnop: {error}")
