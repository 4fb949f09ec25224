"""What a flood of sign-ins does to orders: their p99 with 200 sign-ins under way at any time, beside the p99 without.

Run it with `./cnop bench login-flood`. Checking a password costs some 60 ms of processor time on purpose, so it is the
cheapest way to keep a platform busy. The same is measured for an echo that has nothing to do with sign-ins, behind a
gateway of its own: what the flood costs the echo, the machine's two cores cost everybody.

A p99 moves from one moment to the next, so both are measured in turn, round after round, and a ratio is the median of
the rounds'.
"""

import argparse
import json
import multiprocessing
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks import references
from benchmarks.load import Measurement, measure, request
from benchmarks.smoke import cheapest_order, gateway_settings, newcomer

from cnop_cli.errors import CommandError
from cnop_cli.platform_client import PlatformClient
from cnop_cli.stack.ports import Ports, free_offset
from cnop_cli.trial import Trial, trial

PAUSE_SECONDS: Final = 0.1
"""Between an answer and a customer's next order: a busy shop, not a saturated one, whose p99 would be its queue's."""
RETRY_SECONDS: Final = 1.0
"""Between the answer to a sign-in and the same person's next."""
BUDGET: Final = 2.0
_WARM_SECONDS: Final = 3.0
_ECHO_PATH: Final = "/api/v1/echo"
_LOGIN_PATH: Final = "/api/v1/auth/login"
_ORDERS_PATH: Final = "/api/v1/orders"


@dataclass(frozen=True, slots=True)
class Target:
    """What is loaded: a door of this machine and a path behind it."""

    name: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The same load without and with the flood, round by round."""

    name: str
    idle: Sequence[Measurement]
    flooded: Sequence[Measurement]

    @property
    def ratios(self) -> list[float]:
        """How many times the idle p99 the p99 during the flood is, in each round."""
        return [flooded.p99_ms / idle.p99_ms for idle, flooded in zip(self.idle, self.flooded, strict=True)]

    @property
    def ratio(self) -> float:
        """The middle one of the rounds' ratios."""
        return statistics.median(self.ratios)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./cnop bench login-flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each measurement lasts (default: 6)")
    parser.add_argument("--rounds", type=int, default=5, help="how often all is measured in turn (default: 5)")
    parser.add_argument("--clients", type=int, default=16, help="customers who order at once (default: 16)")
    parser.add_argument("--logins", type=int, default=200, help="sign-ins under way at any time (default: 200)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    args = parser.parse_args()
    with trial() as stack:
        pairs, floods = run(stack, clients=args.clients, logins=args.logins, seconds=args.seconds, rounds=args.rounds)
    print(as_json(pairs, floods) if args.json else as_table(pairs, floods))


def run(
    stack: Trial, *, clients: int, logins: int, seconds: float, rounds: int
) -> tuple[list[Pair], list[Measurement]]:
    """Measure echo and orders with nothing else going on, then both again during the flood, and so on in turn."""
    url = stack.known.settings["gateway_url"]
    gateway = urlsplit(url)
    host, port = str(gateway.hostname), int(gateway.port or 0)
    tokens = [newcomer(url) for _ in range(clients)]
    order = json.dumps(cheapest_order(url)).encode()
    people = credentials(url, logins)
    offset = Ports.shifted(free_offset())

    def load(target: Target) -> Measurement:
        scripts = [[request(host=gateway.netloc, path=target.path, token=token, body=order)] for token in tokens]
        measure(host=host, port=target.port, scripts=scripts, seconds=1.0, pause_seconds=PAUSE_SECONDS)
        return measure(host=host, port=target.port, scripts=scripts, seconds=seconds, pause_seconds=PAUSE_SECONDS)

    ports = (offset.user_service, offset.gateway, offset.page, offset.envoy_admin)
    idle, flooded, floods = [], [], []
    with references.echo_behind_gateway(gateway_settings(stack), ports=ports, folder=stack.state.run) as echo:
        targets = (
            Target("FastAPI echo, its own gateway", echo, _ECHO_PATH),
            Target("market orders", port, _ORDERS_PATH),
        )
        for _ in range(rounds):
            idle.append([load(target) for target in targets])
            lasting = _WARM_SECONDS + len(targets) * (seconds + 2.0)
            with flooding(host, port, people, seconds=lasting) as result:
                flooded.append([load(target) for target in targets])
                floods.append(result())
    by_target = zip(targets, zip(*idle, strict=True), zip(*flooded, strict=True), strict=True)
    return [Pair(target.name, before, during) for target, before, during in by_target], floods


@contextmanager
def flooding(host: str, port: int, people: Sequence[bytes], *, seconds: float) -> Iterator[Callable[[], Measurement]]:
    """Sign everybody in over and over for some seconds, from a process of its own; give what waits for the result."""
    scripts = [[request(host=host, path=_LOGIN_PATH, body=body)] for body in people]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = pool.submit(
            measure,
            host=host,
            port=port,
            scripts=scripts,
            seconds=seconds,
            pause_seconds=RETRY_SECONDS,
            sources=sources(len(people)),
        )
        time.sleep(_WARM_SECONDS)
        yield work.result


def sources(count: int) -> list[str]:
    """Give as many loopback addresses, so that no limit of one address ends the flood; none where there is one only."""
    if sys.platform != "linux":
        return []
    return [f"127.100.{number // 200}.{number % 200 + 1}" for number in range(count)]


def credentials(url: str, count: int) -> list[bytes]:
    """Register people; give what each signs in with."""

    def person(_: int) -> bytes:
        client = PlatformClient.connect(url)
        login = {"username": f"flood_{secrets.token_hex(6)}", "password": secrets.token_urlsafe(18)}
        client.post("/auth/register", {**login, "email": f"{login['username']}@example.com"})
        return json.dumps(login).encode()

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(person, range(count)))


