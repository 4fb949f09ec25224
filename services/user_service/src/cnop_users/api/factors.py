"""Second factors and step-up."""

from typing import Annotated, Any, Final

import segno
from fastapi import Depends
from pydantic import Field

from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.models import (
    HASHING_SECONDS,
    EmptyBody,
    GivenPassword,
    Incoming,
    Message,
    Outgoing,
    Tokens,
    problems,
)
from cnop_users.application.factors import OfferedFactor, SecondFactors
from cnop_users.application.step_up import StepUp, StepUpProof

router = service_router(tags=["second factors"])

Context = Annotated[RequestContext, Depends(request_context)]
Factors = Annotated[SecondFactors, provided(SecondFactors)]
Reader = Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.READ)]
Changer = Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.WRITE)]
Proven = Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.WRITE, step_up=True)]
_NOT_NOW: Final = "An app is enrolled already"
Otp = Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["123456"])]


class CodeBody(Incoming):
    """The code that the app shows now."""

    code: Otp


class StepUpBody(Incoming):
    """A fresh proof: `otp`, `passkey` or `recovery_code` when a second factor is enrolled, else `password`."""

    password: GivenPassword | None = None
    otp: Otp | None = None
    recovery_code: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    passkey: Annotated[dict[str, Any], Field(description="`PublicKeyCredential.toJSON()`")] | None = None


class FactorView(Outgoing):
    """Which second factors the caller has, and whether there is a password."""

    password: bool
    totp: bool
    passkeys: bool
    recovery_codes_left: int


class EnrolmentView(Outgoing):
    """What an authenticator app needs: the secret to type, or the QR code to scan (an SVG image as a data URL)."""

    secret: str
    uri: str
    qr_code: str


class CodesView(Message):
    """Recovery codes, shown this once."""

    recovery_codes: list[str]


@router.get("/auth/mfa", operation_id="get_factors")
async def get_factors(principal: Reader, factors: Factors) -> FactorView:
    """Show which second factors the caller has."""
    state = await factors.state(principal)
    return FactorView(
        password=state.password,
        totp=state.totp,
        passkeys=state.passkeys,
        recovery_codes_left=state.recovery_codes_left,
    )


@router.post(
    "/auth/mfa/totp",
    operation_id="begin_totp",
    responses=problems({409: _NOT_NOW}),
)
async def begin_totp(principal: Proven, factors: Factors, _body: EmptyBody | None = None) -> EnrolmentView:
    """Begin to enrol an authenticator app; a code of it confirms within ten minutes."""
    enrolment = await factors.begin_totp(principal)
    image = segno.make(enrolment.uri, error="m").svg_data_uri(scale=5, border=4)
    return EnrolmentView(secret=enrolment.secret, uri=enrolment.uri, qr_code=image)


@router.post(
    "/auth/mfa/totp/confirm",
    operation_id="confirm_totp",
    responses=problems({404: "No enrolment was begun", 409: _NOT_NOW}),
)
async def confirm_totp(body: CodeBody, principal: Changer, context: Context, factors: Factors) -> CodesView:
    """Enrol the app that shows this code. The answer holds ten recovery codes, once."""
    codes = await factors.confirm_totp(principal, body.code, context=context)
    return CodesView(message="Authenticator app enrolled", recovery_codes=list(codes))


@router.delete("/auth/mfa/totp", operation_id="remove_totp", responses=problems({404: "No app is enrolled"}))
async def remove_totp(principal: Proven, context: Context, factors: Factors) -> Message:
    """Remove the authenticator app."""
    await factors.remove_totp(principal, context=context)
    return Message(message="Authenticator app removed")


@router.post(
    "/auth/mfa/recovery-codes",
    operation_id="renew_recovery_codes",
    responses=problems({404: "No second factor is enrolled"}),
)
async def renew_recovery_codes(
    principal: Proven, context: Context, factors: Factors, _body: EmptyBody | None = None
) -> CodesView:
    """Replace all recovery codes by ten new ones, shown this once."""
    codes = await factors.renew_codes(principal, context=context)
    return CodesView(message="Recovery codes replaced; the old ones are void", recovery_codes=list(codes))


@router.post(
    "/auth/step-up",
    operation_id="step_up",
    response_model_exclude_none=True,
    responses=problems({401: "The proof is wrong, or a second factor is due"}),
)
async def step_up(
    body: StepUpBody,
    principal: Annotated[
        Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.AUTH, timeout_seconds=HASHING_SECONDS)
    ],
    context: Context,
    step_up: Annotated[StepUp, provided(StepUp)],
) -> Tokens:
    """Prove again who one is; the access token in the answer is good for five minutes of sensitive acts."""
    factor = OfferedFactor(otp=body.otp, recovery_code=body.recovery_code, passkey=body.passkey)
    offered = StepUpProof(password=body.password, factor=factor)
    token = await step_up.step_up(principal, offered, context=context)
    return Tokens(access_token=token.text, expires_in=token.expires_in)
