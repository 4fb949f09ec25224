"""What anyone may ask of a wallet and its history."""

import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final

from cnop_core.ids import AssetId, UserId
from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.application.codec import read_entry, read_wallet
from cnop_ledger.application.keys import ORDERS_PREFIX, entry_key, entry_sk, partition, wallet_key
from cnop_ledger.domain.entries import Entry, Kind
from cnop_ledger.domain.wallet import Wallet
from cnop_platform.store import InvalidCursor, Item, Store

MAX_SCANNED: Final = 1_000
"""How many entries one page may look at; a filter that matches fewer comes back short, with a cursor."""
_CHUNK: Final = 100
_MANY_ORDERS: Final = 100
_CURSOR: Final = re.compile(r"[0-9a-f]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Entries, newest first. `next_cursor` is None when there are no more."""

    entries: tuple[Entry, ...]
    next_cursor: str | None
    total_count: int | None
    """How many entries of these kinds there are on all pages; None with an asset filter, which nobody counts."""

    @property
    def has_more(self) -> bool:
        """Whether there may be another page."""
        return self.next_cursor is not None


@dataclass(frozen=True, slots=True)
class _Filter:
    kinds: Collection[Kind] | None
    asset_id: AssetId | None

    def matches(self, entry: Entry) -> bool:
        return (self.kinds is None or entry.kind in self.kinds) and (
            self.asset_id is None or self.asset_id in entry.changes()
        )

    def total(self, wallet: Wallet) -> int | None:
        if self.asset_id is not None:
            return None
        return wallet.seq if self.kinds is None else sum(wallet.counts.get(kind, 0) for kind in set(self.kinds))


async def entry_mac(store: Store, user_id: UserId, seq: int) -> str | None:
    """Return the stored MAC of a wallet's entry, None when there is no such entry; it is not checked here."""
    item = await store.get(entry_key(user_id, seq))
    return str(item.body["mac"]) if item else None


class LedgerReader:
    """Reads wallets and entries; it needs the keys because a wallet that no ledger signed is refused."""

    def __init__(self, store: Store, keys: ChainKeys) -> None:
        self._store = store
        self._keys = keys

    async def wallet(self, user_id: UserId) -> Wallet:
        """Return the wallet as it is now, an empty one for a user without entries. Raises `CorruptItem`."""
        return read_wallet(user_id, await self._store.get(wallet_key(user_id)), self._keys)

    async def stored_orders(self, user_id: UserId) -> AsyncIterator[Item]:
        """Walk over a user's orders as the order service stored them, oldest first; what they mean is its to say."""
        cursor = None
        while True:
            page = await self._store.query(f"{ORDERS_PREFIX}{user_id}", limit=_MANY_ORDERS, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.cursor
            if cursor is None:
                return

    async def history(
        self,
        user_id: UserId,
        *,
        kinds: Collection[Kind] | None = None,
        asset_id: AssetId | None = None,
        limit: int = 50,
        offset: int = 0,
        cursor: str | None = None,
    ) -> HistoryPage:
        """Return up to `limit` entries of these kinds that touch this asset, newest first, after skipping `offset`.

        Raises `InvalidCursor`, `CorruptItem`.
        """
        wallet, wanted = await self.wallet(user_id), _Filter(kinds, asset_id)
        position = _position(cursor) if cursor is not None else wallet.seq + 1
        lowest = max(1, position - MAX_SCANNED)
        found: list[Entry] = []
        async for entry in self._backward(user_id, below=position, lowest=lowest):
            if wanted.matches(entry):
                found.append(entry)
            if len(found) > offset + limit:
                break
        shown = tuple(found[offset : offset + limit])
        return HistoryPage(shown, _next_cursor(found, shown, offset + limit, lowest), wanted.total(wallet))

    async def entries(self, user_id: UserId, *, after_seq: int = 0) -> AsyncIterator[Entry]:
        """Walk over the entries that follow `after_seq`, oldest first, as far as they exist. Raises `CorruptItem`."""
        while True:
            page = await self._store.query(
                partition(user_id), start=entry_sk(after_seq + 1), end=entry_sk(after_seq + _CHUNK), limit=_CHUNK
            )
            for item in page.items:
                yield read_entry(user_id, item, self._keys)
            if len(page.items) < _CHUNK:
                return
            after_seq += _CHUNK

    async def _backward(self, user_id: UserId, *, below: int, lowest: int) -> AsyncIterator[Entry]:
        while below > lowest:
            start = max(lowest, below - _CHUNK)
            page = await self._store.query(
                partition(user_id), start=entry_sk(start), end=entry_sk(below - 1), forward=False, limit=_CHUNK
            )
            for item in page.items:
                yield read_entry(user_id, item, self._keys)
            below = start


def _next_cursor(found: list[Entry], shown: tuple[Entry, ...], wanted: int, lowest: int) -> str | None:
    """Point below the last entry shown, or, when the page came back short, below the last one looked at."""
    if len(found) > wanted and shown:
        return f"{shown[-1].seq:x}"
    return f"{lowest:x}" if lowest > 1 else None


def _position(cursor: str) -> int:
    if not _CURSOR.fullmatch(cursor):
        raise InvalidCursor("the cursor was not made by this query; start again without one")
    return int(cursor, 16)
