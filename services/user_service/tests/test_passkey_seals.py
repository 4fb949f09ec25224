"""Whoever writes the store cannot exchange a passkey's public key: it counts only as it was sealed for its owner."""

import pytest
from authenticator import Authenticator, text
from test_administration import id_of
from test_audit_events import recorded
from test_operations import stack
from test_passkeys import enrol, options, proven_by, sign_in
from users_under_test import ORIGIN, ServiceUnderTest, bearer, key_text, log_in, make_settings, signed_in

from cnop_platform.store import Put
from cnop_platform.system import SystemClock
from cnop_users.application import keys
from cnop_users.bootstrap.operations import operations

__all__ = ["stack"]
pytestmark = pytest.mark.security


@pytest.fixture
async def device(client, tokens):
    device, response = await enrol(client, tokens)
    assert response.status_code == 201, response.text
    return device


async def stored(service, user_id, device):
    return await service.store.get(keys.passkey_key(user_id, text(device.credential_id)))


async def write(service, item, **changes):
    """Write a record as somebody does who can write the store; what is None goes."""
    body = {**item.body, **changes}
    await service.store.transact([Put(item.key, {name: value for name, value in body.items() if value != "(gone)"})])


async def answer(client, device, **changes):
    return await sign_in(client, device.get(await options(client), **changes))


def thief_of(device):
    """An authenticator that says it is another one; only its key is its own."""
    thief = Authenticator(domain="shop.test", origin=ORIGIN, credential_id=device.credential_id)
    thief.user_handle = device.user_handle
    return thief


async def test_a_key_exchanged_in_the_clear_opens_nothing_and_keeps_nobody_out(client, service, tokens, device):
    user_id = await id_of(client, tokens)
    other = await signed_in(client, "otheruser")
    foreign, _ = await enrol(client, other)
    theirs = await stored(service, await id_of(client, other), foreign)
    own = await stored(service, user_id, device)
    await write(service, own, public_key=theirs.body["public_key"])
    thief = thief_of(device)
    thief.key = foreign.key
    assert (await answer(client, thief)).status_code == 401
    assert (await answer(client, device)).status_code == 200
    assert (await stored(service, user_id, device)).body["public_key"] == own.body["public_key"]


async def moved_from_another_person(client, service, user_id, device):
    other = await signed_in(client, "otheruser")
    foreign, _ = await enrol(client, other)
    theirs = await stored(service, await id_of(client, other), foreign)
    own = await stored(service, user_id, device)
    await write(service, own, public_key=theirs.body["public_key"], sealed_key=theirs.body["sealed_key"])
    return foreign.key


async def moved_from_another_passkey(client, service, user_id, device):
    proven = await proven_by(client, (await log_in_again(client, device)).json(), device)
    second, _ = await enrol(client, proven, name="Phone")
    theirs, own = [await stored(service, user_id, each) for each in (second, device)]
    await write(service, own, public_key=theirs.body["public_key"], sealed_key=theirs.body["sealed_key"])
    return second.key


async def log_in_again(client, device):
    return await log_in(client, passkey=device.get(await options(client)))


async def put_back_unsealed(client, service, user_id, device):
    """The record of before keys were sealed, with a key of the thief's or of the owner's own."""
    await write(service, await stored(service, user_id, device), sealed_key="(gone)")
    return device.key


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (moved_from_another_person, "changed"),
        (moved_from_another_passkey, "changed"),
        (put_back_unsealed, "unsealed"),
    ],
)
async def test_a_key_from_elsewhere_is_refused_and_recorded(client, service, tokens, device, tamper, reason):
    user_id = await id_of(client, tokens)
    thief = thief_of(device)
    thief.count = 100
    thief.key = await tamper(client, service, user_id, device)
    refused = await answer(client, thief)
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_001")
    record = await recorded(service, "passkey_refused")
    assert (record["user"]["uid"], record["status_id"], record["severity_id"]) == (user_id, 2, 4)
    assert record["unmapped"] == {"reason": reason}


@pytest.mark.parametrize("sealed", ["", "1.", "1.a", "1.AAAA", "2.AAAA", "\u00e9", None, 7, ["1.AAAA"], "1.%%%"])
async def test_whatever_stands_in_the_place_of_a_seal_is_refused_and_breaks_nothing(
    client, service, tokens, device, sealed
):
    item = await stored(service, await id_of(client, tokens), device)
    await write(service, item, sealed_key=sealed)
    assert (await answer(client, device)).status_code == 401
    await recorded(service, "passkey_refused")
    assert (await client.get("/auth/passkeys", headers=bearer(tokens))).status_code == 200


