"""Time-based one-time passwords (RFC 6238): six digits, SHA-1, 30 seconds, as every authenticator app has it."""

import base64
import hmac
import struct
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

SECRET_BYTES: Final = 20
_STEP_SECONDS: Final = 30
_DIGITS: Final = 6
_DRIFT_STEPS: Final = 1


def code_at(secret: bytes, step: int) -> str:
    """Return the code of one time step (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def step_of(now: datetime) -> int:
    """Return the number of the time step that `now` lies in."""
    return int(now.timestamp()) // _STEP_SECONDS


def matching_step(secret: bytes, code: str, *, now: datetime, used_up_to: int) -> int | None:
    """Return the step whose code this is, at most one before or after `now`'s and later than any used; else None."""
    offered = code.encode()
    matches = None
    for step in range(step_of(now) - _DRIFT_STEPS, step_of(now) + _DRIFT_STEPS + 1):
        # Every step is compared, so that the time taken does not tell which one came close.
        if hmac.compare_digest(code_at(secret, step).encode(), offered) and step > used_up_to:
            matches = step
    return matches


def secret_text(secret: bytes) -> str:
    """Return the secret as people type it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")


def secret_from_text(text: str) -> bytes:
    """Read what `secret_text` rendered."""
    return base64.b32decode(text + "=" * (-len(text) % 8))


def provisioning_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return what a QR code carries into an authenticator app."""
    label = quote(f"{issuer}:{account}")
    query = urlencode({"secret": secret_text(secret), "issuer": issuer, "digits": _DIGITS, "period": _STEP_SECONDS})
    return f"otpauth://totp/{label}?{query}"
