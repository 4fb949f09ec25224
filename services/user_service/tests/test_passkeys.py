import asyncio

import jwt
import pytest
from authenticator import PRESENT, Authenticator, text
from users_under_test import ORIGIN, bearer, log_in, signed_in

pytestmark = pytest.mark.security


async def enrol(client, tokens, *, name="Laptop", **changes):
    options = await client.post("/auth/passkeys/enrol/options", json={}, headers=bearer(tokens))
    assert options.status_code == 200, options.text
    device = Authenticator(**{"domain": "shop.test", "origin": ORIGIN, **changes})
    body = {"credential": device.create(options.json()), "name": name}
    return device, await client.post("/auth/passkeys", json=body, headers=bearer(tokens))


async def options(client):
    return (await client.post("/auth/passkeys/login/options", json={})).json()


async def sign_in(client, credential, **changes):
    return await client.post("/auth/passkeys/login", json={"credential": credential, **changes})


async def proven_by(client, tokens, device):
    """Return a token of the same session that shows the passkey."""
    asked = (await client.post("/auth/passkeys/step-up/options", headers=bearer(tokens))).json()
    fresh = await client.post("/auth/step-up", json={"passkey": device.get(asked)}, headers=bearer(tokens))
    assert fresh.status_code == 200, fresh.text
    return fresh.json()


@pytest.fixture
async def device(client, tokens):
    device, response = await enrol(client, tokens)
    assert response.status_code == 201, response.text
    return device


async def test_options_ask_for_a_verified_discoverable_passkey_of_this_site(client, tokens):
    asked = (await client.post("/auth/passkeys/enrol/options", headers=bearer(tokens))).json()
    assert asked["rp"] == {"id": "shop.test", "name": "Cloud-Native Order Processor"}
    assert asked["user"]["name"] == "testuser"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert (await options(client))["userVerification"] == "required"


async def test_a_passkey_signs_in_without_a_password_and_counts_as_both_factors(client, device):
    response = await sign_in(client, device.get(await options(client)))
    assert response.status_code == 200, response.text
    claims = jwt.decode(response.json()["access_token"], options={"verify_signature": False})
    assert claims["amr"] == ["pop", "user", "mfa"]
    assert (await client.get("/auth/profile", headers=bearer(response.json()))).json()["mfa"] is True


async def test_the_first_factor_comes_with_recovery_codes(client, tokens):
    device, first = await enrol(client, tokens)
    codes = first.json()["recovery_codes"]
    assert len(codes) == 10
    _, second = await enrol(client, await proven_by(client, tokens, device), name="Phone")
    assert second.json()["recovery_codes"] is None
    assert (await log_in(client)).json()["code"] == "AUTH_MFA_REQUIRED"
    assert (await log_in(client, recovery_code=codes[0])).status_code == 200


async def test_the_first_passkey_and_its_recovery_codes_are_kept_together_or_not_at_all(
    client, service, tokens, monkeypatch
):
    """Whoever had the one without the other would be locked out with their device."""
    transact, together = service.store.transact, []

    async def noted(writes):
        kinds = {write.key.sk.partition("#")[0] for write in writes}
        together.extend([kinds] if "PASSKEY" in kinds else [])
        await transact(writes)

    monkeypatch.setattr(service.store, "transact", noted)
    await enrol(client, tokens)
    assert [kinds >= {"PASSKEY", "RECOVERY-CODES"} for kinds in together] == [True]


async def test_a_passkey_is_a_second_factor_for_the_password(client, device):
    assert (await log_in(client)).json()["code"] == "AUTH_MFA_REQUIRED"
    response = await log_in(client, passkey=device.get(await options(client)))
    assert response.status_code == 200
    wrong = await log_in(client, password="not the password", passkey=device.get(await options(client)))
    assert wrong.status_code == 401


async def test_a_passkey_steps_up(client, service, tokens, device):
    service.clock.advance(seconds=301)
    asked = (await client.post("/auth/passkeys/step-up/options", headers=bearer(tokens))).json()
    assert [each["id"] for each in asked["allowCredentials"]] == [text(device.credential_id)]
    assert (await client.post("/auth/passkeys/enrol/options", headers=bearer(tokens))).status_code == 403
    fresh = await client.post("/auth/step-up", json={"passkey": device.get(asked)}, headers=bearer(tokens))
    assert fresh.status_code == 200
    assert (await client.post("/auth/passkeys/enrol/options", headers=bearer(fresh.json()))).status_code == 200


