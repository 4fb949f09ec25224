"""The keys that sign access tokens: a folder of PEM files, one P-256 private key each; a file's name is the key's id.

A new key is published at once and signs when every cache of the key set has had time to expire. A key that is no
longer in the folder is not published any more, so an old one stays until the last token it signed has ended.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cnop_core.clock import Clock

_log = structlog.get_logger()
_KEY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_STAMP: Final = re.compile(r"(\d{8}T\d{6}Z)$", re.ASCII)
_STAMP_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_REREAD_SECONDS: Final = 10


class NoSigningKey(Exception):
    """The folder holds no key that could sign; a service without one must not start."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, its id, and since when it exists."""

    key_id: str
    private: EllipticCurvePrivateKey
    created_at: datetime

    def public_jwk(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key (RFC 7517)."""
        jwk: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**jwk, "kid": self.key_id, "use": "sig", "alg": "ES256"}


class SigningKeys:
    """The folder's keys, read again every ten seconds, so that a rotation needs no restart."""

    def __init__(self, folder: Path, *, clock: Clock, lead_seconds: int) -> None:
        self._folder = folder
        self._clock = clock
        self._lead = timedelta(seconds=lead_seconds)
        self._keys: dict[str, SigningKey] = {}
        self._read_at: datetime | None = None
        self._current()

    async def key(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return the public key of that id: this service verifies with the very keys that it publishes."""
        found = self._current().get(kid)
        return found.private.public_key() if found else None

    def published(self) -> list[SigningKey]:
        """Return every key, the oldest first."""
        return sorted(self._current().values(), key=lambda key: (key.created_at, key.key_id))

    def signer(self) -> SigningKey:
        """Return the newest key that has been published for long enough, or the oldest when none has."""
        keys = self.published()
        usable = [key for key in keys if key.created_at + self._lead <= self._clock.now()]
        return usable[-1] if usable else keys[0]

    def _current(self) -> dict[str, SigningKey]:
        now = self._clock.now()
        if self._read_at is None or not 0 <= (now - self._read_at).total_seconds() < _REREAD_SECONDS:
            found = read_keys(self._folder)
            if not found and not self._keys:
                raise NoSigningKey("the folder of signing keys holds no P-256 private key in PEM form")
            # An empty folder can only be a mistake in progress: what worked goes on working.
            self._keys, self._read_at = found or self._keys, now
        return self._keys


def read_keys(folder: Path) -> dict[str, SigningKey]:
    """Return the usable keys of a folder by id; a file that is none is passed over and logged."""
    found: dict[str, SigningKey] = {}
    for path in sorted(folder.glob("*.pem")):
        try:
            found[path.stem] = _read(path)
        except (OSError, ValueError, TypeError) as error:
            _log.error("signing_key_unusable", file=path.name, reason=type(error).__name__)
    return found


def stamped_key_id(now: datetime) -> str:
    """Return an id for a key that is made now; it carries the time, whatever becomes of the file's own."""
    return f"key-{now.astimezone(UTC).strftime(_STAMP_FORMAT)}"


def _read(path: Path) -> SigningKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not _KEY_ID.fullmatch(path.stem):
        raise ValueError("the file's name cannot be a key id")
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("expected a P-256 private key")
    return SigningKey(path.stem, key, _created_at(path))


def _created_at(path: Path) -> datetime:
    stamp = _STAMP.search(path.stem)
    if stamp:
        return datetime.strptime(stamp[1], _STAMP_FORMAT).replace(tzinfo=UTC)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
