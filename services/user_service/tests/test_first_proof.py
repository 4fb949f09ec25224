"""Who registers another person's address must not stay in the account when that person recovers it."""

import pytest
from test_mail import NEW_PASSWORD, RESET, VERIFY, folder, hurry, letters, settings, token_in
from test_passkeys import enrol as enrol_passkey
from test_passkeys import options, sign_in
from test_second_factor import App
from test_second_factor import enrol as enrol_app
from users_under_test import bearer, log_in, register

from cnop_core.ids import UserId
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Put
from cnop_platform.store.port import MAX_WRITES
from cnop_users.application import identities, keys
from cnop_users.application.passkeys import MOST_PASSKEYS
from cnop_users.application.sessions import MAX_SESSIONS

__all__ = ["folder", "hurry", "settings"]
pytestmark = pytest.mark.security


@pytest.fixture
async def owner(service):
    """The real owner of the address, somewhere else than whoever registered it."""
    async with service.from_address("198.51.100.7") as client:
        yield client


async def recover(owner, folder):
    assert (await owner.post("/auth/password/forgot", json={"email": "testuser@example.com"})).status_code == 202
    token = token_in((await letters(folder, RESET))[-1])
    response = await owner.post("/auth/password/reset", json={"token": token, "password": NEW_PASSWORD})
    assert response.status_code == 200, response.text


async def prove_address(client, folder):
    token = token_in((await letters(folder, VERIFY))[-1])
    assert (await client.post("/auth/email/verify", json={"token": token})).status_code == 200


async def id_of(client, tokens):
    return UserId((await client.get("/auth/profile", headers=bearer(tokens))).json()["user_id"])


async def identity_of(service, user_id, provider="mock"):
    identity = identities.Identity(provider, f"subject-{provider}", None, True, service.clock.now())
    await service.store.transact(identities.link_writes(identity, user_id))


async def kinds_held(service, user_id):
    return {item.key.sk.partition("#")[0] async for item in service.store.scan(prefix=keys.partition(user_id))}


async def reset_record(service):
    records = [item.body.get("record") async for item in service.store.scan(prefix="AUDIT#")]
    return next(record for record in records if record and record["activity_name"] == "password_reset")


async def test_nothing_that_was_enrolled_before_the_address_was_proven_logs_in_afterwards(
    client, owner, service, folder, tokens
):
    user_id = await id_of(client, tokens)
    await identity_of(service, user_id)
    device, enrolled = await enrol_passkey(client, tokens)
    assert (await register(owner, "realowner", email="testuser@example.com")).status_code == 409
    await recover(owner, folder)
    assert (await sign_in(client, device.get(await options(client)))).status_code == 401
    for code in (None, enrolled.json()["recovery_codes"][0]):
        assert (await log_in(client, recovery_code=code)).json()["code"] == "AUTH_001"
    assert [item async for item in service.store.scan(prefix="IDENTITY#")] == []
    assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 401
    fresh = (await log_in(owner, password=NEW_PASSWORD)).json()
    profile = (await owner.get("/auth/profile", headers=bearer(fresh))).json()
    assert (profile["email_verified"], profile["mfa"]) == (True, False)
    assert await kinds_held(service, user_id) == {"USER", "DATA-KEY", "SESSION", "PLACE", "ONE-TIME"}
    assert (await reset_record(service))["unmapped"] == {"removed": "passkey mock"}
    (told,) = await letters(folder, "Your password was changed")
    assert "every other way to log in was removed" in told


async def test_an_authenticator_app_goes_as_well_and_its_owner_can_enrol_their_own(
    client, owner, service, folder, tokens
):
    _, codes = await enrol_app(client, service, tokens)
    await recover(owner, folder)
    fresh = (await log_in(owner, password=NEW_PASSWORD)).json()
    own, own_codes = await enrol_app(owner, service, fresh)
    assert (await log_in(owner, password=NEW_PASSWORD, recovery_code=codes[0])).status_code == 401
    assert (await log_in(owner, password=NEW_PASSWORD, otp=own.code())).status_code == 200
    assert (await log_in(owner, password=NEW_PASSWORD, recovery_code=own_codes[0])).status_code == 200


async def test_an_address_that_is_proven_keeps_its_factors_through_a_reset(client, owner, service, folder, tokens):
    await prove_address(client, folder)
    device, _ = await enrol_passkey(client, tokens)
    await identity_of(service, await id_of(client, tokens))
    await recover(owner, folder)
    assert (await sign_in(client, device.get(await options(client)))).status_code == 200
    assert (await log_in(owner, password=NEW_PASSWORD)).json()["code"] == "AUTH_MFA_REQUIRED"
    assert len([item async for item in service.store.scan(prefix="IDENTITY#")]) == 1
    assert (await reset_record(service))["unmapped"] == {}
    (told,) = await letters(folder, "Your password was changed")
    assert "removed" not in told


