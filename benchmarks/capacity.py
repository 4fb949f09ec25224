"""What orders cost in DynamoDB: items, read units and write units of each command, and dollars for a million of them.

Run it with `./cnop bench capacity`. The real use cases run on a store in memory that counts, by the rules that AWS
documents: each item of a transaction is rounded up by itself, and what is not there costs a read too. DynamoDB Local is
no judge of this: it reports fewer units for a transaction of several items, and none for what it does not find.
"""

import argparse
import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from cnop_core.clock import Clock
from cnop_core.ids import AssetId, OrderId, UserId
from cnop_core.money import PRICE_SCALE, PriceUnits, parse_units
from cnop_ledger import Ledger, LedgerReader, Outcome
from cnop_ledger.testing import KEYS, ORIGIN, deposit_command
from cnop_orders.application.changes import NewTerms
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.requests import OrderRequest
from cnop_orders.application.trading import Caller, Promise, Trading
from cnop_orders.domain.order import OrderType, TimeInForce
from cnop_orders.domain.terms import Terms
from cnop_platform.cache import connect
from cnop_platform.catalogue import Asset, Catalogue, asset_put
from cnop_platform.prices import PriceBoard, Quote
from cnop_platform.store import Anything, Item, Key, Put, Write
from cnop_platform.store.capacity import write_units
from cnop_platform.store.limits import item_bytes
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import SystemClock, entropy

