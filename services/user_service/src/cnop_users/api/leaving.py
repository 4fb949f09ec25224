"""Taking one's data along, and leaving."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response, StreamingResponse

from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.cookies import RefreshCookie
from cnop_users.api.models import Message, problems
from cnop_users.application.erasure import Erasure
from cnop_users.application.export import AccountExport

router = service_router(tags=["account"])


@router.get(
    "/auth/account/export",
    operation_id="export_account",
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def export_account(
    principal: Annotated[Principal, requires(Permission.EXPORT_ACCOUNT, rate=RateClass.WRITE, timeout_seconds=60)],
    context: Annotated[RequestContext, Depends(request_context)],
    export: Annotated[AccountExport, provided(AccountExport)],
) -> Response:
    """Download everything held about the caller."""
    headers = {"Content-Disposition": 'attachment; filename="account.json"'}
    document = export.document(principal.user_id, context=context)
    return StreamingResponse(document, media_type="application/json", headers=headers)


@router.delete(
    "/auth/account",
    operation_id="erase_account",
    responses=problems({409: "Money, assets, open orders or an administrator's role are left"}),
)
async def erase_account(
    principal: Annotated[Principal, requires(Permission.DELETE_ACCOUNT, rate=RateClass.WRITE, step_up=True)],
    context: Annotated[RequestContext, Depends(request_context)],
    response: Response,
    cookie: Annotated[RefreshCookie, provided(RefreshCookie)],
    erasure: Annotated[Erasure, provided(Erasure)],
) -> Message:
    """Erase the caller for good: personal data can never be read again; the ledger keeps its entries without a name."""
    await erasure.erase(principal, context=context)
    cookie.clear(response)
    return Message(message="Your account and your personal data were erased")
