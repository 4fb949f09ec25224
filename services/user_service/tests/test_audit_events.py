"""Each security event of the user service, provoked over HTTP, and what its record says."""

import asyncio
import re

import jwt
import pytest
from authenticator import Authenticator
from test_administration import id_of, staff
from test_federation import link, person, provider
from test_mail import NEW_PASSWORD, RESET, VERIFY, folder, hurry, letters, reset, token_in
from test_second_factor import enrol
from users_under_test import (
    GATEWAY_SECRET,
    ORIGIN,
    PASSWORD,
    ServiceUnderTest,
    bearer,
    log_in,
    make_settings,
    register,
    signed_in,
)

from cnop_platform.permissions import Role
from cnop_platform.system import SystemClock
from cnop_platform.testing import ocsf

__all__ = ["folder", "hurry", "provider"]
HERE = "203.0.113.9"


@pytest.fixture
def settings(tmp_path, valkey_server, folder):
    return make_settings(tmp_path, valkey_server.url, mail_dir=folder)


async def recorded(service, activity, *, count=1, address=HERE):
    """Wait for that many records of an activity; check what all have in common, and return the last."""
    async with asyncio.timeout(5):
        while True:
            records = [item.body["record"] async for item in service.store.scan(prefix="AUDIT#")]
            found = [record for record in records if record["activity_name"] == activity]
            if len(found) >= count:
                break
            await asyncio.sleep(0.01)
    assert len(found) == count
    record = max(found, key=lambda each: each["metadata"]["uid"])
    assert ocsf.problems(record) == []
    assert record["src_endpoint"] == {"ip": address}
    assert re.fullmatch(r"[A-Za-z0-9-]{8,64}", record["metadata"]["correlation_uid"])
    return record


async def test_signing_in_and_out_is_recorded_with_session_and_method(client, service, tokens):
    record = await recorded(service, "login")
    assert (record["status_id"], record["unmapped"]) == (1, {"amr": "pwd"})
    assert record["user"]["uid"] == await id_of(client, tokens)
    await client.post("/auth/logout", headers=bearer(tokens))
    assert (await recorded(service, "logout"))["session"] == record["session"]


async def test_a_login_failed_is_recorded_whether_or_not_the_name_exists(client, service, tokens):
    await log_in(client, password="wrong password 123")
    known = await recorded(service, "login_failed")
    assert (known["status_id"], known["user"]["uid"]) == (2, await id_of(client, tokens))
    service.clock.advance(seconds=1)
    await log_in(client, "nobody_here", password="wrong password 123")
    unknown = await recorded(service, "login_failed", count=2)
    assert unknown["user"] == {"name": "unknown", "type_id": 0}
    assert "nobody_here" not in str(unknown)


async def test_a_right_password_without_its_factor_is_recorded(client, service, tokens):
    await enrol(client, service, tokens)
    assert (await log_in(client)).json()["code"] == "AUTH_MFA_REQUIRED"
    record = await recorded(service, "login_factor_due")
    assert (record["status_id"], record["user"]["uid"]) == (1, await id_of(client, tokens))


async def test_the_record_names_the_client_that_the_gateway_saw_and_its_request(client, service):
    forged = {"X-Forwarded-For": "198.51.100.66", "X-Request-ID": "forged-request-1"}
    await client.post("/auth/login", json={"username": "nobody", "password": "x"}, headers=forged)
    assert (await recorded(service, "login_failed"))["metadata"]["correlation_uid"] != "forged-request-1"
    service.clock.advance(seconds=1)
    trusted = {**forged, "X-Cnop-Gateway": GATEWAY_SECRET, "X-Request-ID": "genuine-request-1"}
    await client.post("/auth/login", json={"username": "nobody", "password": "x"}, headers=trusted)
    record = await recorded(service, "login_failed", count=2, address="198.51.100.66")
    assert record["metadata"]["correlation_uid"] == "genuine-request-1"


async def test_a_step_up_is_recorded(client, service, tokens):
    answer = await client.post("/auth/step-up", json={"password": PASSWORD}, headers=bearer(tokens))
    assert answer.status_code == 200
    assert (await recorded(service, "step_up"))["unmapped"] == {"amr": "pwd"}


