"""How many letters somebody can have sent, and to whom: nobody's mailbox is filled, nobody's recovery used up."""

import asyncio
import mailbox

import pytest
from test_mail import RESET, VERIFY, folder, forgot, hurry, letters, reset_token, settings
from users_under_test import bearer, log_in, register, signed_in

__all__ = ["folder", "hurry", "settings"]
pytestmark = pytest.mark.security


async def drained(service):
    """Wait until no letter is left to be sent."""
    async with asyncio.timeout(5):
        while [item async for item in service.store.scan(prefix="OUTBOX")]:
            await asyncio.sleep(0.05)


async def test_strangers_cannot_fill_a_mailbox(client, service, folder, tokens):
    for _ in range(10):
        await forgot(client)
    await letters(folder, RESET, count=3)
    await drained(service)
    assert len(await letters(folder, RESET, count=3)) == 3


async def test_strangers_cannot_use_up_the_letters_of_who_asks_from_where_they_signed_in(
    client, service, folder, tokens
):
    async with service.from_address("198.51.100.7") as stranger:
        for _ in range(5):
            await forgot(stranger)
        await letters(folder, RESET, count=3)
        for number in range(3):
            assert await reset_token(client, folder, count=4 + number)
        for asking in (client, stranger):
            await forgot(asking)
    await drained(service)
    assert len(await letters(folder, RESET)) == 6


async def test_reset_letters_leave_those_that_prove_the_address_to_who_is_signed_in(client, service, folder, tokens):
    async with service.from_address("198.51.100.7") as stranger:
        for asking in (stranger, client):
            for _ in range(4):
                await forgot(asking)
    await letters(folder, RESET, count=6)
    await client.post("/auth/email/resend", json={}, headers=bearer(tokens))
    assert len(await letters(folder, VERIFY, count=2)) == 2


async def test_letters_that_are_asked_for_at_once_are_no_more_than_one_by_one(client, service, folder, tokens):
    await asyncio.gather(*(client.post("/auth/email/resend", json={}, headers=bearer(tokens)) for _ in range(20)))
    await drained(service)
    assert len(await letters(folder, VERIFY)) == 1 + 3


async def move(client, tokens, email):
    return await client.put("/auth/profile", json={"email": email}, headers=bearer(tokens))


async def test_nobody_has_many_letters_sent_to_others_by_changing_their_own_address(client, service, folder, tokens):
    for number in range(3):
        assert (await move(client, tokens, f"throwaway{number}@example.com")).status_code == 200
    refused = await move(client, tokens, "another@example.com")
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_001")
    assert int(refused.headers["retry-after"]) == 3600
    profile = (await client.get("/auth/profile", headers=bearer(tokens))).json()
    assert profile["email"] == "throwaway2@example.com"
    assert (await client.put("/auth/profile", json={"first_name": "Ada"}, headers=bearer(tokens))).status_code == 200
    await drained(service)
    assert [each for each in mailbox.Maildir(folder) if each["To"] == "another@example.com"] == []
    service.clock.advance(seconds=3601)
    fresh = (await log_in(client)).json()
    assert (await move(client, fresh, "another@example.com")).status_code == 200


async def test_however_many_accounts_are_used_one_address_gets_few_letters(client, service, folder):
    answers = []
    for number in range(5):
        tokens = await signed_in(client, f"person_{number}")
        answers.append((await move(client, tokens, "Victim@example.org")).status_code)
        await move(client, tokens, f"throwaway{number}@example.com")
    assert answers == [200, 200, 200, 429, 429]
    await drained(service)
    asked = [each for each in mailbox.Maildir(folder) if each["To"].lower() == "victim@example.org"]
    assert len([each for each in asked if each["Subject"] == VERIFY]) == 3


async def test_an_address_that_is_registered_over_and_over_gets_few_letters(client, service, folder):
    """Each account gives the address up again, so that the next one can have it."""
    asked_again = []
    for number in range(6):
        assert (await register(client, f"person_{number}", email="Victim@example.org")).status_code == 201
        tokens = (await log_in(client, f"person_{number}")).json()
        for _ in range(2):
            again = await client.post("/auth/email/resend", json={}, headers=bearer(tokens))
            asked_again.append(again.status_code)
        assert (await move(client, tokens, f"throwaway{number}@example.com")).status_code == 200
    assert asked_again == [202] * 3 + [429] * 9
    await drained(service)
    asked = [each for each in mailbox.Maildir(folder) if each["To"].lower() == "victim@example.org"]
    assert len([each for each in asked if each["Subject"] == VERIFY]) == 3 + 3
    service.clock.advance(seconds=3601)
    assert (await register(client, "person_9", email="victim@example.org")).status_code == 201
    assert await letters(folder, VERIFY, to="victim@example.org")


async def test_the_address_that_letters_are_counted_for_is_kept_as_a_pseudonym(client, cache, tokens):
    await move(client, tokens, "victim@example.org")
    assert [key for key in await cache.keys("*letters:to:*") if b"victim" not in key]
    assert not await cache.keys("*victim*")
