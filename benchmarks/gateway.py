"""The gateway beside nginx as a plain proxy: both in front of the same server, with the same client, in turn.

Run it with `./cnop bench gateway`. The gateway does all that it does for the platform: it verifies a token, checks
roles, counts two limits, buffers, sets headers, logs each request as JSON; nginx forwards and does nothing else. All
share this machine with client and server, so what counts is how many requests one second of the proxy's own CPU time is
good for: that tells what it sustains on a core. Each is measured several times, in turn, and the median taken.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
import psutil
from benchmarks import references
from benchmarks.load import Measurement, measure, request
from benchmarks.references import HOST
from cryptography.hazmat.primitives.asymmetric import ec

from cnop_cli.errors import CommandError
from cnop_cli.stack import envoy, plan
from cnop_cli.stack.plan import Options
from cnop_cli.stack.ports import Ports, free_offset
from cnop_cli.stack.state import StateDir, write_private

BUDGET: Final = 0.65
_SERVICE: Final = "order_service"
_PATH: Final = "/api/v1/orders"
_OPERATION: Final = {"permission": "orders:read", "roles": ["customer"], "rate_class": "read"}
_DOCUMENT: Final = {"paths": {"/orders": {"get": {"x-access": _OPERATION}}}}
_NGINX: Final = """
daemon off;
worker_processes 1;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx;
  proxy_temp_path {folder}/nginx;
  fastcgi_temp_path {folder}/nginx;
  uwsgi_temp_path {folder}/nginx;
  scgi_temp_path {folder}/nginx;
  upstream server {{ server {host}:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen {host}:{port};
    keepalive_requests 1000000000;
    location / {{ proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Door:
    """Something to ask: its port, the process whose CPU time counts, and what each client sends."""

    name: str
    port: int
    pid: int
    scripts: Sequence[Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Line:
    """What was seen at a door; `per_cpu_second` is requests for each second of its process's CPU time."""

    name: str
    seen: Measurement
    per_cpu_second: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./cnop bench gateway", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each measurement lasts (default: 3)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--clients", type=int, default=64, help="connections at once, each another user (default: 64)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cnop-bench-") as folder:
        lines = run(Path(folder), clients=args.clients, seconds=args.seconds, rounds=args.rounds)
    print(table(lines))
    print(f"\n{verdict(lines)}")


def run(folder: Path, *, clients: int, seconds: float, rounds: int) -> list[Line]:
    """Measure each door in turn, over and over; give the medians."""
    ports, key = Ports.shifted(free_offset()), ec.generate_private_key(ec.SECP256R1())
    plain = [[request(host="gateway", path=_PATH, method="GET")]] * clients
    signed = [[request(host="gateway", path=_PATH, method="GET", token=each)] for each in tokens(key, clients)]
    with ExitStack() as stack:
        stack.enter_context(references.server(references.NOTHING, ports.order_service, folder=folder))
        gateway = stack.enter_context(gateway_in_front(ports, key, folder))
        doors = [Door("the gateway", ports.gateway, gateway, signed)]
        nginx = shutil.which("nginx")
        if nginx:
            pid = stack.enter_context(nginx_in_front(nginx, ports, folder))
            doors.append(Door("nginx, a plain proxy", ports.page, pid, plain))
        time.sleep(0.5)
        seen = [[look(door, seconds) for door in doors] for _ in range(rounds)]
    return [median([each[number] for each in seen]) for number in range(len(doors))]


def look(door: Door, seconds: float) -> Line:
    """Measure one door once.

    Raises:
        CommandError: it refused something, so that its rate would mean nothing.
    """
    before = cpu_seconds(door.pid)
    seen = measure(host=HOST, port=door.port, scripts=door.scripts, seconds=seconds)
    if seen.failures:
        raise CommandError(f"{door.name} answered with {seen.statuses}")
    return Line(door.name, seen, sum(seen.statuses.values()) / max(cpu_seconds(door.pid) - before, 0.01))


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process and its children so far."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def median(lines: Sequence[Line]) -> Line:
    """Give the line in the middle, by what a CPU second was good for."""
    return sorted(lines, key=lambda line: line.per_cpu_second)[(len(lines) - 1) // 2]


def tokens(key: ec.EllipticCurvePrivateKey, count: int) -> Iterator[str]:
    """Sign an access token for each of so many users."""
    now = int(time.time())
    for number in range(count):
        claims = {
            "iss": plan.ISSUER,
            "aud": plan.AUDIENCE,
            "sub": f"usr_{number:026}",
            "sid": f"ses_{number:026}",
            "username": f"user_{number}",
            "roles": ["customer"],
            "amr": ["pwd"],
            "auth_time": now,
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": f"{number:032}",
        }
        yield jwt.encode(claims, key, "ES256", headers={"kid": "bench", "typ": "at+jwt"})


@contextmanager
def gateway_in_front(ports: Ports, key: ec.EllipticCurvePrivateKey, folder: Path) -> Iterator[int]:
    """Run a gateway with one worker in front of the order service's port; give its process id."""
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    keys = {"keys": [{**public, "kid": "bench", "alg": "ES256", "use": "sig"}]}
    options = Options(state=StateDir.at(folder), ports=ports)
    settings: dict[str, Any] = plan.gateway_settings(options, gateway_secret="s" * 40)
    settings |= {
        "page": {"host": HOST, "port": ports.web},
        "jwks_uri": None,
        "jwks_inline": json.dumps(keys),
        "log_path": str(folder / "access.log"),
    }
    rendered = envoy.render(settings, {_SERVICE: _DOCUMENT})
    configuration = folder / "envoy.json"
    write_private(configuration, rendered.configuration)
    command = envoy.command(program=rendered.program, configuration=configuration, workers=1)
    with references.process(command, ports.gateway, folder=folder) as pid:
        yield pid


@contextmanager
def nginx_in_front(program: str, ports: Ports, folder: Path) -> Iterator[int]:
    """Run nginx with one worker as a plain proxy on the page's port; give its process id."""
    configuration = folder / "nginx.conf"
    text = _NGINX.format(folder=folder, host=HOST, upstream=ports.order_service, port=ports.page)
    write_private(configuration, text)
    with references.process([program, "-c", str(configuration)], ports.page, folder=folder) as pid:
        yield pid


def table(lines: Sequence[Line]) -> str:
    """Render the result for people."""
    rows = [("", "a second", "a CPU second", "p50 ms", "p99 ms")]
    for line in lines:
        seen = line.seen
        figures = (f"{seen.rate:,.0f}", f"{line.per_cpu_second:,.0f}", f"{seen.p50_ms:.1f}", f"{seen.p99_ms:.1f}")
        rows.append((line.name, *figures))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )


def verdict(lines: Sequence[Line]) -> str:
    """Say how the gateway compares, or why nothing can be said."""
    if len(lines) == 1:
        return "There is no nginx here to compare with; on Debian it comes with `apt-get install nginx`."
    gateway, nginx = lines
    ratio = gateway.per_cpu_second / nginx.per_cpu_second
    return f"The gateway does {ratio:.2f} of what nginx does as a plain proxy (budget: {BUDGET})."


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(f"cnop: {error}")
