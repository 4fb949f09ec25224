"""The rules of single fields: each function returns the value as it is kept, or raises `ValueError`.

Texts never repeat the rejected value, because they are sent back and logged.
"""

import re
import unicodedata
from datetime import date
from typing import Final

MIN_PASSWORD_LENGTH: Final = 14
MAX_PASSWORD_LENGTH: Final = 128
MIN_AGE_YEARS: Final = 13
MAX_AGE_YEARS: Final = 120
_MAX_EMAIL_LENGTH: Final = 254
_MAX_LOCAL_PART_LENGTH: Final = 64
_MAX_NAME_LENGTH: Final = 50

RESERVED_USERNAMES: Final = frozenset(
    # What stands in a path where a user name may stand, what erased accounts are called, and who nobody is.
    {"history", "erased", "unknown", "anonymous", "nobody"}
    # Whom people would believe.
    | {"administrator", "auditor", "support", "helpdesk", "moderator", "operator", "security", "system", "webmaster"}
)

_USERNAME: Final = re.compile(r"[A-Za-z0-9_]{6,30}", re.ASCII)
_PHONE: Final = re.compile(r"\+?[0-9]{10,15}", re.ASCII)
_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


def username(text: str) -> str:
    """Return the user name in lower case: two names that differ in case only are one."""
    if not _USERNAME.fullmatch(text):
        raise ValueError("expected 6 to 30 letters, digits or underscores")
    if text.lower() in RESERVED_USERNAMES:
        raise ValueError("is reserved; choose another one")
    return text.lower()


def email(text: str) -> str:
    """Return the address as given. What cannot stand in a mail header unquoted is refused (RFC 5321, section 4.5.3)."""
    local_part, _, domain = text.rpartition("@")
    fits = len(text) <= _MAX_EMAIL_LENGTH and len(local_part) <= _MAX_LOCAL_PART_LENGTH
    if not (fits and _LOCAL_PART.fullmatch(local_part) and _DOMAIN.fullmatch(domain)):
        raise ValueError("expected an email address such as name@example.com")
    return text


def canonical_email(text: str) -> str:
    """Return the form under which an address is looked up and unique: lower case throughout."""
    return text.lower()


def password_length(text: str) -> str:
    """Return the password unchanged when its length, counted in characters, is allowed."""
    if not MIN_PASSWORD_LENGTH <= len(text) <= MAX_PASSWORD_LENGTH:
        raise ValueError(f"expected {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters")
    return text


def person_name(text: str) -> str:
    """Return a first or last name: letters of any script with their marks, space, apostrophe and hyphen."""
    if not 1 <= len(text) <= _MAX_NAME_LENGTH or not all(_belongs_in_name(character) for character in text):
        raise ValueError(f"expected 1 to {_MAX_NAME_LENGTH} letters, spaces, apostrophes or hyphens")
    if not any(character.isalpha() for character in text):
        raise ValueError("expected at least one letter")
    return text


def phone(text: str) -> str:
    """Return a phone number of 10 to 15 digits, a leading plus allowed (E.164)."""
    if not _PHONE.fullmatch(text):
        raise ValueError("expected 10 to 15 digits")
    return text


def date_of_birth(born: date, *, today: date) -> date:
    """Return the date when it makes its owner 13 to 120 years old."""
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not MIN_AGE_YEARS <= age <= MAX_AGE_YEARS:
        raise ValueError(f"expected a date that makes you {MIN_AGE_YEARS} to {MAX_AGE_YEARS} years old")
    return born


def _belongs_in_name(character: str) -> bool:
    return character in " '-\u2019" or unicodedata.category(character)[0] in "LM"
