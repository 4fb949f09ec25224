"""What is made from sources and kept while they do not change: API descriptions and the gateway's configuration."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cnop_cli import digest
from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stack import descriptions, envoy
from cnop_cli.stack.envoy import Rendered
from cnop_cli.workspace import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (
        "services/core/src/a.py", "services/user_service/src/b.py", "policies/roles.cedar", "cli/requirements.txt",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    return tmp_path


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def build() -> dict[str, dict[str, Any]]:
        calls.append(1)
        return {"user_service": {"openapi": "3.1.0", "number": len(calls)}}

    monkeypatch.setattr(descriptions, "build", build)
    return calls


@pytest.mark.parametrize("changed", ["services/user_service/src/b.py", "policies/roles.cedar", "cli/requirements.txt"])
def test_descriptions_are_built_again_when_a_source_changed(checkout: Path, built: list[int], changed: str) -> None:
    cache = checkout / "var/cache"
    first = descriptions.load(cache=cache, root=checkout)
    assert descriptions.load(cache=cache, root=checkout) == first
    assert len(built) == 1
    (checkout / changed).write_text("2")
    assert descriptions.load(cache=cache, root=checkout)["user_service"]["number"] == 2


def test_a_broken_cache_is_built_anew(checkout: Path, built: list[int]) -> None:
    cache = checkout / "var/cache"
    descriptions.load(cache=cache, root=checkout)
    (cache / "openapi.json").write_text("{")
    assert descriptions.load(cache=cache, root=checkout)
    assert len(built) == 2


def test_a_service_that_cannot_describe_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptions, "SERVICES", {"odd_service": "no_such_module"})
    with pytest.raises(CommandError, match="odd_service cannot describe its API: ModuleNotFoundError"):
        descriptions.build()


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []

    def render(settings: dict[str, Any], _documents: object) -> Rendered:
        calls.append(settings)
        return Rendered(program=__file__, configuration=json.dumps({"number": len(calls)}), beside={})

    monkeypatch.setattr(envoy, "render", render)
    return calls


def test_the_gateway_is_rendered_again_when_settings_or_descriptions_changed(tmp_path: Path, rendered: list) -> None:
    def prepare(port: int, documents: dict[str, Any]) -> int:
        command = envoy.prepare({"port": port}, documents, folder=tmp_path)
        # Envoy tells by the name how to read it.
        assert command[:3] == (__file__, "-c", str(tmp_path / "envoy.json"))
        return int(json.loads((tmp_path / "envoy.json").read_text())["number"])

    assert prepare(1, {}) == prepare(1, {}) == 1
    assert prepare(2, {}) == 2
    assert prepare(2, {"x": {}}) == 3
    assert len(rendered) == 3


def test_the_gateways_configuration_is_for_its_owner_only(tmp_path: Path, rendered: list) -> None:
    envoy.prepare({}, {}, folder=tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.timeout(300)  # services describe themselves and Envoy judges twice, which takes a busy machine minutes
def test_a_gateway_elsewhere_is_rendered_into_a_folder_and_its_paths_are_not_written_to(tmp_path: Path) -> None:
    there, settings = tmp_path / "there", tmp_path / "settings.yaml"
    wanted = yaml.safe_load((ROOT / "kubernetes/overlays/prod/gateway/settings.yaml").read_text())
    settings.write_text(yaml.safe_dump({**wanted, "secrets_folder": str(there)}))
    into = tmp_path / "into"
    into.mkdir()
    assert execute(["gateway", "render", "--settings", str(settings), "--into", str(into)]) == 0
    assert {"envoy.yaml", "gateway.json", "to_web.json", "trusted_for_web.json"} <= {
        each.name for each in into.iterdir()
    }
    assert str(there / "to_web.json") in (into / "envoy.yaml").read_text()
    assert not there.exists()
    with pytest.raises(CommandError, match="cannot be written to"):
        execute(["gateway", "render", "--settings", str(settings), "--into", str(there)])


def test_a_configuration_that_envoy_refuses_is_one_line() -> None:
    with pytest.raises(CommandError, match="the gateway's configuration cannot be made: ") as refusal:
        envoy.render({"nonsense": True}, {})
    assert "\n" not in str(refusal.value)


def test_a_digest_follows_names_contents_and_further_text_but_not_the_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    base = digest.of_files([one, two], root=tmp_path)
    assert digest.of_files([two, one], root=tmp_path) == base
    assert digest.of_files([one, two], root=tmp_path, also="x") != base
    assert digest.of_files([one], root=tmp_path) != base
    two.write_text("3")
    assert digest.of_files([one, two], root=tmp_path) != base
    one.rename(tmp_path / "three")
    assert digest.of_files([tmp_path / "three"], root=tmp_path) != digest.of_files([two], root=tmp_path)
