"""Replaces the processes of the services while customers trade, as a new version is rolled out: nobody may notice.

The customers are strict: what is not answered with a success is a failure, and they never try again.
"""

import secrets
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import httpx

from cnop_cli.errors import CommandError
from cnop_cli.stack.plan import SERVICES
from cnop_cli.trial import Trial

CUSTOMERS: Final = 6
_SETTLING_SECONDS: Final = 1.0


@dataclass(slots=True)
class Customer:
    """Deposits, buys and looks, again and again, until told to stop; `seen` counts answers by request and status."""

    http: httpx.Client
    asset_id: str
    quantity: str
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)

    @classmethod
    def arrive(cls, gateway_url: str) -> "Customer":
        """Register, log in and bring money."""
        http = httpx.Client(base_url=f"{gateway_url}/api/v1", timeout=20)
        username, password = f"upgrade_{secrets.token_hex(5)}", secrets.token_urlsafe(18)
        person = {"username": username, "email": f"{username}@example.com", "password": password}
        http.post("/auth/register", json=person).raise_for_status()
        answer = http.post("/auth/login", json={"username": username, "password": password}).raise_for_status()
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        http.post("/balance/deposit", json={"amount": "5000.00"}).raise_for_status()
        assets = http.get("/inventory/assets", params={"limit": 100}).raise_for_status().json()["data"]
        cheapest = min((each for each in assets if each["price_usd"]), key=lambda each: Decimal(str(each["price_usd"])))
        return cls(http, cheapest["asset_id"], cheapest["min_quantity"])

    def trade(self, stop: threading.Event) -> None:
        """Send one request after the other."""
        order = {"order_type": "market_buy", "asset_id": self.asset_id, "quantity": self.quantity}
        while not stop.is_set():
            self._send("POST", "/balance/deposit", {"amount": "1.00"})
            self._send("POST", "/orders", order)
            self._send("GET", "/portfolio", None)
            self._send("GET", "/inventory/assets", None)

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> None:
        headers = {"Idempotency-Key": str(uuid.uuid4())} if body else {}
        try:
            status = self.http.request(method, path, json=body, headers=headers).status_code
        except httpx.HTTPError:
            status = 0
        self.seen[f"{method} {path}", status] += 1


def replace_under_load(stack: Trial) -> str:
    """Replace all processes of all services while customers trade; give a line with the figures.

    Raises:
        CommandError: a request failed, or a process did not come back.
    """
    customers = [Customer.arrive(stack.known.settings["gateway_url"]) for _ in range(CUSTOMERS)]
    stop = threading.Event()
    threads = [threading.Thread(target=customer.trade, args=(stop,), daemon=True) for customer in customers]
    for thread in threads:
        thread.start()
    try:
        for service in SERVICES:
            time.sleep(_SETTLING_SECONDS)
            stack.cnop("restart", service)
        time.sleep(_SETTLING_SECONDS)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return verdict(sum((customer.seen for customer in customers), Counter()))


def verdict(seen: Counter[tuple[str, int]]) -> str:
    """Sum up what the customers saw.

    Raises:
        CommandError: not every request succeeded; the text counts the others by request and status.
    """
    failed = {f"{request} → {status}": n for (request, status), n in sorted(seen.items()) if not 200 <= status < 300}
    if failed:
        counts = ", ".join(f"{what}: {count}" for what, count in failed.items())
        raise CommandError(f"requests failed while processes were replaced ({counts})")
    return f"{seen.total():,} requests while every process of {len(SERVICES)} services was replaced, none failed"
