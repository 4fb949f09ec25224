"""Random load: what the clients of a customer ask for, drawn from a seeded die."""

import asyncio
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Final

import httpx

from cnop_cli.proof.customers import Customer
from cnop_cli.proof.doors import Traffic
from cnop_cli.proof.history import (
    READS,
    Action,
    Call,
    Cancel,
    Deposit,
    Place,
    ReadBalance,
    ReadHolding,
    ReadOrder,
    Replace,
    Withdraw,
)
from cnop_cli.proof.wallet_model import units

ASSETS: Final = ("BTC", "ETH")
_MOST_OPEN: Final = 6
_QUANTITIES: Final = {"BTC": (100_000, 400_000), "ETH": (1_000_000, 8_000_000)}
"""From and to, in units of 10^-8: some tens of dollars an order, so that funds and holdings run short now and then."""
_CASH: Final = (1, 40_000)
_DUPLICATE: Final = 0.15
_KEYLESS: Final = 0.1
_PATIENCE_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = (0.05, 0.6)
_PRICE_SECONDS: Final = 0.5
_WEIGHTS: Final = {
    "deposit": 4,
    "withdraw": 3,
    "market_buy": 4,
    "market_sell": 4,
    "limit": 5,
    "cancel": 2,
    "replace": 2,
    "read": 5,
}


@dataclass(slots=True)
class Prices:
    """The prices of the run, as anybody can see them: the latest to aim limits at, the highest to judge refusals by."""

    latest: dict[str, int] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)

    def note(self, asset_id: str, price: int) -> None:
        self.latest[asset_id] = price
        self.highest[asset_id] = max(price, self.highest.get(asset_id, 0))

    async def look(self, traffic: Traffic, inventory_url: str) -> None:
        """Read the prices once; while they cannot be read, the last ones stay."""
        for asset_id in ASSETS:
            try:
                response = await traffic.http.get(f"{inventory_url}/inventory/assets/{asset_id}")
                price = response.json()["data"]["price_usd"]
            except (httpx.HTTPError, ValueError, KeyError):
                price = None
            if price:
                self.note(asset_id, units(price))

    async def follow(self, traffic: Traffic, inventory_url: str) -> None:
        """Keep reading the prices until cancelled."""
        while True:
            await self.look(traffic, inventory_url)
            await asyncio.sleep(_PRICE_SECONDS)


@dataclass(slots=True)
class Client:
    """One of a customer's programs, which asks for one thing after the other."""

    customer: Customer
    prices: Prices
    dice: random.Random
    pause_seconds: float

    async def run(self, *, until: float) -> None:
        """Ask until the monotonic time `until`."""
        while time.monotonic() < until:
            await self.act(self.draw())
            await asyncio.sleep(self.dice.uniform(0, 2 * self.pause_seconds))

    def draw(self) -> Action:
        """Choose what to do next."""
        kind = self.dice.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
        orders = self.customer.open_orders
        if kind in {"deposit", "withdraw"}:
            cents = self.customer.new_amount(*_CASH)
            return Deposit(cents) if kind == "deposit" else Withdraw(cents)
        if kind in {"market_buy", "market_sell"}:
            return Place(kind, *self._quantity())
        if kind == "limit" and len(orders) < _MOST_OPEN:
            return self._limit()
        if kind == "replace" and orders:
            asset_id, quantity = self._quantity()
            return Replace(self.dice.choice(orders), quantity, self._price(asset_id))
        if kind in {"limit", "cancel"} and orders:
            return Cancel(self.dice.choice(orders))
        return self._read()

    def _quantity(self) -> tuple[str, int]:
        asset_id = self.dice.choice(ASSETS)
        return asset_id, self.dice.randint(*_QUANTITIES[asset_id])

    def _price(self, asset_id: str) -> int:
        """Draw a limit near the price, on either side, so that some orders fill at once, some soon, some never."""
        return self.prices.latest[asset_id] * self.dice.randint(99_900, 100_100) // 100_000

    def _limit(self) -> Place:
        asset_id, quantity = self._quantity()
        side = self.dice.choice(["limit_buy", "limit_sell"])
        time_in_force = self.dice.choice([None, "GTC", "IOC", "GTD"])
        # In whole milliseconds, as the API has them.
        ends = round(time.time() + self.dice.uniform(1, 5), 3) if time_in_force == "GTD" else None
        return Place(side, asset_id, quantity, self._price(asset_id), time_in_force, ends)

    def _read(self) -> Action:
        reads: list[Action] = [ReadBalance(), ReadHolding(self.dice.choice(ASSETS))]
        if self.customer.open_orders:
            reads.append(ReadOrder(self.dice.choice(self.customer.open_orders)))
        return self.dice.choice(reads)

    async def act(self, action: Action) -> None:
        """Ask as a careful client does: for what has an effect under a key, and again while nobody answers."""
        keyless = isinstance(action, READS) or (
            isinstance(action, Deposit | Withdraw) and self.dice.random() < _KEYLESS
        )
        if keyless:
            await self.customer.ask(action)
            return
        key = str(uuid.UUID(int=self.dice.getrandbits(128)))
        copies = 2 if self.dice.random() < _DUPLICATE else 1
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            calls = await asyncio.gather(*(self.customer.ask(action, key=key) for _ in range(copies)))
            if any(call.answer for call in calls):
                self._learn(calls)
                return
            await asyncio.sleep(self.dice.uniform(*_RETRY_SECONDS))

    def _learn(self, calls: list[Call]) -> None:
        for call in calls:
            placed = call.answer.body.get("data", {}) if call.answer and isinstance(call.action, Place) else {}
            if placed.get("executed_price"):
                self.prices.note(placed["asset_id"], units(placed["executed_price"]))
