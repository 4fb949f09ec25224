import asyncio

import pytest
from users_under_test import PASSWORD, bearer, log_in, register


def fields(response):
    return {error["field"] for error in response.json()["errors"]}


@pytest.mark.parametrize("username", ["history", "History", "administrator", "erased", "SUPPORT"])
async def test_a_name_that_means_something_else_is_nobodys(client, username):
    response = await register(client, username)
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [each["field"] for each in response.json()["errors"]] == ["username"]
    assert (await register(client, f"{username}_")).status_code == 201


async def test_the_readme_example_registers(client):
    response = await client.post(
        "/auth/register", json={"username": "testuser", "email": "test@example.com", "password": PASSWORD}
    )
    assert response.status_code == 201
    body = response.json()
    assert body["message"] == "User registered successfully"
    assert body["username"] == "testuser"
    assert body["user_id"].startswith("usr_")


async def test_every_violated_field_is_listed_and_no_value_repeated(client):
    response = await client.post("/auth/register", json={"username": "x", "password": "weak"})
    assert response.status_code == 422
    assert response.json()["code"] == "VALIDATION_ERROR"
    assert fields(response) == {"username", "email", "password"}
    assert "weak" not in response.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "short"),
        ("username", "a" * 31),
        ("username", "white space"),
        ("username", "admin'--"),
        ("username", "ünïcödé"),
        ("username", 123456),
        ("email", "nobody"),
        ("email", "two@at@example.com"),
        ("email", "line\nbreak@example.com"),
        ("email", "a@localhost"),
        ("email", "a" * 65 + "@example.com"),
        ("email", None),
        ("password", "a" * 129 + "xyzzy"),
        ("password", "passwordpassword"),
        ("password", "1qaz2wsx3edc4rfv"),
        ("password", "testuser@example.com"),
        ("first_name", ""),
        ("first_name", "R2D2"),
        ("first_name", "--"),
        ("last_name", "x" * 51),
        ("phone", "12345"),
        ("phone", "555-123-4567"),
        ("date_of_birth", "2020-01-01"),
        ("date_of_birth", "1890-01-01"),
        ("date_of_birth", "not a date"),
        ("marketing_emails_consent", "yes"),
        ("roles", ["admin"]),
        ("is_admin", True),
    ],
)
async def test_a_field_against_its_rule_is_refused_by_name(client, field, value):
    response = await register(client, **{field: value}) if field != "username" else await register(client, value)
    assert response.status_code == 422, response.text
    assert field in fields(response)


async def test_text_that_is_no_unicode_is_refused(client):
    body = b'{"username":"testuser","email":"test@example.com","password":"lone surrogate \\ud800 here"}'
    response = await client.post("/auth/register", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422


async def test_all_optional_fields_are_kept(client):
    optional = {
        "first_name": "Zoë",
        "last_name": "O'Neill-Straße",
        "phone": "15551234567",
        "date_of_birth": "1990-02-28",
        "marketing_emails_consent": True,
    }
    assert (await register(client, **optional)).status_code == 201
    profile = (await client.get("/auth/profile", headers=bearer((await log_in(client)).json()))).json()
    assert {name: profile[name] for name in optional} == optional


@pytest.mark.parametrize(
    ("username", "email"),
    [
        ("testuser", "other@example.com"),
        ("TESTUSER", "other@example.com"),
        ("otheruser", "testuser@example.com"),
        ("otheruser", "TestUser@Example.COM"),
    ],
)
async def test_a_name_or_address_is_unique_in_any_case_and_which_was_taken_is_not_told(client, username, email):
    assert (await register(client)).status_code == 201
    response = await register(client, username, email=email)
    assert response.status_code == 409
    problem = response.json()
    assert (problem["code"], problem["message"]) == (
        "CONFLICT",
        "this user name or email address is taken; if it is yours, log in",
    )
    assert not problem.get("errors")


async def test_of_two_who_register_one_name_at_once_one_wins(client):
    race = [register(client, email=f"person{number}@example.com") for number in range(8)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*race))
    assert statuses == [201] + [409] * 7
    assert (await log_in(client)).status_code == 200


async def test_of_two_who_register_one_address_at_once_one_wins_and_the_other_leaves_nothing(client):
    race = [register(client, f"person{number}", email="same@example.com") for number in range(8)]
    responses = await asyncio.gather(*race)
    winner = next(response.json()["username"] for response in responses if response.status_code == 201)
    assert sorted(response.status_code for response in responses) == [201] + [409] * 7
    for number in range(8):
        expected = 200 if f"person{number}" == winner else 409
        response = await register(client, f"person{number}", email=f"again{number}@example.com")
        assert response.status_code == (409 if expected == 200 else 201)


async def test_nothing_personal_is_stored_in_the_clear(client, service):
    await register(client, first_name="Quintessa", phone="15559876543")
    stored = "".join([str(item) async for item in service.store.scan()])
    for secret in ("testuser@example.com", "example.com", "Quintessa", "15559876543", PASSWORD):
        assert secret not in stored


async def test_a_registration_writes_its_audit_record_with_it(client, service):
    service.store.transactions = 0
    user_id = (await register(client)).json()["user_id"]
    assert service.store.transactions == 1
    records = [item.body["record"] async for item in service.store.scan(prefix="AUDIT#")]
    assert [(each["activity_name"], each["user"]["uid"]) for each in records] == [("account_registered", user_id)]


async def test_without_the_store_nobody_registers_and_later_they_can(client, service):
    service.store.refuse_next()
    assert (await register(client)).status_code == 503
    assert (await register(client)).status_code == 201


async def test_words_of_the_platform_make_no_strong_password(client):
    body = {"username": "somebody", "email": "somebody@example.com"}
    answers = [
        await client.post("/auth/register", json={**body, "password": password})
        for password in ("orderprocessortrading", "cloudnativecnop", "unrelated walnut trumpet")
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 201]
