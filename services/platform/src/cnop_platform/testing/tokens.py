"""Access tokens for tests: made with a key of their own, valid unless told otherwise."""

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from cnop_platform.keysets import StaticKeys
from cnop_platform.tokens import TokenTerms

TERMS = TokenTerms(issuer="https://issuer.test", audience="cnop-test")


class TokenMint:
    """Signs tokens the way the user service does, or deliberately not."""

    def __init__(self, kid: str = "test-key") -> None:
        self.kid = kid
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.keys = StaticKeys({kid: self.private_key.public_key()})

    def claims(self, *, now: int, **changes: Any) -> dict[str, Any]:
        """Return complete claims for a customer; a change to None leaves the claim out."""
        claims: dict[str, Any] = {
            "iss": TERMS.issuer,
            "aud": TERMS.audience,
            "sub": "usr_1",
            "sid": "ses_1",
            "roles": ["customer"],
            "username": "alice_test",
            "auth_time": now,
            "amr": ["pwd"],
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": "tok_1",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a signed token; `header` members override the usual ones."""
        headers = {"typ": "at+jwt", "kid": self.kid, **header}
        if headers["kid"] is None:
            del headers["kid"]
        return jwt.encode(dict(claims), self.private_key, algorithm="ES256", headers=headers)

    def token(self, *, now: int, **changes: Any) -> str:
        """Return a token that verifies, with some claims changed."""
        return self.sign(self.claims(now=now, **changes))
