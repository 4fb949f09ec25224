import os
import subprocess
import sys

import pytest
from users_under_test import (
    PASSWORD,
    START,
    ServiceUnderTest,
    bearer,
    key_text,
    log_in,
    make_settings,
    register,
    write_signing_key,
)

from cnop_core.clock import FixedClock
from cnop_core.errors import InvalidInput, NotFound
from cnop_platform.permissions import Role
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock
from cnop_users.application import codec, keys
from cnop_users.bootstrap.operations import operations, retire_signing_keys, rotate_signing_key
from cnop_users.domain.errors import AlreadyTaken, WeakPassword


@pytest.fixture
async def stack(settings, cache):
    """A service on the SQLite store that the operations open too, at the real time."""
    store = await open_store(settings.store)
    service = ServiceUnderTest(settings, cache, store=store, clock=SystemClock())
    async with service.client() as client:
        yield client, service
    await store.close()


async def test_the_first_administrator_is_made_with_a_password_and_nothing_else(stack, settings):
    client, _ = stack
    async with operations(settings) as operator:
        user_id = await operator.create_admin(username="Root_User", email="root@example.com", password=PASSWORD)
        with pytest.raises(AlreadyTaken):
            await operator.create_admin(username="root_user", email="other@example.com", password=PASSWORD)
        with pytest.raises(WeakPassword):
            await operator.create_admin(username="another", email="o@example.com", password="passwordpassword")
        for wrong in ({"username": "x"}, {"email": "x"}, {"password": "short"}):
            values = {"username": "another", "email": "o@example.com", "password": PASSWORD, **wrong}
            with pytest.raises(ValueError, match="expected"):
                await operator.create_admin(**values)
    tokens = (await log_in(client, "root_user")).json()
    assert (await client.get("/admin/users", headers=bearer(tokens))).json()["data"][0]["user_id"] == user_id


async def test_roles_are_granted_and_revoked_by_name(stack, settings):
    client, _ = stack
    await register(client)
    tokens = (await log_in(client)).json()
    async with operations(settings) as operator:
        assert await operator.grant("TestUser", Role.SUPPORT) == {Role.CUSTOMER, Role.SUPPORT}
        assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 401
        assert await operator.revoke("testuser", Role.CUSTOMER) == {Role.SUPPORT}
        with pytest.raises(InvalidInput):
            await operator.revoke("testuser", Role.SUPPORT)
        with pytest.raises(NotFound):
            await operator.grant("nobody_here", Role.ADMIN)


async def test_somebody_is_suspended_and_reinstated_by_name(stack, settings):
    client, _ = stack
    await register(client)
    async with operations(settings) as operator:
        await operator.suspend("testuser")
        assert (await log_in(client)).status_code == 401
        await operator.reinstate("testuser")
        assert (await log_in(client)).status_code == 200


@pytest.fixture
def run(settings, tmp_path):
    """Run `python -m cnop_users` as an operator does where the service is deployed: with the settings that it has."""
    given = settings.model_dump(exclude_none=True)
    keys = ("environment", "store", "token_issuer", "token_audience", "signing_keys")
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in ("gateway_secret", "ledger_key", "pepper", "data_key", "index_key", "valkey_url"):
        (folder / f"cnop_{name}").write_text(given[name].get_secret_value())
    (folder / "cnop_audit_key").write_text(key_text(1))
    environment = {"PATH": os.environ["PATH"], "CNOP_SECRETS_DIR": str(folder)}
    environment |= {f"CNOP_{name.upper()}": str(given[name]) for name in keys}

    def run(*arguments):
        argv = [sys.executable, "-m", "cnop_users", *arguments]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.mark.timeout(300)  # several interpreters are started, which takes a busy machine minutes
