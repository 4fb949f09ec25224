import json
import stat
from pathlib import Path

import pytest

from cnop_cli.commands import gateway
from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stack import valkey
from cnop_cli.stack.secretstore import SHARES


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "deep" / "secrets"
    assert execute(["secrets", "make", str(folder), "--valkey", "cache.internal:6380"]) == 0
    return folder


def test_components_find_valkey_where_the_deployment_has_it(folder: Path) -> None:
    assert (folder / "order_service/cnop_valkey_url").read_text().endswith("@cache.internal:6380/0")


def test_components_speak_tls_where_valkey_does(tmp_path: Path) -> None:
    assert execute(["secrets", "make", str(tmp_path / "s"), "--valkey", "cache.internal:6379", "--valkey-tls"]) == 0
    assert (tmp_path / "s/order_engine/cnop_valkey_url").read_text().startswith("valkeys://engine:")


def test_valkey_is_configured_for_its_container(folder: Path) -> None:
    lines = (folder / "valkey/valkey.conf").read_text().splitlines()
    assert {"port 6380", "bind 0.0.0.0 -::*", 'aclfile "/etc/valkey/users.acl"'} <= set(lines)
    users = (folder / "valkey/users.acl").read_text()
    assert users.startswith("user default reset off\n")
    assert users.count("\nuser ") == len(valkey.RIGHTS)


def test_every_file_of_every_share_gets_into_its_secret_and_the_originals_into_none(folder: Path) -> None:
    document = json.loads((folder / "kustomization.yaml").read_text())
    secrets = {each["name"]: set(each["files"]) for each in document["secretGenerator"]}
    assert secrets.keys() == {name.replace("_", "-") for name in SHARES} | {"valkey", "user-service-signing"}
    for component, share in SHARES.items():
        named = {Path(file).name for file in secrets[component.replace("_", "-")]}
        assert named - {"cnop_valkey_url"} == share
    assert not [file for files in secrets.values() for file in files if "vault" in file]
    assert len(secrets["user-service-signing"]) == 1


def test_making_again_keeps_everything(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    execute(["secrets", "make", str(folder), "--valkey", "cache.internal:6380"])
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {stat.S_IMODE(path.stat().st_mode) for path in before} == {0o600}


@pytest.mark.parametrize("address", ["valkey", ":6379", "valkey:port"])
def test_an_address_without_host_or_port_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(CommandError, match="HOST:PORT"):
        execute(["secrets", "make", str(tmp_path), "--valkey", address])


def test_a_store_is_created_described_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'cnop.db'}"
    execute(["store", "describe", "--store", url])
    assert "missing" in capsys.readouterr().out
    execute(["store", "migrate", "--store", url])
    assert "create" in capsys.readouterr().out
    execute(["store", "migrate", "--store", url])
    assert capsys.readouterr().out == "nothing to do\n"
    execute(["store", "describe", "--store", url])
    assert "ready, 0 items" in capsys.readouterr().out


def test_no_store_at_an_address_is_one_line() -> None:
    with pytest.raises(CommandError, match="sqlite:////absolute"):
        execute(["store", "describe", "--store", "postgres://x"])


@pytest.mark.parametrize("text", ["- a\n", "a: [", None])
def test_gateway_settings_that_cannot_be_read_are_one_line(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "settings.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CommandError, match=r"settings\.yaml") as raised:
        gateway.read_settings(path)
    assert "\n" not in str(raised.value)
