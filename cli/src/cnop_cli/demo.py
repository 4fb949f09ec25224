"""A few people who use the platform, so that a first look at it is not empty."""

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from cnop_cli.platform_client import PlatformClient, Refused

PEOPLE: Final = (
    ("Ada", "Lovelace"),
    ("Grace", "Hopper"),
    ("Alan", "Turing"),
    ("Katherine", "Johnson"),
    ("Edsger", "Dijkstra"),
)
_PURCHASES: Final = 5
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who was registered: how to log in, and what they have now (USD)."""

    username: str
    password: str
    cash: str
    portfolio: str


def fill(gateway_url: str, *, chance: random.Random, ca: str | None = None) -> Iterator[Account]:
    """Register people with random passwords and let them trade; each run adds new ones.

    Raises:
        CommandError: the platform refused something or does not answer.
    """
    assets = PlatformClient.connect(gateway_url, ca=ca).get("/inventory/assets", limit=100)["data"]
    tradable = [asset for asset in assets if asset["is_active"] and asset["price_usd"]]
    for first_name, last_name in PEOPLE:
        yield _live(PlatformClient.connect(gateway_url, ca=ca), first_name, last_name, tradable, chance)


def _live(
    client: PlatformClient, first_name: str, last_name: str, assets: list[dict[str, Any]], chance: random.Random
) -> Account:
    username, password = f"{first_name.lower()}_{secrets.token_hex(3)}", secrets.token_urlsafe(15)
    person = {"username": username, "email": f"{username}@example.com", "password": password}
    client.post("/auth/register", {**person, "first_name": first_name, "last_name": last_name})
    client.token = client.post("/auth/login", {"username": username, "password": password})["access_token"]
    for _ in range(2):
        client.post("/balance/deposit", {"amount": str(chance.randrange(1500, 5000))})
    bought = [
        (asset, quantity)
        for asset in chance.sample(assets, k=min(_PURCHASES, len(assets)))
        if (quantity := _buy(client, asset, Decimal(chance.randrange(200, 600))))
    ]
    if bought:
        asset, quantity = bought[0]
        _order(client, "market_sell", asset, _fit(asset, quantity / 2))
    _rest(client, chance.choice(assets))
    client.post("/balance/withdraw", {"amount": "25.00"})
    portfolio = client.get("/portfolio")
    return Account(username, password, str(portfolio["usd_balance"]), str(portfolio["total_portfolio_value"]))


def _buy(client: PlatformClient, asset: dict[str, Any], dollars: Decimal) -> Decimal | None:
    quantity = _fit(asset, dollars / Decimal(str(asset["price_usd"])))
    return quantity if quantity and _order(client, "market_buy", asset, quantity) else None


def _rest(client: PlatformClient, asset: dict[str, Any]) -> None:
    """Place a limit order well below the market, so that there is an open one to look at."""
    price = (Decimal(str(asset["price_usd"])) * Decimal("0.9")).quantize(_CENT, rounding=ROUND_DOWN)
    quantity = _fit(asset, Decimal(150) / price) if price else None
    if quantity:
        _order(client, "limit_buy", asset, quantity, price=str(price))


def _order(
    client: PlatformClient, order_type: str, asset: dict[str, Any], quantity: Decimal | None, **more: str
) -> bool:
    if not quantity:
        return False
    body = {"order_type": order_type, "asset_id": asset["asset_id"], "quantity": format(quantity, "f"), **more}
    try:
        client.post("/orders", body)
    except Refused as refusal:
        if refusal.code in {"INSUFFICIENT_FUNDS", "ASSET_UNAVAILABLE"}:
            return False
        raise
    return True


def _fit(asset: dict[str, Any], quantity: Decimal) -> Decimal | None:
    """Cut a quantity to what may be ordered of an asset; None when it is too little."""
    fitted = min(quantity, Decimal(str(asset["max_quantity"]))).quantize(
        Decimal(1).scaleb(-int(asset["scale"])), rounding=ROUND_DOWN
    )
    return fitted if fitted >= Decimal(str(asset["min_quantity"])) else None
