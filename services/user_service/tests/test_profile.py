import asyncio

import pytest
from users_under_test import bearer, log_in, register, signed_in


async def update(client, tokens, **values):
    return await client.put("/auth/profile", json=values, headers=bearer(tokens))


async def test_a_profile_is_flat_and_complete(client, tokens):
    profile = (await client.get("/auth/profile", headers=bearer(tokens))).json()
    assert profile.pop("user_id").startswith("usr_")
    assert profile == {
        "username": "testuser",
        "email": "testuser@example.com",
        "first_name": None,
        "last_name": None,
        "phone": None,
        "date_of_birth": None,
        "marketing_emails_consent": False,
        "roles": ["customer"],
        "email_verified": False,
        "mfa": False,
        "created_at": "2026-01-31T12:00:00.000Z",
        "updated_at": "2026-01-31T12:00:00.000Z",
    }


async def test_what_is_left_out_stays_and_null_takes_away(client, service, tokens):
    service.clock.advance(seconds=5)
    response = await update(client, tokens, first_name="Ada", phone="15551234567")
    assert response.status_code == 200
    assert response.json()["message"]
    assert response.json()["user"]["updated_at"] == "2026-01-31T12:00:05.000Z"
    changed = (await update(client, tokens, phone=None)).json()["user"]
    assert (changed["first_name"], changed["phone"]) == ("Ada", None)
    assert (await client.get("/auth/profile", headers=bearer(tokens))).json() == changed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", None),
        ("email", "nobody"),
        ("first_name", "R2D2"),
        ("phone", "1"),
        ("date_of_birth", "2026-01-01"),
        ("username", "another"),
        ("roles", ["admin"]),
        ("email_verified", True),
        ("user_id", "usr_1"),
    ],
)
async def test_what_may_not_be_set_is_invalid(client, tokens, field, value):
    before = (await client.get("/auth/profile", headers=bearer(tokens))).json()
    response = await update(client, tokens, **{field: value})
    assert response.status_code == 422
    assert (await client.get("/auth/profile", headers=bearer(tokens))).json() == before


async def test_a_new_address_signs_in_and_the_old_one_is_free_again(client, tokens):
    response = await update(client, tokens, email="new@example.com")
    assert response.status_code == 200
    assert response.json()["user"]["email_verified"] is False
    assert (await log_in(client, "new@example.com")).status_code == 200
    assert (await log_in(client, "testuser@example.com")).status_code == 401
    assert (await register(client, "otheruser", email="testuser@example.com")).status_code == 201


async def test_a_taken_address_is_a_conflict_and_changes_nothing(client, tokens):
    await signed_in(client, "otheruser")
    response = await update(client, tokens, email="OtherUser@example.com", first_name="Ada")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (409, "email")
    profile = (await client.get("/auth/profile", headers=bearer(tokens))).json()
    assert (profile["email"], profile["first_name"]) == ("testuser@example.com", None)


async def test_the_same_address_in_other_letters_is_no_move(client, service, tokens):
    service.clock.advance(seconds=600)
    response = await update(client, tokens, email="TestUser@example.com")
    assert response.status_code == 200
    assert (await log_in(client, "testuser@example.com")).status_code == 200


async def test_a_new_address_needs_a_recent_login_and_a_name_does_not(client, service, tokens):
    service.clock.advance(seconds=301)
    response = await update(client, tokens, email="new@example.com")
    assert (response.status_code, response.json()["code"]) == (403, "PERM_002")
    assert (await update(client, tokens, first_name="Ada")).status_code == 200
    assert (await update(client, (await log_in(client)).json(), email="new@example.com")).status_code == 200


async def test_two_people_who_take_one_address_at_once_do_not_share_it(client, tokens):
    other = await signed_in(client, "otheruser")
    responses = await asyncio.gather(*(update(client, each, email="same@example.com") for each in (tokens, other)))
    assert sorted(response.status_code for response in responses) == [200, 409]


async def test_changes_at_the_same_time_are_all_kept(client, tokens):
    changes = [{"first_name": "Ada"}, {"last_name": "Lovelace"}, {"phone": "15551234567"}]
    responses = await asyncio.gather(*(update(client, tokens, **change) for change in changes))
    assert {response.status_code for response in responses} == {200}
    profile = (await client.get("/auth/profile", headers=bearer(tokens))).json()
    assert (profile["first_name"], profile["last_name"], profile["phone"]) == ("Ada", "Lovelace", "15551234567")


async def test_a_change_that_changes_nothing_writes_nothing(client, service, tokens):
    await update(client, tokens, first_name="Ada")
    service.store.transactions = 0
    assert (await update(client, tokens, first_name="Ada")).status_code == 200
    assert (await update(client, tokens)).status_code == 200
    assert service.store.transactions == 0


async def test_the_audit_record_names_fields_and_no_values(client, service, tokens):
    await update(client, tokens, first_name="Quintessa")
    records = [str(item.body) async for item in service.store.scan(prefix="AUDIT#")]
    assert any("profile_changed" in record and "first_name" in record for record in records)
    assert not any("Quintessa" in record for record in records)