WRITE_DOLLARS: Final = Decimal("0.625")
READ_DOLLARS: Final = Decimal("0.125")
"""On-demand prices of a million request units, standard table class, us-east-1 (aws.amazon.com/dynamodb/pricing)."""
USER: Final = UserId("usr_01JAAAAAAAAAAAAAAAAAAAAAAA")
BITCOIN: Final = AssetId("BTC")
_READ_UNIT_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost. `items` are those written."""

    command: str
    items: int
    writes: int
    reads: int

    def dollars(self, *, write_dollars: Decimal, read_dollars: Decimal) -> Decimal:
        """Give what a million such commands cost."""
        return self.writes * write_dollars + self.reads * read_dollars


class CountingStore(MemoryStore):
    """A store that counts the items that are written, and the units that reads and writes cost."""

    def __init__(self) -> None:
        super().__init__()
        self.items = self.writes = self.reads = 0

    async def transact(self, writes: Sequence[Write]) -> None:
        """See `Store.transact`."""
        await super().transact(writes)
        self.items += sum(isinstance(write, Put) for write in writes)
        self.writes += write_units(writes)

    async def get(self, key: Key) -> Item | None:
        """See `Store.get`."""
        item = await super().get(key)
        self._count_read(item)
        return item

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See `Store.get_many`."""
        found = await super().get_many(keys)
        for key in keys:
            self._count_read(found.get(key))
        return found

    def _count_read(self, item: Item | None) -> None:
        """Count a strongly consistent read: one unit for each 4 KB begun, and one for what is not there."""
        size = item_bytes(Put(item.key, item.body, expires_at=item.expires_at, index=item.index)) if item else 1
        self.reads += -(-size // _READ_UNIT_BYTES)


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases on a counting store."""

    store: CountingStore
    ledger: Ledger
    trading: Trading
    board: PriceBoard
    clock: Clock

    async def measure(self, command: str, work: Callable[[], Awaitable[object]]) -> Cost:
        """Do something and give what it cost."""
        store = self.store
        items, writes, reads = store.items, store.writes, store.reads
        await work()
        return Cost(command, store.items - items, store.writes - writes, store.reads - reads)

    async def price(self, dollars: str) -> None:
        """Let a price arrive."""
        await self.board.accept([Quote(BITCOIN, PriceUnits(parse_units(dollars, scale=PRICE_SCALE)), self.clock.now())])

    async def place(
        self, order_type: OrderType, *, key: bool = True, price: str | None = None, tif: TimeInForce | None = None
    ) -> Outcome:
        """Place an order of 0.01 BTC."""
        ends = self.clock.now() + timedelta(hours=1) if tif is TimeInForce.GTD else None
        request = OrderRequest(order_type, BITCOIN, "0.01", price=price, time_in_force=tif, expires_at=ends)
        promise = Promise(str(uuid.uuid4()), request.sent()) if key else None
        return await self.trading.place(Caller(USER, ORIGIN), request, promise)


async def open_desk(store: CountingStore) -> Desk:
    """Put the use cases together, with one asset, a price and a customer who has funds."""
    clock = SystemClock()
    ledger = Ledger(store, KEYS, clock=clock, entropy=entropy)
    catalogue = Catalogue(store=store, clock=clock)
    board = PriceBoard(store=store, cache=connect("unix:///nowhere"), clock=clock)
    trading = Trading(
        store=store,
        codec=OrderCodec(KEYS),
        ledger=ledger,
        reader=LedgerReader(store, KEYS),
        catalogue=catalogue,
        board=board,
        terms=Terms(),
        clock=clock,
        entropy=entropy,
        ring=lambda _user_id: None,
    )
    await store.transact([asset_put(_bitcoin(), condition=Anything())])
    await catalogue.refresh()
    desk = Desk(store, ledger, trading, board, clock)
    await desk.price("60000")
    await ledger.execute(deposit_command(USER, 100_000_00))
    return desk


def _bitcoin() -> Asset:
    return Asset(
        asset_id=BITCOIN,
        name="Bitcoin",
        symbol="BTC",
        description="",
        category="coin",
        image="",
        scale=8,
        min_quantity=10**5,
        max_quantity=10**11,
        is_active=True,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def measure_all() -> list[Cost]:
    """Measure each command once, in the middle of a customer's life rather than at its beginning."""
    desk = await open_desk(CountingStore())
    buy, sell, bid = OrderType.MARKET_BUY, OrderType.MARKET_SELL, OrderType.LIMIT_BUY
    await desk.place(buy)
    rested = _order_id(await desk.place(bid, price="50000"))
    caller, gtd = Caller(USER, ORIGIN), TimeInForce.GTD
    works: dict[str, Callable[[], Awaitable[object]]] = {
        "market buy": lambda: desk.place(buy),
        "market buy without a key": lambda: desk.place(buy, key=False),
        "market sell": lambda: desk.place(sell),
        "limit buy that fills at once": lambda: desk.place(bid, price="61000"),
        "limit buy that rests": lambda: desk.place(bid, price="50000"),
        "limit buy that rests until a date": lambda: desk.place(bid, price="50000", tif=gtd),
        "replacement of a price": lambda: desk.trading.replace(caller, rested, NewTerms("51000", None), None),
        "cancellation": lambda: desk.trading.cancel(caller, rested, None),
        "deposit": lambda: desk.ledger.execute(deposit_command(USER, 100, key=str(uuid.uuid4()))),
    }
    costs = [await desk.measure(command, work) for command, work in works.items()]
    await desk.ledger.close()
    return costs


def _order_id(outcome: Outcome) -> OrderId:
    return OrderId(outcome.response.body.partition('"order_id":"')[2].partition('"')[0])


def as_table(costs: Sequence[Cost], *, write_dollars: Decimal, read_dollars: Decimal) -> str:
    """Render the costs for people."""
    rows = [("", "items written", "write units", "read units", "$ a million")]
    for cost in costs:
        dollars = cost.dollars(write_dollars=write_dollars, read_dollars=read_dollars)
        rows.append((cost.command, str(cost.items), str(cost.writes), str(cost.reads), f"{dollars:.2f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./cnop bench capacity", description=__doc__)
    parser.add_argument("--write-dollars", type=Decimal, default=WRITE_DOLLARS, help="price of a million write units")
    parser.add_argument("--read-dollars", type=Decimal, default=READ_DOLLARS, help="price of a million read units")
    args = parser.parse_args()
    costs = asyncio.run(measure_all())
    print(as_table(costs, write_dollars=args.write_dollars, read_dollars=args.read_dollars))


if __name__ == "__main__":
    main()
