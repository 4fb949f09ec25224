"""Passwords that are changed or lost, and email addresses that are proven."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from cnop_platform.access import Principal, RateClass, public, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.after_answer import AfterAnswer
from cnop_users.api.models import HASHING_SECONDS, EmptyBody, GivenPassword, Incoming, Message, NewPassword, problems
from cnop_users.application.passwords import PasswordChange
from cnop_users.application.recovery import Recovery
from cnop_users.application.verification import Verification

router = service_router(tags=["credentials"])

Context = Annotated[RequestContext, Depends(request_context)]
OneTimeToken = Annotated[str, Field(min_length=1, max_length=200)]


class PasswordBody(Incoming):
    """The current password and the one to replace it."""

    current_password: GivenPassword
    new_password: NewPassword


class ForgotBody(Incoming):
    """Who forgot: an email address or a user name."""

    email: Annotated[str, Field(min_length=1, max_length=254, description="email address or user name")]


class ResetBody(Incoming):
    """The token of the letter, and the new password."""

    token: OneTimeToken
    password: NewPassword


class VerifyBody(Incoming):
    """The token of the letter."""

    token: OneTimeToken


@router.post(
    "/auth/password",
    operation_id="change_password",
    responses=problems({409: "The account was changed by several requests at once"}),
)
async def change_password(
    body: PasswordBody,
    principal: Annotated[
        Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.AUTH, timeout_seconds=HASHING_SECONDS)
    ],
    context: Context,
    passwords: Annotated[PasswordChange, provided(PasswordChange)],
) -> Message:
    """Replace the password and end all other sessions. An enrolled second factor must have been shown lately."""
    await passwords.change(principal, current=body.current_password, new=body.new_password, context=context)
    return Message(message="Password changed; your other sessions were ended")


@router.post("/auth/password/forgot", operation_id="forgot_password", status_code=202)
async def forgot_password(
    body: ForgotBody,
    _access: Annotated[None, public(Permission.RECOVER, rate=RateClass.AUTH)],
    context: Context,
    later: Annotated[AfterAnswer, provided(AfterAnswer)],
) -> Message:
    """Send a letter with a reset token, if there is such an account; the answer is the same if not."""
    later.add(body.email, context)
    return Message(message="If there is such an account, a letter is on its way")


@router.post("/auth/password/reset", operation_id="reset_password")
async def reset_password(
    body: ResetBody,
    _access: Annotated[None, public(Permission.RECOVER, rate=RateClass.AUTH, timeout_seconds=HASHING_SECONDS)],
    context: Context,
    recovery: Annotated[Recovery, provided(Recovery)],
) -> Message:
    """Set a new password by the token of a letter, once, and end all sessions."""
    await recovery.reset(body.token, body.password, context=context)
    return Message(message="Password changed; log in with the new one")


@router.post("/auth/email/verify", operation_id="verify_email")
async def verify_email(
    body: VerifyBody,
    _access: Annotated[None, public(Permission.RECOVER, rate=RateClass.AUTH)],
    context: Context,
    verification: Annotated[Verification, provided(Verification)],
) -> Message:
    """Prove an email address by the token of a letter."""
    await verification.verify(body.token, context=context)
    return Message(message="Email address confirmed")


@router.post("/auth/email/resend", operation_id="resend_verification", status_code=202)
async def resend_verification(
    principal: Annotated[Principal, requires(Permission.MANAGE_CREDENTIALS, rate=RateClass.AUTH)],
    verification: Annotated[Verification, provided(Verification)],
    _body: EmptyBody | None = None,
) -> Message:
    """Send the letter that proves the caller's address again."""
    await verification.resend(principal.user_id)
    return Message(message="If the address is still to be confirmed, a letter is on its way")
