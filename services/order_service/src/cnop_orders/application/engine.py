"""What happens to resting orders without their owners: they fill, they expire, or their asset is no longer traded.

Any number of engines may work at once. Each change of an order is a transaction on the order's version, so the first
one wins and the others find nothing left to do; the lease that keeps all but one idle only saves work.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cnop_core.clock import Clock, epoch_ms
from cnop_core.errors import CnopError
from cnop_core.ids import AssetId, Entropy, UserId, prefixed_id
from cnop_ledger import Command, CorruptItem, Decision, InvariantViolated, Ledger, Origin, Side, Snapshot
from cnop_orders.application import changes
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.keys import (
    expiry_partitions,
    noted_order,
    open_partition,
    order_key,
    owner_of,
    price_text,
    time_text,
)
from cnop_orders.application.placement import Market
from cnop_orders.application.trading import Ring
from cnop_orders.domain.terms import Terms
from cnop_platform.catalogue import Asset, Catalogue, asset_key
from cnop_platform.prices import PriceBoard
from cnop_platform.store import Delete, Item, Key, Store

ACTOR: Final = "order_engine"
_PAGE: Final = 1_000
_BATCH: Final = 5_000
"""So many orders are sorted by wallet before any is changed, since those of one wallet commit together."""
_WALLETS_AT_ONCE: Final = 16
"""How many wallets are worked on at the same time: enough to fill a group commit, few enough to leave the API room."""

Decide = Callable[[Key, Snapshot, OrderCodec], Decision]


@dataclass(slots=True)
class Tally:
    """What one pass did. `failed` counts, by error code, what is tried again in the next pass."""

    filled: int = 0
    expired: int = 0
    withdrawn: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    broken: dict[Key, Exception] = field(default_factory=dict)
    """Items that cannot be worked on as they are stored, and why: they are for people to look at, and left alone."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.filled or self.expired or self.withdrawn or self.failed)

    def fail(self, key: Key, error: Exception) -> None:
        """Count what kept the item at `key` from being worked on."""
        self.failed[error.stable_code if isinstance(error, CnopError) else CnopError.code] += 1
        if not isinstance(error, CnopError) or isinstance(error, InvariantViolated):
            self.broken[key] = error