async def test_a_step_up_with_a_recovery_code_is_recorded_as_one(client, service, tokens):
    _, codes = await enrol(client, service, tokens)
    await client.post("/auth/step-up", json={"recovery_code": codes[0]}, headers=bearer(tokens))
    assert (await recorded(service, "step_up"))["unmapped"] == {"amr": "recovery_code mfa"}


async def test_a_step_up_failed_is_recorded_whatever_it_was_for(client, service, tokens):
    await client.post("/auth/step-up", json={"password": "wrong password 123"}, headers=bearer(tokens))
    record = await recorded(service, "step_up_failed")
    assert record["unmapped"] == {"address_blocked": False, "method": "step_up"}
    assert record["session"] == (await recorded(service, "login"))["session"]
    service.clock.advance(seconds=1)
    body = {"current_password": "wrong password 123", "new_password": NEW_PASSWORD}
    await client.post("/auth/password", json=body, headers=bearer(tokens))
    record = await recorded(service, "step_up_failed", count=2)
    assert record["unmapped"] == {"address_blocked": False, "method": "password_change"}


async def test_credential_stuffing_is_recorded_once_for_a_source(client, service):
    for number in range(8):
        await log_in(client, f"victim_{number}", "wrong password 123")
        service.clock.advance(seconds=299)
    record = await recorded(service, "credential_stuffing")
    assert (record["status_id"], record["severity_id"], record["unmapped"]) == (2, 4, {"source": "address"})
    assert "victim" not in str(record)


async def test_credential_stuffing_from_many_addresses_is_recorded_for_their_network(client, service):
    for number in range(20):
        async with service.from_address(f"203.0.113.{100 + number}") as attacker:
            await log_in(attacker, f"victim_{number}", "wrong password 123")
    record = await recorded(service, "credential_stuffing", address="203.0.113.119")
    assert record["unmapped"] == {"source": "network"}


async def test_who_mistypes_often_is_not_taken_for_credential_stuffing(client, service, tokens):
    for _ in range(12):
        await log_in(client, password="wrong password 123")
        service.clock.advance(seconds=299)
    for number in range(8):
        await register(client, f"colleague_{number}")
        await log_in(client, f"colleague_{number}", "wrong password 123")
        assert (await log_in(client, f"colleague_{number}")).status_code == 200
    await recorded(service, "login_failed", count=20)
    records = [item.body["record"] async for item in service.store.scan(prefix="AUDIT#")]
    assert "credential_stuffing" not in {record["activity_name"] for record in records}


async def test_a_session_moved_to_another_address_is_recorded(client, service, tokens):
    async with service.from_address("198.51.100.7") as elsewhere:
        await elsewhere.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    record = await recorded(service, "session_moved", address="198.51.100.7")
    assert record["session"] == (await recorded(service, "login"))["session"]


async def test_a_session_revoked_is_recorded_with_the_reason(client, service, tokens):
    await log_in(client)
    await client.post("/auth/sessions/revoke-others", headers=bearer(tokens))
    assert (await recorded(service, "session_revoked"))["unmapped"] == {"reason": "others", "sessions": 1}


async def test_a_session_that_gives_way_to_one_too_many_is_recorded(client, service, tokens, monkeypatch):
    monkeypatch.setattr("cnop_users.application.sessions.MAX_SESSIONS", 1)
    await log_in(client)
    assert (await recorded(service, "session_revoked"))["unmapped"] == {"reason": "too_many", "sessions": 1}


async def test_a_refresh_token_reused_is_recorded_as_grave(client, service, tokens):
    for _ in range(2):
        await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        service.clock.advance(seconds=20)
    record = await recorded(service, "refresh_token_reused")
    assert (record["status_id"], record["severity_id"]) == (2, 4)


async def test_an_account_registered_and_its_email_verified_are_recorded(client, service, folder):
    user_id = (await register(client)).json()["user_id"]
    assert (await recorded(service, "account_registered"))["user"]["uid"] == user_id
    await client.post("/auth/email/verify", json={"token": token_in((await letters(folder, VERIFY))[0])})
    assert (await recorded(service, "email_verified"))["user"]["uid"] == user_id


async def test_a_password_changed_is_recorded(client, service, tokens):
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await client.post("/auth/password", json=body, headers=bearer(tokens))
    assert answer.status_code == 200, answer.text
    record = await recorded(service, "password_changed")
    assert NEW_PASSWORD not in str(record)


