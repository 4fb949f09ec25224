"""What a command costs in DynamoDB: a transactional write is two units for each item and started kilobyte."""

import asyncio

from cnop_core.ids import OrderId
from cnop_ledger import Ledger
from cnop_ledger.testing import KEYS, deposit_command, market_command
from cnop_platform.store.limits import item_bytes
from cnop_platform.store.memory import MemoryStore


class RecordingStore(MemoryStore):
    last = ()

    async def transact(self, writes):
        self.last = writes
        await super().transact(writes)

    def write_units(self):
        return sum(2 * -(-item_bytes(write) // 1024) for write in self.last)


async def test_a_market_order_is_4_items_and_8_write_units(clock, entropy, user):
    store = RecordingStore()
    ledger = Ledger(store, KEYS, clock=clock, entropy=entropy)
    await ledger.execute(deposit_command(user, 10_000_00))
    await ledger.execute(market_command(user, OrderId("ord_01JDDDDDDDDDDDDDDDDDDDDDDD"), key="k" * 255))
    assert (len(store.last), store.write_units()) == (4, 8)


async def test_a_deposit_is_3_items_and_6_write_units(clock, entropy, user):
    store = RecordingStore()
    await Ledger(store, KEYS, clock=clock, entropy=entropy).execute(deposit_command(user, 1, key="k"))
    assert (len(store.last), store.write_units()) == (3, 6)


async def test_30_orders_at_once_share_the_wallet(clock, entropy, user):
    """Grouped, an order is 3 items and 6 write units, and a thirtieth of the wallet."""
    store = RecordingStore()
    ledger = Ledger(store, KEYS, clock=clock, entropy=entropy)
    await ledger.execute(deposit_command(user, 10**9))
    commands = [market_command(user, OrderId(f"ord_{number}"), key=str(number)) for number in range(31)]
    await asyncio.gather(*map(ledger.execute, commands))
    assert (len(store.last), store.write_units()) == (91, 182)
