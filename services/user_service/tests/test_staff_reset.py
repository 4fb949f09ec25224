"""Staff begin a reset of somebody's password: they neither choose nor see it, nor what is needed to choose it."""

import asyncio
import mailbox

import pytest
from test_administration import OPERATOR, admin, id_of, staff
from test_audit_events import recorded
from test_mail import NEW_PASSWORD, VERIFY, folder, hurry, letters, reset, settings, token_in
from test_passkeys import enrol, options, sign_in
from users_under_test import bearer, log_in, signed_in

from cnop_core.errors import Forbidden
from cnop_platform.permissions import Role
from cnop_users.application import keys
from cnop_users.application.administration import Actor, Administration

__all__ = ["admin", "folder", "hurry", "settings"]
pytestmark = pytest.mark.security

BEGUN = "Our staff began a reset of your password"


async def prove_address(client, folder, username="testuser"):
    token = token_in((await letters(folder, VERIFY, to=f"{username}@example.com"))[0])
    assert (await client.post("/auth/email/verify", json={"token": token})).status_code == 200


@pytest.fixture
async def person(client, folder):
    """Somebody signed in whose address is proven."""
    tokens = await signed_in(client)
    await prove_address(client, folder)
    return tokens


async def begin(client, user_id, by, **body):
    return await client.post(f"/admin/users/{user_id}/password-reset", json=body, headers=bearer(by))