async def test_a_password_reset_requested_and_done_is_recorded(client, service, tokens, folder):
    await client.post("/auth/password/forgot", json={"email": "testuser@example.com"})
    token = token_in((await letters(folder, RESET))[0])
    await recorded(service, "password_reset_requested")
    assert (await reset(client, token)).status_code == 200
    record = await recorded(service, "password_reset")
    assert record["user"]["uid"] == (await recorded(service, "account_registered"))["user"]["uid"]


async def test_a_profile_changed_is_recorded_by_the_names_of_the_fields(client, service, tokens):
    await client.put("/auth/profile", json={"first_name": "Quintessa"}, headers=bearer(tokens))
    record = await recorded(service, "profile_changed")
    assert record["unmapped"] == {"fields": "first_name"}
    assert "Quintessa" not in str(record)


async def test_factors_are_recorded_as_factor_added_and_factor_removed(client, service, tokens):
    app, _ = await enrol(client, service, tokens)
    assert (await recorded(service, "factor_added"))["unmapped"] == {"factor": "totp"}
    fresh = await client.post("/auth/step-up", json={"otp": app.code()}, headers=bearer(tokens))
    assert fresh.status_code == 200, fresh.text
    answer = await client.post("/auth/mfa/recovery-codes", json={}, headers=bearer(fresh.json()))
    assert answer.status_code == 200, answer.text
    await recorded(service, "recovery_codes_renewed")
    assert (await client.delete("/auth/mfa/totp", headers=bearer(fresh.json()))).status_code == 200
    assert (await recorded(service, "factor_removed"))["unmapped"] == {"factor": "totp"}


async def test_a_passkey_is_recorded_as_a_factor_added(client, service, tokens):
    asked = await client.post("/auth/passkeys/enrol/options", json={}, headers=bearer(tokens))
    credential = Authenticator(domain="shop.test", origin=ORIGIN).create(asked.json())
    await client.post("/auth/passkeys", json={"credential": credential, "name": "Laptop"}, headers=bearer(tokens))
    assert (await recorded(service, "factor_added"))["unmapped"] == {"factor": "passkey"}


@pytest.fixture
def federated(tmp_path, valkey_server, cache, provider):
    known = {"mock": {"issuer": provider, "client_id": "cnop", "client_secret": "c" * 40}}
    return ServiceUnderTest(
        make_settings(tmp_path, valkey_server.url, oidc_providers=known), cache, clock=SystemClock()
    )


@pytest.mark.enable_socket
async def test_an_identity_linked_and_unlinked_is_recorded(federated, provider):
    async with federated.client() as client:
        tokens = await signed_in(client)
        person(provider, "linked", email="somebody.else@example.com", email_verified=True)
        await link(client, tokens, "linked")
        assert (await recorded(federated, "identity_linked"))["unmapped"] == {"provider": "mock"}
        assert (await client.delete("/auth/identities/mock", headers=bearer(tokens))).status_code == 200
        assert (await recorded(federated, "identity_unlinked"))["unmapped"] == {"provider": "mock"}


@pytest.mark.enable_socket
async def test_a_federated_login_failed_is_recorded_with_the_reason(federated, provider):
    async with federated.client() as client:
        tokens = await signed_in(client)
        await client.get("/auth/oidc/mock/callback?code=stolen&state=guessed")
        refused = await recorded(federated, "federated_login_failed")
        assert (refused["status_id"], refused["src_endpoint"]) == (2, {"ip": "203.0.113.9"})
        assert refused["unmapped"] == {"provider": "mock", "reason": "AUTH_001", "aim": "unknown"}
        person(provider, "unverified", email="u@example.com", email_verified=False)
        await link(client, tokens, "unverified")
        refused = await recorded(federated, "federated_login_failed", count=2)
        assert refused["unmapped"]["aim"] == "link"
        assert refused["user"]["uid"] == jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"]


async def test_what_staff_do_to_an_account_is_recorded(client, service, tokens):
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    user_id, admin_id = await id_of(client, tokens), await id_of(client, admin)
    person_path = f"/admin/users/{user_id}"
    await client.get(person_path, headers=bearer(admin))
    read = await recorded(service, "person_read")
    assert read["resources"] == [{"type": "user", "uid": user_id}]
    await client.post(f"{person_path}/suspend", json={}, headers=bearer(admin))
    await client.post(f"{person_path}/reinstate", json={}, headers=bearer(admin))
    for activity in ("account_suspended", "account_reinstated"):
        record = await recorded(service, activity)
        assert (record["actor"]["user"]["uid"], record["user"]["uid"]) == (admin_id, user_id)


