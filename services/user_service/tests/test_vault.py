import pytest
from users_under_test import key_text

from cnop_core.ids import UserId
from cnop_platform.system import entropy
from cnop_users.adapters.email_index import HmacEmailIndex
from cnop_users.adapters.keyring import InvalidKeyring, Keyring
from cnop_users.adapters.vault import FileMasterKeys, MasterKeyVault
from cnop_users.application.ports import CannotOpen

pytestmark = pytest.mark.security

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")


def vault(*fills):
    text = ",".join(key_text(fill) for fill in fills)
    return MasterKeyVault(
        master_keys=FileMasterKeys(Keyring.from_text(text, purpose="data"), entropy=entropy), entropy=entropy
    )


async def test_what_is_sealed_opens_again_and_never_looks_the_same():
    key, wrapped = await vault(1).create(ADA)
    first, second = key.seal("profile", "zoë"), key.seal("profile", "zoë")
    assert first != second
    reopened = await vault(1).unlock(ADA, wrapped)
    assert [reopened.open("profile", each) for each in (first, second)] == ["zoë", "zoë"]


async def test_sealed_data_cannot_be_moved_to_another_purpose_or_person():
    key, wrapped = await vault(1).create(ADA)
    sealed = key.seal("profile", "text")
    with pytest.raises(CannotOpen):
        key.open("totp", sealed)
    with pytest.raises(CannotOpen):
        await vault(1).unlock(BOB, wrapped)
    other, _ = await vault(1).create(BOB)
    with pytest.raises(CannotOpen):
        other.open("profile", sealed)


@pytest.mark.parametrize("position", [2, 20, -2])
async def test_a_changed_character_is_noticed(position):
    key, _ = await vault(1).create(ADA)
    sealed = list(key.seal("profile", "some text"))
    sealed[position] = "A" if sealed[position] != "A" else "B"
    with pytest.raises(CannotOpen):
        key.open("profile", "".join(sealed))


async def test_an_unknown_form_is_refused():
    key, _ = await vault(1).create(ADA)
    for sealed in ("2.AAAA", "", "1.", "1.AAAA", "1.A", "1.\u00e9", "1.%%%"):
        with pytest.raises(CannotOpen):
            key.open("profile", sealed)


async def test_a_new_master_key_opens_old_data_keys_and_rewraps_them_once():
    key, wrapped = await vault(1).create(ADA)
    sealed = key.seal("profile", "text")
    rotated = vault(2, 1)
    assert (await rotated.unlock(ADA, wrapped)).open("profile", sealed) == "text"
    rewrapped = await rotated.rewrap(ADA, wrapped)
    assert await rotated.rewrap(ADA, rewrapped) is None
    assert (await vault(2).unlock(ADA, rewrapped)).open("profile", sealed) == "text"
    with pytest.raises(CannotOpen):
        await vault(2).unlock(ADA, wrapped)


def test_index_entries_depend_on_key_and_address_only():
    old, both = (Keyring.from_text(text, purpose="index") for text in (key_text(1), f"{key_text(2)},{key_text(1)}"))
    assert HmacEmailIndex(both).all("a@example.com")[1] == HmacEmailIndex(old).current("a@example.com")
    assert HmacEmailIndex(both).current("a@example.com") != HmacEmailIndex(old).current("a@example.com")
    assert HmacEmailIndex(old).current("a@example.com") != HmacEmailIndex(old).current("b@example.com")


@pytest.mark.parametrize("text", ["", "short", "!" * 43, key_text(1) + ",", key_text(1)[:-4]])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(InvalidKeyring):
        Keyring.from_text(text, purpose="data")


def test_one_secret_has_another_id_for_another_purpose():
    ids = {Keyring.from_text(key_text(1), purpose=purpose).current.key_id for purpose in ("data", "index")}
    assert len(ids) == 2