async def test_a_deployed_service_has_the_commands_for_its_first_administrator_and_its_keys(stack, run):
    client, _ = stack
    await register(client)
    assert run("grant", "testuser", "admin").stdout == "testuser is now: admin, customer\n"
    tokens = (await log_in(client)).json()
    assert (await client.get("/admin/users", headers=bearer(tokens))).status_code == 200
    assert run("rewrap").stdout == "0 data keys and 0 email look-ups moved to the newest keys\n"
    assert run("seal-passkeys").stdout == "0 passkeys sealed\n"
    refused = run("grant", "nobody", "admin")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.strip() == "there is no user nobody"
    assert (await client.get("/admin/users", headers=bearer(tokens))).status_code == 200


def test_a_command_that_is_none_ends_with_those_that_are(run):
    for wrong in (("grant", "testuser", "god"), ("rewrap", "all")):
        ended = run(*wrong)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "usage: python -m cnop_users [rewrap | grant USER ROLE" in ended.stderr


async def test_a_new_master_key_takes_over_every_data_key(stack, settings, tmp_path, cache, valkey_server):
    client, service = stack
    for number in range(3):
        await register(client, f"person_{number}")
    both = make_settings(tmp_path, valkey_server.url, data_key=f"{key_text(9)},{key_text(4)}")
    async with operations(both) as operator:
        assert await operator.rewrap_data_keys() == 3
        assert await operator.rewrap_data_keys() == 0
    only_new = make_settings(tmp_path, valkey_server.url, data_key=key_text(9))
    async with ServiceUnderTest(only_new, cache, store=service.store, clock=SystemClock()).client() as renewed:
        tokens = (await log_in(renewed, "person_1")).json()
        profile = (await renewed.get("/auth/profile", headers=bearer(tokens))).json()
        assert profile["email"] == "person_1@example.com"


async def test_a_new_index_key_takes_over_every_address_and_keeps_them_unique(stack, tmp_path, cache, valkey_server):
    client, service = stack
    await register(client, "person_1")
    both = make_settings(tmp_path, valkey_server.url, index_key=f"{key_text(9)},{key_text(5)}")
    async with ServiceUnderTest(both, cache, store=service.store, clock=SystemClock()).client() as rotating:
        assert (await log_in(rotating, "person_1@example.com")).status_code == 200
        assert (await register(rotating, "person_2", email="person_1@example.com")).status_code == 409
        assert (await register(rotating, "person_3")).status_code == 201
    async with operations(both) as operator:
        assert await operator.reindex_emails() == 1
        assert await operator.reindex_emails() == 0
    only_new = make_settings(tmp_path, valkey_server.url, index_key=key_text(9))
    async with ServiceUnderTest(only_new, cache, store=service.store, clock=SystemClock()).client() as renewed:
        for name in ("person_1", "person_3"):
            assert (await log_in(renewed, f"{name}@example.com")).status_code == 200
            assert (await register(renewed, f"{name}_too", email=f"{name}@example.com")).status_code == 409
    item = await service.store.get(keys.user_key((await register(client, "person_4")).json()["user_id"]))
    assert codec.user_from_item(item).email_index


def test_a_rotated_key_is_private_and_never_overwrites_one(tmp_path):
    clock = FixedClock(START)
    key_id = rotate_signing_key(tmp_path, clock=clock)
    path = tmp_path / f"{key_id}.pem"
    assert key_id == "key-20260131T120000Z"
    assert path.stat().st_mode & 0o077 == 0
    text = path.read_bytes()
    with pytest.raises(FileExistsError):
        rotate_signing_key(tmp_path, clock=clock)
    assert path.read_bytes() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_retires_when_its_last_token_has_ended(tmp_path):
    clock = FixedClock(START)
    write_signing_key(tmp_path, "key-20260101T000000Z")
    new = rotate_signing_key(tmp_path, clock=clock)
    clock.advance(seconds=2 * 300 + 900 - 1)
    assert retire_signing_keys(tmp_path, clock=clock, lead_seconds=300, token_seconds=900) == []
    clock.advance(seconds=1)
    assert retire_signing_keys(tmp_path, clock=clock, lead_seconds=300, token_seconds=900) == ["key-20260101T000000Z"]
    assert [path.stem for path in tmp_path.glob("*.pem")] == [new]
    assert retire_signing_keys(tmp_path, clock=clock, lead_seconds=300, token_seconds=900) == []