async def test_a_session_ended_by_staff_is_theirs_in_the_record_and_not_the_persons(client, service, tokens):
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    user_id, admin_id = await id_of(client, tokens), await id_of(client, admin)
    answer = await client.delete(f"/admin/users/{user_id}/sessions", headers=bearer(admin))
    assert answer.json()["revoked"] == 1
    record = await recorded(service, "session_revoked")
    assert (record["actor"], record["user"]) == ({"user": {"uid": admin_id}}, {"uid": user_id})
    assert (record["unmapped"], record["session"]["uid"][:4]) == ({"reason": "staff", "sessions": 1}, "ses_")
    back = (await log_in(client)).json()
    answer = await client.get("/auth/events", headers=bearer(back))
    ended = next(event for event in answer.json()["data"] if event["type"] == "session_revoked")
    assert admin_id not in answer.text
    assert (ended["address"], ended["session_id"]) == ("", None)


async def test_sessions_that_end_with_a_change_of_rights_end_by_staff(client, service, tokens, monkeypatch):
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    user_id, admin_id = await id_of(client, tokens), await id_of(client, admin)
    # As if the person had signed in while the change committed.
    monkeypatch.setattr("cnop_users.application.administration._ENDED_IN_ONE", 0)
    await client.post(f"/admin/users/{user_id}/suspend", json={}, headers=bearer(admin))
    record = await recorded(service, "session_revoked")
    assert (record["actor"]["user"]["uid"], record["unmapped"]["reason"]) == (admin_id, "account_suspended")


async def test_staff_who_look_where_somebody_is_signed_in_leave_a_record(client, service, tokens):
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    user_id, admin_id = await id_of(client, tokens), await id_of(client, admin)
    assert (await client.get("/admin/users/usr_unknown_0/sessions", headers=bearer(admin))).status_code == 404
    assert (await client.get(f"/admin/users/{user_id}/sessions", headers=bearer(admin))).status_code == 200
    record = await recorded(service, "records_read")
    assert (record["actor"]["user"]["uid"], record["unmapped"]) == (admin_id, {"records": "sessions"})
    assert record["resources"] == [{"type": "user", "uid": user_id}]


async def test_an_account_exported_is_recorded(client, service, tokens):
    assert (await client.get("/auth/account/export", headers=bearer(tokens))).status_code == 200
    record = await recorded(service, "account_exported")
    assert record["actor"]["user"]["uid"] == await id_of(client, tokens)


async def test_roles_changed_are_recorded_with_before_and_after(client, service, tokens):
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    user_id = await id_of(client, tokens)
    service.clock.advance(seconds=1)
    answer = await client.put(
        f"/admin/users/{user_id}/roles", json={"roles": ["support", "auditor"]}, headers=bearer(admin)
    )
    assert answer.status_code == 200, answer.text
    record = await recorded(service, "roles_changed", count=2)
    assert record["unmapped"] == {"roles_before": "customer", "roles": "auditor support"}
    assert record["privileges"] == ["auditor", "support"]


async def test_an_account_erased_is_recorded_without_its_name(client, service, tokens):
    assert (await client.delete("/auth/account", headers=bearer(tokens))).status_code == 200
    assert "testuser" not in str(await recorded(service, "account_erased"))


@pytest.mark.parametrize(
    ("username", "email", "taken"),
    [("testuser", "fresh@example.com", "username"), ("fresh_name", "testuser@example.com", "email")],
)
async def test_a_registration_refused_is_recorded_with_what_was_taken(client, service, tokens, username, email, taken):
    assert (await register(client, username, email=email)).status_code == 409
    record = await recorded(service, "registration_refused")
    assert (record["status_id"], record["unmapped"]) == (2, {"taken": taken})
    assert username not in str(record)
    assert email not in str(record)


async def test_access_denied_is_recorded_with_permission_and_policy(client, service, tokens):
    assert (await client.get("/admin/users", headers=bearer(tokens))).status_code == 403
    record = await recorded(service, "access_denied")
    assert record["unmapped"] == {"permission": "users:read", "method": "GET", "policies": "default deny"}
    assert (record["status_id"], record["api"]) == (2, {"operation": "users:read"})
