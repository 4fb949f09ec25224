"""The ways into the platform: through the gateway, or straight to one of several processes of a service."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from cnop_cli.proof.history import (
    Action,
    Answer,
    Cancel,
    Deposit,
    Place,
    ReadBalance,
    ReadHolding,
    ReadOrder,
    Replace,
    Withdraw,
)
from cnop_core.clock import from_epoch_ms, to_rfc3339
from cnop_core.money import format_cents, format_units

_SCALE: Final = 8
# Whoever gets one of these does not know what happened, unless the code says so.
_UNKNOWN: Final = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Door:
    """One way in; both addresses are without a trailing slash."""

    name: str
    users: str
    orders: str

    @classmethod
    def gateway(cls, url: str) -> "Door":
        return cls("gateway", f"{url}/api/v1", f"{url}/api/v1")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is sent; `path` starts with a slash."""

    method: str
    path: str
    body: dict[str, Any] | None = None

    @property
    def is_for_users(self) -> bool:
        return self.path.startswith(("/auth", "/balance"))


def request_for(action: Action, *, key: str | None) -> Request:  # noqa: PLR0911 - one for each action
    """Give the request that asks for an action. An order's key is its `client_order_id`, so that it can be found."""
    match action:
        case Deposit(cents=cents):
            return Request("POST", "/balance/deposit", {"amount": format_cents(cents)})
        case Withdraw(cents=cents):
            return Request("POST", "/balance/withdraw", {"amount": format_cents(cents)})
        case Place():
            return Request("POST", "/orders", _order(action, key))
        case Cancel(order_id=order_id):
            return Request("DELETE", f"/orders/{order_id}")
        case Replace(order_id=order_id, quantity=quantity, limit=limit):
            return Request("PATCH", f"/orders/{order_id}", {"quantity": _decimal(quantity), "price": _decimal(limit)})
        case ReadBalance():
            return Request("GET", "/balance")
        case ReadHolding(asset_id=asset_id):
            return Request("GET", f"/assets/{asset_id}/balance")
        case ReadOrder(order_id=order_id):
            return Request("GET", f"/orders/{order_id}")
    raise ValueError(f"nobody asks for {action}: the engine does it")


def _order(action: Place, key: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "order_type": action.order_type,
        "asset_id": action.asset_id,
        "quantity": _decimal(action.quantity),
        "client_order_id": key,
        "time_in_force": action.time_in_force,
        "price": _decimal(action.limit) if action.limit is not None else None,
        "expires_at": to_rfc3339(from_epoch_ms(int(action.expires_at * 1000))) if action.expires_at else None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _decimal(units: int) -> str:
    return format_units(units, scale=_SCALE)


@dataclass(slots=True)
class Traffic:
    """Sends requests, and counts how they were answered."""

    http: httpx.AsyncClient
    statuses: Counter[str] = field(default_factory=Counter)

    async def send(self, door: Door, request: Request, *, token: str | None = None, key: str | None = None) -> Answer:
        """Return the answer.

        Raises:
            Unknown: none came, or one that leaves open what happened.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key is not None and "client_order_id" not in (request.body or {}):
            headers["Idempotency-Key"] = key
        url = (door.users if request.is_for_users else door.orders) + request.path
        try:
            response = await self.http.request(request.method, url, json=request.body, headers=headers)
        except httpx.HTTPError as error:
            self.statuses[type(error).__name__] += 1
            raise Unknown(type(error).__name__) from error
        answer = answer_of(response.status_code, response.text)
        self.statuses[f"{answer.status} {answer.code}".strip()] += 1
        if answer.status in _UNKNOWN and answer.code != "PRICE_STALE":
            raise Unknown(f"{answer.status} {answer.code}")
        return answer


class Unknown(Exception):
    """Nobody knows whether the request had its effect."""


def answer_of(status: int, text: str) -> Answer:
    """Read an answer; what is no JSON object has an empty body."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    document = body if isinstance(body, dict) else {}
    return Answer(status, document, str(document.get("code", "")) if status >= 400 else "", text)


def now() -> float:
    """Give the monotonic time that histories are recorded in, in seconds."""
    return time.monotonic()
