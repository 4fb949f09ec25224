"""Recovery codes: ten of 50 random bits each, each good once, for when the authenticator is lost."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from cnop_core.ids import Entropy

COUNT: Final = 10
_LENGTH: Final = 10
_HALF: Final = 5


def make(entropy: Entropy) -> tuple[str, ...]:
    """Return new codes such as `K3P5A-ZX2QM`."""
    texts = (base64.b32encode(entropy(_LENGTH)).decode()[:_LENGTH] for _ in range(COUNT))
    return tuple(f"{text[:_HALF]}-{text[_HALF:]}" for text in texts)


def fingerprint(code: str) -> str:
    """Return what is kept of a code, itself sealed: case, spaces and hyphens make no difference."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def without(kept: Sequence[str], code: str) -> tuple[str, ...] | None:
    """Return the fingerprints that are left when `code` is used; None when it is none of them."""
    offered = fingerprint(code)
    left = tuple(each for each in kept if not hmac.compare_digest(each, offered))
    return left if len(left) < len(kept) else None
