import asyncio

import bcrypt
import jwt
import pytest
from users_under_test import (
    PASSWORD,
    ServiceUnderTest,
    bearer,
    key_text,
    log_in,
    make_settings,
    register,
    signed_in,
)

from cnop_users.application import codec, keys
from cnop_users.application.sessions import MAX_SESSIONS

pytestmark = pytest.mark.security


async def test_a_login_gives_a_token_with_every_claim(client, service):
    await register(client)
    response = await log_in(client)
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 900)
    header = jwt.get_unverified_header(body["access_token"])
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": "key-20260101T000000Z"}
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    now = int(service.clock.now().timestamp())
    assert claims["iss"] == "https://issuer.test"
    assert claims["aud"] == "cnop-test"
    assert (claims["username"], claims["roles"], claims["amr"]) == ("testuser", ["customer"], ["pwd"])
    assert (claims["iat"], claims["nbf"], claims["auth_time"], claims["exp"]) == (now, now, now, now + 900)
    assert claims["sub"].startswith("usr_")
    assert claims["sid"].startswith("ses_")
    assert claims["jti"]


@pytest.mark.parametrize("identifier", ["testuser", "TestUser", "testuser@example.com", "TESTUSER@example.com"])
async def test_name_and_address_sign_in_in_any_case(client, identifier):
    await register(client)
    assert (await log_in(client, identifier)).status_code == 200


@pytest.mark.parametrize("identifier", ["testuser", "nobody_here", "nobody@example.com", "admin'--", "\x00", "ünïcödé"])
async def test_unknown_user_and_wrong_password_are_one_answer(client, identifier):
    await register(client)
    response = await log_in(client, identifier, "not the password")
    assert response.status_code == 401
    body = response.json()
    assert (body["code"], body["detail"]) == ("AUTH_001", "the user name or the password is wrong")
    assert "www-authenticate" in response.headers


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "testuser"},
        {"username": "", "password": PASSWORD},
        {"username": "testuser", "password": ""},
        {"username": "x" * 255, "password": PASSWORD},
        {"username": ["testuser"], "password": PASSWORD},
        {"username": "testuser", "password": PASSWORD, "session": "file"},
        {"username": "testuser", "password": PASSWORD, "roles": ["admin"]},
    ],
)
async def test_an_incomplete_login_is_invalid(client, body):
    assert (await client.post("/auth/login", json=body)).status_code == 422


async def test_unknown_users_cost_as_many_hashes_as_known_ones(client, monkeypatch):
    await register(client)
    checked = []
    check = bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda *args: checked.append(args[1]) or check(*args))
    await log_in(client, "testuser", "not the password")
    await log_in(client, "nobody_here", "not the password")
    assert len(checked) == 2
    assert {digest.split(b"$")[2] for digest in checked} == {b"04"}


async def test_a_password_counts_to_its_last_character(client):
    long = "correct horse battery staple " * 4
    await register(client, password=long)
    assert (await log_in(client, password=long[:-1] + "X")).status_code == 401
    assert (await log_in(client, password=long)).status_code == 200


async def test_a_login_renews_a_hash_of_other_settings(tmp_path, service, cache, valkey_server):
    async with service.client() as client:
        user_id = (await register(client)).json()["user_id"]
    stronger = make_settings(tmp_path, valkey_server.url, bcrypt_cost=5, pepper=f"{key_text(9)},{key_text(3)}")
    before = await stored_user(service, user_id)
    renewing = ServiceUnderTest(stronger, cache, store=service.store, clock=service.clock)
    async with renewing.client() as client:
        assert (await log_in(client)).status_code == 200
        after = await stored_user(service, user_id)
        assert after.password.digest.startswith("$2b$05$")
        assert after.password.pepper_id != before.password.pepper_id
        assert after.password.changed_at == before.password.changed_at
        assert (await log_in(client)).status_code == 200


async def test_without_its_pepper_a_password_fits_no_more(tmp_path, service, cache, valkey_server):
    async with service.client() as client:
        await register(client)
    forgetful = make_settings(tmp_path, valkey_server.url, pepper=key_text(9))
    async with ServiceUnderTest(forgetful, cache, store=service.store).client() as client:
        assert (await log_in(client)).status_code == 401


async def test_more_logins_than_the_pool_can_hold_are_told_to_come_back(tmp_path, cache, valkey_server):
    small = make_settings(tmp_path, valkey_server.url, password_workers=1, password_queue=2, bcrypt_cost=8)
    async with ServiceUnderTest(small, cache).client() as client:
        await register(client)
        responses = await asyncio.gather(*(log_in(client) for _ in range(12)))
        statuses = {response.status_code for response in responses}
        assert statuses == {200, 429}
        refused = next(response for response in responses if response.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert (await log_in(client)).status_code == 200


async def test_the_oldest_session_gives_way_when_there_are_too_many(client, service):
    first = await signed_in(client)
    for _ in range(MAX_SESSIONS):
        service.clock.advance(seconds=1)
        last = (await log_in(client)).json()
    assert (await client.get("/auth/profile", headers=bearer(first))).status_code == 401
    sessions = (await client.get("/auth/sessions", headers=bearer(last))).json()["data"]
    assert len(sessions) == MAX_SESSIONS


async def stored_user(service, user_id):
    item = await service.store.get(keys.user_key(user_id))
    return codec.user_from_item(item)


async def test_a_login_in_flight_does_not_survive_a_change_of_the_account(client, service, monkeypatch):
    user_id = (await register(client)).json()["user_id"]
    check = bcrypt.checkpw

    def suspended_meanwhile(*args):
        matches = check(*args)
        item = service.store._store._items
        for key, (stored, body) in list(item.items()):
            if key.sk == "USER" and key.pk == f"USER#{user_id}":
                item[key] = (stored, body.replace('"active"', '"suspended"'))
        return matches

    monkeypatch.setattr(bcrypt, "checkpw", suspended_meanwhile)
    assert (await log_in(client)).status_code == 401
    assert [item async for item in service.store.scan() if item.key.sk.startswith("SESSION#")] == []
