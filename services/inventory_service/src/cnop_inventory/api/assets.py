"""Public reads of the catalogue with live prices."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from cnop_inventory.api.models import AssetAnswer, AssetListAnswer
from cnop_inventory.api.rendered import RenderedAnswers, RenderedRoute
from cnop_inventory.api.rendering import render_asset, render_page
from cnop_inventory.application.market import MarketView
from cnop_inventory.domain.assets import parse_asset_id
from cnop_inventory.domain.paging import SORTS, AssetQuery, Sort, select_page
from cnop_platform.access import RateClass, public
from cnop_platform.app import provided
from cnop_platform.permissions import Permission

router = APIRouter(route_class=RenderedRoute, tags=["inventory"])

PublicRead = Annotated[None, public(Permission.READ_ASSETS, rate=RateClass.READ)]
AssetIdPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,10}$", description="In any case.", examples=["BTC"])]


@router.get("/inventory/assets", response_model=AssetListAnswer, summary="List assets with live prices")
async def list_assets(
    request: Request,
    _: PublicRead,
    view: Annotated[MarketView, provided(MarketView)],
    answers: Annotated[RenderedAnswers, provided(RenderedAnswers)],
    active_only: Annotated[bool, Query(description="Leave out what cannot be traded.")] = True,
    category: Annotated[str | None, Query(max_length=30, examples=["layer-1"])] = None,
    sort: Annotated[str, Query(max_length=20, json_schema_extra={"enum": list(SORTS)})] = Sort.RANK.value,
    limit: Annotated[int, Query(ge=1, le=250)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Return one page; `ETag` and `Cache-Control` let readers ask again cheaply."""
    query = AssetQuery(active_only=active_only, category=category, sort=sort, limit=limit, cursor=cursor)
    market = await view.now()
    page = select_page(market.assets.values(), query)
    return answers.keep(request, market, render_page(page))


@router.get("/inventory/assets/{asset_id}", response_model=AssetAnswer, summary="Show one asset with its live price")
async def get_asset(
    request: Request,
    asset_id: AssetIdPath,
    _: PublicRead,
    view: Annotated[MarketView, provided(MarketView)],
    answers: Annotated[RenderedAnswers, provided(RenderedAnswers)],
) -> Response:
    """Return one asset, active or not."""
    market = await view.now()
    listed = market.get(parse_asset_id(asset_id))
    return answers.keep(request, market, render_asset(listed))