async def test_a_browser_session_keeps_its_token_in_the_cookie(client, device):
    credential = device.get(await options(client))
    refused = await sign_in(client, credential, session="cookie")
    assert refused.status_code == 403
    body = {"credential": credential, "session": "cookie"}
    response = await client.post("/auth/passkeys/login", json=body, headers={"Origin": ORIGIN})
    assert response.status_code == 200
    assert "refresh_token" not in response.json()
    assert response.headers["set-cookie"].startswith("__Host-cnop_refresh=")


async def test_an_answer_is_good_once(client, device):
    credential = device.get(await options(client))
    assert (await sign_in(client, credential)).status_code == 200
    assert (await sign_in(client, credential)).status_code == 401


async def test_of_many_who_replay_one_answer_at_once_one_gets_in(client, device):
    credential = device.get(await options(client))
    responses = await asyncio.gather(*(sign_in(client, credential) for _ in range(8)))
    assert sum(response.status_code == 200 for response in responses) == 1


async def test_a_challenge_ends_after_five_minutes(client, service, device):
    asked = await options(client)
    service.clock.advance(seconds=300)
    assert (await sign_in(client, device.get(asked))).status_code == 401


async def refused(client, device, asked=None, **changes):
    return (await sign_in(client, device.get(asked or await options(client), **changes))).status_code == 401


async def test_what_does_not_verify_is_refused(client, service, tokens, device):
    assert await refused(client, device, {"challenge": text(b"x" * 40)})
    proven = await proven_by(client, tokens, device)
    enrolment = (await client.post("/auth/passkeys/enrol/options", headers=bearer(proven))).json()
    assert await refused(client, device, enrolment), "a challenge of the other ceremony"
    device.origin = "https://evil.test"
    assert await refused(client, device)
    device.origin = ORIGIN
    device.domain = "evil.test"
    assert await refused(client, device)


async def test_an_unverified_holder_or_a_foreign_key_is_refused(client, tokens, device):
    device.flags = PRESENT
    assert await refused(client, device)
    device.flags |= 0x04
    thief = Authenticator(domain="shop.test", origin=ORIGIN)
    thief.credential_id, thief.user_handle = device.credential_id, device.user_handle
    assert await refused(client, thief)


async def test_a_copied_authenticator_is_noticed_by_its_count(client, device):
    device.count = 10
    assert (await sign_in(client, device.get(await options(client)))).status_code == 200
    device.count = 5
    assert await refused(client, device)


async def test_a_passkey_opens_its_owners_account_only(client, device):
    other = await signed_in(client, "otheruser")
    user_id = (await client.get("/auth/profile", headers=bearer(other))).json()["user_id"]
    assert await refused(client, device, handle=text(user_id.encode()))
    assert await refused(client, device, handle=text(b"usr_nobody"))
    assert (await log_in(client, "otheruser", passkey=device.get(await options(client)))).status_code == 200, (
        "no factor"
    )


async def test_guessing_blocks_the_address(client, device):
    statuses = []
    for _ in range(6):
        answer = device.get({"challenge": text(b"x" * 40)})
        statuses.append((await sign_in(client, answer)).status_code)
    assert statuses == [401] * 5 + [403]


@pytest.mark.parametrize(
    "credential",
    [{}, {"id": 1}, {"id": "a", "response": None}, {"id": "", "response": {}}, {"response": {"userHandle": "%%%"}}],
)
async def test_a_malformed_credential_proves_nothing(client, tokens, credential):
    assert (await sign_in(client, credential)).status_code == 401
    response = await client.post("/auth/passkeys", json={"credential": credential}, headers=bearer(tokens))
    assert response.status_code == 422
    assert (await client.post("/auth/passkeys/login", json={"credential": "x"})).status_code == 422


