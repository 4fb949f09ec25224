import asyncio
import itertools
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from users_under_test import (
    GATEWAY_SECRET,
    PASSWORD,
    ServiceUnderTest,
    bearer,
    log_in,
    make_settings,
    register,
    signed_in,
)

from cnop_platform.request_context import CLIENT_ADDRESS_HEADER
from cnop_users.adapters.passwords import BcryptHasher

pytestmark = pytest.mark.security

WRONG = "not the password"


async def fail(client, times, username="testuser"):
    return [(await log_in(client, username, WRONG)).status_code for _ in range(times)]


async def test_five_failures_block_the_address_for_five_minutes(client, service):
    await register(client)
    assert await fail(client, 5) == [401] * 5
    response = await log_in(client)
    assert (response.status_code, response.json()["code"]) == (403, "AUTH_004")
    service.clock.advance(seconds=299)
    assert (await log_in(client)).status_code == 403
    service.clock.advance(seconds=1)
    assert (await log_in(client)).status_code == 200


async def test_a_second_block_lasts_twice_as_long(client, service):
    await register(client)
    await fail(client, 5)
    service.clock.advance(seconds=300)
    assert await fail(client, 6) == [401] * 5 + [403]
    service.clock.advance(seconds=599)
    assert (await log_in(client)).status_code == 403
    service.clock.advance(seconds=1)
    assert (await log_in(client)).status_code == 200


async def test_other_addresses_are_not_blocked(client, service):
    await register(client)
    await fail(client, 5)
    async with service.from_address("198.51.100.7") as elsewhere:
        assert (await log_in(elsewhere)).status_code == 200


async def test_failures_are_forgotten_after_the_window(client, service):
    await register(client)
    await fail(client, 4)
    service.clock.advance(seconds=300)
    assert await fail(client, 4) == [401] * 4
    assert (await log_in(client)).status_code == 200


async def test_who_mistypes_their_own_password_starts_afresh(client):
    await register(client)
    for _ in range(3):
        assert await fail(client, 4) == [401] * 4
        assert (await log_in(client)).status_code == 200


async def test_an_own_account_does_not_launder_guesses_at_others(client):
    await register(client)
    await register(client, "attacker")
    for _ in range(2):
        await fail(client, 2)
        assert (await log_in(client, "attacker")).status_code == 200
    assert await fail(client, 2) == [401, 403]


async def test_guesses_at_many_names_from_one_address_are_counted_together(client):
    statuses = [(await log_in(client, f"victim_{number}", WRONG)).status_code for number in range(6)]
    assert statuses == [401] * 5 + [403]


async def at_once(send, count=30):
    return sorted(response.status_code for response in await asyncio.gather(*(send() for _ in range(count))))


@pytest.mark.parametrize("workers", [1, 16])
async def test_guesses_at_once_are_as_few_as_guesses_one_by_one(tmp_path, cache, valkey_server, workers):
    settings = make_settings(tmp_path, valkey_server.url, password_workers=workers)
    async with ServiceUnderTest(settings, cache).client() as client:
        await register(client)
        assert await at_once(lambda: log_in(client, password=WRONG)) == [401] * 5 + [403] * 25


async def test_guesses_at_once_at_two_replicas_are_as_few_as_at_one(tmp_path, cache, valkey_server):
    settings = make_settings(tmp_path, valkey_server.url, password_workers=8)
    service = ServiceUnderTest(settings, cache)
    replica = ServiceUnderTest(settings, cache, store=service.store, clock=service.clock)
    async with service.client() as here, replica.client() as there:
        await register(here)
        doors = itertools.cycle((here, there))
        assert await at_once(lambda: log_in(next(doors), password=WRONG)) == [401] * 5 + [403] * 25


async def test_guesses_at_once_from_many_addresses_at_one_name_are_as_few(tmp_path, cache, valkey_server):
    settings = make_settings(tmp_path, valkey_server.url, password_workers=16)
    service = ServiceUnderTest(settings, cache)
    async with AsyncExitStack() as stack:
        await register(await stack.enter_async_context(service.client()))
        addresses = [f"10.7.{number}.1" for number in range(20)]
        doors = [await stack.enter_async_context(service.from_address(address)) for address in addresses]
        ways = iter(doors)
        assert await at_once(lambda: log_in(next(ways), password=WRONG), 20) == [401] * 10 + [429] * 10


