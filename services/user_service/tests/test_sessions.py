import asyncio

import pytest
from users_under_test import ServiceUnderTest, bearer, log_in, signed_in

pytestmark = pytest.mark.security


async def is_in(client, tokens):
    return (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 200


async def test_logout_ends_the_session_at_once(client, tokens):
    response = await client.post("/auth/logout", json={}, headers=bearer(tokens))
    assert response.status_code == 200
    assert response.json() == {"message": "Logged out successfully"}
    assert not await is_in(client, tokens)
    refresh = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refresh.status_code == 401


async def test_a_second_logout_is_unauthenticated(client, tokens):
    assert (await client.post("/auth/logout", headers=bearer(tokens))).status_code == 200
    response = await client.post("/auth/logout", json={}, headers=bearer(tokens))
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_003")


async def test_logout_wants_a_token_and_an_object(client, tokens):
    assert (await client.post("/auth/logout", json={})).json()["code"] == "AUTH_002"
    assert (await client.post("/auth/logout", json=[], headers=bearer(tokens))).status_code == 422
    assert (await client.post("/auth/logout", json={"all": True}, headers=bearer(tokens))).status_code == 422
    assert await is_in(client, tokens)


async def test_logout_clears_the_cookie(client, tokens):
    response = await client.post("/auth/logout", headers=bearer(tokens))
    assert response.headers["set-cookie"].startswith('__Host-cnop_refresh=""; ')
    assert "Max-Age=0" in response.headers["set-cookie"]


async def test_logout_is_known_to_every_replica(service, settings, cache):
    replica = ServiceUnderTest(settings, cache, store=service.store, clock=service.clock)
    async with service.client() as here, replica.client() as there:
        tokens = await signed_in(here)
        assert await is_in(there, tokens)
        await here.post("/auth/logout", headers=bearer(tokens))
        async with asyncio.timeout(5):
            while await is_in(there, tokens):
                await asyncio.sleep(0.01)


async def test_logout_works_and_holds_while_valkey_is_away(service, settings, valkey_server, cache):
    replica = ServiceUnderTest(settings, cache, store=service.store, clock=service.clock)
    async with service.client() as here, replica.client() as there:
        tokens = await signed_in(here)
        valkey_server.kill()
        assert (await here.post("/auth/logout", headers=bearer(tokens))).status_code == 200
        assert not await is_in(here, tokens)
        async with asyncio.timeout(5):
            while await is_in(there, tokens):
                await asyncio.sleep(0.01)


async def test_logout_without_the_store_is_not_acknowledged(client, service, tokens):
    service.store.refuse_next()
    assert (await client.post("/auth/logout", headers=bearer(tokens))).status_code == 503
    assert await is_in(client, tokens)


async def test_the_device_list_shows_every_session_and_which_one_asks(client, service, tokens):
    service.clock.advance(seconds=60)
    async with service.from_address("198.51.100.7") as elsewhere:
        elsewhere.headers["User-Agent"] = "Phone/1.0"
        other = (await log_in(elsewhere)).json()
    sessions = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["data"]
    assert [session["current"] for session in sessions] == [False, True]
    assert (sessions[0]["address"], sessions[0]["user_agent"]) == ("198.51.100.7", "Phone/1.0")
    assert sessions[0]["created_at"] == "2026-01-31T12:01:00.000Z"
    assert set(sessions[0]) == {
        "session_id",
        "created_at",
        "last_used_at",
        "expires_at",
        "address",
        "user_agent",
        "current",
    }
    assert other["access_token"]


async def test_one_session_can_be_ended_from_another(client, tokens):
    other = (await log_in(client)).json()
    sessions = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["data"]
    session_id = next(session["session_id"] for session in sessions if not session["current"])
    assert (await client.delete(f"/auth/sessions/{session_id}", headers=bearer(tokens))).status_code == 200
    assert not await is_in(client, other)
    assert await is_in(client, tokens)
    assert (await client.delete(f"/auth/sessions/{session_id}", headers=bearer(tokens))).status_code == 404


async def test_nobody_ends_a_strangers_session(client, tokens):
    stranger = await signed_in(client, "otheruser")
    sessions = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["data"]
    response = await client.delete(f"/auth/sessions/{sessions[0]['session_id']}", headers=bearer(stranger))
    assert response.status_code == 404
    assert await is_in(client, tokens)


async def test_a_session_id_of_another_shape_is_invalid(client, tokens):
    assert (await client.delete("/auth/sessions/short", headers=bearer(tokens))).status_code == 422
    assert (await client.delete("/auth/sessions/ses_unknown_one", headers=bearer(tokens))).status_code == 404


async def test_all_other_sessions_end_together(client, tokens):
    others = [(await log_in(client)).json() for _ in range(3)]
    response = await client.post("/auth/sessions/revoke-others", json={}, headers=bearer(tokens))
    assert (response.status_code, response.json()["revoked"]) == (200, 3)
    assert [await is_in(client, each) for each in others] == [False] * 3
    assert await is_in(client, tokens)
    again = await client.post("/auth/sessions/revoke-others", headers=bearer(tokens))
    assert again.json()["revoked"] == 0


async def test_sessions_are_for_their_owner_only(client):
    for method, path in (
        ("GET", "/auth/sessions"),
        ("DELETE", "/auth/sessions/ses_0123456789"),
        ("POST", "/auth/sessions/revoke-others"),
        ("GET", "/auth/events"),
        ("GET", "/auth/profile"),
        ("PUT", "/auth/profile"),
    ):
        response = await client.request(method, path)
        assert (response.status_code, response.json()["code"]) == (401, "AUTH_002")


async def test_own_security_events_are_listed_newest_first_in_pages(client, service, tokens):
    await log_in(client, password="not the password")
    service.clock.advance(seconds=1)
    await service.audit.drain()
    await client.post("/auth/sessions/revoke-others", headers=bearer(tokens))
    service.clock.advance(seconds=1)
    last = (await log_in(client)).json()
    async with asyncio.timeout(5):
        while True:
            events = (await client.get("/auth/events", headers=bearer(last))).json()
            if len(events["data"]) == 4:
                break
            await asyncio.sleep(0.01)
    assert events["data"][0]["type"] == "login"
    assert {event["type"] for event in events["data"]} == {"login", "login_failed", "account_registered"}
    assert {event["address"] for event in events["data"]} == {"203.0.113.9"}
    page = (await client.get("/auth/events?limit=1", headers=bearer(last))).json()
    assert page["has_more"]
    rest = (await client.get(f"/auth/events?limit=100&cursor={page['next_cursor']}", headers=bearer(last))).json()
    assert [*page["data"], *rest["data"]] == events["data"]
    assert not rest["has_more"]
    assert (await client.get("/auth/events?cursor=forged", headers=bearer(last))).status_code == 422
    assert (await client.get("/auth/events?limit=101", headers=bearer(last))).status_code == 422
