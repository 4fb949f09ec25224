"""Portfolio, asset balances and asset transactions."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import JSONResponse, Response

from cnop_core.ids import AssetId
from cnop_orders.api.answers import BalanceData, BalanceList, HistoryAnswer, PortfolioAnswer, TradeList
from cnop_orders.api.bodies import AssetIdPath, Cursor, Limit, Offset, UsernamePath
from cnop_orders.api.replies import page, person
from cnop_orders.application.holdings import Holdings
from cnop_orders.application.people import People
from cnop_orders.application.portfolio_history import Period, PortfolioHistory
from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context

router = service_router(tags=["portfolio"])

Views = Annotated[Holdings, provided(Holdings)]


@router.get("/portfolio", response_model=PortfolioAnswer)
async def get_portfolio(
    principal: Annotated[Principal, requires(Permission.READ_PORTFOLIO, rate=RateClass.READ)], holdings: Views
) -> Response:
    """Return one's own cash and assets at the latest prices."""
    return JSONResponse(await holdings.portfolio(principal.user_id, principal.username))


@router.get("/portfolio/history", response_model=HistoryAnswer)
async def get_portfolio_history(
    principal: Annotated[Principal, requires(Permission.READ_PORTFOLIO_HISTORY, rate=RateClass.READ)],
    history: Annotated[PortfolioHistory, provided(PortfolioHistory)],
    period: Period = Period.WEEK,
) -> Response:
    """Return what one's portfolio was worth over time, for a chart; the last point is now."""
    return JSONResponse(await history.document(principal.user_id, period))


@router.get("/portfolio/{username}", response_model=PortfolioAnswer)
async def get_portfolio_of(
    principal: Annotated[Principal, requires(Permission.READ_PORTFOLIO, rate=RateClass.READ)],
    holdings: Views,
    names: Annotated[People, provided(People)],
    context: Annotated[RequestContext, Depends(request_context)],
    username: UsernamePath,
) -> Response:
    """Return one's own portfolio by name, or for staff anyone's."""
    owner = await names.whose(
        person(principal), is_staff=principal.is_staff, username=username, records="portfolio", context=context
    )
    return JSONResponse(await holdings.portfolio(owner.user_id, owner.username))


@router.get("/assets/balances", response_model=BalanceList)
async def list_balances(
    principal: Annotated[Principal, requires(Permission.READ_HOLDINGS, rate=RateClass.READ)], holdings: Views
) -> Response:
    """Return every asset that one holds."""
    return JSONResponse({"data": await holdings.balances(principal.user_id)})


@router.get("/assets/{asset_id}/balance", response_model=BalanceData)
async def get_balance(
    principal: Annotated[Principal, requires(Permission.READ_HOLDINGS, rate=RateClass.READ)],
    holdings: Views,
    asset_id: AssetIdPath,
) -> Response:
    """Return what one holds of an asset; 404 when it was never held."""
    return JSONResponse({"data": await holdings.balance(principal.user_id, AssetId(asset_id))})


@router.get("/assets/{asset_id}/transactions", response_model=TradeList)
async def list_trades(
    principal: Annotated[Principal, requires(Permission.READ_HOLDINGS, rate=RateClass.READ)],
    holdings: Views,
    asset_id: AssetIdPath,
    limit: Limit = 50,
    offset: Offset = 0,
    cursor: Cursor = None,
) -> Response:
    """List one's purchases and sales of an asset, newest first."""
    trades, next_cursor = await holdings.trades(
        principal.user_id, AssetId(asset_id), limit=limit, offset=offset, cursor=cursor
    )
    return page(trades, next_cursor)
