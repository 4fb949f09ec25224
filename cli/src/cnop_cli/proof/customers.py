"""Customers of the experiment: each has a wallet, several clients that use it at the same time, and one history."""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Container, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cnop_cli.errors import CommandError
from cnop_cli.proof.doors import Door, Request, Traffic, Unknown, now, request_for
from cnop_cli.proof.history import Action, Answer, Call, Cancel, History, Place

PATIENCE_SECONDS: Final = 90.0
_TOKEN_SECONDS: Final = 600.0
_PAUSE_SECONDS: Final = 0.25


@dataclass(slots=True)
class Customer:
    """One person. Everything that is asked for in their name is recorded."""

    traffic: Traffic
    doors: Sequence[Door]
    dice: random.Random
    username: str = field(default_factory=lambda: f"proof_{secrets.token_hex(6)}")
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    history: History = field(default_factory=History)
    open_orders: list[str] = field(default_factory=list)
    """Orders that are believed to be open."""
    token: str = ""
    token_at: float = 0.0
    _amounts: set[int] = field(default_factory=set)
    _login: asyncio.Lock = field(default_factory=asyncio.Lock)

    def new_amount(self, least: int, most: int) -> int:
        """Draw an amount that this customer has never moved, so that it can be told from all others."""
        while (amount := self.dice.randint(least, most)) in self._amounts:
            most += 1
        self._amounts.add(amount)
        return amount

    async def register(self) -> None:
        """Make the account and sign in."""
        body = {"username": self.username, "email": f"{self.username}@example.com", "password": self.password}
        # A repetition after a lost answer finds the name taken, by oneself.
        await self._insist(Request("POST", "/auth/register", body), granted=frozenset({201, 409}))
        await self.sign_in()

    async def sign_in(self) -> None:
        """Get a token, unless the one at hand is young."""
        async with self._login:
            if time.monotonic() - self.token_at < _TOKEN_SECONDS and self.token:
                return
            body = {"username": self.username, "password": self.password}
            answer = await self._insist(Request("POST", "/auth/login", body))
            self.token, self.token_at = str(answer.body["access_token"]), time.monotonic()

    async def ask(self, action: Action, *, key: str | None = None, door: Door | None = None) -> Call:
        """Ask once, and record it."""
        await self.sign_in()
        door = door or self.dice.choice(self.doors)
        call = self.history.begin(action, at=now(), key=key, door=door.name)
        try:
            answer = await self.traffic.send(door, request_for(action, key=key), token=self.token, key=key)
        except Unknown:
            return call
        call.ended, call.ended_at, call.answer = now(), time.time(), answer
        self._learn(call, answer)
        return call

    def _learn(self, call: Call, answer: Answer) -> None:
        if answer.status == 401:
            self.token_at = 0.0
        placed = isinstance(call.action, Place) and answer.is_success and answer.body["data"]["status"] == "pending"
        if placed and answer.body["data"]["order_id"] not in self.open_orders:
            self.open_orders.append(answer.body["data"]["order_id"])
        if isinstance(call.action, Cancel) and call.action.order_id in self.open_orders:
            self.open_orders.remove(call.action.order_id)

    async def settle(self) -> None:
        """Repeat what was never answered under its key until it is: from then on there is no doubt about it.

        Raises:
            CommandError: the platform does not come back.
        """
        for call in self.history.doubtful():
            await self._until_definite(call.action, key=call.key)

    async def withdraw_orders(self) -> None:
        """Cancel whatever is still open, so that nothing changes any more.

        Raises:
            CommandError: the platform does not come back.
        """
        async for order in self.pages("/orders?status=pending&limit=100", "data"):
            await self._until_definite(Cancel(order["order_id"]), key=None)

    async def _until_definite(self, action: Action, *, key: str | None) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (call := await self.ask(action, key=key)).answer is None or _come_back(call.answer):
            if time.monotonic() > deadline:
                raise CommandError(f"no answer within {PATIENCE_SECONDS:.0f} s: {call}")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def pages(self, path: str, member: str) -> AsyncIterator[dict[str, Any]]:
        """Walk over all items of a list."""
        cursor = ""
        while True:
            await self.sign_in()
            answer = await self._insist(Request("GET", f"{path}{cursor}"))
            for item in answer.body[member]:
                yield item
            if not answer.body["has_more"]:
                return
            cursor = f"&cursor={answer.body['next_cursor']}"

    async def _insist(self, request: Request, *, granted: Container[int] = range(200, 300)) -> Answer:
        """Ask for something outside of the history until it is granted."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen = "no answer"
            try:
                answer = await self.traffic.send(self.doors[0], request, token=self.token or None)
                if answer.status in granted:
                    return answer
                seen = f"{answer.status} {answer.code}"
            except Unknown as error:
                seen = str(error)
            if time.monotonic() > deadline:
                raise CommandError(f"{request.method} {request.path} was not granted: {seen}")
            await asyncio.sleep(_PAUSE_SECONDS)


def _come_back(answer: Answer) -> bool:
    return answer.status in {401, 429} or answer.code == "PRICE_STALE"