async def test_a_forged_passkey_is_no_second_factor_and_no_step_up_either(client, service, tokens, device):
    await put_back_unsealed(client, service, await id_of(client, tokens), device)
    assert (await log_in_again(client, device)).status_code == 401
    asked = (await client.post("/auth/passkeys/step-up/options", headers=bearer(tokens))).json()
    proof = {"passkey": device.get(asked)}
    assert (await client.post("/auth/step-up", json=proof, headers=bearer(tokens))).status_code == 401
    await recorded(service, "passkey_refused", count=2)


async def test_a_data_key_that_was_exchanged_too_is_a_refusal(client, service, tokens, device):
    user_id = await id_of(client, tokens)
    other = await id_of(client, await signed_in(client, "otheruser"))
    foreign = await service.store.get(keys.data_key_key(other))
    await service.store.transact([Put(keys.data_key_key(user_id), foreign.body)])
    assert (await answer(client, device)).status_code == 401
    await recorded(service, "passkey_refused")


async def test_a_refused_passkey_can_be_removed_by_its_owner(client, service, tokens, device):
    proven = await proven_by(client, tokens, device)
    await put_back_unsealed(client, service, await id_of(client, proven), device)
    path = f"/auth/passkeys/{text(device.credential_id)}"
    assert (await client.delete(path, headers=bearer(proven))).status_code == 200
    assert (await log_in(client)).status_code == 200


async def test_a_process_of_the_version_before_still_finds_what_it_reads(client, service, tokens, device):
    """During a rolling upgrade both versions are at work."""
    item = await stored(service, await id_of(client, tokens), device)
    assert {"public_key", "sign_count", "name", "created_at", "last_used_at"} < item.body.keys()
    assert item.body["public_key"] not in item.body["sealed_key"]


async def test_passkeys_of_before_are_sealed_by_an_operator_and_by_nothing_else(stack, settings):
    client, service = stack
    tokens = await signed_in(client)
    device, _ = await enrol(client, tokens)
    user_id = await id_of(client, tokens)
    await put_back_unsealed(client, service, user_id, device)
    assert (await answer(client, device)).status_code == 401
    async with operations(settings) as operator:
        await operator.rewrap_data_keys()
        assert (await answer(client, device)).status_code == 401
        assert await operator.seal_passkeys() == 1
        assert await operator.seal_passkeys() == 0
    assert (await answer(client, device)).status_code == 200
    bodies = [item.body async for item in service.store.scan(prefix="AUDIT#")]
    records = [body["record"] for body in bodies if "record" in body]
    (record,) = [each for each in records if each["activity_name"] == "passkey_sealed"]
    assert (record["actor"]["user"]["uid"], record["user"]["uid"]) == ("operator", user_id)


async def test_a_forged_seal_is_not_taken_for_none(stack, settings):
    client, service = stack
    tokens = await signed_in(client)
    device, _ = await enrol(client, tokens)
    await write(service, await stored(service, await id_of(client, tokens), device), sealed_key="1.AAAA")
    async with operations(settings) as operator:
        assert await operator.seal_passkeys() == 0


async def test_what_is_left_of_somebody_erased_is_not_sealed(stack, settings):
    client, service = stack
    tokens = await signed_in(client)
    device, _ = await enrol(client, tokens)
    left = await stored(service, await id_of(client, tokens), device)
    proven = await proven_by(client, tokens, device)
    assert (await client.delete("/auth/account", headers=bearer(proven))).status_code == 200
    await write(service, left, sealed_key="(gone)")
    async with operations(settings) as operator:
        assert await operator.seal_passkeys() == 0
    assert (await answer(client, device)).status_code == 401


async def test_a_new_master_key_keeps_passkeys_good(stack, settings, tmp_path, cache, valkey_server):
    client, service = stack
    device, _ = await enrol(client, await signed_in(client))
    both = make_settings(tmp_path, valkey_server.url, data_key=f"{key_text(9)},{key_text(4)}")
    async with operations(both) as operator:
        assert await operator.rewrap_data_keys() == 1
    only_new = make_settings(tmp_path, valkey_server.url, data_key=key_text(9))
    async with ServiceUnderTest(only_new, cache, store=service.store, clock=SystemClock()).client() as renewed:
        assert (await answer(renewed, device)).status_code == 200
