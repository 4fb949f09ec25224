"""Signing in with an external OpenID provider: the browser goes there and comes back."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cnop_core.errors import CnopError
from cnop_platform.access import Principal, RateClass, public, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.authentication import render_tokens
from cnop_users.api.cookies import RefreshCookie
from cnop_users.api.models import EmptyBody, FactorBody, Message, Outgoing, Tokens, problems
from cnop_users.application.factors import OfferedFactor
from cnop_users.application.federated_factor import FederatedFactor
from cnop_users.application.federation import (
    FACTOR_STATE,
    Aim,
    Federation,
    Flow,
    Provider,
    SecondFactorDue,
    UnknownProvider,
)
from cnop_users.application.identities import Identities, SignInFailed

router = service_router(tags=["federation"])

_COOKIE: Final = "__Host-cnop_oidc"
_COOKIE_SECONDS: Final = 600
_ARRIVALS: Final = {Aim.LINK: "/#linked", Aim.PROVE: "/#confirmed"}
Context = Annotated[RequestContext, Depends(request_context)]
ProviderName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,30}$")]


class ProviderList(Outgoing):
    """The names of the providers that can be signed in with."""

    providers: list[str]


class LinkedIdentity(Outgoing):
    """An identity elsewhere that signs in to this account."""

    provider: str


class IdentityList(Outgoing):
    """The identities that are linked to an account."""

    data: list[LinkedIdentity]


class Destination(Outgoing):
    """Where the browser goes next."""

    url: str


class FederationDesk:
    """What the handlers share: the providers, the sealed cookie and the page to come back to."""

    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        seal: Callable[[Flow], str],
        open_flow: Callable[[str, str], Flow],
        page: str,
    ) -> None:
        self._providers = providers
        self._seal = seal
        self._open_flow = open_flow
        self._page = page

    @property
    def names(self) -> list[str]:
        """The configured providers."""
        return sorted(self._providers)

    def provider(self, name: str) -> Provider:
        """Return the provider of that name. Raises `UnknownProvider`."""
        if name not in self._providers:
            raise UnknownProvider("there is no identity provider of this name")
        return self._providers[name]

    def remember(self, response: Response, flow: Flow) -> None:
        """Let the browser keep the flow. It must come back by a link from elsewhere, hence not strict."""
        response.set_cookie(
            _COOKIE, self._seal(flow), max_age=_COOKIE_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
        )

    def recall(self, request: Request, name: str, state: str) -> Flow:
        """Return the flow that this browser began. Raises `SignInFailed`."""
        flow = self._open_flow(request.cookies.get(_COOKIE, ""), state)
        if flow.provider != name:
            raise SignInFailed("the sign-in could not be completed; begin again")
        return flow

    def address(self, path: str) -> str:
        """Return where our own page is."""
        return f"{self._page}{path}"

    def back(self, path: str) -> RedirectResponse:
        """Return the way back to our own page, with the flow forgotten."""
        response = RedirectResponse(self.address(path), 303)
        self.forget(response)
        return response

    def waiting(self, request: Request) -> Flow:
        """Return what waits in this browser for a second factor. Raises `SignInFailed`."""
        return self._open_flow(request.cookies.get(_COOKIE, ""), FACTOR_STATE)

    def forget(self, response: Response) -> None:
        """Let the browser forget what it kept."""
        response.delete_cookie(_COOKIE, path="/", secure=True, httponly=True, samesite="lax")


Desk = Annotated[FederationDesk, provided(FederationDesk)]
SignIn = Annotated[Federation, provided(Federation)]
Links = Annotated[Identities, provided(Identities)]


@router.get("/auth/oidc", operation_id="list_identity_providers")
async def list_identity_providers(
    _access: Annotated[None, public(Permission.LOGIN, rate=RateClass.READ)], desk: Desk
) -> ProviderList:
    """Name the providers that can be signed in with."""
    return ProviderList(providers=desk.names)


@router.get("/auth/identities", operation_id="list_linked_identities")
async def list_linked_identities(
    principal: Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.READ)], identities: Links
) -> IdentityList:
    """Name the providers whose identities are linked to the caller's account."""
    linked = await identities.of(principal.user_id)
    return IdentityList(data=[LinkedIdentity(provider=name) for name in linked])


@router.delete(
    "/auth/identities/{provider}",
    operation_id="unlink_identity",
    responses=problems({404: "No identity of this provider is linked", 409: "It is the only way to log in"}),
)
async def unlink_identity(
    provider: ProviderName,
    principal: Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.WRITE, step_up=True)],
    context: Context,
    identities: Links,
) -> Message:
    """Take an identity off the caller's account, unless it is the only way to log in."""
    await identities.unlink(principal, provider, context=context)
    return Message(message="Identity unlinked")


