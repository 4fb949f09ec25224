"""The first measurement: writes and reads through the gateway, beside an echo, the bare store and the client itself.

Run it with `./cnop bench smoke`. Everything runs on this machine in one go, so the ratios mean more than the rates.
"""

import argparse
import json
import secrets
import sys
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks import references
from benchmarks.load import Measurement, measure, request

from cnop_cli.errors import CommandError
from cnop_cli.platform_client import PlatformClient
from cnop_cli.stack import plan
from cnop_cli.stack.plan import Options
from cnop_cli.stack.ports import Ports, free_offset
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.trial import Trial, trial
from cnop_ledger import Bounds

FUNDS: Final = "5000.00"
HOT_CLIENTS: Final = 100
_ECHO_PATH: Final = "/api/v1/echo"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result; `reference` names the line that its rate is compared with."""

    name: str
    seen: Measurement
    reference: str | None = None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./cnop bench smoke", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each measurement lasts (default: 5)")
    parser.add_argument("--clients", type=int, default=64, help="connections at once, each another user (default: 64)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    args = parser.parse_args()
    with trial() as stack:
        lines = run(stack, clients=args.clients, seconds=args.seconds)
        stack.cnop("ledger", "verify")
    print(as_json(lines) if args.json else "\n".join([as_table(lines), *failures(lines)]))


def run(stack: Trial, *, clients: int, seconds: float) -> list[Line]:
    """Measure each thing in turn, with nothing else going on."""
    gateway = urlsplit(stack.known.settings["gateway_url"])
    host, port = str(gateway.hostname), int(gateway.port or 0)
    folder = stack.state.run
    tokens = [newcomer(stack.known.settings["gateway_url"]) for _ in range(clients)]
    order = cheapest_order(stack.known.settings["gateway_url"])
    offset = Ports.shifted(free_offset())

    def posts(path: str, body: dict[str, Any]) -> list[list[bytes]]:
        text = json.dumps(body).encode()
        return [[request(host=gateway.netloc, path=path, token=token, body=text)] for token in tokens]

    def reads(path: str) -> list[list[bytes]]:
        return [[request(host=gateway.netloc, path=path, token=token, method="GET")] for token in tokens]

    with references.server(references.NOTHING, offset.web, folder=folder):
        alone = measure(host=host, port=offset.web, scripts=posts("/", order), seconds=seconds)
    ports = (offset.user_service, offset.gateway, offset.page, offset.envoy_admin)
    with references.echo_behind_gateway(gateway_settings(stack), ports=ports, folder=folder) as door:
        echo = measure(host=host, port=door, scripts=posts(_ECHO_PATH, order), seconds=seconds)
    deposits = measure(
        host=host, port=port, scripts=posts("/api/v1/balance/deposit", {"amount": "0.01"}), seconds=seconds
    )
    text = json.dumps({"amount": "0.01"}).encode()
    deposit = [request(host=gateway.netloc, path="/api/v1/balance/deposit", token=tokens[0], body=text)]
    hot = measure(host=host, port=port, scripts=[deposit] * HOT_CLIENTS, seconds=seconds)
    orders = measure(host=host, port=port, scripts=posts("/api/v1/orders", order), seconds=seconds)
    assets = measure(host=host, port=port, scripts=reads("/api/v1/inventory/assets"), seconds=seconds)
    balances = measure(host=host, port=port, scripts=reads("/api/v1/balance"), seconds=seconds)
    store = references.store_transactions(folder=folder, clients=clients, seconds=seconds)
    single, grouped = (
        references.deposits_into_one_wallet(folder=folder, clients=HOT_CLIENTS, seconds=seconds, group_size=size)
        for size in (1, Bounds().group_size)
    )
    return [
        Line("the client by itself", alone),
        Line("FastAPI echo, same gateway", echo, "the client by itself"),
        Line(f"store, {references.ITEMS} items a transaction", store),
        Line("deposits", deposits, "FastAPI echo, same gateway"),
        Line("deposits into one wallet", hot, "FastAPI echo, same gateway"),
        Line("ledger, one wallet, one by one", single),
        Line("ledger, one wallet, in groups", grouped, "ledger, one wallet, one by one"),
        Line("market orders", orders, "FastAPI echo, same gateway"),
        Line("asset list", assets, "FastAPI echo, same gateway"),
        Line("own balance", balances, "FastAPI echo, same gateway"),
    ]


def gateway_settings(stack: Trial) -> dict[str, Any]:
    """Give the settings of the stack's own gateway."""
    options = Options(state=stack.state, ports=Ports(**stack.known.settings["ports"]))
    secret = SecretStore(stack.state.secrets).value("cnop_gateway_secret")
    return plan.gateway_settings(options, gateway_secret=secret)


def newcomer(gateway_url: str) -> str:
    """Register someone with funds; give their token."""
    client = PlatformClient.connect(gateway_url)
    username, password = f"bench_{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    client.post("/auth/register", {"username": username, "email": f"{username}@example.com", "password": password})
    client.token = str(client.post("/auth/login", {"username": username, "password": password})["access_token"])
    client.post("/balance/deposit", {"amount": FUNDS})
    return client.token


def cheapest_order(gateway_url: str) -> dict[str, Any]:
    """Give an order that costs a cent or a little more, so that funds last."""
    assets = PlatformClient.connect(gateway_url).get("/inventory/assets", limit=100)["data"]
    costs = []
    for asset in assets:
        if asset["is_active"] and asset["price_usd"]:
            price, least = Decimal(str(asset["price_usd"])), Decimal(str(asset["min_quantity"]))
            quantity = max(least, (Decimal("0.02") / price).quantize(Decimal("0.0001")))
            costs.append((quantity * price, asset["asset_id"], format(quantity, "f")))
    _, asset_id, quantity_text = min(costs)
    return {"order_type": "market_buy", "asset_id": asset_id, "quantity": quantity_text}


def as_table(lines: list[Line]) -> str:
    """Render the result for people."""
    by_name = {line.name: line.seen for line in lines}
    rows = [("", "a second", "p50 ms", "p99 ms", "failed", "ratio")]
    for line in lines:
        seen, reference = line.seen, by_name.get(line.reference or "")
        ratio = f"{seen.rate / reference.rate:.2f} of {line.reference}" if reference else ""
        figures = (f"{seen.rate:,.0f}", f"{seen.p50_ms:.1f}", f"{seen.p99_ms:.1f}", str(seen.failures), ratio)
        rows.append((line.name, *figures))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:5], widths[1:5], strict=True)),
                row[5],
            ]
        ).rstrip()
        for row in rows
    )


def failures(lines: list[Line]) -> list[str]:
    """Say which answers were no success, by status code (0: the connection was lost)."""
    return [
        f"{line.name}: {count} answers with status {status}"
        for line in lines
        for status, count in sorted(line.seen.statuses.items())
        if not 200 <= status < 300
    ]


def as_json(lines: list[Line]) -> str:
    """Render the result for programs."""
    return json.dumps({line.name: asdict(line.seen) | {"failures": line.seen.failures} for line in lines}, indent=2)


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(f"cnop: {error}")
