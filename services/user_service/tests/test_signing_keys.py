import os
from datetime import UTC, datetime

import jwt
import pytest
from users_under_test import START, ServiceUnderTest, bearer, log_in, signed_in, write_signing_key

from cnop_core.clock import FixedClock
from cnop_platform.keysets import parse_jwks
from cnop_users.adapters.signing_keys import NoSigningKey, SigningKeys, stamped_key_id

pytestmark = pytest.mark.security

LEAD = 300


def kid_of(tokens):
    return jwt.get_unverified_header(tokens["access_token"])["kid"]


async def test_the_key_set_holds_public_keys_only_and_may_be_cached(client):
    response = await client.get("/.well-known/jwks.json")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.headers["content-type"] == "application/jwk-set+json"
    (key,) = response.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")


async def test_tokens_verify_with_the_published_keys(client, tokens):
    keys = parse_jwks((await client.get("/.well-known/jwks.json")).json())
    claims = jwt.decode(
        tokens["access_token"],
        keys[kid_of(tokens)],
        algorithms=["ES256"],
        audience="cnop-test",
        options={"verify_exp": False},
    )
    assert claims["username"] == "testuser"


async def test_a_rotation_publishes_then_signs_and_no_request_fails(client, service, settings):
    tokens = await signed_in(client)
    new = stamped_key_id(service.clock.now())
    write_signing_key(settings.signing_keys, new)
    service.clock.advance(seconds=11)
    published = [key["kid"] for key in (await client.get("/.well-known/jwks.json")).json()["keys"]]
    assert published == ["key-20260101T000000Z", new]
    assert kid_of((await log_in(client)).json()) == "key-20260101T000000Z"
    service.clock.advance(seconds=LEAD)
    fresh = (await log_in(client)).json()
    assert kid_of(fresh) == new
    for each in (tokens, fresh):
        assert (await client.get("/auth/profile", headers=bearer(each))).status_code == 200
    (settings.signing_keys / "key-20260101T000000Z.pem").unlink()
    service.clock.advance(seconds=11)
    assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 200, "verified before, remembered"
    unseen = (await log_in(client)).json()
    assert (await client.get("/auth/profile", headers=bearer(unseen))).status_code == 200


def test_an_only_key_signs_although_it_is_new(tmp_path):
    write_signing_key(tmp_path / "keys", "key-20260131T115959Z")
    keys = SigningKeys(tmp_path / "keys", clock=FixedClock(START), lead_seconds=LEAD)
    assert keys.signer().key_id == "key-20260131T115959Z"


def test_without_a_stamp_in_its_name_a_file_is_as_old_as_it_is(tmp_path):
    folder = tmp_path / "keys"
    older, newer = write_signing_key(folder, "key-b"), write_signing_key(folder, "key-a")
    for path, year in ((older, 2024), (newer, 2025)):
        stamp = datetime(year, 1, 1, tzinfo=UTC).timestamp()
        os.utime(path, (stamp, stamp))
    keys = SigningKeys(folder, clock=FixedClock(START), lead_seconds=LEAD)
    assert [key.key_id for key in keys.published()] == ["key-b", "key-a"]
    assert keys.signer().key_id == "key-a"


async def test_what_is_no_p256_key_is_passed_over(tmp_path):
    folder = tmp_path / "keys"
    write_signing_key(folder, "good")
    (folder / "broken.pem").write_text("no key")
    (folder / "with space.pem").write_bytes((folder / "good.pem").read_bytes())
    keys = SigningKeys(folder, clock=FixedClock(START), lead_seconds=LEAD)
    assert [key.key_id for key in keys.published()] == ["good"]
    assert await keys.key("broken") is None


def test_a_folder_without_a_key_starts_nothing(tmp_path):
    with pytest.raises(NoSigningKey):
        SigningKeys(tmp_path, clock=FixedClock(START), lead_seconds=LEAD)


def test_a_folder_that_is_emptied_by_mistake_stops_nothing(tmp_path):
    path = write_signing_key(tmp_path / "keys", "only")
    clock = FixedClock(START)
    keys = SigningKeys(path.parent, clock=clock, lead_seconds=LEAD)
    path.unlink()
    clock.advance(seconds=60)
    assert keys.signer().key_id == "only"


async def test_a_token_of_a_key_that_was_never_ours_is_refused(service, settings, tmp_path, cache):
    foreign_key = write_signing_key(tmp_path / "foreign", "key-20260101T000000Z")
    elsewhere = settings.model_copy(update={"signing_keys": foreign_key.parent})
    foreign = ServiceUnderTest(elsewhere, cache, clock=service.clock)
    async with foreign.client() as there, service.client() as here:
        tokens = await signed_in(there)
        assert (await here.get("/auth/profile", headers=bearer(tokens))).status_code == 401
