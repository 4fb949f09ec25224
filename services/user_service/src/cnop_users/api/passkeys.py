"""Passkeys: enrolling, listing, removing, and signing in with one."""

from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from cnop_platform.access import Principal, RateClass, public, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.authentication import render_tokens
from cnop_users.api.cookies import RefreshCookie
from cnop_users.api.models import EmptyBody, Incoming, Message, Outgoing, SessionDelivery, Timestamp, Tokens, problems
from cnop_users.application.passkey_records import Passkey
from cnop_users.application.passkey_sign_in import PasskeySignIn
from cnop_users.application.passkeys import LONGEST_ID, Passkeys
from cnop_users.domain.sessions import Delivery

router = service_router(tags=["passkeys"])

Context = Annotated[RequestContext, Depends(request_context)]
Keys = Annotated[Passkeys, provided(Passkeys)]
Reader = Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.READ)]
Changer = Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.WRITE)]
Proven = Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.WRITE, step_up=True)]
CredentialBody = Annotated[
    dict[str, Any], Field(description="`PublicKeyCredential.toJSON()`", json_schema_extra={"type": "object"})
]
OptionsView = dict[str, Any]


class EnrolBody(Incoming):
    """What the authenticator made, and how its owner calls it."""

    credential: CredentialBody
    name: Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f]+$")] = "Passkey"


class SignInBody(Incoming):
    """What the authenticator signed."""

    credential: CredentialBody
    session: SessionDelivery = "body"


class PasskeyView(Outgoing):
    """One passkey."""

    passkey_id: str
    name: str
    created_at: Timestamp
    last_used_at: Timestamp | None


class EnrolledView(PasskeyView):
    """The new passkey and, with a first factor, ten recovery codes, shown this once."""

    recovery_codes: list[str] | None = None


class PasskeyList(Outgoing):
    """Passkeys, the oldest first."""

    data: list[PasskeyView]


@router.get("/auth/passkeys", operation_id="list_passkeys")
async def list_passkeys(principal: Reader, passkeys: Keys) -> PasskeyList:
    """Show the caller's passkeys."""
    return PasskeyList(data=[_view(passkey) for passkey in await passkeys.of(principal.user_id)])


@router.post("/auth/passkeys/enrol/options", operation_id="begin_passkey", responses=problems({409: "Too many"}))
async def begin_passkey(principal: Proven, passkeys: Keys, _body: EmptyBody | None = None) -> OptionsView:
    """Return `PublicKeyCredentialCreationOptions` as JSON, good for five minutes."""
    return dict(await passkeys.begin_enrolment(principal))


@router.post(
    "/auth/passkeys", operation_id="enrol_passkey", status_code=201, responses=problems({409: "Too many passkeys"})
)
async def enrol_passkey(
    body: EnrolBody,
    principal: Changer,
    context: Context,
    passkeys: Keys,
) -> EnrolledView:
    """Keep the passkey that the browser made."""
    enrolled = await passkeys.enrol(principal, body.credential, name=body.name, context=context)
    codes = enrolled.recovery_codes
    return EnrolledView(**_view(enrolled.passkey).model_dump(), recovery_codes=list(codes) if codes else None)


@router.delete(
    "/auth/passkeys/{passkey_id}",
    operation_id="remove_passkey",
    responses=problems({409: "It is the only way to log in"}),
)
async def remove_passkey(
    passkey_id: Annotated[str, Path(pattern=rf"^[A-Za-z0-9_-]{{1,{LONGEST_ID}}}$")],
    principal: Proven,
    context: Context,
    passkeys: Keys,
) -> Message:
    """Forget one of the caller's passkeys."""
    await passkeys.remove(principal, passkey_id, context=context)
    return Message(message="Passkey removed")


@router.post("/auth/passkeys/login/options", operation_id="begin_passkey_login")
async def begin_passkey_login(
    _access: Annotated[None, public(Permission.LOGIN, rate=RateClass.AUTH)],
    passkeys: Keys,
    _body: EmptyBody | None = None,
) -> OptionsView:
    """Return `PublicKeyCredentialRequestOptions` as JSON for any passkey of this site."""
    return dict(await passkeys.begin_use(None))


@router.post(
    "/auth/passkeys/login",
    operation_id="passkey_login",
    response_model_exclude_none=True,
    responses=problems({401: "The passkey does not fit", 403: "The source address is blocked, or the origin foreign"}),
)
async def passkey_login(
    body: SignInBody,
    _access: Annotated[None, public(Permission.LOGIN, rate=RateClass.AUTH, cookie=True)],
    context: Context,
    request: Request,
    response: Response,
    cookie: Annotated[RefreshCookie, provided(RefreshCookie)],
    sign_in: Annotated[PasskeySignIn, provided(PasskeySignIn)],
) -> Tokens:
    """Begin a session with a passkey instead of a password; it counts as both factors."""
    delivery = Delivery(body.session)
    if delivery is Delivery.COOKIE:
        cookie.require_own_origin(request)
    grant = await sign_in.sign_in(body.credential, delivery=delivery, context=context)
    return render_tokens(grant, response, cookie)


@router.post("/auth/passkeys/step-up/options", operation_id="begin_passkey_step_up")
async def begin_passkey_step_up(principal: Changer, passkeys: Keys, _body: EmptyBody | None = None) -> OptionsView:
    """Return `PublicKeyCredentialRequestOptions` as JSON for the caller's own passkeys."""
    return dict(await passkeys.begin_use(principal.user_id))


def _view(passkey: Passkey) -> PasskeyView:
    return PasskeyView(
        passkey_id=passkey.passkey_id,
        name=passkey.name,
        created_at=passkey.created_at,
        last_used_at=passkey.last_used_at,
    )