@pytest.mark.parametrize(
    "key", [[], [1, 2, 3], {}, {1: 2}, {1: 2, 3: -7}, {1: 3, 3: -257}, "key", b"key", 7, True], ids=repr
)
async def test_a_key_that_is_none_is_malformed(client, tokens, key):
    options = (await client.post("/auth/passkeys/enrol/options", json={}, headers=bearer(tokens))).json()
    device = Authenticator(domain="shop.test", origin=ORIGIN)
    device.public_key = key
    answer = await client.post("/auth/passkeys", json={"credential": device.create(options)}, headers=bearer(tokens))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("changes", [{"origin": "https://evil.test"}, {"domain": "evil.test"}])
async def test_a_passkey_of_another_site_is_not_enrolled(client, tokens, changes):
    _, response = await enrol(client, tokens, **changes)
    assert response.status_code == 422
    assert (await client.get("/auth/passkeys", headers=bearer(tokens))).json()["data"] == []


async def test_another_persons_challenge_enrols_nothing(client, tokens):
    other = await signed_in(client, "otheruser")
    theirs = (await client.post("/auth/passkeys/enrol/options", headers=bearer(other))).json()
    device = Authenticator(domain="shop.test", origin=ORIGIN)
    response = await client.post("/auth/passkeys", json={"credential": device.create(theirs)}, headers=bearer(tokens))
    assert response.status_code == 422


async def test_enrolment_needs_a_recent_proof(client, service, tokens):
    service.clock.advance(seconds=301)
    response = await client.post("/auth/passkeys/enrol/options", headers=bearer(tokens))
    assert (response.status_code, response.json()["code"]) == (403, "PERM_002")


async def test_a_removed_passkey_opens_nothing(client, service, tokens, device):
    (shown,) = (await client.get("/auth/passkeys", headers=bearer(tokens))).json()["data"]
    assert (shown["name"], shown["last_used_at"]) == ("Laptop", None)
    path = f"/auth/passkeys/{shown['passkey_id']}"
    other = await signed_in(client, "otheruser")
    assert (await client.delete(path, headers=bearer(other))).status_code == 404
    assert (await client.delete(path, headers=bearer(tokens))).json()["code"] == "PERM_002"
    proven = await proven_by(client, tokens, device)
    assert (await client.delete(path, headers=bearer(proven))).status_code == 200
    assert (await client.delete(path, headers=bearer(proven))).status_code == 404
    assert await refused(client, device)
    assert (await log_in(client)).status_code == 200, "no second factor is left"


async def test_there_is_an_end_to_passkeys(client, tokens):
    device, response = await enrol(client, tokens)
    proven = await proven_by(client, tokens, device)
    for _ in range(9):
        assert (await enrol(client, proven))[1].status_code == 201
    response = await client.post("/auth/passkeys/enrol/options", headers=bearer(proven))
    assert response.status_code == 409


async def test_passkeys_are_for_those_who_are_signed_in(client):
    for method, path in (
        ("GET", "/auth/passkeys"),
        ("POST", "/auth/passkeys"),
        ("POST", "/auth/passkeys/enrol/options"),
        ("DELETE", "/auth/passkeys/abc"),
        ("POST", "/auth/passkeys/step-up/options"),
    ):
        assert (await client.request(method, path)).status_code == 401


async def test_failures_of_nobody_slow_down_no_user_of_that_name(client, service):
    await signed_in(client, "passkey")
    for number in range(12):
        async with service.from_address(f"198.51.{number}.7") as elsewhere:
            await sign_in(elsewhere, {"id": "made-up"})
    async with service.from_address("192.0.2.99") as fresh:
        assert (await log_in(fresh, "passkey")).status_code == 200


@pytest.mark.parametrize(("length", "status"), [(525, 201), (526, 422), (1023, 422)])
async def test_an_id_is_enrolled_only_if_it_signs_in_and_can_be_removed(client, tokens, length, status):
    device, response = await enrol(client, tokens, credential_id=b"i" * length)
    assert response.status_code == status, response.text
    signed = await sign_in(client, device.get(await options(client)))
    assert signed.status_code == (200 if status == 201 else 401)
    if status == 201:
        proven = await proven_by(client, tokens, device)
        path = f"/auth/passkeys/{response.json()['passkey_id']}"
        assert (await client.delete(path, headers=bearer(proven))).status_code == 200
    assert (await log_in(client)).status_code == 200
