"""MACs: who can write the store still cannot forge, alter or move what the ledger wrote."""

import base64

import pytest

from cnop_ledger import ChainKeys, InvalidKey
from cnop_platform.store import Key

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
HERE = Key("WALLET#a", "ENTRY#1")


def text_of(*keys):
    return ",".join(base64.urlsafe_b64encode(key).rstrip(b"=").decode() for key in keys)


def verifies(keys, key, text, signer, mac):
    return keys.verifies(key, text, key_id=signer.signing_id, mac=mac)


def test_a_mac_verifies_only_for_its_text_address_and_key():
    keys = ChainKeys(OLD)
    mac = keys.sign(HERE, "text")
    assert len(mac) == 22
    assert verifies(keys, HERE, "text", keys, mac)
    assert not verifies(keys, HERE, "texT", keys, mac)
    assert not verifies(keys, Key("WALLET#b", "ENTRY#1"), "text", keys, mac)
    assert not verifies(keys, Key("WALLET#a", "ENTRY#2"), "text", keys, mac)
    assert not verifies(ChainKeys(NEW), HERE, "text", keys, mac)


def test_the_parts_of_an_address_cannot_run_into_each_other():
    keys = ChainKeys(OLD)
    assert keys.sign(Key("ab", "c"), "d") != keys.sign(Key("a", "bc"), "d") != keys.sign(Key("a", "b"), "cd")


@pytest.mark.parametrize(("key_id", "mac"), [(None, None), ("unknown", "x"), (1, 2), ("", "")])
def test_an_absent_or_foreign_signature_is_none(key_id, mac):
    assert not ChainKeys(OLD).verifies(HERE, "text", key_id=key_id, mac=mac)


def test_a_rotated_key_signs_and_the_old_one_still_verifies():
    before, after = ChainKeys.from_text(text_of(OLD)), ChainKeys.from_text(text_of(NEW, OLD))
    assert after.signing_id != before.signing_id
    assert verifies(after, HERE, "text", before, before.sign(HERE, "text"))
    assert verifies(after, HERE, "text", after, after.sign(HERE, "text"))


@pytest.mark.parametrize("text", ["", "short", text_of(b"x" * 31), text_of(b"x" * 33), "!" * 43, text_of(OLD) + ","])
def test_a_key_that_is_not_32_bytes_of_base64url_is_refused(text):
    with pytest.raises(InvalidKey):
        ChainKeys.from_text(text)
