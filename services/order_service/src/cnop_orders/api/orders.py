"""Placing, reading, cancelling and replacing orders."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cnop_core.ids import OrderId
from cnop_orders.api.answers import OrderData, OrderList, PreviewData
from cnop_orders.api.bodies import (
    IdempotencyKey,
    ListQuery,
    OrderIdPath,
    PlaceOrder,
    ReplaceOrder,
    UsernameQuery,
)
from cnop_orders.api.replies import CONFLICT, UNKNOWN_PERSON, caller, page, person, promise, reply
from cnop_orders.application.changes import NewTerms
from cnop_orders.application.people import People
from cnop_orders.application.queries import OrderReader
from cnop_orders.application.render import order_document
from cnop_orders.application.trading import Trading
from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context

router = service_router(tags=["orders"])

Context = Annotated[RequestContext, Depends(request_context)]
Trader = Annotated[Trading, provided(Trading)]
Reader = Annotated[OrderReader, provided(OrderReader)]
Names = Annotated[People, provided(People)]


@router.post("/orders", status_code=201, response_model=OrderData, responses=CONFLICT)
async def place_order(
    request: Request,
    principal: Annotated[Principal, requires(Permission.PLACE_ORDER, rate=RateClass.TRADE)],
    body: PlaceOrder,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Place an order. Market orders trade at once at the current price; limit orders wait for theirs."""
    # The hot path looks these up itself: the two dependencies less take a tenth off what the framework costs.
    trading: Trading = request.app.state.provided[Trading]
    wanted = body.request()
    kept = promise(wanted.sent, header=idempotency_key, client_order_id=wanted.client_order_id)
    return reply(await trading.place(caller(principal, request.state.context), wanted, kept))


@router.post("/orders/preview", response_model=PreviewData, responses=CONFLICT)
async def preview_order(
    principal: Annotated[Principal, requires(Permission.PREVIEW_ORDER, rate=RateClass.READ)],
    context: Context,
    trading: Trader,
    body: PlaceOrder,
) -> Response:
    """Tell what placing the order would cost and do now, without any effect. Refuses what placing would refuse."""
    return JSONResponse({"data": await trading.preview(caller(principal, context), body.request())})


@router.get("/orders", response_model=OrderList, responses=UNKNOWN_PERSON)
async def list_orders(
    principal: Annotated[Principal, requires(Permission.READ_ORDERS, rate=RateClass.READ)],
    reader: Reader,
    names: Names,
    context: Context,
    query: Annotated[ListQuery, Query()],
) -> Response:
    """List orders, newest first: one's own, or for staff those of `username`."""
    owner = await names.whose(
        person(principal), is_staff=principal.is_staff, username=query.username, records="orders", context=context
    )
    found = await reader.page(
        owner.user_id, query.wanted(), limit=query.limit, offset=query.offset, cursor=query.cursor
    )
    return page([order_document(order) for order in found.orders], found.next_cursor)


@router.get("/orders/{order_id}", response_model=OrderData)
async def get_order(
    principal: Annotated[Principal, requires(Permission.READ_ORDERS, rate=RateClass.READ)],
    reader: Reader,
    names: Names,
    context: Context,
    order_id: OrderIdPath,
    username: UsernameQuery = None,
) -> Response:
    """Return one order: one's own, or for staff one of `username`."""
    owner = await names.whose(
        person(principal), is_staff=principal.is_staff, username=username, records="orders", context=context
    )
    return JSONResponse({"data": order_document(await reader.get(owner.user_id, OrderId(order_id)))})


@router.delete("/orders/{order_id}", response_model=OrderData, responses=CONFLICT)
async def cancel_order(
    principal: Annotated[Principal, requires(Permission.CANCEL_ORDER, rate=RateClass.TRADE)],
    context: Context,
    trading: Trader,
    order_id: OrderIdPath,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Cancel an open limit order and free what it holds."""
    kept = promise(lambda: {"order_id": order_id}, header=idempotency_key)
    return reply(await trading.cancel(caller(principal, context), OrderId(order_id), kept))


@router.post("/orders/{order_id}/cancel", response_model=OrderData, responses=CONFLICT)
async def cancel_order_by_post(
    principal: Annotated[Principal, requires(Permission.CANCEL_ORDER, rate=RateClass.TRADE)],
    context: Context,
    trading: Trader,
    order_id: OrderIdPath,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Cancel an open limit order, for clients that do not send DELETE."""
    kept = promise(lambda: {"order_id": order_id}, header=idempotency_key)
    return reply(await trading.cancel(caller(principal, context), OrderId(order_id), kept))


@router.patch("/orders/{order_id}", response_model=OrderData, responses=CONFLICT)
async def replace_order(
    principal: Annotated[Principal, requires(Permission.REPLACE_ORDER, rate=RateClass.TRADE)],
    context: Context,
    trading: Trader,
    order_id: OrderIdPath,
    body: ReplaceOrder,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Give an open limit order a new price, quantity or both, together with what it holds."""
    terms = NewTerms(price=body.price, quantity=body.quantity)
    kept = promise(lambda: terms.sent(OrderId(order_id)), header=idempotency_key)
    return reply(await trading.replace(caller(principal, context), OrderId(order_id), terms, kept))
