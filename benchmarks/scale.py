"""Whether a store that holds a million orders of 100,000 people answers as fast as an empty one.

Run it with `./cnop bench scale`. What people do most is measured through the gateway of one stack, before its store is
filled and after. The orders are real ones: they are placed by the order service's own parts, beside the running stack.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.inside import Inside, inside
from benchmarks.load import Measurement, measure, request
from benchmarks.smoke import cheapest_order, newcomer

from cnop_cli.errors import CommandError
from cnop_cli.stack.state import StateDir
from cnop_cli.trial import Trial, trial
from cnop_core.ids import AssetId, UserId
from cnop_ledger.testing import deposit_command
from cnop_orders.application.requests import OrderRequest
from cnop_orders.domain.order import OrderType

BUDGET: Final = 1.2
_FUNDS: Final = 1_000_00
_AT_ONCE: Final = 16
_PROCESSES: Final = 2
_PAUSE_SECONDS: Final = 0.05
"""Between an answer and a client's next call: latencies shall be those of the calls, not of a queue before them."""
_SETTLE_SECONDS: Final = 10.0
"""After filling, until what was written is on the disk and the machine at rest."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One kind of call before and after the store was filled, round by round."""

    name: str
    empty: Sequence[Measurement]
    full: Sequence[Measurement]

    @property
    def ratio(self) -> float:
        """How many times as long the middle one of the calls takes, by the median of the rounds."""
        before, after = (statistics.median(each.p50_ms for each in seen) for seen in (self.empty, self.full))
        return after / before


@dataclass(frozen=True, slots=True)
class Filling:
    """What the store was filled with, and the size of its file afterwards."""

    orders: int
    users: int
    seconds: float
    file_bytes: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./cnop bench scale", description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000, help="orders in the store (default: 1000000)")
    parser.add_argument("--users", type=int, default=100_000, help="whose they are (default: 100000)")
    parser.add_argument("--clients", type=int, default=8, help="people who call meanwhile (default: 8)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each measurement lasts (default: 5)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each kind (default: 5)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    args = parser.parse_args()
    with trial() as stack:
        calls = calls_of(stack, clients=args.clients)
        empty = look(stack, calls, rounds=args.rounds, seconds=args.seconds)
        filling = fill(stack, orders=args.orders, users=args.users)
        time.sleep(_SETTLE_SECONDS)
        full = look(stack, calls, rounds=args.rounds, seconds=args.seconds)
    pairs = [Pair(name, empty[name], full[name]) for name in calls]
    print(as_json(filling, pairs) if args.json else as_table(filling, pairs))


def calls_of(stack: Trial, *, clients: int) -> dict[str, list[list[bytes]]]:
    """Give what each client sends, for each kind of call."""
    url = str(stack.known.settings["gateway_url"])
    host, order = urlsplit(url).netloc, json.dumps(cheapest_order(url)).encode()
    tokens = [newcomer(url) for _ in range(clients)]

    def of_each(path: str, method: str = "GET", body: bytes = b"") -> list[list[bytes]]:
        return [[request(host=host, path=path, token=token, method=method, body=body)] for token in tokens]

    return {
        "market orders": of_each("/api/v1/orders", "POST", order),
        "own orders": of_each("/api/v1/orders?limit=20"),
        "own portfolio": of_each("/api/v1/portfolio"),
        "own balance": of_each("/api/v1/balance"),
    }


def look(
    stack: Trial, calls: dict[str, list[list[bytes]]], *, rounds: int, seconds: float
) -> dict[str, list[Measurement]]:
    """Measure each kind of call in turn, round after round."""
    gateway = urlsplit(str(stack.known.settings["gateway_url"]))
    where: dict[str, Any] = {"host": str(gateway.hostname), "port": int(gateway.port or 0)}
    seen: dict[str, list[Measurement]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, scripts in calls.items():
            seen[name].append(measure(**where, scripts=scripts, seconds=seconds, pause_seconds=_PAUSE_SECONDS))
    return seen


def fill(stack: Trial, *, orders: int, users: int) -> Filling:
    """Let people place orders, each as many, from a few processes beside the stack."""
    url, began = str(stack.known.settings["store"]), time.perf_counter()
    order = cheapest_order(str(stack.known.settings["gateway_url"]))
    shares = [range(first, users, _PROCESSES) for first in range(_PROCESSES)]
    with ProcessPoolExecutor(_PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = [pool.submit(_fill, stack.state.root, url, share, orders // users, order) for share in shares]
        placed = sum(each.result() for each in work)
    size = sum(file.stat().st_size for file in stack.state.root.rglob("*.db*"))
    return Filling(placed, users, time.perf_counter() - began, size)


def _fill(state: Path, store_url: str, numbers: Sequence[int], each: int, order: dict[str, Any]) -> int:
    return asyncio.run(_fill_share(state, store_url, numbers, each, order))


async def _fill_share(state: Path, store_url: str, numbers: Sequence[int], each: int, order: dict[str, Any]) -> int:
    wanted = OrderRequest(OrderType.MARKET_BUY, AssetId(str(order["asset_id"])), str(order["quantity"]))
    waiting = iter(numbers)
    async with inside(StateDir.at(state), store_url=store_url) as parts:
        prices = asyncio.create_task(parts.board.run())
        try:
            async with asyncio.TaskGroup() as group:
                people = [group.create_task(_trade(parts, waiting, each, wanted)) for _ in range(_AT_ONCE)]
        finally:
            prices.cancel()
    return sum(task.result() for task in people)


async def _trade(parts: Inside, waiting: Any, each: int, order: OrderRequest) -> int:
    """Give one person after the other funds, and place their orders at once; return how many were placed."""
    placed = 0
    for number in waiting:
        user_id = UserId(f"usr_{number:026}")
        await parts.ledger.execute(deposit_command(user_id, _FUNDS))
        await asyncio.gather(*(parts.place(user_id, order) for _ in range(each)))
        placed += each
    return placed


def as_table(filling: Filling, pairs: Sequence[Pair]) -> str:
    """Render the result for people: medians of the rounds."""
    size = filling.file_bytes / 2**30
    lines = [
        f"{filling.orders:,} orders of {filling.users:,} people in {filling.seconds:,.0f} s, {size:.1f} GiB",
        f"{'':16}  {'empty p50':>9}  {'full p50':>9}  {'ratio':>5}  {'empty p99':>9}  {'full p99':>9}  {'failed':>6}",
    ]
    for pair in pairs:
        (p50, p99), (full_p50, full_p99) = (
            (statistics.median(each.p50_ms for each in seen), statistics.median(each.p99_ms for each in seen))
            for seen in (pair.empty, pair.full)
        )
        failed = sum(each.failures for each in (*pair.empty, *pair.full))
        lines.append(
            f"{pair.name:16}  {p50:9.2f}  {full_p50:9.2f}  {pair.ratio:5.2f}  {p99:9.2f}  {full_p99:9.2f}  {failed:6}"
        )
    worst = max(pairs, key=lambda pair: pair.ratio)
    verdict = "within" if worst.ratio <= BUDGET else "OVER"
    lines.append(f"{worst.name}: {worst.ratio:.2f} times the empty store's, {verdict} the budget of {BUDGET}")
    return "\n".join(lines)


def as_json(filling: Filling, pairs: Sequence[Pair]) -> str:
    """Render the result for programs."""
    document: dict[str, Any] = {pair.name: asdict(pair) | {"p50_ratio": pair.ratio} for pair in pairs}
    return json.dumps(document | {"filling": asdict(filling)}, indent=2)


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(f"cnop: {error}")