async def test_all_of_it_goes_in_one_transaction_however_much_there_is(
    client, owner, service, folder, tokens, monkeypatch
):
    user_id = await id_of(client, tokens)
    for _ in range(MAX_SESSIONS + 2):
        latest = (await log_in(client)).json()
    # Any of the others may have had to give way.
    _, enrolled = await enrol_passkey(client, latest)
    key = keys.passkey_key(user_id, enrolled.json()["passkey_id"])
    body = (await service.store.get(key)).body
    await service.store.transact([Put(keys.passkey_key(user_id, f"more{n}"), body) for n in range(MOST_PASSKEYS - 1)])
    for number in range(identities.MOST_IDENTITIES):
        await identity_of(service, user_id, f"provider-{number}")
    places = [Put(keys.place_key(user_id, f"{number:032}"), {"last_used_ms": 1}) for number in range(150)]
    await service.store.transact(places[:MAX_WRITES])
    await service.store.transact(places[MAX_WRITES:])
    transact, sizes = service.store.transact, []

    async def counted(writes):
        if any(write.key.sk.startswith(keys.PASSKEYS) for write in writes):
            sizes.append(len(writes))
        await transact(writes)

    monkeypatch.setattr(service.store, "transact", counted)
    await recover(owner, folder)
    assert len(sizes) == 1
    assert sizes[0] <= MAX_WRITES
    assert await kinds_held(service, user_id) == {"USER", "DATA-KEY", "PLACE", "ONE-TIME"}
    assert [item async for item in service.store.scan(prefix="IDENTITY#")] == []
    known = await service.store.query(keys.partition(user_id), prefix=keys.PLACES)
    assert len(known.items) == 1, "of the owner, where the reset came from"


async def enrol_late(client, service, tokens):
    return (await enrol_passkey(client, tokens))[1]


async def confirm_late(client, service, tokens):
    begun = (await client.post("/auth/mfa/totp", json={}, headers=bearer(tokens))).json()
    body = {"code": App(service, begun["secret"]).code()}
    return await client.post("/auth/mfa/totp/confirm", json=body, headers=bearer(tokens))


async def move_late(client, service, tokens):
    return await client.put("/auth/profile", json={"email": "mallory@example.com"}, headers=bearer(tokens))


async def renew_late(client, service, tokens):
    return await client.post("/auth/mfa/recovery-codes", json={}, headers=bearer(tokens))


def recover_before(written, service, owner, folder, monkeypatch):
    """Let the owner recover the account just before the first transaction that writes such an item."""
    transact = service.store.transact

    async def overtaken(writes):
        if any(write.key.sk.partition("#")[0] == written and isinstance(write, Put) for write in writes):
            monkeypatch.setattr(service.store, "transact", transact)
            await recover(owner, folder)
        await transact(writes)

    monkeypatch.setattr(service.store, "transact", overtaken)


@pytest.mark.parametrize(
    ("late", "written"),
    [(enrol_late, "PASSKEY"), (confirm_late, "TOTP"), (move_late, "EMAIL"), (renew_late, "RECOVERY-CODES")],
)
async def test_a_change_that_was_on_its_way_comes_too_late(
    client, owner, service, folder, tokens, monkeypatch, late, written
):
    if late is renew_late:
        app, _ = await enrol_app(client, service, tokens)
        fresh = await client.post("/auth/step-up", json={"otp": app.code()}, headers=bearer(tokens))
        tokens = fresh.json()
    recover_before(written, service, owner, folder, monkeypatch)
    response = await late(client, service, tokens)
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_001")
    fresh = (await log_in(owner, password=NEW_PASSWORD)).json()
    profile = (await owner.get("/auth/profile", headers=bearer(fresh))).json()
    assert (profile["email"], profile["mfa"]) == ("testuser@example.com", False)
    held = await kinds_held(service, UserId(profile["user_id"]))
    assert held.isdisjoint({"PASSKEY", "TOTP", "RECOVERY-CODES"})


async def test_a_link_that_was_on_its_way_comes_too_late(client, owner, service, folder, tokens, monkeypatch):
    user_id = await id_of(client, tokens)
    session_id = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["data"][0]["session_id"]
    identity = identities.Identity("mock", "mallory", "mallory@example.com", True, service.clock.now())
    context = RequestContext("r", "203.0.113.9", "browser", via_gateway=True)
    links = service.app.state.provided[identities.Identities]
    recover_before("IDENTITY", service, owner, folder, monkeypatch)
    with pytest.raises(identities.SignInFailed):
        await links.link(identity, user_id, session_id, context=context)
    assert [item async for item in service.store.scan(prefix="IDENTITY#")] == []


async def test_no_more_identities_are_linked_than_can_go_at_once(client, service, tokens):
    user_id = await id_of(client, tokens)
    session_id = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["data"][0]["session_id"]
    for number in range(identities.MOST_IDENTITIES):
        await identity_of(service, user_id, f"provider-{number}")
    identity = identities.Identity("one-more", "s", "s@example.com", True, service.clock.now())
    context = RequestContext("r", "203.0.113.9", "browser", via_gateway=True)
    with pytest.raises(identities.LinkedElsewhere, match="unlink one first"):
        await service.app.state.provided[identities.Identities].link(identity, user_id, session_id, context=context)
