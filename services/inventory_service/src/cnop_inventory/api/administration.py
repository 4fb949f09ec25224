"""Operators list assets and change them."""

from typing import Annotated, Any

from fastapi import Depends, Response

from cnop_core.ids import AssetId
from cnop_inventory.api.assets import AssetIdPath
from cnop_inventory.api.models import AssetAnswer, AssetCreation, AssetPatch, problem
from cnop_inventory.api.rendering import render_asset
from cnop_inventory.application.administration import Administration
from cnop_inventory.application.market import MarketView
from cnop_inventory.domain.assets import parse_asset_id
from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context

router = service_router(tags=["inventory"])

Operator = Annotated[Principal, requires(Permission.MANAGE_ASSETS, rate=RateClass.WRITE, owner=None)]
Context = Annotated[RequestContext, Depends(request_context)]
_CONFLICT: dict[int | str, dict[str, Any]] = {409: problem("Somebody else was faster, or the id is taken")}


@router.post(
    "/inventory/assets", status_code=201, response_model=AssetAnswer, responses=_CONFLICT, summary="List a new asset"
)
async def create_asset(
    body: AssetCreation,
    operator: Operator,
    context: Context,
    administration: Annotated[Administration, provided(Administration)],
    view: Annotated[MarketView, provided(MarketView)],
) -> Response:
    """List a new asset; the act is audited."""
    asset = await administration.list_asset(body.draft(), actor=operator.user_id, context=context)
    return await _answer(view, asset.asset_id, status=201)


@router.patch(
    "/inventory/assets/{asset_id}", response_model=AssetAnswer, responses=_CONFLICT, summary="Change or delist an asset"
)
async def patch_asset(
    asset_id: AssetIdPath,
    body: AssetPatch,
    operator: Operator,
    context: Context,
    administration: Annotated[Administration, provided(Administration)],
    view: Annotated[MarketView, provided(MarketView)],
) -> Response:
    """Change what may change of an asset; `"is_active": false` delists it. The act is audited."""
    asset = await administration.change_asset(
        parse_asset_id(asset_id), body.change(), actor=operator.user_id, context=context
    )
    return await _answer(view, asset.asset_id, status=200)


async def _answer(view: MarketView, asset_id: AssetId, *, status: int) -> Response:
    market = await view.now()
    return Response(render_asset(market.get(asset_id)), status, media_type="application/json")