@router.get(
    "/auth/oidc/{provider}/login",
    operation_id="begin_federated_login",
    status_code=303,
    response_class=RedirectResponse,
)
async def begin_federated_login(
    provider: ProviderName,
    _access: Annotated[None, public(Permission.LOGIN, rate=RateClass.AUTH, cookie=True)],
    desk: Desk,
    federation: SignIn,
) -> Response:
    """Send the browser to the provider."""
    flow = federation.begin(provider)
    response = RedirectResponse(await desk.provider(provider).authorization_url(flow), 303)
    desk.remember(response, flow)
    return response


@router.post("/auth/oidc/{provider}/link", operation_id="begin_identity_link")
async def begin_identity_link(
    provider: ProviderName,
    principal: Annotated[
        Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.AUTH, step_up=True, cookie=True)
    ],
    response: Response,
    desk: Desk,
    federation: SignIn,
    _body: EmptyBody | None = None,
) -> Destination:
    """Return where the browser goes to link an identity to the caller's account."""
    return await _visit(federation.begin_for(principal, provider, Aim.LINK), desk, response)


@router.post("/auth/oidc/{provider}/step-up", operation_id="begin_identity_step_up")
async def begin_identity_step_up(
    provider: ProviderName,
    principal: Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.AUTH, cookie=True)],
    response: Response,
    desk: Desk,
    federation: SignIn,
    _body: EmptyBody | None = None,
) -> Destination:
    """Return where the browser goes to prove again, by a linked identity, who one is.

    The session that comes back counts as begun when the provider asked.
    """
    return await _visit(federation.begin_for(principal, provider, Aim.PROVE), desk, response)


@router.get(
    "/auth/oidc/{provider}/callback",
    operation_id="finish_federated_login",
    status_code=303,
    response_class=RedirectResponse,
)
async def finish_federated_login(
    provider: ProviderName,
    _access: Annotated[None, public(Permission.LOGIN, rate=RateClass.AUTH, cookie=True)],
    context: Context,
    request: Request,
    desk: Desk,
    federation: SignIn,
    cookie: Annotated[RefreshCookie, provided(RefreshCookie)],
    code: Annotated[str, Query(max_length=2048)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Receive the browser back and send it to our page, signed in, or with the code of what went wrong after a #."""
    flow: Flow | None = None
    try:
        flow = desk.recall(request, provider, state)
        if not code or flow.aim is Aim.FACTOR:
            raise SignInFailed("the provider did not vouch for anybody")
        identity = await desk.provider(provider).identify(flow, code)
        if flow.aim is not Aim.SIGN_IN:
            await federation.serve(flow, identity, context=context)
            return desk.back(_ARRIVALS[flow.aim])
        grant = await federation.sign_in(identity, context=context)
    except SecondFactorDue as due:
        waiting = RedirectResponse(desk.address(f"/login#error={due.stable_code}"), 303)
        desk.remember(waiting, federation.await_factor(provider, due))
        return waiting
    except CnopError as error:
        federation.refused(provider, error, flow, context=context)
        return desk.back(f"/login#error={quote(error.stable_code)}")
    response = desk.back("/")
    cookie.write(response, grant.refresh_token)
    return response


@router.post(
    "/auth/oidc/second-factor",
    operation_id="finish_federated_login_with_factor",
    response_model_exclude_none=True,
    responses=problems(
        {
            401: "The factor is wrong or missing, or no sign-in elsewhere waits for one",
            403: "The source address is blocked, or the origin is foreign",
        }
    ),
)
async def finish_federated_login_with_factor(
    body: FactorBody,
    _access: Annotated[None, public(Permission.LOGIN, rate=RateClass.AUTH, cookie=True)],
    context: Context,
    request: Request,
    response: Response,
    desk: Desk,
    cookie: Annotated[RefreshCookie, provided(RefreshCookie)],
    factor: Annotated[FederatedFactor, provided(FederatedFactor)],
) -> Tokens:
    """Finish a sign-in with an OpenID provider by one's own second factor, within ten minutes, once."""
    waiting = desk.waiting(request)
    cookie.require_own_origin(request)
    offered = OfferedFactor(otp=body.otp, recovery_code=body.recovery_code, passkey=body.passkey)
    grant = await factor.show(waiting, offered, context=context)
    desk.forget(response)
    return render_tokens(grant, response, cookie)


async def _visit(flow: Flow, desk: FederationDesk, response: Response) -> Destination:
    url = await desk.provider(flow.provider).authorization_url(flow)
    desk.remember(response, flow)
    return Destination(url=url)
