"""The order service's own parts, at work on a trial's store from inside: what takes too long by way of the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import valkey.asyncio as valkey

from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_core.ids import UserId
from cnop_ledger import ChainKeys, Ledger, LedgerReader
from cnop_ledger.testing import ORIGIN
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.requests import OrderRequest
from cnop_orders.application.trading import Caller, Trading
from cnop_orders.domain.terms import Terms
from cnop_platform.cache import connect
from cnop_platform.catalogue import Catalogue
from cnop_platform.prices import PriceBoard
from cnop_platform.store import Store
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock, entropy


@dataclass(frozen=True, slots=True)
class Inside:
    """Parts that share a store, a ledger and the stack's prices."""

    store: Store
    cache: valkey.Valkey
    ledger: Ledger
    reader: LedgerReader
    board: PriceBoard
    trading: Trading

    async def place(self, user_id: UserId, order: OrderRequest) -> None:
        """Place an order as the order service does."""
        await self.trading.place(Caller(user_id, ORIGIN), order, None)


@asynccontextmanager
async def inside(state: StateDir, *, store_url: str, rights: str = "order_service") -> AsyncIterator[Inside]:
    """Connect with the secrets of a stack, to its Valkey with the rights of one of its components."""
    secrets, clock = SecretStore(state.secrets), SystemClock()
    keys = ChainKeys.from_text(secrets.value("cnop_ledger_key"))
    cache = connect((secrets.folder(rights) / "cnop_valkey_url").read_text(encoding="ascii"))
    store = await open_store(store_url)
    ledger, reader = Ledger(store, keys, clock=clock, entropy=entropy), LedgerReader(store, keys)
    board = PriceBoard(store=store, cache=cache, clock=clock)
    trading = Trading(
        store=store,
        codec=OrderCodec(keys),
        ledger=ledger,
        reader=reader,
        catalogue=Catalogue(store=store, clock=clock),
        board=board,
        terms=Terms(),
        clock=clock,
        entropy=entropy,
        ring=lambda _: None,
    )
    try:
        yield Inside(store, cache, ledger, reader, board, trading)
    finally:
        await ledger.close()
        await store.close()
        await cache.aclose()
