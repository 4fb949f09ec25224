import asyncio

import pytest
from users_under_test import ORIGIN, ServiceUnderTest, bearer, log_in, register, signed_in

from cnop_users.domain import refresh_tokens

pytestmark = pytest.mark.security

COOKIE = "__Host-cnop_refresh"


async def refresh(client, token):
    return await client.post("/auth/refresh", json={"refresh_token": token})


async def audited(service):
    return [item.body["record"]["activity_name"] async for item in service.store.scan(prefix="AUDIT#")]


async def test_a_refresh_token_gets_the_next_pair(client, service, tokens):
    service.clock.advance(seconds=600)
    response = await refresh(client, tokens["refresh_token"])
    assert response.status_code == 200
    successor = response.json()
    assert successor["refresh_token"] != tokens["refresh_token"]
    assert (await client.get("/auth/profile", headers=bearer(successor))).status_code == 200
    service.clock.advance(seconds=600)
    assert (await refresh(client, successor["refresh_token"])).status_code == 200


async def test_within_the_grace_the_old_token_gets_the_same_successor(client, service, tokens):
    first = (await refresh(client, tokens["refresh_token"])).json()["refresh_token"]
    service.clock.advance(seconds=9.9)
    again = await refresh(client, tokens["refresh_token"])
    assert (again.status_code, again.json()["refresh_token"]) == (200, first)


async def test_after_the_grace_reuse_ends_the_whole_family(client, service, tokens):
    successor = (await refresh(client, tokens["refresh_token"])).json()
    service.clock.advance(seconds=10)
    assert (await refresh(client, tokens["refresh_token"])).status_code == 401
    assert (await refresh(client, successor["refresh_token"])).status_code == 401
    assert (await client.get("/auth/profile", headers=bearer(successor))).status_code == 401
    assert "refresh_token_reused" in await audited(service)
    assert (await log_in(client)).status_code == 200


async def test_a_token_two_rotations_old_is_reuse_at_once(client, tokens):
    second = (await refresh(client, tokens["refresh_token"])).json()["refresh_token"]
    third = (await refresh(client, second)).json()["refresh_token"]
    assert (await refresh(client, tokens["refresh_token"])).status_code == 401
    assert (await refresh(client, third)).status_code == 401


async def test_twenty_clients_with_one_token_all_get_the_same_successor(client, tokens):
    responses = await asyncio.gather(*(refresh(client, tokens["refresh_token"]) for _ in range(20)))
    assert {response.status_code for response in responses} == {200}
    successors = {response.json()["refresh_token"] for response in responses}
    assert len(successors) == 1
    assert (await refresh(client, successors.pop())).status_code == 200


async def test_a_made_up_token_ends_nobodys_session(client, tokens):
    genuine = refresh_tokens.parse(tokens["refresh_token"])
    forged = refresh_tokens.RefreshToken(genuine.user_id, genuine.session_id, bytes(48)).render()
    tagless = refresh_tokens.RefreshToken(genuine.user_id, genuine.session_id, genuine.secret[:32] + bytes(16)).render()
    for token in (forged, tagless):
        response = await refresh(client, token)
        assert (response.status_code, response.json()["code"]) == (401, "AUTH_003")
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "usr_1.ses_1." + "A" * 64, "é.ü.ö", "a." * 100])
async def test_what_is_no_refresh_token_is_unauthenticated(client, token):
    assert (await refresh(client, token)).status_code == 401


@pytest.mark.parametrize(
    "body", [{"refresh_token": ""}, {"refresh_token": 1}, {"token": "x"}, {"refresh_token": "x" * 257}]
)
async def test_a_malformed_refresh_is_invalid(client, body):
    assert (await client.post("/auth/refresh", json=body)).status_code == 422


async def test_without_any_token_there_is_nothing_to_refresh(client):
    assert (await client.post("/auth/refresh")).status_code == 401
    assert (await client.post("/auth/refresh", json={})).status_code == 401


async def test_another_persons_ids_do_not_open_their_session(client, tokens):
    other = await signed_in(client, "otheruser")
    mine, theirs = refresh_tokens.parse(tokens["refresh_token"]), refresh_tokens.parse(other["refresh_token"])
    mixed = refresh_tokens.RefreshToken(theirs.user_id, theirs.session_id, mine.secret).render()
    assert (await refresh(client, mixed)).status_code == 401
    assert (await refresh(client, other["refresh_token"])).status_code == 200