async def is_in(client, tokens):
    return (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 200


async def sent_to(service, folder, address="testuser@example.com"):
    """Return the subjects of all letters to an address, once no letter waits any more."""
    async with asyncio.timeout(8):
        while [item async for item in service.store.scan(prefix="OUTBOX")]:
            await asyncio.sleep(0.02)
    return [each["Subject"] for each in mailbox.Maildir(folder) if each["To"] == address]


async def test_the_person_chooses_the_new_password_and_staff_learn_nothing(client, service, folder, person, admin):
    user_id = await id_of(client, person)
    answer = await begin(client, user_id, admin)
    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    (text,) = await letters(folder, BEGUN)
    token = token_in(text)
    stored = "".join([str(item) async for item in service.store.scan()])
    for told in (answer.text, stored):
        assert token.partition(".")[2] not in told
    assert (await is_in(client, person), (await log_in(client)).status_code) == (True, 200), "nothing changed yet"
    assert (await reset(client, token)).status_code == 200
    assert (await reset(client, token)).status_code == 422, "good once"
    assert not await is_in(client, person)
    assert (await log_in(client)).status_code == 401
    assert (await log_in(client, password=NEW_PASSWORD)).status_code == 200


async def test_with_a_lock_the_password_and_every_session_end_at_once(client, folder, person, admin):
    other = (await log_in(client)).json()
    assert (await begin(client, await id_of(client, person), admin, lock=True)).status_code == 200
    for each in (person, other):
        assert not await is_in(client, each)
        refresh = await client.post("/auth/refresh", json={"refresh_token": each["refresh_token"]})
        assert refresh.status_code == 401
    assert (await log_in(client)).status_code == 401, "whoever knows the old password is out"
    (text,) = await letters(folder, BEGUN)
    assert "does not work any more" in text
    assert (await reset(client, token_in(text))).status_code == 200
    assert (await log_in(client, password=NEW_PASSWORD)).status_code == 200


async def test_sign_ins_during_a_lock_do_not_outlive_it(client, person, admin):
    user_id = await id_of(client, person)
    lock = begin(client, user_id, admin, lock=True)
    *logins, locked = await asyncio.gather(*(log_in(client) for _ in range(4)), lock)
    assert locked.status_code == 200
    for login in logins:
        assert login.status_code == 401 or not await is_in(client, login.json())


async def test_a_second_factor_stays(client, folder, person, admin):
    device, _ = await enrol(client, person)
    await begin(client, await id_of(client, person), admin, lock=True)
    assert (await reset(client, token_in((await letters(folder, BEGUN))[0]))).status_code == 200
    assert (await log_in(client, password=NEW_PASSWORD)).json()["code"] == "AUTH_MFA_REQUIRED"
    assert (await sign_in(client, device.get(await options(client)))).status_code == 200


async def test_who_has_no_password_gets_a_letter_for_their_first(client, service, folder, person, admin):
    user_id = await id_of(client, person)
    for lock in (True, False):
        assert (await begin(client, user_id, admin, lock=lock)).status_code == 200
        service.clock.advance(seconds=1)
    assert (await service.store.get(keys.user_key(user_id))).body["password"] is None
    newest = (await letters(folder, BEGUN, count=2))[-1]
    assert "nothing changes" in newest
    assert (await reset(client, token_in(newest))).status_code == 200


async def test_an_address_that_nobody_has_proven_gets_no_letter_from_staff(client, service, folder, tokens, admin):
    """Whoever reads it would take the account over, and may be a stranger: the owner mistyped."""
    for lock in (False, True):
        answer = await begin(client, await id_of(client, tokens), admin, lock=lock)
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        assert "nobody has proven this address" in answer.json()["message"]
    assert await is_in(client, tokens)
    assert await sent_to(service, folder) == [VERIFY]


async def test_somebody_suspended_is_reinstated_first(client, service, folder, person, admin):
    user_id = await id_of(client, person)
    await client.post(f"/admin/users/{user_id}/suspend", json={}, headers=bearer(admin))
    answer = await begin(client, user_id, admin)
    assert (answer.status_code, "reinstate" in answer.json()["message"]) == (409, True)
    assert await sent_to(service, folder) == [VERIFY]


async def test_nobody_erased_or_unknown_gets_a_letter(client, person, admin):
    user_id = await id_of(client, person)
    assert (await client.delete("/auth/account", headers=bearer(person))).status_code == 200
    for gone in (user_id, "usr_unknown_0"):
        assert (await begin(client, gone, admin)).status_code == 404


async def test_nobody_begins_it_for_themselves(client, folder, admin):
    await prove_address(client, folder, "the_admin")
    assert (await begin(client, await id_of(client, admin), admin, lock=True)).status_code == 409
    assert await is_in(client, admin)


async def test_only_administrators_may_and_only_with_a_recent_proof(client, service, person, admin):
    user_id = await id_of(client, person)
    support = await staff(client, service, "the_support", Role.SUPPORT)
    auditor = await staff(client, service, "the_auditor", Role.AUDITOR)
    for caller in (person, support, auditor):
        answer = await begin(client, user_id, caller)
        assert (answer.status_code, answer.json()["code"]) == (403, "PERM_001")
    assert (await client.post(f"/admin/users/{user_id}/password-reset", json={})).status_code == 401
    service.clock.advance(seconds=301)
    answer = await begin(client, user_id, admin)
    assert (answer.status_code, answer.json()["code"]) == (403, "PERM_002")


async def test_administrators_are_each_others_equals_and_who_is_none_any_more_locks_nobody(
    client, service, folder, person, admin
):
    """There is no higher rank. The role is lost between the door and the commit, as when two act at once."""
    second = await staff(client, service, "second_admin", Role.ADMIN)
    await prove_address(client, folder, "the_admin")
    administration = service.app.state.provided[Administration]
    acting = Actor(await id_of(client, second), OPERATOR.context)
    assert (await begin(client, await id_of(client, admin), second, lock=True)).status_code == 200
    assert not await is_in(client, admin)
    await administration.set_roles(acting.user_id, frozenset({Role.SUPPORT}), actor=OPERATOR)
    with pytest.raises(Forbidden):
        await administration.begin_reset(await id_of(client, person), lock=True, actor=acting)
    assert await is_in(client, person)


async def test_staff_fill_no_mailbox_whoever_of_them_it_is(client, service, folder, person, admin):
    user_id = await id_of(client, person)
    second = await staff(client, service, "second_admin", Role.ADMIN)
    answers = await asyncio.gather(*(begin(client, user_id, by) for by in (admin, second) * 4))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert (await sent_to(service, folder)).count(BEGUN) == 3
    assert (await client.post("/auth/password/forgot", json={"email": "testuser"})).status_code == 202
    assert len(await letters(folder, "Reset your password")) == 1, "what the person asks for has a budget of its own"


async def test_what_is_refused_is_not_counted(client, folder, person, admin):
    user_id = await id_of(client, person)
    await client.post(f"/admin/users/{user_id}/suspend", json={}, headers=bearer(admin))
    for _ in range(5):
        assert (await begin(client, user_id, admin)).status_code == 409
    await client.post(f"/admin/users/{user_id}/reinstate", json={}, headers=bearer(admin))
    assert (await begin(client, user_id, admin)).status_code == 200


@pytest.mark.parametrize("lock", [False, True])
async def test_a_password_reset_begun_is_recorded_as_an_act_of_staff(client, service, person, admin, lock):
    user_id = await id_of(client, person)
    await begin(client, user_id, admin, lock=lock)
    record = await recorded(service, "password_reset_begun")
    assert (record["actor"]["user"]["uid"], record["user"]["uid"]) == (await id_of(client, admin), user_id)
    assert (record["status_id"], record["unmapped"]) == (1, {"locked": lock})


async def test_a_session_that_began_while_it_was_locked_ends_by_staff(client, service, person, admin, monkeypatch):
    user_id = await id_of(client, person)
    monkeypatch.setattr("cnop_users.application.administration._ENDED_IN_ONE", 0)
    await begin(client, user_id, admin, lock=True)
    record = await recorded(service, "session_revoked")
    assert (record["actor"]["user"]["uid"], record["unmapped"]["reason"]) == (
        await id_of(client, admin),
        "password_reset_begun",
    )


@pytest.mark.parametrize("body", [{"lock": "yes"}, {"lock": 1}, {"password": NEW_PASSWORD}, {"token": "x"}])
async def test_staff_cannot_say_what_the_password_shall_be(client, person, admin, body):
    assert (await begin(client, await id_of(client, person), admin, **body)).status_code == 422
    assert (await log_in(client)).status_code == 200