async def test_who_waits_for_others_behind_the_same_address_keeps_nobody_else_waiting(
    tmp_path, cache, valkey_server, monkeypatch
):
    settings = make_settings(tmp_path, valkey_server.url, password_workers=2, login_address_failures=1)
    checked, waits, check, wake = (asyncio.Event() for _ in range(4))
    matches = BcryptHasher.matches

    async def held_up(hasher, password, stored):
        if password == WRONG:
            checked.set()
            await check.wait()
        return await matches(hasher, password, stored)

    async def sleep(_seconds):
        waits.set()
        await wake.wait()

    monkeypatch.setattr(BcryptHasher, "matches", held_up)
    monkeypatch.setattr("cnop_users.application.attempts.asyncio", SimpleNamespace(sleep=sleep))
    service = ServiceUnderTest(settings, cache)
    async with service.client() as client, service.from_address("198.51.100.7") as elsewhere, asyncio.timeout(20):
        await register(client)
        first = asyncio.create_task(log_in(client, password=WRONG))
        await checked.wait()
        second = asyncio.create_task(log_in(client))
        await waits.wait()
        assert (await log_in(elsewhere)).status_code == 200
        check.set()
        assert (await first).status_code == 401
        wake.set()
        assert (await second).status_code == 403


async def test_people_behind_one_address_sign_in_at_once(tmp_path, cache, valkey_server):
    settings = make_settings(tmp_path, valkey_server.url, password_workers=16)
    async with ServiceUnderTest(settings, cache).client() as client:
        await register(client)
        assert await at_once(lambda: log_in(client), 20) == [200] * 20


async def test_two_replicas_count_together(service, settings, cache):
    replica = ServiceUnderTest(settings, cache, store=service.store, clock=service.clock)
    async with service.client() as here, replica.client() as there:
        await register(here)
        assert [*await fail(here, 3), *await fail(there, 2)] == [401] * 5
        assert (await log_in(here)).status_code == 403


async def test_without_valkey_each_process_counts_alone_and_still_blocks(client, valkey_server):
    await register(client)
    valkey_server.kill()
    assert await fail(client, 6) == [401] * 5 + [403]


async def test_a_valkey_that_hangs_does_not_take_sign_in_along(client, valkey_server):
    await register(client)
    valkey_server.pause()
    try:
        async with asyncio.timeout(10):
            assert (await log_in(client)).status_code == 200
            assert await fail(client, 6) == [401] * 5 + [403]
    finally:
        valkey_server.resume()


async def test_a_block_made_without_valkey_holds_when_it_is_back(client, valkey_server):
    await register(client)
    valkey_server.kill()
    await fail(client, 5)
    await valkey_server.start()
    assert (await log_in(client)).status_code == 403


async def test_the_limits_are_settings(tmp_path, cache, valkey_server):
    strict = make_settings(tmp_path, valkey_server.url, login_address_failures=2, login_address_block_seconds=30)
    service = ServiceUnderTest(strict, cache)
    async with service.client() as client:
        await register(client)
        assert await fail(client, 3) == [401, 401, 403]
        service.clock.advance(seconds=30)
        assert (await log_in(client)).status_code == 200


async def distributed_guesses(service, count, username="testuser"):
    statuses = []
    for number in range(count):
        async with service.from_address(f"10.{number // 200}.{number % 200}.1") as attacker:
            statuses.append((await log_in(attacker, username, WRONG)).status_code)
    return statuses


@pytest.mark.parametrize("username", ["testuser", "nobody_here"])
async def test_guesses_from_many_addresses_slow_the_name_down_whether_it_exists_or_not(client, service, username):
    await register(client)
    statuses = await distributed_guesses(service, 12, username)
    assert statuses == [401] * 10 + [429] * 2
    async with service.from_address("192.0.2.1") as newcomer:
        response = await log_in(newcomer, username)
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")


async def test_a_slowed_down_name_costs_as_many_reads_whether_it_exists_or_not(client, service, monkeypatch):
    await register(client)
    get, read = service.store.get, []

    async def noted(key):
        read.append(key.sk.partition("#")[0])
        return await get(key)

    costs = []
    for username in ("testuser", "nobody_here"):
        await distributed_guesses(service, 10, username)
        monkeypatch.setattr(service.store, "get", noted)
        async with service.from_address("192.0.2.1") as newcomer:
            assert (await log_in(newcomer, username)).status_code == 429
        monkeypatch.setattr(service.store, "get", get)
        costs.append(read.count("PLACE"))
        read.clear()
    assert costs == [1, 1]


async def test_the_owner_gets_in_from_where_they_signed_in_before(client, service):
    await register(client)
    assert (await log_in(client)).status_code == 200
    await distributed_guesses(service, 30)
    assert (await log_in(client)).status_code == 200


