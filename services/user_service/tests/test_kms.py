"""The master key in AWS KMS, against moto's KMS in this process."""

import os

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.session import Session
from moto import mock_aws
from pydantic import ValidationError
from users_under_test import ServiceUnderTest, bearer, key_text, log_in, make_settings, register, signed_in

from cnop_core.ids import UserId
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock, entropy
from cnop_users.adapters import kms
from cnop_users.adapters.keyring import Keyring
from cnop_users.adapters.kms import KeyServiceAway, KmsMasterKeys
from cnop_users.adapters.vault import FileMasterKeys, MasterKeyVault
from cnop_users.application import keys
from cnop_users.application.ports import CannotOpen
from cnop_users.bootstrap.operations import operations

pytestmark = pytest.mark.security

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")


@pytest.fixture
def aws(monkeypatch):
    """A client of an empty KMS; nothing of this machine's own AWS configuration is used."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Session().create_client("kms")


@pytest.fixture
def key(aws):
    """The ARN of a key with the alias `alias/pii`."""
    made = aws.create_key()["KeyMetadata"]
    aws.create_alias(AliasName="alias/pii", TargetKeyId=made["KeyId"])
    return made["Arn"]


def file_keys(fill=4):
    return FileMasterKeys(Keyring.from_text(key_text(fill), purpose="data"), entropy=entropy)


def vault(*names, older=None, clock=lambda: 0.0):
    return MasterKeyVault(master_keys=KmsMasterKeys(list(names), older=older, clock=clock), entropy=entropy)


async def test_what_kms_wrapped_opens_for_its_owner_alone(key):
    made, wrapped = await vault("alias/pii").create(ADA)
    assert wrapped["master_key_id"] == f"kms:{key}"
    sealed = made.seal("profile", "zo\u00eb")
    assert (await vault(key).unlock(ADA, wrapped)).open("profile", sealed) == "zo\u00eb"
    with pytest.raises(CannotOpen):
        await vault(key).unlock(BOB, wrapped)


async def test_a_changed_wrapping_opens_nothing(key):
    _, wrapped = await vault(key).create(ADA)
    for text in (str(wrapped["wrapped"])[:-8], "AAAA", "A"):
        with pytest.raises(CannotOpen):
            await vault(key).unlock(ADA, {**wrapped, "wrapped": text})


async def test_a_key_that_is_not_ours_is_never_asked_for(aws, key):
    """Whoever can write to the store could wrap a data key of their own choice under a key of their own."""
    foreign = aws.create_key()["KeyMetadata"]["Arn"]
    _, wrapped = await vault(foreign).create(ADA)
    with pytest.raises(CannotOpen):
        await vault(key).unlock(ADA, wrapped)


async def test_a_file_key_hands_over_to_kms_and_kms_to_its_next_key(aws, key):
    made, by_file = await MasterKeyVault(master_keys=file_keys(), entropy=entropy).create(ADA)
    sealed = made.seal("profile", "ada")
    moving = vault(key, older=file_keys())
    by_kms = await moving.rewrap(ADA, by_file)
    assert by_kms["master_key_id"] == f"kms:{key}"
    assert await moving.rewrap(ADA, by_kms) is None
    next_key = aws.create_key()["KeyMetadata"]["Arn"]
    by_next = await vault(next_key, key).rewrap(ADA, by_kms)
    assert (await vault(next_key).unlock(ADA, by_next)).open("profile", sealed) == "ada"
    with pytest.raises(CannotOpen):
        await vault(next_key).unlock(ADA, by_file)


async def test_an_alias_that_moves_to_another_key_is_a_rotation(aws, key):
    _, wrapped = await vault("alias/pii").create(ADA)
    other = aws.create_key()["KeyMetadata"]
    aws.update_alias(AliasName="alias/pii", TargetKeyId=other["KeyId"])
    rewrapped = await vault("alias/pii", key).rewrap(ADA, wrapped)
    assert rewrapped["master_key_id"] == f"kms:{other['Arn']}"


class Away:
    """A KMS that does not answer."""

    def describe_key(self, **_arguments):
        raise ConnectTimeoutError(endpoint_url="https://kms.test")

    decrypt = describe_key


async def test_what_was_opened_is_remembered_for_five_minutes(key):
    now = [0.0]
    remembering = vault(key, clock=lambda: now[0])
    _, wrapped = await remembering.create(ADA)
    remembering._master_keys._client = Away()
    now[0] = 299.0
    assert await remembering.unlock(ADA, wrapped)
    now[0] = 300.0
    with pytest.raises(KeyServiceAway):
        await remembering.unlock(ADA, wrapped)


async def test_while_kms_is_away_it_is_said_so_and_it_goes_on_later(key, monkeypatch):
    there = kms._connect
    monkeypatch.setattr(kms, "_connect", Away)
    trying = vault(key)
    with pytest.raises(KeyServiceAway):
        await trying.create(ADA)
    monkeypatch.setattr(kms, "_connect", there)
    trying._master_keys._client = None
    assert await trying.create(ADA)


async def test_a_whole_service_keeps_its_data_keys_in_kms_after_a_rewrap(key, tmp_path, cache, valkey_server):
    from_file = make_settings(tmp_path, valkey_server.url)
    store = await open_store(from_file.store)
    async with ServiceUnderTest(from_file, cache, store=store, clock=SystemClock()).client() as client:
        await signed_in(client)
    moving = make_settings(tmp_path, valkey_server.url, data_kms_key="alias/pii")
    async with ServiceUnderTest(moving, cache, store=store, clock=SystemClock()).client() as client:
        assert (await register(client, "newcomer")).status_code == 201
        assert (await log_in(client, "testuser")).status_code == 200
    alone = make_settings(tmp_path, valkey_server.url, data_key=None, data_kms_key="alias/pii")
    async with operations(moving) as operator:
        assert await operator.rewrap_data_keys() == 1
        assert await operator.rewrap_data_keys() == 0
    async with ServiceUnderTest(alone, cache, store=store, clock=SystemClock()).client() as client:
        for name in ("testuser", "newcomer"):
            tokens = (await log_in(client, name)).json()
            profile = await client.get("/auth/profile", headers=bearer(tokens))
            assert profile.json()["email"] == f"{name}@example.com"
    async for item in store.scan(prefix=keys.USERS_PREFIX):
        if item.key.sk == "DATA-KEY":
            assert item.body["master_key_id"] == f"kms:{key}"
    await store.close()


def test_without_any_master_key_a_service_does_not_start(tmp_path):
    with pytest.raises(ValidationError, match="data_kms_key"):
        make_settings(tmp_path, "valkey://127.0.0.1:6379/0", data_key=None)
