"""The letters that the platform writes: plain text, no names, nothing to click that was not asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from cnop_core.clock import from_rfc3339


class LetterKind(StrEnum):
    """What a letter is about."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a letter
    RESET_BY_STAFF = "reset_by_staff"
    LOCKED_BY_STAFF = "locked_by_staff"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a letter
    ACCOUNT_RECOVERED = "account_recovered"
    EMAIL_CHANGED = "email_changed"
    NEW_PLACE = "new_place"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"


@dataclass(frozen=True, slots=True)
class Letter:
    """What to write to whom; `values` are what its text mentions."""

    kind: LetterKind
    to: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: the platform's name, where its pages are, and how its support is reached, if it has one."""

    platform: str
    page: str
    support_contact: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A letter as it is sent."""

    to: str
    subject: str
    text: str


_NOT_YOU: Final = "If this was not you, reset your password at once: {page}/forgot-password"
_NOT_YOURS: Final = (
    "If this was not you, reset your password at once: {page}/forgot-password. That does not take it away again: then "
    "log in and remove it yourself: {page}/security. {if_locked_out}"
)
_BEGUN_BY_STAFF: Final = (
    "A member of our staff began a reset of your password. Choose a new one:\n\n{page}/reset-password#token={token}\n\n"
    "The link works once, for 10 minutes; after that, have another letter sent: {page}/forgot-password. Staff neither "
    "choose nor see your password, and never ask you for it or for this link.\n\n"
)
# A token stands behind a #, so that browsers send it to no server and no access log keeps it.
_TEXTS: Final[Mapping[LetterKind, tuple[str, str]]] = {
    LetterKind.VERIFY_EMAIL: (
        "Confirm your email address",
        (
            "Confirm that this address is yours:\n\n{page}/verify-email#token={token}\n\n"
            "The link works once, for 24 hours. If you did not ask for it, ignore this letter."
        ),
    ),
    LetterKind.RESET_PASSWORD: (
        "Reset your password",
        (
            "Choose a new password:\n\n{page}/reset-password#token={token}\n\n"
            "The link works once, for 10 minutes. If you did not ask for it, ignore this letter; your password stays."
        ),
    ),
    LetterKind.RESET_BY_STAFF: (
        "Our staff began a reset of your password",
        _BEGUN_BY_STAFF + "Until you have chosen one, nothing changes.",
    ),
    LetterKind.LOCKED_BY_STAFF: (
        "Our staff began a reset of your password",
        (
            _BEGUN_BY_STAFF + "As somebody else may know your present password it does not work any more, and your "
            "sessions were ended. Afterwards look through what else logs in to your account: {page}/security"
        ),
    ),
    LetterKind.PASSWORD_CHANGED: (
        "Your password was changed",
        "The password of your account was changed on {at}, and your other sessions were ended.\n\n" + _NOT_YOU,
    ),
    LetterKind.ACCOUNT_RECOVERED: (
        "Your password was changed",
        (
            "The password of your account was changed on {at}, by a letter to this address, and its sessions were "
            "ended. Nobody had shown before that this address is theirs, so every other way to log in was removed: "
            "second factors, recovery codes, passkeys and linked accounts. Add again what is yours: {page}/security\n\n"
        )
        + _NOT_YOU,
    ),
    LetterKind.EMAIL_CHANGED: (
        "Your email address was changed",
        (
            "On {at} your account was given another email address. This one is no longer used.\n\n"
            "If this was not you, your account may be in other hands. {if_taken_over}"
        ),
    ),
    LetterKind.NEW_PLACE: (
        "A sign-in from a new place",
        "Somebody signed in to your account on {at} from {address}, where you have not signed in from before.\n\n"
        + _NOT_YOU,
    ),
    LetterKind.FACTOR_ADDED: (
        "A second factor was added",
        "On {at} a second factor ({factor}) was added to your account.\n\n" + _NOT_YOURS,
    ),
    LetterKind.FACTOR_REMOVED: (
        "A second factor was removed",
        "On {at} a second factor ({factor}) was removed from your account.\n\n" + _NOT_YOU,
    ),
    LetterKind.RECOVERY_CODE_USED: (
        "A recovery code was used",
        "On {at} somebody used a recovery code of your account to log in or to confirm a change; {left} are left.\n\n"
        + _NOT_YOU,
    ),
    LetterKind.RECOVERY_CODES_RENEWED: (
        "Your recovery codes were replaced",
        (
            "On {at} the recovery codes of your account were replaced by new ones; the earlier ones are void.\n\n"
            "If this was not you, reset your password at once: {page}/forgot-password. That does not take the new "
            "codes away: then log in and replace them yourself: {page}/security"
        ),
    ),
    LetterKind.IDENTITY_LINKED: (
        "Another account was linked to yours",
        "On {at} an account of {provider} was linked to yours; whoever logs in there can log in here.\n\n" + _NOT_YOURS,
    ),
    LetterKind.IDENTITY_UNLINKED: (
        "A linked account was taken away",
        "On {at} your account of {provider} was unlinked; it does not log in here any more.\n\n" + _NOT_YOU,
    ),
}


# What the letters say where there is somebody to turn to, and where people can only help themselves.
_WITH_SUPPORT: Final[Mapping[str, str]] = {
    "if_locked_out": "If you cannot log in, contact support: {support_contact}",
    "if_taken_over": "Contact support now: {support_contact}",
}
_WITHOUT_SUPPORT: Final[Mapping[str, str]] = {
    "if_locked_out": "If you are asked for a factor that is not yours, use a passkey or a recovery code of your own.",
    "if_taken_over": (
        "Log in with your user name, change your password and set the address right at once: {page}/security"
    ),
}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def compose(letter: Letter, sender: Letterhead) -> Message:
    """Return the letter's text, with times as people read them and the platform's name below."""
    subject, text = _TEXTS[letter.kind]
    places = {"page": sender.page, "support_contact": sender.support_contact or ""}
    advice = _WITH_SUPPORT if sender.support_contact else _WITHOUT_SUPPORT
    values = {**letter.values, **places, **{name: said.format(**places) for name, said in advice.items()}}
    if "at" in values:
        values["at"] = _in_words(from_rfc3339(values["at"]))
    return Message(letter.to, subject, f"{text.format(**values)}\n\n{sender.platform}\n{sender.page}\n")


def _in_words(instant: datetime) -> str:
    """Return `29 November 2026, 14:43 UTC`, whatever the locale."""
    return f"{instant.day} {_MONTHS[instant.month - 1]} {instant.year}, {instant:%H:%M} UTC"
