"""An erasure makes a person unreadable in one transaction; what it removes afterwards is removed in the end."""

import pytest
from test_leaving import erase, id_of, registered
from test_passkeys import enrol as enrol_passkey
from test_passkeys import proven_by
from users_under_test import ServiceUnderTest, bearer, make_settings, signed_in

from cnop_platform.store import Put, StoreUnavailable
from cnop_users.application import erasure, identities

__all__ = ["registered"]
pytestmark = pytest.mark.security


async def interrupted(client, service, tokens, monkeypatch):
    """Erase somebody who has a bit of everything, and let the store go away once they are unreadable."""
    user_id = await id_of(client, tokens)
    device, _ = await enrol_passkey(client, tokens, name="Ada Lovelace's iPhone")
    link = identities.link_writes(identities.Identity("mock", "subject-1", None, True, service.clock.now()), user_id)
    await service.store.transact(link)
    fresh = await proven_by(client, tokens, device)
    transact, erased = service.store.transact, []

    async def away_afterwards(writes):
        if erased:
            raise StoreUnavailable("away")
        await transact(writes)
        erased.extend(write for write in writes if write.key.pk == "ERASED")

    with monkeypatch.context() as broken:
        broken.setattr(service.store, "transact", away_afterwards)
        assert (await erase(client, fresh)).status_code == 503
    return user_id


async def left_of(service, user_id):
    own = [item.key.sk async for item in service.store.scan(prefix=f"USER#{user_id}")]
    links = [item.key.pk async for item in service.store.scan(prefix="IDENTITY#")]
    return sorted(own), links


@pytest.mark.parametrize("with_register", [True, False], ids=["register", "no register"])
async def test_an_interrupted_erasure_is_finished_at_the_next_start(
    tmp_path, valkey_server, registered, cache, monkeypatch, with_register
):
    settings = registered if with_register else make_settings(tmp_path, valkey_server.url)
    service = ServiceUnderTest(settings, cache)
    async with service.client() as client:
        user_id = await interrupted(client, service, await signed_in(client), monkeypatch)
        stays = await signed_in(client, "who_stays")
    own, links = await left_of(service, user_id)
    assert any(key.startswith("PASSKEY#") for key in own)
    assert links
    async with ServiceUnderTest(settings, cache, store=service.store, clock=service.clock).client() as client:
        assert await left_of(service, user_id) == (["USER"], [])
        assert (await client.get("/auth/profile", headers=bearer(stays))).status_code == 200


async def test_what_is_finished_is_not_swept_again(registered, cache, monkeypatch):
    service = ServiceUnderTest(registered, cache)
    async with service.client() as client:
        assert (await erase(client, await signed_in(client))).status_code == 200
    swept, sweep = [], erasure.Erasure._leftovers

    async def noted(self, user_id):
        swept.append(user_id)
        return await sweep(self, user_id)

    monkeypatch.setattr(erasure.Erasure, "_leftovers", noted)
    async with ServiceUnderTest(registered, cache, store=service.store, clock=service.clock).client():
        assert swept == []


async def test_a_restored_backup_of_an_interrupted_erasure_is_finished(registered, cache, monkeypatch):
    """The backup was taken between the transaction that makes somebody unreadable and the removal of the rest."""
    service = ServiceUnderTest(registered, cache)
    async with service.client() as client:
        user_id = await interrupted(client, service, await signed_in(client), monkeypatch)
    backup = [item async for item in service.store.scan()]
    async with ServiceUnderTest(registered, cache, store=service.store, clock=service.clock).client():
        assert await left_of(service, user_id) == (["USER"], [])
    await service.store.transact([Put(item.key, item.body, index=item.index) for item in backup])
    async with ServiceUnderTest(registered, cache, store=service.store, clock=service.clock).client():
        assert await left_of(service, user_id) == (["USER"], [])
