"""What the tests speak with: the gateway as a client sees it, and people who have registered there."""

import os
import secrets
import ssl
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sensitive import remember

GATEWAY = os.environ.get("CNOP_BASE_URL", "http://localhost:8080").replace("//localhost", "//127.0.0.1")
PAGE = os.environ.get("CNOP_PAGE_URL", "http://localhost:3000")
USER_SERVICE = os.environ.get("CNOP_USER_URL", "http://localhost:8000")
INVENTORY_SERVICE = os.environ.get("CNOP_INVENTORY_URL", "http://localhost:8001")
ORDER_SERVICE = os.environ.get("CNOP_ORDER_URL", "http://localhost:8002")
SERVICES = {"user": USER_SERVICE, "inventory": INVENTORY_SERVICE, "order": ORDER_SERVICE}
API = f"{GATEWAY}/api/v1"
INSIDE_CA = os.environ.get("CNOP_INSIDE_CA")
CALLER_CERTIFICATE = os.environ.get("CNOP_CALLER_CERTIFICATE")
PROBLEM_MEMBERS = {"type", "title", "status", "detail", "code", "message", "error", "timestamp", "request_id"}


def client(base_url: str = API) -> httpx.Client:
    """Return a client with a bound on every wait; a service that wants a certificate is shown the gateway's."""
    inside = base_url.startswith("https:") and base_url in SERVICES.values()
    return httpx.Client(base_url=base_url, timeout=15, verify=caller() if inside else True)


def caller(certificate: str | None = CALLER_CERTIFICATE) -> ssl.SSLContext:
    """Return what a process shows to a service, and trusts, where there is mutual TLS."""
    context = ssl.create_default_context(cafile=INSIDE_CA)
    # A service's certificate has its name and not its address; whether that is checked is shown elsewhere.
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(certificate)
    return context


def stranger(base_url: str = API, *, address: str | None = None, timeout: float = 15) -> httpx.Client:
    """Return a client at a loopback address of its own, so that its failed sign-ins block nobody else."""
    transport = httpx.HTTPTransport(local_address=address or stranger_address())
    return httpx.Client(base_url=base_url, timeout=timeout, transport=transport)


def stranger_address() -> str:
    """Return a loopback address that nobody else uses.

    Linux owns the whole of 127.0.0.0/8; elsewhere tests that need it are skipped.
    """
    if sys.platform != "linux" or urlsplit(GATEWAY).hostname not in {"localhost", "127.0.0.1"}:
        pytest.skip("needs a second loopback address")
    return f"127.{secrets.randbelow(200) + 10}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"


@dataclass
class Person:
    """Someone who registered, and their token."""

    http: httpx.Client
    username: str
    email: str
    password: str
    user_id: str
    token: str = ""

    @classmethod
    def unregistered(cls, http: httpx.Client) -> "Person":
        """Invent somebody who has no account yet."""
        username = f"user_{secrets.token_hex(6)}"
        person = cls(http, username, f"{username}@example.com", secrets.token_urlsafe(18), user_id="")
        remember("password", person.password)
        remember("email address", person.email)
        return person

    @classmethod
    def register(cls, http: httpx.Client, **profile: Any) -> "Person":
        """Register a new person with a random name and log them in."""
        person = cls.unregistered(http)
        account = {"username": person.username, "email": person.email, "password": person.password}
        answer = http.post("/auth/register", json={**account, **profile})
        assert answer.status_code == 201, answer.text
        person.user_id = answer.json()["user_id"]
        person.log_in()
        return person

    def log_in(self) -> dict[str, Any]:
        """Log in again and use the new token from here on."""
        answer = self.http.post("/auth/login", json={"username": self.username, "password": self.password})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        remember("token", self.token, answer.json()["refresh_token"])
        return dict(answer.json())

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request as this person."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """Return the JSON of a successful GET."""
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: dict[str, Any], **options: Any) -> httpx.Response:
        """Send a POST as this person."""
        return self.call("POST", path, json=body, **options)

    def deposit(self, amount: str) -> None:
        """Put cash on the account."""
        answer = self.post("/balance/deposit", {"amount": amount})
        assert answer.status_code == 201, answer.text

    def buy(self, asset_id: str, quantity: str, **more: Any) -> httpx.Response:
        """Place a market buy."""
        return self.post("/orders", {"order_type": "market_buy", "asset_id": asset_id, "quantity": quantity, **more})

    def sell(self, asset_id: str, quantity: str, **more: Any) -> httpx.Response:
        """Place a market sell."""
        return self.post("/orders", {"order_type": "market_sell", "asset_id": asset_id, "quantity": quantity, **more})

    def cash(self) -> Decimal:
        """Return the current balance."""
        return Decimal(self.get("/balance")["current_balance"])


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is that problem document, and return it."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    document: dict[str, Any] = answer.json()
    assert document.keys() >= PROBLEM_MEMBERS, document
    assert (document["status"], document["code"]) == (status, code)
    return document