async def test_an_idle_session_is_over_and_a_used_one_lives_on_until_its_absolute_end(client, service, tokens):
    token, day = tokens["refresh_token"], 86_400
    service.clock.advance(seconds=7 * day - 1)
    for _ in range(4):
        response = await refresh(client, token)
        assert response.status_code == 200
        token = response.json()["refresh_token"]
        service.clock.advance(seconds=7 * day - 1)
    assert (await refresh(client, token)).status_code == 401
    idle = (await log_in(client)).json()["refresh_token"]
    service.clock.advance(seconds=7 * day)
    assert (await refresh(client, idle)).status_code == 401


async def test_no_access_token_outlives_its_session(client, service, tokens):
    token = tokens["refresh_token"]
    for _ in range(5):
        service.clock.advance(seconds=6 * 86_400 - 60)
        token_response = await refresh(client, token)
        token = token_response.json().get("refresh_token", token)
    assert token_response.json()["expires_in"] == 300


async def test_auth_time_is_that_of_the_login_not_of_the_refresh(client, service, tokens):
    service.clock.advance(seconds=600)
    refreshed = (await refresh(client, tokens["refresh_token"])).json()
    change = await client.put("/auth/profile", json={"email": "new@example.com"}, headers=bearer(refreshed))
    assert (change.status_code, change.json()["code"]) == (403, "PERM_002")


async def test_nothing_at_rest_is_a_refresh_token(client, service, tokens):
    stored = "".join([str(item) async for item in service.store.scan()])
    assert tokens["refresh_token"].rpartition(".")[2] not in stored


async def test_a_browser_gets_the_token_as_a_host_cookie_and_not_in_the_body(client):
    await register(client)
    response = await client.post(
        "/auth/login",
        json={"username": "testuser", "password": "SecurePass123!", "session": "cookie"},
        headers={"Origin": ORIGIN},
    )
    assert response.status_code == 200
    assert "refresh_token" not in response.json()
    name, *attributes = response.headers["set-cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=usr_")
    assert {each.lower() for each in attributes} == {
        "httponly",
        "secure",
        "samesite=strict",
        "path=/",
        "max-age=2592000",
    }


async def cookie_login(client, service):
    await register(client)
    response = await client.post(
        "/auth/login",
        json={"username": "testuser", "password": "SecurePass123!", "session": "cookie"},
        headers={"Origin": ORIGIN},
    )
    return response.json(), cookie_of(response)


def cookie_of(response):
    return response.headers["set-cookie"].partition(";")[0]


async def test_the_cookie_refreshes_from_our_own_origin(client, service):
    _, cookie = await cookie_login(client, service)
    client.cookies.clear()
    response = await client.post("/auth/refresh", headers={"Cookie": cookie, "Origin": ORIGIN})
    assert response.status_code == 200
    assert "refresh_token" not in response.json()
    assert cookie_of(response) != cookie


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.test",
        "https://shop.test.evil.test",
        "https://shop.test/",
        "http://shop.test",
        "https://shop.test:8443",
        "HTTPS://SHOP.TEST",
    ],
)
async def test_a_cookie_call_from_elsewhere_is_refused_and_changes_nothing(client, service, origin):
    _, cookie = await cookie_login(client, service)
    client.cookies.clear()
    headers = {"Cookie": cookie, **({"Origin": origin} if origin else {})}
    response = await client.post("/auth/refresh", headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "PERM_001")
    assert (await client.post("/auth/refresh", headers={"Cookie": cookie, "Origin": ORIGIN})).status_code == 200


async def test_a_foreign_page_cannot_log_a_browser_in(client):
    await register(client)
    for headers in ({}, {"Origin": "https://evil.test"}):
        response = await client.post(
            "/auth/login",
            json={"username": "testuser", "password": "SecurePass123!", "session": "cookie"},
            headers=headers,
        )
        assert response.status_code == 403


async def test_a_cookies_token_is_worth_nothing_in_a_body(client, service):
    _, cookie = await cookie_login(client, service)
    client.cookies.clear()
    token = cookie.partition("=")[2]
    assert (await refresh(client, token)).status_code == 401
    assert (await client.post("/auth/refresh", headers={"Cookie": cookie, "Origin": ORIGIN})).status_code == 200


async def test_a_session_survives_a_restart(service, settings, cache):
    async with service.client() as client:
        token = (await signed_in(client))["refresh_token"]
    async with ServiceUnderTest(settings, cache, store=service.store, clock=service.clock).client() as client:
        assert (await refresh(client, token)).status_code == 200