async def test_no_attack_makes_a_name_wait_longer_than_a_quarter_of_an_hour(client, service):
    await register(client)
    for _ in range(20):
        await distributed_guesses(service, 11)
        service.clock.advance(seconds=900)
    async with service.from_address("192.0.2.1") as newcomer:
        assert (await log_in(newcomer)).status_code == 200


async def test_a_network_that_stuffs_credentials_is_blocked(tmp_path, cache, valkey_server):
    few = make_settings(tmp_path, valkey_server.url, login_network_failures=8)
    service = ServiceUnderTest(few, cache)
    async with service.client():
        statuses = []
        for number in range(12):
            async with service.from_address(f"192.0.2.{number}") as attacker:
                statuses.append((await log_in(attacker, f"victim_{number}", WRONG)).status_code)
        assert statuses == [401] * 8 + [403] * 4


async def test_one_subscriber_of_ipv6_is_one_source(client, service):
    await register(client)
    statuses = []
    for number in range(6):
        async with service.from_address(f"2001:db8:1:2::{number}") as attacker:
            statuses.append((await log_in(attacker, "testuser", WRONG)).status_code)
    assert statuses == [401] * 5 + [403]


async def test_a_forged_forwarding_header_moves_nobody(client):
    await register(client)
    forged = [{CLIENT_ADDRESS_HEADER: "1.2.3.4"}, {"x-client-ip": "1.2.3.4"}, {"x-real-ip": "1.2.3.4"}]
    for headers in [*forged, *forged[:2]]:
        await client.post("/auth/login", json={"username": "testuser", "password": WRONG}, headers=headers)
    response = await client.post(
        "/auth/login", json={"username": "testuser", "password": PASSWORD}, headers={"x-forwarded-for": "9.9.9.9"}
    )
    assert response.status_code == 403


async def test_behind_the_gateway_the_address_is_the_one_it_saw(client):
    await register(client)
    for number in range(6):
        headers = {"x-cnop-gateway": GATEWAY_SECRET, CLIENT_ADDRESS_HEADER: f"10.9.{number}.1"}
        body = {"username": f"victim_{number}", "password": WRONG}
        assert (await client.post("/auth/login", json=body, headers=headers)).status_code == 401
    assert (await log_in(client)).status_code == 200


async def wrong_proofs(service, tokens, count, send, *, network=0):
    """Offer wrong proofs within a session, each from another address."""
    answers = []
    for number in range(count):
        async with service.from_address(f"10.{20 + network}.{number}.1") as elsewhere:
            answers.append(await send(elsewhere, bearer(tokens)))
    return answers


async def step_up_wrongly(client, headers):
    return await client.post("/auth/step-up", json={"password": WRONG}, headers=headers)


async def change_wrongly(client, headers):
    body = {"current_password": WRONG, "new_password": "lantern gravel compass 77"}
    return await client.post("/auth/password", json=body, headers=headers)


@pytest.mark.parametrize("send", [step_up_wrongly, change_wrongly])
async def test_who_took_over_a_session_does_not_guess_from_many_addresses(client, service, send):
    stolen = await signed_in(client)
    answers = await wrong_proofs(service, stolen, 7, send)
    assert [answer.status_code == 429 for answer in answers] == [False] * 5 + [True] * 2
    assert answers[-1].headers["retry-after"] == "60"
    right = await client.post("/auth/step-up", json={"password": PASSWORD}, headers=bearer(stolen))
    assert right.status_code == 429
    # Another session of the same person is not in the way of it.
    own = (await log_in(client)).json()
    assert (await client.post("/auth/step-up", json={"password": PASSWORD}, headers=bearer(own))).status_code == 200


@pytest.mark.parametrize("send", [step_up_wrongly, change_wrongly])
async def test_somebody_else_behind_the_same_address_keeps_nobody_from_their_own_account(client, send):
    own = await signed_in(client)
    await fail(client, 5, "nobody_here")
    assert (await log_in(client)).status_code == 403
    assert (await send(client, bearer(own))).status_code in {401, 422}
    assert (await client.post("/auth/step-up", json={"password": PASSWORD}, headers=bearer(own))).status_code == 200


async def test_each_wrong_proof_after_such_a_wait_doubles_it(client, service):
    stolen = await signed_in(client)
    await wrong_proofs(service, stolen, 5, step_up_wrongly)
    service.clock.advance(seconds=60)
    answers = await wrong_proofs(service, stolen, 2, step_up_wrongly, network=1)
    assert [answer.status_code for answer in answers] == [401, 429]
    assert answers[-1].headers["retry-after"] == "120"
