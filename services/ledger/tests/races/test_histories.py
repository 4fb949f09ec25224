"""Random histories of several processes, with repeated keys and lost answers: each must have an order that explains it.

Every acknowledged command has exactly one entry, every refusal was true at some moment between its question and its
answer, and what is stored satisfies every invariant.
"""

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from cnop_core.clock import FixedClock
from cnop_core.ids import OrderId, UserId
from cnop_ledger import (
    USD,
    Amount,
    Command,
    Decision,
    Idempotency,
    InsufficientFunds,
    KeyReused,
    Ledger,
    LedgerReader,
    OpenHolds,
    Outcome,
    Response,
    place_hold,
    release_hold,
    verify,
)
from cnop_ledger.application.runner import Bounds
from cnop_ledger.application.settlement import Patience
from cnop_ledger.testing import KEYS, ORIGIN, deposit_command, withdraw_command
from cnop_platform.store import Absent, Delete, Key, Put, StoreUnavailable, Version
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store
from cnop_platform.testing.stores import UnreliableStore

USER = UserId("usr_1")
UNHURRIED = Bounds(wait_seconds=120)


@dataclass(frozen=True)
class Step:
    process: int
    move: str
    amount: int
    key: str | None


STEPS = st.builds(
    Step,
    process=st.integers(0, 2),
    move=st.sampled_from(["deposit", "withdraw", "hold", "release"]),
    amount=st.integers(1, 5),
    key=st.none() | st.sampled_from("abc"),
)
HISTORIES = st.lists(st.lists(STEPS, min_size=1, max_size=12), min_size=1, max_size=6)


EXAMPLES = {"memory": 150, "sqlite": 30, "dynamodb": 10}
"""The rules are the same everywhere; a store of its own has its own way to settle a race, and takes its time."""


def test_every_history_has_an_order(adapter, store_url):
    @given(histories=HISTORIES, seed=st.integers(0, 2**32), faults=st.sampled_from([0, 0, 1, 4]))
    @settings(max_examples=EXAMPLES[adapter], deadline=None)
    def on_an_empty_store(histories, seed, faults):
        asyncio.run(run_on(store_url, histories, seed, faults))

    on_an_empty_store()


async def run_on(store_url, histories, seed, faults):
    store = await open_store(store_url) if store_url else MemoryStore()
    try:
        await run(store, histories, seed, faults)
    finally:
        async for item in store.scan():
            await store.transact([Delete(item.key)])
        await store.close()


async def run(store, batches, seed, faults):
    numbers = random.Random(seed)
    clock = FixedClock(datetime(2026, 1, 31, tzinfo=UTC))
    ledgers = [open_ledger(FaultyStore(store, numbers, faults), clock, numbers) for _ in range(3)]
    seen = Seen(store)
    for batch in batches:
        before = (await seen.reader.wallet(USER)).seq
        commands = [command_of(step, f"{step.move}:{step.amount}") for step in batch]
        calls = [ledgers[step.process].execute(command) for step, command in zip(batch, commands, strict=True)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        await seen.check(batch, outcomes, before)
        reports = [report async for report in verify(store, KEYS, clock=clock, open_orders=seen)]
        assert reports[-1].findings == []


def open_ledger(store, clock, numbers):
    patience = Patience(conflicts=200, outages=200)
    return Ledger(store, KEYS, clock=clock, entropy=numbers.randbytes, sleep=pause, patience=patience, bounds=UNHURRIED)


async def pause(seconds):
    await asyncio.sleep(0)


class Seen:
    """What the callers were told so far, and the checks on it."""

    def __init__(self, store):
        self.store = store
        self.reader = LedgerReader(store, KEYS)
        self.acknowledged = []

    async def check(self, batch, outcomes, before):
        entries = [entry async for entry in self.reader.entries(USER)]
        for step, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Outcome):
                self.acknowledge(outcome)
            else:
                self.check_refusal(step, outcome, entries, before)
        assert Counter(self.acknowledged) == Counter(entry.transaction_id for entry in entries)

    def acknowledge(self, outcome):
        if outcome.entry:
            self.acknowledged.append(outcome.entry.transaction_id)
            assert outcome.entry.transaction_id in outcome.response.body
        else:
            assert outcome.replayed or outcome.response.body == "nothing held"

    def check_refusal(self, step, refusal, entries, before):
        if isinstance(refusal, KeyReused):
            assert step.key
            return
        assert isinstance(refusal, InsufficientFunds)
        moments = [entry.after[USD] for entry in entries[max(before - 1, 0) :] if USD in entry.after]
        if before == 0:
            moments.append((0, 0))
        assert any(posted - held < step.amount for posted, held in moments)

    async def open_holds(self, user_id):
        """Answer for the orders; see `OpenOrders`."""
        held = [item.body["held"] for item in await self.orders() if item.body["held"]]
        return OpenHolds(len(held), {USD: sum(held)})

    async def orders(self):
        return (await self.store.query("ORDERS", limit=1000)).items


def command_of(step, request_hash):
    promise = Idempotency(step.move, step.key, request_hash) if step.key else None
    if step.move == "deposit":
        return deposit_command(USER, step.amount, key=step.key)
    if step.move == "withdraw":
        return withdraw_command(USER, step.amount, key=step.key)
    decide = hold(step.amount) if step.move == "hold" else release
    slots = tuple(Key("ORDERS", f"{number}") for number in range(4))
    return Command(USER, ORIGIN, decide, reads=slots, idempotency=promise)


def hold(amount):
    """Let an order rest in the first free slot of four; the last is always taken over."""

    def decide(seen):
        taken = {key.sk for key, item in seen.items.items() if item.body["held"]}
        slot = next((f"{number}" for number in range(4) if f"{number}" not in taken), None)
        if slot is None:
            return Decision(Response(200, "nothing held"))
        key = Key("ORDERS", slot)
        change = place_hold(seen.wallet, hold=Amount(USD, amount), order_id=OrderId(slot), stamp=seen.stamp)
        return Decision(Response(201, seen.transaction_id), change, (slot_write(seen, key, amount),))

    return decide


def release(seen):
    for key, item in seen.items.items():
        if item.body["held"]:
            held = Amount(USD, item.body["held"])
            change = release_hold(seen.wallet, held=held, order_id=OrderId(key.sk), stamp=seen.stamp)
            return Decision(Response(200, seen.transaction_id), change, (slot_write(seen, key, 0),))
    return Decision(Response(200, "nothing held"))


def slot_write(seen, key, held):
    item = seen.items.get(key)
    return Put(key, {"held": held}, Version(item.version) if item else Absent())


class FaultyStore(UnreliableStore):
    """Lets others run around each step; some transactions fail without effect, some take effect without an answer."""

    def __init__(self, store, numbers, faults):
        super().__init__(store)
        self._numbers = numbers
        self._faults = itertools.chain(range(faults), itertools.repeat(None))

    async def get(self, key):
        await self._let_others_run()
        return await super().get(key)

    async def get_many(self, keys):
        """Read item by item: a batch read is no snapshot."""
        found = {}
        for key in self._numbers.sample(keys, len(keys)):
            await self._let_others_run()
            found.update(await super().get_many([key]))
        return found

    async def transact(self, writes):
        await self._let_others_run()
        if self._numbers.random() < 0.3 and next(self._faults) is not None:
            if self._numbers.random() < 0.5:
                await super().transact(writes)
            raise StoreUnavailable("the test cut the connection")
        await super().transact(writes)
        await self._let_others_run()

    async def _let_others_run(self):
        for _ in range(self._numbers.randrange(3)):
            await asyncio.sleep(0)
