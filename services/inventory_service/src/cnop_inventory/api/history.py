"""Past prices as candles."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from cnop_inventory.api.assets import AssetIdPath, PublicRead
from cnop_inventory.api.models import HistoryAnswer
from cnop_inventory.api.rendered import RenderedAnswers, RenderedRoute
from cnop_inventory.api.rendering import render_history
from cnop_inventory.application.market import MarketView
from cnop_inventory.application.price_history import PriceHistory
from cnop_inventory.domain.assets import parse_asset_id
from cnop_inventory.domain.candles import Interval
from cnop_platform.app import provided

router = APIRouter(route_class=RenderedRoute, tags=["inventory"])


@router.get("/inventory/assets/{asset_id}/prices", response_model=HistoryAnswer, summary="Show past prices as candles")
async def list_candles(
    request: Request,
    asset_id: AssetIdPath,
    _: PublicRead,
    history: Annotated[PriceHistory, provided(PriceHistory)],
    view: Annotated[MarketView, provided(MarketView)],
    answers: Annotated[RenderedAnswers, provided(RenderedAnswers)],
    interval: Annotated[Interval, Query(description="Length of a candle.")] = Interval.HOUR,
    start: Annotated[AwareDatetime | None, Query(description="From the candle that covers this time.")] = None,
    end: Annotated[AwareDatetime | None, Query(description="Until before this time; now when left out.")] = None,
) -> Response:
    """Return up to 1,000 candles; without `start` the most recent ones before `end`."""
    market = await view.now()
    known = parse_asset_id(asset_id)
    found = await history.candles(known, interval, start=start, end=end)
    return answers.keep(request, market, render_history(known, interval, found))
