"""Register, log in, refresh, log out."""

from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from cnop_platform.access import Principal, RateClass, public, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.cookies import RefreshCookie
from cnop_users.api.models import (
    HASHING_SECONDS,
    EmptyBody,
    LoginBody,
    Message,
    RefreshBody,
    RegisterBody,
    Registered,
    Tokens,
    problems,
)
from cnop_users.application.factors import OfferedFactor
from cnop_users.application.login import Credentials, Login
from cnop_users.application.registration import NewAccount, Registration
from cnop_users.application.sessions import Grant, Sessions
from cnop_users.domain.errors import InvalidRefreshToken
from cnop_users.domain.sessions import Delivery
from cnop_users.domain.users import Profile

router = service_router(tags=["identity"])

Context = Annotated[RequestContext, Depends(request_context)]
Cookie = Annotated[RefreshCookie, provided(RefreshCookie)]
_LOGIN_PROBLEMS: Final = {
    401: "The user name or the password is wrong (AUTH_001), or a second factor is due (AUTH_MFA_REQUIRED)",
    403: "The source address is blocked, or a cookie was asked for from a foreign origin",
}


@router.post(
    "/auth/register",
    operation_id="register",
    status_code=201,
    responses=problems({409: "The user name or the email address is taken"}),
)
async def register(
    body: RegisterBody,
    _access: Annotated[None, public(Permission.REGISTER, rate=RateClass.AUTH, timeout_seconds=HASHING_SECONDS)],
    context: Context,
    registration: Annotated[Registration, provided(Registration)],
) -> Registered:
    """Make an account."""
    profile = Profile(**body.model_dump(exclude={"username", "password"}))
    account = NewAccount(username=body.username, password=body.password, profile=profile)
    user = await registration.register(account, context=context)
    return Registered(user_id=user.user_id, username=user.username)


@router.post("/auth/login", operation_id="login", response_model_exclude_none=True, responses=problems(_LOGIN_PROBLEMS))
async def login(
    body: LoginBody,
    _access: Annotated[
        None, public(Permission.LOGIN, rate=RateClass.AUTH, timeout_seconds=HASHING_SECONDS, cookie=True)
    ],
    context: Context,
    request: Request,
    response: Response,
    cookie: Cookie,
    login: Annotated[Login, provided(Login)],
) -> Tokens:
    """Begin a session."""
    delivery = Delivery(body.session)
    if delivery is Delivery.COOKIE:
        cookie.require_own_origin(request)
    credentials = Credentials(
        identifier=body.username,
        password=body.password,
        delivery=delivery,
        factor=OfferedFactor(otp=body.otp, recovery_code=body.recovery_code, passkey=body.passkey),
    )
    return render_tokens(await login.login(credentials, context=context), response, cookie)


@router.post(
    "/auth/refresh",
    operation_id="refresh",
    response_model_exclude_none=True,
    responses=problems({401: "The refresh token is spent, unknown or expired", 403: "The origin is foreign"}),
)
async def refresh(
    _access: Annotated[None, public(Permission.REFRESH, rate=RateClass.WRITE, cookie=True)],
    context: Context,
    request: Request,
    response: Response,
    cookie: Cookie,
    sessions: Annotated[Sessions, provided(Sessions)],
    body: RefreshBody | None = None,
) -> Tokens:
    """Exchange a refresh token, from the body or the cookie, for the next pair of tokens."""
    if body is not None and body.refresh_token is not None:
        token, delivery = body.refresh_token, Delivery.BODY
    else:
        token, delivery = cookie.read(request) or "", Delivery.COOKIE
    if not token:
        raise InvalidRefreshToken("send a refresh token, in the body or as the cookie")
    return render_tokens(await sessions.refresh(token, delivery=delivery, context=context), response, cookie)


@router.post("/auth/logout", operation_id="logout", responses=problems({401: "There is no session to end"}))
async def logout(
    principal: Annotated[Principal, requires(Permission.LOGOUT, rate=RateClass.WRITE, cookie=True)],
    context: Context,
    response: Response,
    cookie: Cookie,
    sessions: Annotated[Sessions, provided(Sessions)],
    _body: EmptyBody | None = None,
) -> Message:
    """End the session that the access token belongs to, at once and everywhere."""
    await sessions.end_current(principal.user_id, principal.session_id, context=context)
    cookie.clear(response)
    return Message(message="Logged out successfully")


def render_tokens(grant: Grant, response: Response, cookie: RefreshCookie) -> Tokens:
    """Return a grant's tokens, the refresh token in the cookie for a session that keeps it there."""
    in_cookie = grant.session.delivery is Delivery.COOKIE
    if in_cookie:
        cookie.write(response, grant.refresh_token)
    return Tokens(
        access_token=grant.access.text,
        expires_in=grant.access.expires_in,
        refresh_token=None if in_cookie else grant.refresh_token,
    )
