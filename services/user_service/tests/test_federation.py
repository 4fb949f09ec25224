"""Sign-in with an OpenID provider: a real one, in a process of its own."""

import asyncio
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from authenticator import Authenticator
from test_passkeys import proven_by
from users_under_test import ORIGIN, ServiceUnderTest, bearer, log_in, make_settings, register, signed_in

from cnop_platform.system import SystemClock
from cnop_users.domain import totp

COOKIE = "__Host-cnop_oidc"
pytestmark = [pytest.mark.enable_socket, pytest.mark.security]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def provider():
    with provider_at(free_port()) as url:
        yield url


@contextmanager
def provider_at(port):
    options = "-W ignore -m oidc_provider_mock --require-nonce true --port"
    command = [sys.executable, *options.split(), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/.well-known/openid-configuration")
        yield url
    finally:
        process.terminate()
        process.wait()


def wait_for(url, *, seconds=60):
    """Return when something answers there; a busy machine takes its time to start it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            httpx.get(url, timeout=10).raise_for_status()
            return
        except httpx.HTTPError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.05)


def person(provider, subject, **claims):
    httpx.put(f"{provider}/users/{subject}", json=claims).raise_for_status()


@pytest.fixture
def settings(tmp_path, valkey_server, provider):
    known = {"mock": {"issuer": provider, "client_id": "cnop", "client_secret": "c" * 40}}
    return make_settings(tmp_path, valkey_server.url, oidc_providers=known)


@pytest.fixture
def service(settings, cache):
    return ServiceUnderTest(settings, cache, clock=SystemClock())


def cookie_of(response, name):
    found = [each for each in response.headers.get_list("set-cookie") if each.startswith(f"{name}=")]
    return found[0].partition(";")[0] if found else None


async def begin(client):
    response = await client.get("/auth/oidc/mock/login")
    assert response.status_code == 303, response.text
    return response.headers["location"], cookie_of(response, COOKIE)


def approve(url, subject):
    """Do what somebody does at the provider; return the query that they come back with."""
    response = httpx.post(url, data={"sub": subject}, follow_redirects=False)
    assert response.status_code == 302, response.text
    return urlsplit(response.headers["location"]).query


async def come_back(client, query, cookie):
    client.cookies.clear()
    headers = {"Cookie": cookie} if cookie else {}
    return await client.get(f"/auth/oidc/mock/callback?{query}", headers=headers)


async def go_round(client, subject):
    url, cookie = await begin(client)
    return await come_back(client, approve(url, subject), cookie)


async def session_of(client, response):
    """Return the tokens of the browser session that a callback began."""
    assert response.headers["location"] == f"{ORIGIN}/", response.headers["location"]
    headers = {"Cookie": cookie_of(response, "__Host-cnop_refresh"), "Origin": ORIGIN}
    refreshed = await client.post("/auth/refresh", headers=headers)
    assert refreshed.status_code == 200
    return refreshed.json()


def error_of(response):
    assert response.status_code == 303
    assert cookie_of(response, "__Host-cnop_refresh") is None
    return response.headers["location"].removeprefix(f"{ORIGIN}/login#error=")


async def test_the_way_there_carries_pkce_state_and_nonce_and_a_cookie_for_the_way_back(client, provider):
    url, cookie = await begin(client)
    assert url.startswith(provider)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"] == "openid email"
    assert asked["redirect_uri"] == f"{ORIGIN}/api/v1/auth/oidc/mock/callback"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert asked["state"] not in cookie
    assert (await client.get("/auth/oidc")).json() == {"providers": ["mock"]}
    assert (await client.get("/auth/oidc/unknown/login")).status_code == 404


async def test_somebody_new_with_a_verified_address_gets_an_account_and_keeps_it(client, provider):
    person(provider, "ada", email="Ada.Lovelace@example.com", email_verified=True)
    tokens = await session_of(client, await go_round(client, "ada"))
    profile = (await client.get("/auth/profile", headers=bearer(tokens))).json()
    assert (profile["email"], profile["email_verified"]) == ("Ada.Lovelace@example.com", True)
    assert profile["username"].startswith("adalovelace_")
    assert jwt.decode(tokens["access_token"], options={"verify_signature": False})["amr"] == ["fed"]
    person(provider, "ada", email="new.address@example.com", email_verified=True)
    again = await session_of(client, await go_round(client, "ada"))
    same = (await client.get("/auth/profile", headers=bearer(again))).json()
    assert same == profile, "the link counts, not the address"


@pytest.mark.parametrize("claims", [{"email_verified": False}, {}, {"email": None}])
async def test_an_unverified_address_makes_no_account(client, provider, claims):
    person(provider, "eve", **{"email": "eve@example.com", **claims})
    assert error_of(await go_round(client, "eve")) == "AUTH_001"
    assert (await register(client, "somebody", email="eve@example.com")).status_code == 201


async def test_an_existing_account_is_not_taken_over_by_its_address(client, provider):
    await register(client, "victim", email="victim@example.com")
    person(provider, "mallory", email="victim@example.com", email_verified=True)
    assert error_of(await go_round(client, "mallory")) == "LINK_REQUIRED"


async def link(client, tokens, subject):
    response = await client.post("/auth/oidc/mock/link", json={}, headers=bearer(tokens))
    assert response.status_code == 200, response.text
    return await come_back(client, approve(response.json()["url"], subject), cookie_of(response, COOKIE))


async def test_who_is_signed_in_links_an_identity_and_then_signs_in_with_it(client, provider):
    tokens = await signed_in(client)
    person(provider, "linked", email="elsewhere@example.com", email_verified=True)
    assert (await link(client, tokens, "linked")).headers["location"] == f"{ORIGIN}/#linked"
    assert (await link(client, tokens, "linked")).headers["location"] == f"{ORIGIN}/#linked"
    federated = await session_of(client, await go_round(client, "linked"))
    listed = await client.get("/auth/identities", headers=bearer(federated))
    assert listed.json() == {"data": [{"provider": "mock"}]}
    assert (await client.get("/auth/profile", headers=bearer(federated))).json()["username"] == "testuser"


async def test_a_linked_identity_is_not_linked_to_a_second_account(client, provider):
    first, second = await signed_in(client), await signed_in(client, "otheruser")
    person(provider, "shared", email="shared@example.com", email_verified=True)
    await link(client, first, "shared")
    assert (await client.get("/auth/identities", headers=bearer(second))).json() == {"data": []}
    assert (await client.get("/auth/identities")).status_code == 401
    assert error_of(await link(client, second, "shared")) == "CONFLICT"
    person(provider, "unverified", email="u@example.com", email_verified=False)
    assert error_of(await link(client, second, "unverified")) == "AUTH_001"


async def enrol_app(client, tokens):
    """Ask for an authenticator app and confirm it; return the last answer."""
    begun = await client.post("/auth/mfa/totp", headers=bearer(tokens))
    if begun.status_code != 200:
        return begun
    secret = totp.secret_from_text(begun.json()["secret"])
    code = totp.code_at(secret, totp.step_of(SystemClock().now()))
    return await client.post("/auth/mfa/totp/confirm", json={"code": code}, headers=bearer(tokens))


async def unlink(client, tokens):
    response = await client.delete("/auth/identities/mock", headers=bearer(tokens))
    return response.status_code, response.json().get("code")


async def test_an_identity_is_unlinked_and_signs_in_no_more(client, provider, service):
    tokens = await signed_in(client)
    person(provider, "passing", email="passing@example.com", email_verified=True)
    await link(client, tokens, "passing")
    other = await signed_in(client, "otheruser")
    assert await unlink(client, other) == (404, "NOT_FOUND")
    assert await unlink(client, tokens) == (200, None)
    assert (await client.get("/auth/identities", headers=bearer(tokens))).json() == {"data": []}
    assert [item async for item in service.store.scan(prefix="IDENTITY#")] == []
    assert await unlink(client, tokens) == (404, "NOT_FOUND")
    await link(client, other, "passing")
    federated = await session_of(client, await go_round(client, "passing"))
    assert (await client.get("/auth/profile", headers=bearer(federated))).json()["username"] == "otheruser"


async def test_the_last_way_to_log_in_is_kept(client, provider):
    person(provider, "single", email="single@example.com", email_verified=True)
    tokens = await session_of(client, await go_round(client, "single"))
    assert await unlink(client, tokens) == (409, "LAST_LOGIN_METHOD")
    device = Authenticator(domain="shop.test", origin=ORIGIN)
    asked = await client.post("/auth/passkeys/enrol/options", json={}, headers=bearer(tokens))
    body = {"credential": device.create(asked.json()), "name": "Key"}
    enrolled = (await client.post("/auth/passkeys", json=body, headers=bearer(tokens))).json()
    tokens = await proven_by(client, tokens, device)
    assert await unlink(client, tokens) == (200, None)
    kept = await client.delete(f"/auth/passkeys/{enrolled['passkey_id']}", headers=bearer(tokens))
    assert (kept.status_code, kept.json()["code"]) == (409, "LAST_LOGIN_METHOD")
    assert len((await client.get("/auth/passkeys", headers=bearer(tokens))).json()["data"]) == 1


async def test_of_two_ways_taken_away_at_once_one_stays(client, provider):
    """Each request alone leaves the other's way in; together they must not leave none."""
    person(provider, "hasty", email="hasty@example.com", email_verified=True)
    tokens = await session_of(client, await go_round(client, "hasty"))
    asked = await client.post("/auth/passkeys/enrol/options", json={}, headers=bearer(tokens))
    device = Authenticator(domain="shop.test", origin=ORIGIN)
    body = {"credential": device.create(asked.json()), "name": "Key"}
    enrolled = (await client.post("/auth/passkeys", json=body, headers=bearer(tokens))).json()
    tokens = await proven_by(client, tokens, device)
    answers = await asyncio.gather(
        client.delete("/auth/identities/mock", headers=bearer(tokens)),
        client.delete(f"/auth/passkeys/{enrolled['passkey_id']}", headers=bearer(tokens)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def prove_by(client, tokens, subject):
    """Prove again at the provider who one is; return the callback's answer."""
    response = await client.post("/auth/oidc/mock/step-up", json={}, headers=bearer(tokens))
    assert response.status_code == 200, response.text
    asked = parse_qs(urlsplit(response.json()["url"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    flow = cookie_of(response, COOKIE)
    return await come_back(client, approve(response.json()["url"], subject), flow)


def auth_time_of(tokens):
    return jwt.decode(tokens["access_token"], options={"verify_signature": False})["auth_time"]


async def test_who_has_no_password_proves_at_the_provider_who_they_are(client, provider):
    long_ago = int(time.time()) - 3600
    person(provider, "proving", email="proving@example.com", email_verified=True, auth_time=long_ago)
    entered = await go_round(client, "proving")
    refresh = {"Cookie": cookie_of(entered, "__Host-cnop_refresh"), "Origin": ORIGIN}
    tokens = await session_of(client, entered)
    assert auth_time_of(tokens) == long_ago, "who was signed in there for an hour is not new here"
    refused = await client.post("/auth/passkeys/enrol/options", json={}, headers=bearer(tokens))
    assert (refused.status_code, refused.json()["code"]) == (403, "PERM_002")

    stale = await prove_by(client, tokens, "proving")
    assert error_of(stale) == "SIGN_IN_NOT_RECENT"
    just_now = int(time.time())
    person(provider, "proving", email="proving@example.com", email_verified=True, auth_time=just_now)
    proven = await prove_by(client, tokens, "proving")
    assert proven.headers["location"] == f"{ORIGIN}/#confirmed"
    fresh = (await client.post("/auth/refresh", headers=refresh)).json()
    assert auth_time_of(fresh) == just_now
    allowed = await client.post("/auth/passkeys/enrol/options", json={}, headers=bearer(fresh))
    assert allowed.status_code == 200


async def test_only_the_linked_identity_proves_and_never_instead_of_a_second_factor(client, provider):
    tokens = await signed_in(client)
    for subject in ("mine", "strangers"):
        person(provider, subject, email=f"{subject}@example.com", email_verified=True)
    await link(client, tokens, "mine")
    assert error_of(await prove_by(client, tokens, "strangers")) == "AUTH_001"
    assert (await client.post("/auth/oidc/mock/step-up")).status_code == 401
    assert (await enrol_app(client, tokens)).status_code == 200
    assert error_of(await prove_by(client, tokens, "mine")) == "AUTH_MFA_REQUIRED"


async def test_a_session_that_ended_meanwhile_is_neither_proven_nor_linked(client, provider):
    tokens = await signed_in(client)
    person(provider, "late", email="late@example.com", email_verified=True)
    for path in ("link", "step-up"):
        fresh = await log_in(client, "testuser")
        begun = await client.post(f"/auth/oidc/mock/{path}", json={}, headers=bearer(fresh.json()))
        query, flow = approve(begun.json()["url"], "late"), cookie_of(begun, COOKIE)
        assert (await client.post("/auth/logout", json={}, headers=bearer(fresh.json()))).status_code == 200
        assert error_of(await come_back(client, query, flow)) == "AUTH_001"
    assert (await client.get("/auth/identities", headers=bearer(tokens))).json() == {"data": []}


async def test_what_this_browser_did_not_begin_is_not_finished(client, provider):
    person(provider, "ada", email="ada@example.com", email_verified=True)
    (mine, my_cookie), (_, other_cookie) = await begin(client), await begin(client)
    query = approve(mine, "ada")
    for cookie in (None, other_cookie, f"{COOKIE}=forged", f"{COOKIE}={'A' * 300}"):
        assert error_of(await come_back(client, query, cookie)) == "AUTH_001"
    assert error_of(await come_back(client, "", my_cookie)) == "AUTH_001"
    state = parse_qs(urlsplit(mine).query)["state"][0]
    assert error_of(await come_back(client, f"error=access_denied&state={state}", my_cookie)) == "AUTH_001"
    assert error_of(await come_back(client, f"code=made-up&state={state}", my_cookie)) == "AUTH_001"
    await session_of(client, await come_back(client, query, my_cookie))


async def test_a_code_is_good_once_and_only_with_its_verifier(client, provider):
    person(provider, "ada", email="ada@example.com", email_verified=True)
    url, cookie = await begin(client)
    query = approve(url, "ada")
    await session_of(client, await come_back(client, query, cookie))
    assert error_of(await come_back(client, query, cookie)) == "AUTH_001"
    stolen = parse_qs(approve((await begin(client))[0], "ada"))["code"][0]
    mine, my_cookie = await begin(client)
    state = parse_qs(urlsplit(mine).query)["state"][0]
    assert error_of(await come_back(client, f"code={stolen}&state={state}", my_cookie)) == "AUTH_001"


@pytest.mark.timeout(180)
async def test_a_provider_that_names_no_key_may_change_it(tmp_path, valkey_server, cache):
    port = free_port()
    known = {"mock": {"issuer": f"http://127.0.0.1:{port}", "client_id": "cnop", "client_secret": "c" * 40}}
    settings = make_settings(tmp_path, valkey_server.url, oidc_providers=known)
    async with ServiceUnderTest(settings, cache, clock=SystemClock()).client() as client:
        for _ in range(2):
            with provider_at(port) as url:  # each time with a key of its own
                person(url, "ada", email="ada@example.com", email_verified=True)
                await session_of(client, await go_round(client, "ada"))


async def test_a_provider_that_is_away_is_said_to_be(tmp_path, valkey_server, cache):
    known = {"mock": {"issuer": "http://127.0.0.1:9", "client_id": "cnop", "client_secret": "c" * 40}}
    away = make_settings(tmp_path, valkey_server.url, oidc_providers=known)
    async with ServiceUnderTest(away, cache).client() as client:
        assert (await client.get("/auth/oidc/mock/login")).status_code == 503


async def test_linking_needs_a_recent_sign_in(tmp_path, valkey_server, cache):
    known = {"mock": {"issuer": "http://127.0.0.1:9", "client_id": "cnop", "client_secret": "c" * 40}}
    service = ServiceUnderTest(make_settings(tmp_path, valkey_server.url, oidc_providers=known), cache)
    async with service.client() as client:
        tokens = await signed_in(client)
        service.clock.advance(seconds=301)
        response = await client.post("/auth/oidc/mock/link", headers=bearer(tokens))
        assert (response.status_code, response.json()["code"]) == (403, "PERM_002")
        assert (await client.post("/auth/oidc/mock/link")).status_code == 401