class Engine:
    """Goes over the resting orders, one pass at a time."""

    def __init__(
        self,
        *,
        store: Store,
        codec: OrderCodec,
        ledger: Ledger,
        catalogue: Catalogue,
        board: PriceBoard,
        terms: Terms,
        clock: Clock,
        entropy: Entropy,
        ring: Ring,
    ) -> None:
        self._store = store
        self._codec = codec
        self._ledger = ledger
        self._catalogue = catalogue
        self._board = board
        self._terms = terms
        self._clock = clock
        self._entropy = entropy
        self._ring = ring

    async def work(self) -> Tally:
        """Do all that is due now. What fails is counted and left for the next pass. Raises `StoreUnavailable`."""
        tally = Tally()
        origin = Origin(ACTOR, "", prefixed_id("eng", now=self._clock.now(), entropy=self._entropy))
        await self._expire(tally, origin)
        for asset in (await self._catalogue.all()).values():
            if asset.is_active:
                await self._fill(asset, tally, origin)
            else:
                await self._withdraw(asset.asset_id, tally, origin)
        return tally

    async def _expire(self, tally: Tally, origin: Origin) -> None:
        until = f"{time_text(epoch_ms(self._clock.now()))}#~"
        for partition in expiry_partitions():
            async for notes in self._notes(partition, end=until):
                noted = _orders_of(notes, tally)
                done = await self._apply(noted.values(), changes.expire, tally, origin)
                tally.expired += len(done)
                await self._forget({note: key for note, key in noted.items() if key not in done}, tally)

    async def _forget(self, noted: Mapping[Key, Key], tally: Tally) -> None:
        """Remove the notes of orders that had ended before their time."""
        for note, key in noted.items():
            item = await self._store.get(key)
            try:
                is_over = item is None or not self._codec.read(item).is_open
            except CorruptItem as error:
                tally.broken[key] = error
                continue
            if is_over:
                await self._store.transact([Delete(note)])

    async def _fill(self, asset: Asset, tally: Tally, origin: Origin) -> None:
        def decide(key: Key, snapshot: Snapshot, codec: OrderCodec) -> Decision:
            return changes.fill_resting(key, snapshot, codec, market=self._market(asset))

        price = self._market(asset).price(self._clock.now())
        if price is None:
            return
        buys = self._open(asset.asset_id, Side.BUY, start=price_text(price), forward=False)
        sells = self._open(asset.asset_id, Side.SELL, end=f"{price_text(price)}#~")
        for batches in (buys, sells):
            async for keys in batches:
                also = (asset_key(asset.asset_id),)
                tally.filled += len(await self._apply(keys, decide, tally, origin, also=also))

    async def _withdraw(self, asset_id: AssetId, tally: Tally, origin: Origin) -> None:
        for side in Side:
            async for keys in self._open(asset_id, side):
                tally.withdrawn += len(await self._apply(keys, changes.withdraw, tally, origin))

    def _market(self, asset: Asset) -> Market:
        return Market(asset, self._board.latest(asset.asset_id), self._terms)

    async def _apply(
        self, keys: Iterable[Key], decide: Decide, tally: Tally, origin: Origin, *, also: tuple[Key, ...] = ()
    ) -> frozenset[Key]:
        """Change each order by a command of its own, which reads `also`; those of one wallet commit together."""

        async def change(user_id: UserId, key: Key) -> bool:
            command = Command(user_id, origin, lambda snapshot: decide(key, snapshot, self._codec), reads=(key, *also))
            return await self._change(command, key, tally)

        wallets: dict[UserId, list[Key]] = {}
        for key in keys:
            wallets.setdefault(owner_of(key), []).append(key)
        changed: set[Key] = set()
        waiting = iter(wallets.items())

        async def go_on() -> None:
            for user_id, of_one in waiting:
                results = await asyncio.gather(*(change(user_id, key) for key in of_one))
                changed.update(key for key, done in zip(of_one, results, strict=True) if done)
                if any(results):
                    self._ring(user_id)

        await asyncio.gather(*(go_on() for _ in range(_WALLETS_AT_ONCE)))
        return frozenset(changed)

    async def _change(self, command: Command, key: Key, tally: Tally) -> bool:
        """Tell whether the order changed."""
        try:
            outcome = await self._ledger.execute(command)
        except Exception as error:  # noqa: BLE001 - one order's failure must not keep the others waiting
            tally.fail(key, error)
            return False
        return outcome.entry is not None

    async def _notes(self, partition: str, *, end: str) -> AsyncIterator[tuple[Item, ...]]:
        cursor = None
        while True:
            page = await self._store.query(partition, end=end, limit=_PAGE, cursor=cursor)
            yield page.items
            cursor = page.cursor
            if cursor is None:
                return

    async def _open(
        self, asset_id: AssetId, side: Side, *, start: str | None = None, end: str | None = None, forward: bool = True
    ) -> AsyncIterator[list[Key]]:
        """Walk over the open orders on one side of an asset within a range of prices, best price first."""
        partition, keys = open_partition(asset_id, side), list[Key]()
        cursor = None
        while True:
            page = await self._store.query_index(
                partition, start=start, end=end, forward=forward, limit=_PAGE, cursor=cursor
            )
            keys.extend(item.key for item in page.items)
            cursor = page.cursor
            if cursor is None or len(keys) >= _BATCH:
                yield keys
                keys = []
            if cursor is None:
                return


def _orders_of(notes: Iterable[Item], tally: Tally) -> dict[Key, Key]:
    """Return the key of the order that each note is about, by the note's."""
    orders: dict[Key, Key] = {}
    for note in notes:
        try:
            orders[note.key] = order_key(*noted_order(note.key))
        except ValueError as error:
            tally.fail(note.key, error)
    return orders
