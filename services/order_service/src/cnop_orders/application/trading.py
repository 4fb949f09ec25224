"""What customers do: preview, place, cancel and replace orders. Each that has an effect is one transaction."""

from collections.abc import Callable
from dataclasses import dataclass

from cnop_core.clock import Clock, epoch_ms
from cnop_core.ids import AssetId, Entropy, OrderId, TransactionId, UserId, prefixed_id
from cnop_ledger import Command, Decision, Idempotency, Ledger, LedgerReader, Origin, Outcome, Response, Snapshot, Stamp
from cnop_orders.application import changes
from cnop_orders.application.changes import NewTerms
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.keys import order_key
from cnop_orders.application.placement import Market, place
from cnop_orders.application.preview import preview_document
from cnop_orders.application.render import Document, data_json, order_document
from cnop_orders.application.requests import OrderRequest, Sent, request_hash
from cnop_orders.domain.errors import UnknownOrder
from cnop_orders.domain.terms import Terms
from cnop_platform.catalogue import Catalogue
from cnop_platform.prices import PriceBoard
from cnop_platform.store import Key, Store

Ring = Callable[[UserId], None]
"""Tells whoever streams to this user that the wallet changed; it never waits and never fails."""
Decide = Callable[[Snapshot], Decision]


@dataclass(frozen=True, slots=True)
class Promise:
    """A client's idempotency key, and what the request said that it belongs to."""

    key: str
    sent: Sent

    def of(self, operation: str) -> Idempotency:
        """Return the promise as the ledger keeps it; keys of different operations do not meet."""
        return Idempotency(operation, self.key, request_hash(self.sent))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and where the request came from."""

    user_id: UserId
    origin: Origin


class Trading:
    """The use cases of a customer's own orders."""

    def __init__(
        self,
        *,
        store: Store,
        codec: OrderCodec,
        ledger: Ledger,
        reader: LedgerReader,
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
        self._reader = reader
        self._catalogue = catalogue
        self._board = board
        self._terms = terms
        self._clock = clock
        self._entropy = entropy
        self._ring = ring

    async def place(self, caller: Caller, request: OrderRequest, promise: Promise | None) -> Outcome:
        """Place an order: 201 with the order as it is afterwards."""
        market = await self._market(request.asset_id)
        order_id = self._new_order_id()

        def decide(snapshot: Snapshot) -> Decision:
            placed = place(request, market, order_id=order_id, wallet=snapshot.wallet, stamp=snapshot.stamp)
            answer = Response(201, data_json(order_document(placed.order)))
            return Decision(answer, placed.change, placed.writes(caller.user_id, self._codec))

        return await self._execute(caller, decide, promise=promise.of("orders.place") if promise else None)

    async def preview(self, caller: Caller, request: OrderRequest) -> Document:
        """Return what placing the order would do now, without doing it. Raises what placing would raise."""
        market = await self._market(request.asset_id)
        wallet = await self._reader.wallet(caller.user_id)
        stamp = Stamp(TransactionId("preview"), caller.origin, epoch_ms(self._clock.now()))
        placement = place(request, market, order_id=OrderId("preview"), wallet=wallet, stamp=stamp)
        return preview_document(placement, market)

    async def cancel(self, caller: Caller, order_id: OrderId, promise: Promise | None) -> Outcome:
        """Cancel an open limit order."""
        key = order_key(caller.user_id, order_id)
        return await self._execute(
            caller,
            lambda snapshot: changes.cancel(key, snapshot, self._codec),
            reads=(key,),
            promise=promise.of("orders.cancel") if promise else None,
        )

    async def replace(self, caller: Caller, order_id: OrderId, terms: NewTerms, promise: Promise | None) -> Outcome:
        """Change price, quantity or both of an open limit order."""
        key = order_key(caller.user_id, order_id)
        item = await self._store.get(key)
        if item is None:
            raise UnknownOrder
        market = await self._market(self._codec.read(item).asset_id)
        return await self._execute(
            caller,
            lambda snapshot: changes.replace(key, snapshot, self._codec, terms=terms, market=market),
            reads=(key,),
            promise=promise.of("orders.replace") if promise else None,
        )

    async def _market(self, asset_id: AssetId) -> Market:
        assets = await self._catalogue.all()
        return Market(assets.get(asset_id), self._board.latest(asset_id), self._terms)

    async def _execute(
        self, caller: Caller, decide: Decide, *, reads: tuple[Key, ...] = (), promise: Idempotency | None
    ) -> Outcome:
        command = Command(caller.user_id, caller.origin, decide, reads=reads, idempotency=promise)
        outcome = await self._ledger.execute(command)
        if not outcome.replayed:
            self._ring(caller.user_id)
        return outcome

    def _new_order_id(self) -> OrderId:
        return OrderId(prefixed_id("ord", now=self._clock.now(), entropy=self._entropy))
