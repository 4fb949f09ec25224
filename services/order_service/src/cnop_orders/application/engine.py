"""What happens to resting orders without their owners: they fill, they expire, or their asset is no longer traded.

Any number of engines may work at once. Each change of an order is a transaction on the order's version, so the first
one wins and the others find nothing left to do; the lease that keeps all but one idle only saves work.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from cnop_core.clock import Clock, epoch_ms
from cnop_core.errors import CnopError
from cnop_core.ids import AssetId, Entropy, UserId, prefixed_id
from cnop_ledger import Command, Decision, Ledger, Origin, Side, Snapshot
from cnop_orders.application import changes
from cnop_orders.application.codec import decode_order
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
from cnop_platform.catalogue import Asset, Catalogue
from cnop_platform.prices import PriceBoard
from cnop_platform.store import Delete, Item, Key, Store

ACTOR: Final = "order_engine"
_PAGE: Final = 1_000
_BATCH: Final = 5_000
"""So many orders are sorted by wallet before any is changed, since those of one wallet commit together."""
_WALLETS_AT_ONCE: Final = 16
"""How many wallets are worked on at the same time: enough to fill a group commit, few enough to leave the API room."""

Decide = Callable[[Key, Snapshot], Decision]


@dataclass(slots=True)
class Tally:
    """What one pass did. `failed` counts, by error code, the orders that are tried again in the next pass."""

    filled: int = 0
    expired: int = 0
    withdrawn: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.filled or self.expired or self.withdrawn or self.failed)


class Engine:
    """Goes over the resting orders, one pass at a time."""

    def __init__(
        self,
        *,
        store: Store,
        ledger: Ledger,
        catalogue: Catalogue,
        board: PriceBoard,
        terms: Terms,
        clock: Clock,
        entropy: Entropy,
        ring: Ring,
    ) -> None:
        self._store = store
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
                keys = [order_key(*noted_order(note.key)) for note in notes]
                done = await self._apply(keys, changes.expire, tally, origin)
                tally.expired += len(done)
                await self._forget([(note.key, key) for note, key in zip(notes, keys, strict=True) if key not in done])

    async def _forget(self, noted: Iterable[tuple[Key, Key]]) -> None:
        """Remove the notes of orders that had ended before their time."""
        for note, key in noted:
            item = await self._store.get(key)
            if item is None or not decode_order(item).is_open:
                await self._store.transact([Delete(note)])

    async def _fill(self, asset: Asset, tally: Tally, origin: Origin) -> None:
        def decide(key: Key, snapshot: Snapshot) -> Decision:
            return changes.fill_resting(key, snapshot, market=self._market(asset))

        price = self._market(asset).price(self._clock.now())
        if price is None:
            return
        buys = self._open(asset.asset_id, Side.BUY, start=price_text(price), forward=False)
        sells = self._open(asset.asset_id, Side.SELL, end=f"{price_text(price)}#~")
        for batches in (buys, sells):
            async for keys in batches:
                tally.filled += len(await self._apply(keys, decide, tally, origin))

    async def _withdraw(self, asset_id: AssetId, tally: Tally, origin: Origin) -> None:
        for side in Side:
            async for keys in self._open(asset_id, side):
                tally.withdrawn += len(await self._apply(keys, changes.withdraw, tally, origin))

    def _market(self, asset: Asset) -> Market:
        return Market(asset, self._board.latest(asset.asset_id), self._terms)

    async def _apply(self, keys: Iterable[Key], decide: Decide, tally: Tally, origin: Origin) -> frozenset[Key]:
        """Change each order in a transaction of its own; those of one wallet wait in line and commit together."""
        wallets: dict[UserId, list[Key]] = {}
        for key in keys:
            wallets.setdefault(owner_of(key), []).append(key)
        changed: set[Key] = set()
        waiting = iter(wallets.items())

        async def go_on() -> None:
            for user_id, of_one in waiting:
                results = await asyncio.gather(*(self._change(user_id, key, decide, tally, origin) for key in of_one))
                changed.update(key for key, done in zip(of_one, results, strict=True) if done)
                if any(results):
                    self._ring(user_id)

        await asyncio.gather(*(go_on() for _ in range(_WALLETS_AT_ONCE)))
        return frozenset(changed)

    async def _change(self, user_id: UserId, key: Key, decide: Decide, tally: Tally, origin: Origin) -> bool:
        """Tell whether the order changed; a failure must not keep the others of the pass waiting."""
        command = Command(user_id, origin, lambda snapshot: decide(key, snapshot), reads=(key,))
        try:
            outcome = await self._ledger.execute(command)
        except CnopError as error:
            tally.failed[error.stable_code] += 1
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
