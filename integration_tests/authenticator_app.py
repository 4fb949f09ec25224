"""An authenticator app: shows the codes of RFC 6238 (30 s, six digits, SHA-1)."""

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass

from platform_client import Person
from sensitive import remember

_STEP_SECONDS = 30


@dataclass(frozen=True)
class App:
    """What an app and its owner keep after enrolment."""

    secret: str
    recovery_codes: tuple[str, ...]

    @classmethod
    def enrol(cls, person: Person) -> "App":
        """Add an app to somebody's account, with the code of this moment."""
        begun = person.post("/auth/mfa/totp", {}).json()
        remember("second factor", begun["secret"], begun["uri"])
        confirmed = person.post("/auth/mfa/totp/confirm", {"code": one_time_code(begun["secret"])})
        assert confirmed.status_code == 200, confirmed.text
        codes = tuple(confirmed.json()["recovery_codes"])
        remember("recovery code", *codes)
        return cls(begun["secret"], codes)

    def next_code(self) -> str:
        """Return a code that is good now and was not used to enrol: the clock may be half a minute fast."""
        return one_time_code(self.secret, steps=1)


def one_time_code(secret: str, *, steps: int = 0) -> str:
    """Return the code of the moment, or of so many steps of 30 s later."""
    step = int(time.time()) // _STEP_SECONDS + steps
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, offset)[0] & 0x7FFFFFFF) % 1_000_000:06d}"
