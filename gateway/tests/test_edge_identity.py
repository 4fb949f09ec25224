"""Who gets through: tokens and roles, against a real Envoy."""

import hmac
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .support import Gateway, Keys, Service, b64, free_port, running, serving, until

CLOCK_SKEW_SECONDS = 5
pytestmark = [pytest.mark.enable_socket, pytest.mark.security]


def problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail", "message", "error", "timestamp"} <= document.keys()
    return document


def test_a_customer_reaches_a_customer_operation_and_the_token_goes_along(gateway: Gateway, keys: Keys):
    bearer = keys.bearer("customer")
    response = gateway.get("/api/v1/orders", headers=bearer)
    assert response.status_code == 200
    assert ["authorization", bearer["Authorization"]] in response.json()["headers"]


def test_a_missing_token_is_401_with_a_challenge(gateway: Gateway):
    response = gateway.get("/api/v1/orders")
    problem(response, 401, "AUTH_002")
    assert response.headers.get_list("www-authenticate") == ['Bearer realm="cnop"']


@pytest.mark.parametrize("value", ["Bearer invalid_token", "Bearer a.b.c", "Bearer ..", "Basic eDp5", "bearer"])
def test_garbage_instead_of_a_token_is_401(gateway: Gateway, value: str):
    response = gateway.get("/api/v1/orders", headers={"Authorization": value})
    assert response.status_code == 401
    assert response.json()["code"] in {"AUTH_002", "AUTH_003"}
    assert response.headers["www-authenticate"].startswith('Bearer realm="cnop"')


def test_a_token_in_the_query_or_a_cookie_does_not_count(gateway: Gateway, keys: Keys):
    token = keys.token("customer")
    problem(gateway.get(f"/api/v1/orders?access_token={token}"), 401, "AUTH_002")
    problem(gateway.get("/api/v1/orders", headers={"Cookie": f"access_token={token}"}), 401, "AUTH_002")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "someone-else"},
        {"aud": None},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"nbf": int(time.time()) + 3600},
    ],
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_refused(gateway: Gateway, keys: Keys, changes: dict):
    problem(gateway.get("/api/v1/orders", headers=keys.bearer("customer", **changes)), 401, "AUTH_003")


def test_a_token_of_another_key_is_refused_even_under_our_key_id(gateway: Gateway):
    problem(gateway.get("/api/v1/orders", headers=Keys().bearer("customer")), 401, "AUTH_003")


def test_an_unsigned_token_is_refused(gateway: Gateway, keys: Keys):
    _, claims, _ = keys.token("customer").split(".")
    for header in ({"alg": "none"}, {"alg": "None", "kid": keys.kid}, {"alg": "", "kid": keys.kid}):
        for signature in ("", "AAAA"):
            bearer = {"Authorization": f"Bearer {b64(header)}.{claims}.{signature}"}
            problem(gateway.get("/api/v1/orders", headers=bearer), 401, "AUTH_003")


def test_a_token_signed_with_our_public_key_as_an_hmac_secret_is_refused(gateway: Gateway, keys: Keys):
    public = keys.private.public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        keys.jwks.encode(),
    ]
    _, claims, _ = keys.token("customer").split(".")
    signed = f"{b64({'alg': 'HS256', 'kid': keys.kid})}.{claims}"
    for secret in secrets:
        mac = hmac.digest(secret, signed.encode(), sha256)
        bearer = {"Authorization": f"Bearer {signed}.{_b64(mac)}"}
        problem(gateway.get("/api/v1/orders", headers=bearer), 401, "AUTH_003")


def test_a_key_that_the_token_brings_itself_is_not_used(gateway: Gateway, keys: Keys):
    stranger = Keys()
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(stranger.private.public_key(), as_dict=True)
    claims = jwt.decode(keys.token("customer"), options={"verify_signature": False})
    token = jwt.encode(claims, stranger.private, "ES256", headers={"jwk": jwk, "jku": "http://evil.test/keys"})
    problem(gateway.get("/api/v1/orders", headers={"Authorization": f"Bearer {token}"}), 401, "AUTH_003")


def test_a_role_that_is_missing_is_403(gateway: Gateway, keys: Keys):
    problem(gateway.get("/api/v1/admin/users/u1", headers=keys.bearer("customer", "support")), 403, "PERM_001")
    assert gateway.get("/api/v1/admin/users/u1", headers=keys.bearer("admin")).status_code == 200


@pytest.mark.parametrize("roles", [None, [], "admin", {"admin": True}, ["administrator"], [["admin"]]])
def test_roles_that_are_not_a_list_with_the_role_admit_nobody(gateway: Gateway, keys: Keys, roles):
    bearer = keys.bearer(roles=roles)
    problem(gateway.get("/api/v1/admin/users/u1", headers=bearer), 403, "PERM_001")


def test_an_operation_for_any_user_still_needs_a_known_role(gateway: Gateway, keys: Keys):
    problem(gateway.get("/api/v1/auth/profile", headers=keys.bearer()), 403, "PERM_001")
    assert gateway.get("/api/v1/auth/profile", headers=keys.bearer("auditor")).status_code == 200


def test_a_public_operation_needs_no_token_and_sees_none(gateway: Gateway):
    response = gateway.get("/api/v1/inventory/assets", headers={"Authorization": "Bearer junk"})
    assert response.status_code == 200
    assert "authorization" not in dict(response.json()["headers"])


def test_a_token_that_was_good_is_refused_once_it_has_expired(gateway: Gateway, keys: Keys):
    bearer = keys.bearer("customer", exp=int(time.time()) - CLOCK_SKEW_SECONDS + 2)
    assert gateway.get("/api/v1/orders", headers=bearer).status_code == 200
    until(lambda: gateway.get("/api/v1/orders", headers=bearer).status_code == 401, seconds=5)


def test_keys_that_appear_late_and_change_are_picked_up(folder: Path, services: dict[str, Service], keys: Keys):
    port = free_port()
    path = "/.well-known/jwks.json"
    settings = {"jwks_uri": f"http://127.0.0.1:{port}{path}", "jwks_refresh_seconds": 0.2}
    with running(folder, keys, services, **settings) as gateway:
        bearer = keys.bearer("customer")
        problem(gateway.get("/api/v1/orders", headers=bearer), 503, "SVC_001")
        with serving(Service("keys", port, {path: keys.jwks})):
            until(lambda: gateway.get("/api/v1/orders", headers=bearer).status_code == 200)
        assert gateway.get("/api/v1/orders", headers=bearer).status_code == 200
        later = Keys(kid="key-2")
        with serving(Service("keys", port, {path: later.jwks})):
            until(lambda: gateway.get("/api/v1/orders", headers=later.bearer("customer")).status_code == 200)
            withdrawn = keys.bearer("customer", jti="unseen")
            problem(gateway.get("/api/v1/orders", headers=withdrawn), 401, "AUTH_003")


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
