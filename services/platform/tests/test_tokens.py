import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from cnop_core.clock import FixedClock
from cnop_platform.permissions import Role
from cnop_platform.testing.tokens import TERMS, TokenMint
from cnop_platform.tokens import InvalidToken, TokenVerifier

pytestmark = pytest.mark.security

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
NOW = int(START.timestamp())


@pytest.fixture
def mint():
    return TokenMint()


@pytest.fixture
def clock():
    return FixedClock(START)


@pytest.fixture
def verifier(mint, clock):
    return TokenVerifier(keys=mint.keys, terms=TERMS, clock=clock)


def encoded(document) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


async def test_a_good_token_names_its_caller(verifier, mint):
    principal = await verifier.verify(mint.token(now=NOW, roles=["customer", "support"]))
    assert principal.user_id == "usr_1"
    assert principal.roles == {Role.CUSTOMER, Role.SUPPORT}
    assert principal.is_staff


async def test_a_token_ends_even_when_it_was_verified_before(verifier, mint, clock):
    token = mint.token(now=NOW)
    await verifier.verify(token)
    clock.advance(seconds=906)
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


@pytest.mark.parametrize(
    "claim", ["iss", "aud", "sub", "sid", "roles", "username", "auth_time", "amr", "iat", "nbf", "exp", "jti"]
)
async def test_a_missing_claim_means_no(verifier, mint, claim):
    with pytest.raises(InvalidToken):
        await verifier.verify(mint.token(now=NOW, **{claim: None}))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://elsewhere.test"},
        {"aud": "another"},
        {"exp": NOW - 10},
        {"nbf": NOW + 60},
        {"iat": NOW + 60},
        {"exp": "later"},
        {"exp": True},
        {"sub": 7},
        {"sub": ""},
        {"roles": ["root"]},
        {"roles": "admin"},
        {"sid": ["a"]},
    ],
    ids=str,
)
async def test_a_wrong_claim_means_no(verifier, mint, change):
    with pytest.raises(InvalidToken):
        await verifier.verify(mint.token(now=NOW, **change))


async def test_public_is_not_a_role_that_a_token_can_carry(verifier, mint):
    assert (await verifier.verify(mint.token(now=NOW, roles=["public"]))).roles == frozenset()


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": None}, {"kid": "other"}, {"kid": None}, {"kid": "../../etc/passwd"}, {"crit": ["x"]}],
    ids=str,
)
async def test_a_wrong_header_means_no(verifier, mint, header):
    with pytest.raises(InvalidToken):
        await verifier.verify(mint.sign(mint.claims(now=NOW), **header))


async def test_a_foreign_key_means_no_even_when_the_token_brings_it_along(verifier, mint):
    foreign = TokenMint()
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(foreign.private_key.public_key()))
    for header in ({}, {"jwk": jwk}, {"jku": "https://attacker.test/keys"}, {"x5u": "https://attacker.test/cert"}):
        with pytest.raises(InvalidToken):
            await verifier.verify(foreign.sign(foreign.claims(now=NOW), **header))


async def test_unsigned_tokens_are_refused(verifier, mint):
    for algorithm in ("none", "None", "NONE", ""):
        body = f"{encoded({'alg': algorithm, 'typ': 'at+jwt', 'kid': mint.kid})}.{encoded(mint.claims(now=NOW))}"
        for token in (f"{body}.", body, f"{body}.AAAA"):
            with pytest.raises(InvalidToken):
                await verifier.verify(token)


async def test_the_public_key_is_not_accepted_as_a_shared_secret(verifier, mint):
    pem = mint.private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': mint.kid})}.{encoded(mint.claims(now=NOW))}"
    tag = base64.urlsafe_b64encode(hmac.new(pem, body.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    with pytest.raises(InvalidToken):
        await verifier.verify(f"{body}.{tag}")


async def test_a_claim_named_twice_means_no_even_when_signed(verifier, mint):
    claims = json.dumps(mint.claims(now=NOW))[:-1] + ',"roles":["admin"]}'
    signer = jwt.PyJWS()
    token = signer.encode(claims.encode(), mint.private_key, "ES256", headers={"typ": "at+jwt", "kid": mint.kid})
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "....", "x" * 5000, "eyJ.eyJ.", "ä.ö.ü", "\x00"])
async def test_garbage_is_refused(verifier, token):
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


@pytest.mark.parametrize(
    "respell",
    [
        lambda token: token.partition(".")[0],
        lambda token: token.rpartition(".")[0],
        lambda token: f"{token}.e30",
        lambda token: f"{token}==",
        lambda token: f" {token}",
        lambda token: token.replace(".", ".\n", 1),
        lambda token: token[:-1] + chr(ord(token[-1]) + 1),
    ],
    ids=["one part", "two parts", "four parts", "padded", "a space", "a line break", "bits beyond the last byte"],
)
async def test_a_good_token_in_another_spelling_is_refused(verifier, mint, respell):
    token = mint.token(now=NOW)
    assert await verifier.verify(token)
    with pytest.raises(InvalidToken):
        await verifier.verify(respell(token))


async def test_a_changed_signature_is_refused(verifier, mint):
    head, body, signature = mint.token(now=NOW).split(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    with pytest.raises(InvalidToken):
        await verifier.verify(f"{head}.{body}.{flipped}")
