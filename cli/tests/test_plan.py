import json
from pathlib import Path

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.stack import plan
from cnop_cli.stack.plan import Options, Prepared
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_cli.stack.supervisor import Component


@pytest.fixture
def options(state: StateDir) -> Options:
    return Options(state=state, ports=Ports.shifted(100))


@pytest.fixture
def components(options: Options) -> dict[str, Component]:
    secrets = SecretStore(options.state.secrets)
    secrets.prepare(valkey_port=options.ports.valkey)
    prepared = Prepared(page=Path("/page"), valkey=("valkey",), gateway=("envoy",))
    environ = {"PATH": "/bin", "PYTHONPATH": "/evil", "SECRET": "x", "CNOP_ORDER_FEE_BPS": "10", "CNOP_PORT": "1"}
    made = plan.components(options, prepared=prepared, secrets=secrets, environ=environ)
    return {component.name: component for component in made}


@pytest.mark.parametrize(("lead", "refresh"), [(None, 30), ("300", 30), ("20", 5), ("0", 1)])
def test_the_gateway_knows_a_new_key_before_it_signs(options: Options, lead: str | None, refresh: int) -> None:
    environ = {"CNOP_JWKS_CACHE_SECONDS": lead} if lead else {}
    settings = plan.gateway_settings(options, gateway_secret="s" * 32, environ=environ)
    assert settings["jwks_refresh_seconds"] == refresh


@pytest.mark.parametrize("tls", [False, True])
def test_replicas_listen_beside_the_first_and_the_gateway_looks_whether_they_are_ready(state: StateDir, tls) -> None:
    options = Options(state=state, ports=Ports.shifted(100), replicas={"order_service": 3}, tls=tls)
    upstreams = plan.gateway_settings(options, gateway_secret="s" * 32)["upstreams"]
    orders = upstreams["order_service"]
    assert (orders["port"], orders["replica_ports"], orders["ready_path"]) == (8102, [8302, 8502], "/health/ready")
    assert "ready_path" not in upstreams["user_service"]
    taken = options.all_ports()
    assert len(set(taken.values())) == len(taken)
    assert taken["order_service-3"] == 8502
    assert ("order_service-3, operations" in taken) == tls

    secrets = SecretStore(options.state.secrets)
    secrets.prepare(valkey_port=options.ports.valkey)
    prepared = Prepared(page=None, valkey=("valkey",), gateway=("envoy",))
    made = {each.name: each for each in plan.components(options, prepared=prepared, secrets=secrets, environ={})}
    assert made["order_service-2"].environment["CNOP_PORT"] == "8302"
    assert (
        made["order_service-2"].environment["CNOP_SECRETS_DIR"] == made["order_service"].environment["CNOP_SECRETS_DIR"]
    )
    assert "order_service-2" in made["gateway"].after


def test_a_component_waits_only_for_components_that_there_are(components: dict[str, Component]) -> None:
    for component in components.values():
        assert components.keys() >= set(component.after), component.name


def test_valkey_comes_first_and_the_gateway_last(components: dict[str, Component]) -> None:
    assert components["valkey"].after == ()
    for service in ("user_service", "inventory_service", "order_service"):
        assert components[service].after == ("valkey",)
        assert service in components["gateway"].after


def test_a_process_gets_no_variables_but_ours_and_a_few_of_the_machine(components: dict[str, Component]) -> None:
    environment = components["order_service"].environment
    assert environment["PATH"] == "/bin"
    assert environment["CNOP_ORDER_FEE_BPS"] == "10"
    assert not {"PYTHONPATH", "SECRET"} & environment.keys()


def test_what_the_plan_decides_wins_over_the_callers_variables(components: dict[str, Component]) -> None:
    assert components["order_service"].environment["CNOP_PORT"] == "8102"


def test_no_secret_is_in_an_environment(components: dict[str, Component], options: Options) -> None:
    values = {path.read_text() for path in (options.state.secrets / "vault").iterdir()}
    for component in components.values():
        text = json.dumps([component.environment, component.argv])
        assert not any(value in text for value in values), component.name


def test_each_component_reads_its_own_secrets_folder(components: dict[str, Component], options: Options) -> None:
    for name in ("user_service", "inventory_service", "order_service", "price_feed", "order_engine", "web"):
        assert components[name].environment["CNOP_SECRETS_DIR"] == str(options.state.secrets / name)
    assert "CNOP_SIGNING_KEYS" not in components["order_service"].environment


def test_every_process_carries_the_marker_of_its_stack(components: dict[str, Component], options: Options) -> None:
    assert {component.environment["CNOP_STACK"] for component in components.values()} == {str(options.state.root)}


def test_the_store_is_a_file_of_the_state_folder_or_dynamodb(state: StateDir) -> None:
    ports = Ports()
    assert Options(state=state, ports=ports).store_url == f"sqlite:///{state.database}"
    dynamodb = Options(state=state, ports=ports, store="dynamodb", store_endpoint="http://127.0.0.1:8999")
    assert dynamodb.store_url == "dynamodb://us-east-1/cnop?endpoint=http%3A%2F%2F127.0.0.1%3A8999"
    assert (
        Options(state=state, ports=ports, store="dynamodb", region="eu-west-1").store_url == "dynamodb://eu-west-1/cnop"
    )


def test_an_endpoint_without_dynamodb_is_refused(state: StateDir) -> None:
    with pytest.raises(CommandError, match="--store dynamodb"):
        _ = Options(state=state, ports=Ports(), store_endpoint="http://x").store_url


def test_what_other_commands_are_told_holds_no_secret(options: Options) -> None:
    told = plan.settings(options)
    assert told["gateway_url"] == "http://127.0.0.1:8180"
    assert told["page_url"] == "http://localhost:3100"
    assert "secret" not in json.dumps(told)
