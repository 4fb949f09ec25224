"""Access tokens as attackers make them: each is a good token of the stack but for the one thing that its name says.

What the signature does not betray is signed with the stack's own key, so that nothing but that one thing can be why a
token is refused. The attacks are those of RFC 8725 (section 2), of RFC 9068 (section 5), and of published mistakes of
other verifiers.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from stack_control import STATE

_COORDINATE_BYTES = 32
CLAIMS = ("iss", "aud", "sub", "sid", "roles", "username", "auth_time", "amr", "iat", "nbf", "exp", "jti")


def encoded(part: bytes | str | Mapping[str, Any] | list[Any]) -> str:
    """Return base64url of bytes, of text, or of the JSON of anything else."""
    if not isinstance(part, bytes | str):
        part = json.dumps(part, separators=(",", ":"))
    raw = part.encode() if isinstance(part, str) else part
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def es256(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return an ES256 signature as RFC 7518 (section 3.4) writes it: both numbers, 32 bytes each."""
    numbers = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(_COORDINATE_BYTES, "big") for number in numbers)


@dataclass(frozen=True)
class Forge:
    """Makes tokens out of a good one."""

    good: str

    @cached_property
    def header(self) -> dict[str, Any]:
        """The good token's header."""
        return dict(jwt.get_unverified_header(self.good))

    @cached_property
    def claims(self) -> dict[str, Any]:
        """The good token's claims."""
        return dict(jwt.decode(self.good, options={"verify_signature": False}))

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The key that signed it, from the stack's own folder."""
        pem = Path(str(STATE), "secrets", "user_service", "signing", f"{self.header['kid']}.pem")
        key = load_pem_private_key(pem.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    @cached_property
    def own(self) -> ec.EllipticCurvePrivateKey:
        """A key that only the attacker knows."""
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def own_jwk(self) -> dict[str, Any]:
        """The attacker's public key as they would offer it."""
        return dict(jwt.algorithms.ECAlgorithm.to_jwk(self.own.public_key(), as_dict=True))

    def public(self, form: str) -> bytes:
        """Return the stack's public key in a form that a confused verifier might take for a shared secret."""
        key = self.key.public_key()
        if form == "jwk":
            return json.dumps(jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True)).encode()
        if form == "point":
            return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        encoding = Encoding.PEM if form == "pem" else Encoding.DER
        return key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)

    def signed(
        self,
        *,
        header: bytes | Mapping[str, Any] | list[Any] | None = None,
        claims: bytes | Mapping[str, Any] | list[Any] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> str:
        """Return a token with this header and these claims, signed with ES256 whatever the header says."""
        parts = (
            f"{encoded(self.header if header is None else header)}.{encoded(self.claims if claims is None else claims)}"
        )
        return f"{parts}.{encoded(es256(key or self.key, parts.encode()))}"

    def claiming(self, **changes: Any) -> str:
        """Return a token with other claims; None leaves one out."""
        return self.signed(claims={name: each for name, each in {**self.claims, **changes}.items() if each is not None})

    def headed(self, *, key: ec.EllipticCurvePrivateKey | None = None, **changes: Any) -> str:
        """Return a token with other header members; None leaves one out."""
        header = {name: each for name, each in {**self.header, **changes}.items() if each is not None}
        return self.signed(header=header, key=key)

    def keyed(self, secret: bytes, *, algorithm: str = "HS256", **changes: Any) -> str:
        """Return a token whose signature is an HMAC under this secret."""
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
        parts = f"{encoded({**self.header, 'alg': algorithm, **changes})}.{encoded(self.claims)}"
        return f"{parts}.{encoded(hmac.new(secret, parts.encode(), digest).digest())}"

    def unsigned(self, algorithm: str, *, signature: str = "") -> str:
        """Return a token that says its algorithm is one without a key."""
        return f"{encoded({**self.header, 'alg': algorithm})}.{encoded(self.claims)}.{signature}"

    def otherwise_signed(self, algorithm: str) -> str:
        """Return a token signed by an algorithm that is sound, but not the platform's."""
        parts = f"{encoded({**self.header, 'alg': algorithm})}.{encoded(self.claims)}"
        return f"{parts}.{encoded(_SIGNERS[algorithm](parts.encode()))}"

    def with_signature(self, change: Callable[[bytes], bytes]) -> str:
        """Return the good token with another signature."""
        parts, _, signature = self.good.rpartition(".")
        return f"{parts}.{encoded(change(base64.urlsafe_b64decode(signature + '==')))}"

    def text(self, part: str) -> str:
        """Return the JSON text of the good header or the good claims."""
        return json.dumps(self.header if part == "header" else self.claims, separators=(",", ":"))


def _rs256(message: bytes) -> bytes:
    return rsa.generate_private_key(65537, 2048).sign(message, padding.PKCS1v15(), hashes.SHA256())


def _es384(message: bytes) -> bytes:
    r, s = decode_dss_signature(ec.generate_private_key(ec.SECP384R1()).sign(message, ec.ECDSA(hashes.SHA384())))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


_SIGNERS: dict[str, Callable[[bytes], bytes]] = {
    "RS256": _rs256,
    "ES384": _es384,
    "EdDSA": lambda message: ed25519.Ed25519PrivateKey.generate().sign(message),
}


def now() -> int:
    """Return the second that it is."""
    return int(time.time())


def _doubled(text: str, member: str, value: str) -> bytes:
    """Return a JSON object with one more member of a name that it has already."""
    return f'{text[:-1]},"{member}":{value}}}'.encode()


def _next_letter(letter: str) -> str:
    """Return the letter of base64url behind this one: in the last place of 64 bytes it stands for the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return letters[letters.index(letter) + 1]


def _der(signature: bytes) -> bytes:
    """Return a signature in the form of X.509 (RFC 3279) instead of that of JWS."""
    numbers = [signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]]
    parts = b"".join(b"\x02" + bytes([len(b"\x00" + each)]) + b"\x00" + each for each in numbers)
    return b"\x30" + bytes([len(parts)]) + parts


TOKENS: dict[str, Callable[[Forge], str]] = {
    # No signature at all.
    "alg none": lambda f: f.unsigned("none"),
    "alg nOnE": lambda f: f.unsigned("nOnE"),
    "alg none beside the good signature": lambda f: f.unsigned("none", signature=f.good.rpartition(".")[2]),
    "alg empty": lambda f: f.unsigned(""),
    "alg missing": lambda f: f.headed(alg=None),
    "alg a number": lambda f: f.headed(alg=256),
    "alg a list": lambda f: f.headed(alg=["ES256"]),
    "no signature part": lambda f: f.good.rpartition(".")[0],
    "an empty signature": lambda f: f.good.rpartition(".")[0] + ".",
    # The public key taken for a shared secret.
    "HS256 under the public key as PEM": lambda f: f.keyed(f.public("pem")),
    "HS256 under the public key as DER": lambda f: f.keyed(f.public("der")),
    "HS256 under the public key as JWK": lambda f: f.keyed(f.public("jwk")),
    "HS256 under the public point": lambda f: f.keyed(f.public("point")),
    "HS384 under the public key as PEM": lambda f: f.keyed(f.public("pem"), algorithm="HS384"),
    "HS512 under the public key as PEM": lambda f: f.keyed(f.public("pem"), algorithm="HS512"),
    "HS256 under an empty secret": lambda f: f.keyed(b""),
    "an HMAC that says ES256": lambda f: f.keyed(f.public("pem"), alg="ES256"),
    # Other algorithms.
    "RS256": lambda f: f.otherwise_signed("RS256"),
    "ES384": lambda f: f.otherwise_signed("ES384"),
    "EdDSA": lambda f: f.otherwise_signed("EdDSA"),
    # Signatures that are none.
    "a signature of zeros": lambda f: f.with_signature(lambda s: bytes(len(s))),
    "a signature of ones": lambda f: f.with_signature(lambda s: b"\xff" * len(s)),
    "a truncated signature": lambda f: f.with_signature(lambda s: s[:-1]),
    "a prolonged signature": lambda f: f.with_signature(lambda s: s + b"\x00"),
    "a signature with one bit turned": lambda f: f.with_signature(lambda s: bytes([s[0] ^ 1]) + s[1:]),
    "a signature with its halves exchanged": lambda f: f.with_signature(lambda s: s[32:] + s[:32]),
    "a signature in DER": lambda f: f.with_signature(_der),
    "the signature of other claims": lambda f: (
        f"{encoded(f.header)}.{encoded({**f.claims, 'jti': 'other'})}.{f.good.rpartition('.')[2]}"
    ),
    # Keys of the attacker.
    "a foreign key under the right kid": lambda f: f.signed(key=f.own),
    "a foreign key under a kid of its own": lambda f: f.headed(key=f.own, kid="attacker"),
    "a foreign key without a kid": lambda f: f.headed(key=f.own, kid=None),
    "jwk in the header, right kid": lambda f: f.headed(key=f.own, jwk=f.own_jwk),
    "jwk in the header, own kid": lambda f: f.headed(key=f.own, jwk={**f.own_jwk, "kid": "mine"}, kid="mine"),
    "jwk in the header, no kid": lambda f: f.headed(key=f.own, jwk=f.own_jwk, kid=None),
    "jku in the header": lambda f: f.headed(key=f.own, jku="https://attacker.test/jwks.json"),
    "jku at the loopback": lambda f: f.headed(key=f.own, jku="http://127.0.0.1:9/jwks.json", kid="mine"),
    "x5u in the header": lambda f: f.headed(key=f.own, x5u="https://attacker.test/chain.pem"),
    "x5c in the header": lambda f: f.headed(
        key=f.own,
        x5c=[
            base64.b64encode(f.own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
        ],
    ),
    # Key ids that reach for something.
    "kid missing": lambda f: f.headed(kid=None),
    "kid empty": lambda f: f.headed(kid=""),
    "kid a number": lambda f: f.headed(kid=1),
    "kid a list": lambda f: f.headed(kid=[f.header["kid"]]),
    "kid of another case": lambda f: f.headed(kid=f.header["kid"].upper()),
    "kid a path to an empty file": lambda f: f.keyed(b"", kid="../../../../../../dev/null"),
    "kid a path to the key": lambda f: f.headed(kid=f"../signing/{f.header['kid']}"),
    "kid with an injection": lambda f: f.headed(key=f.own, kid="x' UNION SELECT 'key' --"),
    "kid with a null byte": lambda f: f.headed(kid=f"{f.header['kid']}\x00"),
    "kid of 3,000 characters": lambda f: f.headed(kid="k" * 3000),
    # Tokens that are for something else.
    "typ missing": lambda f: f.headed(typ=None),
    "typ JWT": lambda f: f.headed(typ="JWT"),
    "typ of a refresh token": lambda f: f.headed(typ="rt+jwt"),
    "typ of a logout token": lambda f: f.headed(typ="logout+jwt"),
    "an id token": lambda f: f.signed(
        header={**f.header, "typ": "JWT"}, claims={**f.claims, "nonce": "n", "email": "a@example.com"}
    ),
    "a token around a token": lambda f: f.signed(header={**f.header, "cty": "JWT"}, claims=f.good.encode()),
    "crit with an unknown extension": lambda f: f.headed(crit=["exp"]),
    "crit with an unencoded payload": lambda f: f.headed(crit=["b64"], b64=False),
    # Claims.
    **{f"{claim} missing": partial(Forge.claiming, **{claim: None}) for claim in CLAIMS},
    "iss of somebody else": lambda f: f.claiming(iss="https://attacker.test"),
    "iss with a slash more": lambda f: f.claiming(iss=f.claims["iss"] + "/"),
    "iss a list": lambda f: f.claiming(iss=[f.claims["iss"]]),
    "aud of somebody else": lambda f: f.claiming(aud="elsewhere"),
    "aud a list of others": lambda f: f.claiming(aud=["elsewhere", "nowhere"]),
    "aud empty": lambda f: f.claiming(aud=[]),
    "aud a part of ours": lambda f: f.claiming(aud=f.claims["aud"][:-1]),
    "exp in the past": lambda f: f.claiming(iat=now() - 2000, nbf=now() - 2000, exp=now() - 1000),
    "exp zero": lambda f: f.claiming(exp=0),
    "exp negative": lambda f: f.claiming(exp=-1),
    "exp a text": lambda f: f.claiming(exp=str(f.claims["exp"])),
    "exp a boolean": lambda f: f.claiming(exp=True),
    "exp a fraction": lambda f: f.claiming(exp=f.claims["exp"] + 0.5),
    "exp infinite": lambda f: f.signed(
        claims=_doubled(json.dumps({n: v for n, v in f.claims.items() if n != "exp"}), "exp", "1e999")
    ),
    "nbf in the future": lambda f: f.claiming(nbf=now() + 600),
    "iat in the future": lambda f: f.claiming(iat=now() + 600),
    "iat a text": lambda f: f.claiming(iat="now"),
    "sub empty": lambda f: f.claiming(sub=""),
    "sub a number": lambda f: f.claiming(sub=1),
    "sub an object": lambda f: f.claiming(sub={"id": f.claims["sub"]}),
    "sid empty": lambda f: f.claiming(sid=""),
    "sid a list": lambda f: f.claiming(sid=[f.claims["sid"]]),
    "roles a text": lambda f: f.claiming(roles="admin"),
    "roles unknown": lambda f: f.claiming(roles=["root"]),
    "roles an object": lambda f: f.claiming(roles={"admin": True}),
    "auth_time a text": lambda f: f.claiming(auth_time="now"),
    "amr a number": lambda f: f.claiming(amr=1),
    "amr a text": lambda f: f.claiming(amr="pwd"),
    # Forms.
    "a claim named twice": lambda f: f.signed(claims=_doubled(f.text("claims"), "sub", '"usr_other"')),
    "exp named twice": lambda f: f.signed(claims=_doubled(f.text("claims"), "exp", str(now() + 9_999_999))),
    "a header member named twice": lambda f: f.signed(header=_doubled(f.text("header"), "alg", '"ES256"')),
    "kid named twice": lambda f: f.signed(header=_doubled(f.text("header"), "kid", f'"{f.header["kid"]}"')),
    "claims that are no JSON": lambda f: f.signed(claims=b"not json"),
    "claims that are a list": lambda f: f.signed(claims=[f.claims]),
    "claims that are null": lambda f: f.signed(claims=b"null"),
    "claims that are no UTF-8": lambda f: f.signed(claims=b'{"sub":"\xff\xfe"}'),
    "claims nested a thousand deep": lambda f: f.signed(claims=b"[" * 1000 + b"]" * 1000),
    "a number that is none": lambda f: f.signed(claims=_doubled(f.text("claims"), "extra", "NaN")),
    "a header that is no JSON": lambda f: f.signed(header=b"not json"),
    "a header that is a list": lambda f: f.signed(header=[f.header]),
    "four parts": lambda f: f"{f.good}.{encoded(b'more')}",
    "five parts, as an encrypted token has": lambda f: f"{f.good}.{encoded(b'a')}.{encoded(b'b')}",
    "one part": lambda f: f.good.partition(".")[0],
    "nothing but dots": lambda _f: "..",
    "padding": lambda f: f.good + "==",
    "bits beyond the last byte": lambda f: f.good[:-1] + _next_letter(f.good[-1]),
    "a space inside": lambda f: f.good.replace(".", ". ", 1),
    "8,000 bytes": lambda f: f.claiming(extra="x" * 6000),
}
"""What is wrong, and how such a token is made."""
WITHOUT_ROLES = {"roles missing", "roles a text", "roles unknown", "roles an object"}
"""Those that name nobody's role, and are good tokens otherwise."""