def as_table(pairs: Sequence[Pair], floods: Sequence[Measurement]) -> str:
    """Render the result for people: medians of the rounds."""
    lines = [f"{'':34}  {'a second':>8}  {'p50 ms':>7}  {'p99 ms':>7}  {'failed':>6}"]

    def line(name: str, seen: Sequence[Measurement], remark: str = "") -> None:
        rate, p50, p99 = (
            statistics.median(figures)
            for figures in zip(*((each.rate, each.p50_ms, each.p99_ms) for each in seen), strict=True)
        )
        figures = f"{rate:8,.0f}  {p50:7.1f}  {p99:7.1f}  {sum(each.failures for each in seen):6}"
        lines.append(f"{name:34}  {figures}  {remark}".rstrip())

    for pair in pairs:
        line(pair.name, pair.idle)
        spread = f"{min(pair.ratios):.2f}-{max(pair.ratios):.2f}"
        line("  during the flood", pair.flooded, f"p99 {pair.ratio:.2f} times idle ({spread})")
    statuses = sum((Counter(flood.statuses) for flood in floods), Counter[int]())
    answers = ", ".join(f"{count} x {status or 'no answer'}" for status, count in sorted(statuses.items()))
    line("the flood: sign-ins", floods, answers)
    orders, echo = pairs[-1].ratio, pairs[0].ratio
    verdict = "within" if orders <= BUDGET else "OVER"
    lines.append(f"orders: {orders:.2f} times idle, {verdict} the budget of {BUDGET:.0f}; the echo: {echo:.2f}")
    return "\n".join(lines)


def as_json(pairs: Sequence[Pair], floods: Sequence[Measurement]) -> str:
    """Render the result for programs."""
    document: dict[str, Any] = {pair.name: asdict(pair) | {"p99_ratio": pair.ratio} for pair in pairs}
    return json.dumps(document | {"floods": [asdict(flood) for flood in floods]}, indent=2)


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(f"cnop: {error}")
