import asyncio

import jwt
import pytest
from test_federation import (
    COOKIE,
    begin,
    come_back,
    cookie_of,
    enrol_app,
    error_of,
    go_round,
    person,
    provider,
    session_of,
)
from test_passkeys import enrol as enrol_passkey
from test_passkeys import proven_by
from users_under_test import ORIGIN, ServiceUnderTest, bearer, log_in, make_settings

from cnop_platform.system import SystemClock
from cnop_users.domain import totp

__all__ = ["provider"]

pytestmark = [pytest.mark.security, pytest.mark.enable_socket]


@pytest.fixture
def settings(tmp_path, valkey_server, provider):
    known = {"mock": {"issuer": provider, "client_id": "cnop", "client_secret": "c" * 40}}
    return make_settings(tmp_path, valkey_server.url, oidc_providers=known)


@pytest.fixture
def service(settings, cache):
    return ServiceUnderTest(settings, cache, clock=SystemClock())


async def careful(client, provider):
    """Make an account without a password that has an authenticator app; return the answer to its enrolment."""
    person(provider, "careful", email="careful@example.com", email_verified=True)
    tokens = await session_of(client, await go_round(client, "careful"))
    enrolled = await enrol_app(client, tokens)
    assert enrolled.status_code == 200, enrolled.text
    return enrolled.json()["recovery_codes"]


async def show_factor(client, arrived, *, origin=ORIGIN, **factor):
    client.cookies.clear()
    headers = {"Cookie": cookie_of(arrived, COOKIE) or "", "Origin": origin}
    return await client.post("/auth/oidc/second-factor", json=factor, headers=headers)


async def test_a_second_factor_is_not_gone_round(client, provider):
    codes = await careful(client, provider)
    arrived = await go_round(client, "careful")
    assert error_of(arrived) == "SECOND_FACTOR_DUE"
    answer = await show_factor(client, arrived, recovery_code=codes[0])
    assert answer.status_code == 200, answer.text
    assert cookie_of(answer, "__Host-cnop_refresh")
    assert "refresh_token" not in answer.json()
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["amr"] == ["fed", "recovery_code", "mfa"]
    profile = await client.get("/auth/profile", headers=bearer(answer.json()))
    assert profile.json()["email"] == "careful@example.com"


async def test_an_app_and_a_passkey_finish_a_sign_in_elsewhere_too(client, provider):
    person(provider, "twofold", email="twofold@example.com", email_verified=True)
    tokens = await session_of(client, await go_round(client, "twofold"))
    device, _ = await enrol_passkey(client, tokens)
    tokens = await proven_by(client, tokens, device)
    begun = await client.post("/auth/mfa/totp", headers=bearer(tokens))
    secret = totp.secret_from_text(begun.json()["secret"])
    step = totp.step_of(SystemClock().now())
    code = {"code": totp.code_at(secret, step - 1)}
    assert (await client.post("/auth/mfa/totp/confirm", json=code, headers=bearer(tokens))).status_code == 200
    by_app = await show_factor(client, await go_round(client, "twofold"), otp=totp.code_at(secret, step))
    assert by_app.status_code == 200, by_app.text
    asked = (await client.post("/auth/passkeys/login/options", json={})).json()
    by_passkey = await show_factor(client, await go_round(client, "twofold"), passkey=device.get(asked))
    assert by_passkey.status_code == 200, by_passkey.text


async def test_a_sign_in_elsewhere_is_finished_once_in_its_own_browser_with_the_right_factor(client, provider):
    codes = await careful(client, provider)
    arrived = await go_round(client, "careful")
    assert (await show_factor(client, arrived)).json()["code"] == "AUTH_MFA_REQUIRED"
    assert (await show_factor(client, arrived, otp="000000")).json()["code"] == "AUTH_MFA_REQUIRED"
    assert (await show_factor(client, arrived, origin="https://evil.test", recovery_code=codes[0])).status_code == 403
    client.cookies.clear()
    bare = await client.post("/auth/oidc/second-factor", json={"recovery_code": codes[0]}, headers={"Origin": ORIGIN})
    assert (bare.status_code, bare.json()["code"]) == (401, "AUTH_001")
    race = await asyncio.gather(*(show_factor(client, arrived, recovery_code=code) for code in codes[:4]))
    assert sorted(answer.status_code for answer in race) == [200, 401, 401, 401]
    again = await show_factor(client, arrived, recovery_code=codes[5])
    assert (again.status_code, again.json()["code"]) == (401, "AUTH_001")
    finished = await show_factor(client, await go_round(client, "careful"), recovery_code=codes[5])
    assert finished.status_code == 200, "the code was not used up by what was refused"


async def test_what_waits_for_a_factor_is_no_way_through_the_callback_nor_the_other_way_round(client, provider):
    codes = await careful(client, provider)
    arrived = await go_round(client, "careful")
    through = await come_back(client, "code=x&state=second+factor", cookie_of(arrived, COOKIE))
    assert error_of(through) == "AUTH_001"
    _, unfinished = await begin(client)
    headers = {"Cookie": unfinished, "Origin": ORIGIN}
    client.cookies.clear()
    answer = await client.post("/auth/oidc/second-factor", json={"recovery_code": codes[0]}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_001")


async def test_guessing_the_factor_after_a_sign_in_elsewhere_is_limited_and_recorded(client, provider, service):
    codes = await careful(client, provider)
    arrived = await go_round(client, "careful")
    statuses = [(await show_factor(client, arrived, otp="000000")).status_code for _ in range(5)]
    assert statuses == [401] * 5
    blocked = await show_factor(client, arrived, recovery_code=codes[0])
    assert (blocked.status_code, blocked.json()["code"]) == (403, "AUTH_004")
    async with asyncio.timeout(5):
        failed = []
        while len(failed) < 5:
            records = [item.body["record"] async for item in service.store.scan(prefix="AUDIT#")]
            failed = [record for record in records if record["activity_name"] == "login_failed"]
    assert {record["unmapped"]["method"] for record in failed} == {"federated_factor"}


async def test_an_erased_person_leaves_no_link(client, provider, service):
    person(provider, "leaver", email="leaver@example.com", email_verified=True)
    tokens = await session_of(client, await go_round(client, "leaver"))
    assert (await client.delete("/auth/account", headers=bearer(tokens))).status_code == 200
    assert [item async for item in service.store.scan(prefix="IDENTITY#")] == []
    await session_of(client, await go_round(client, "leaver"))


async def test_nobody_knows_a_password_of_such_an_account(client, provider):
    person(provider, "bob", email="bob@example.com", email_verified=True)
    await session_of(client, await go_round(client, "bob"))
    assert (await log_in(client, "bob@example.com", "None")).status_code == 401
