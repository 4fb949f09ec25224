"""Signs access tokens: ES256 JWTs of the type `at+jwt` (RFC 9068)."""

from datetime import datetime, timedelta

import jwt

from cnop_core.clock import Clock
from cnop_core.ids import Entropy, ulid
from cnop_platform.tokens import ALGORITHM, TOKEN_TYPE, TokenTerms
from cnop_users.adapters.signing_keys import SigningKeys
from cnop_users.application.ports import AccessToken
from cnop_users.domain.sessions import Session
from cnop_users.domain.users import User


class JwtIssuer:
    """Issues tokens that end after `lifetime_seconds`, or with their session when that is sooner."""

    def __init__(
        self, *, keys: SigningKeys, terms: TokenTerms, lifetime_seconds: int, clock: Clock, entropy: Entropy
    ) -> None:
        self._keys = keys
        self._terms = terms
        self._lifetime = timedelta(seconds=lifetime_seconds)
        self._clock = clock
        self._entropy = entropy

    def issue(self, user: User, session: Session, *, auth_time: datetime, amr: tuple[str, ...]) -> AccessToken:
        """See `TokenIssuer.issue`."""
        now = self._clock.now().replace(microsecond=0)
        expires_at = min(now + self._lifetime, session.ends_at.replace(microsecond=0))
        claims = {
            "iss": self._terms.issuer,
            "aud": self._terms.audience,
            "sub": user.user_id,
            "sid": session.session_id,
            "roles": sorted(role.value for role in user.roles),
            "username": user.username,
            "auth_time": int(auth_time.timestamp()),
            "amr": list(amr),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": ulid(now=now, entropy=self._entropy),
        }
        key = self._keys.signer()
        text = jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"typ": TOKEN_TYPE, "kid": key.key_id})
        return AccessToken(text, now, expires_at)
