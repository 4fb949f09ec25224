import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cnop_cli.errors import CommandError
from cnop_cli.stack.secretstore import SHARES, SecretStore
from cnop_cli.stack.state import write_private


@pytest.fixture
def secrets(tmp_path: Path) -> SecretStore:
    store = SecretStore(tmp_path / "secrets")
    store.prepare(valkey_port=6379)
    return store


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_folders_and_files_are_for_their_owner_only(secrets: SecretStore, tmp_path: Path) -> None:
    for path in (tmp_path / "secrets").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_component_finds_its_share_and_nothing_else(secrets: SecretStore) -> None:
    assert names(secrets.folder("price_feed")) == {"cnop_audit_key", "cnop_valkey_url"}
    assert names(secrets.folder("web")) == {"cnop_gateway_secret"}
    assert names(secrets.folder("order_service")) == {
        "cnop_audit_key", "cnop_gateway_secret", "cnop_ledger_key", "cnop_valkey_url",
    }  # fmt: skip
    for component in set(SHARES) - {"user_service"}:
        assert not {"cnop_pepper", "cnop_data_key", "cnop_index_key"} & names(secrets.folder(component))
    for component in ("inventory_service", "price_feed", "web", "gateway"):
        assert "cnop_ledger_key" not in names(secrets.folder(component))


def test_keys_are_32_random_bytes_and_differ(secrets: SecretStore) -> None:
    keys = [secrets.value(name) for name in ("cnop_ledger_key", "cnop_audit_key", "cnop_pepper", "cnop_data_key")]
    assert len(set(keys)) == 4
    assert {len(base64.urlsafe_b64decode(key + "=")) for key in keys} == {32}


def test_each_component_has_its_own_way_into_valkey(secrets: SecretStore) -> None:
    urls = {name: (secrets.folder(name) / "cnop_valkey_url").read_text() for name in ("price_feed", "order_service")}
    assert urls["price_feed"].startswith("valkey://feed:")
    assert urls["order_service"].startswith("valkey://orders:")
    assert len({url.split(":")[2].split("@")[0] for url in urls.values()}) == 2


def test_a_secret_that_the_operator_gives_reaches_its_component_alone(secrets: SecretStore, tmp_path: Path) -> None:
    write_private(tmp_path / "secrets/vault/cnop_smtp_url", "smtps://user:pw@mail.test")
    secrets.prepare(valkey_port=6379)
    holders = [path.parent.name for path in (tmp_path / "secrets").rglob("cnop_smtp_url")]
    assert sorted(holders) == ["user_service", "vault"]
    assert (secrets.folder("user_service") / "cnop_smtp_url").read_text() == "smtps://user:pw@mail.test"


def test_preparing_again_changes_no_secret_but_follows_the_port(secrets: SecretStore, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (tmp_path / "secrets").rglob("*") if path.is_file()}
    SecretStore(tmp_path / "secrets").prepare(valkey_port=7000)
    after = {path: path.read_bytes() for path in (tmp_path / "secrets").rglob("*") if path.is_file()}
    assert before.keys() == after.keys()
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed == {"cnop_valkey_url"}
    assert ":7000/0" in (secrets.folder("price_feed") / "cnop_valkey_url").read_text()


def test_a_secret_that_a_component_may_no_longer_hold_is_taken_away(secrets: SecretStore) -> None:
    stray = secrets.folder("web") / "cnop_ledger_key"
    stray.write_text("x")
    secrets.prepare(valkey_port=6379)
    assert not stray.exists()


def test_there_is_one_signing_key_on_p256(secrets: SecretStore) -> None:
    (pem,) = secrets.signing_keys.iterdir()
    key = load_pem_private_key(pem.read_bytes(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    assert isinstance(key.curve, SECP256R1)
    assert pem.suffix == ".pem"


def test_secrets_that_are_open_to_others_are_refused(secrets: SecretStore, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "vault" / "cnop_pepper").chmod(0o644)
    with pytest.raises(CommandError, match="cnop_pepper holds secrets but is open to others"):
        secrets.prepare(valkey_port=6379)


def test_a_secret_that_was_never_made_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="start the platform once"):
        SecretStore(tmp_path).value("cnop_ledger_key")


def test_a_key_is_introduced_behind_the_one_in_use_and_then_put_before_it(secrets: SecretStore) -> None:
    old = secrets.value("cnop_pepper")
    secrets.introduce("cnop_pepper")
    used, new = secrets.value("cnop_pepper").split(",")
    assert used == old
    secrets.promote("cnop_pepper")
    assert secrets.value("cnop_pepper") == f"{new},{old}"


def test_the_steps_of_an_exchange_come_one_after_the_other(secrets: SecretStore) -> None:
    with pytest.raises(CommandError, match="keys introduce"):
        secrets.promote("cnop_data_key")
    secrets.introduce("cnop_data_key")
    known = secrets.value("cnop_data_key")
    with pytest.raises(CommandError, match="keys promote"):
        secrets.introduce("cnop_data_key")
    assert secrets.value("cnop_data_key") == known
    secrets.promote("cnop_data_key")
    with pytest.raises(CommandError, match="keys introduce"):
        secrets.promote("cnop_data_key")


def test_a_key_that_waits_reaches_components_only_within_its_secret(secrets: SecretStore, tmp_path: Path) -> None:
    secrets.introduce("cnop_index_key")
    SecretStore(tmp_path / "secrets").prepare(valkey_port=6379)
    share = secrets.folder("user_service")
    assert (share / "cnop_index_key").read_text() == secrets.value("cnop_index_key")
    assert not [path for path in share.iterdir() if "introduced" in path.name]
    waiting = tmp_path / "secrets" / "vault" / "cnop_index_key.introduced"
    assert stat.S_IMODE(waiting.stat().st_mode) == 0o600
