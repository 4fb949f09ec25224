"""What an installation may say, and what Envoy makes of it."""

import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from cnop_gateway import (
    Bucket,
    EnvoyNotFound,
    InvalidConfiguration,
    RateClass,
    UpstreamTls,
    find_envoy,
    render,
    to_yaml,
    validate,
    watched,
)
from cnop_gateway.rates import CLASS_LIMITS

from .support import SECRET, operations, settings_of


def test_envoy_accepts_what_is_rendered():
    validate(find_envoy(), render(settings_of(profile="production", environment="100% production"), operations()))


def test_envoy_s_own_words_say_what_is_wrong():
    config = render(settings_of(), operations())
    config["static_resources"]["clusters"][0]["connect_timeout"] = "soon"
    with pytest.raises(InvalidConfiguration, match="soon"):
        validate(find_envoy(), config)
    config = render(settings_of(), operations())
    config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"][
        "max_request_headers_kb"
    ] = 0
    with pytest.raises(InvalidConfiguration, match="MaxRequestHeadersKb"):
        validate(find_envoy(), config)


def test_the_yaml_says_the_same_as_the_configuration():
    config = render(settings_of(), operations())
    assert yaml.safe_load(to_yaml(config)) == config


def test_nothing_warns_of_deprecated_fields(tmp_path: Path):
    path = tmp_path / "envoy.yaml"
    path.write_text(to_yaml(render(settings_of(), operations())))
    command = [str(find_envoy()), "--mode", "validate", "-c", str(path), "-l", "warning"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert "deprecated" not in result.stderr.lower()


def test_the_wheel_s_envoy_is_preferred_and_its_absence_is_one_line(monkeypatch, tmp_path: Path):
    assert find_envoy().name == "envoy"
    monkeypatch.setattr("cnop_gateway.envoy.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvoyNotFound) as raised:
        find_envoy()
    assert "\n" not in str(raised.value)
    own = tmp_path / "envoy"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert find_envoy() == own


def test_the_admin_interface_is_on_loopback_only():
    config = render(settings_of(gateway={"host": "0.0.0.0", "port": 8080}), operations())
    assert config["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


def test_a_configuration_can_leave_the_secret_to_envoy_s_environment():
    settings = settings_of(gateway_secret=None, gateway_secret_variable="CNOP_GATEWAY_SECRET")
    text = to_yaml(render(settings, operations()))
    assert "value: '%ENVIRONMENT(CNOP_GATEWAY_SECRET)%'" in text
    assert SECRET not in text


def test_what_repeats_is_written_once():
    config = render(settings_of(), operations())
    assert len(to_yaml(config)) < len(yaml.safe_dump(config)) / 2


def test_draining_can_be_asked_for_only_where_that_is_set():
    def paths(**changes):
        return render(settings_of(**changes), operations())["admin"]["allow_paths"]

    assert {"prefix": "/drain_listeners"} in paths(admin_drain=True)
    assert {"prefix": "/drain_listeners"} not in paths()


@pytest.mark.parametrize(
    "wrong",
    [
        {"gateway_secret": "short"},
        {"gateway_secret": None},
        {"gateway_secret_variable": "CNOP_GATEWAY_SECRET"},
        {"gateway_secret": None, "gateway_secret_variable": "a)%"},
        {"jwks_uri": "http://127.0.0.1/keys"},
        {"jwks_inline": None},
        {"jwks_inline": None, "jwks_uri": "file:///etc/passwd"},
        {"jwks_inline": None, "jwks_uri": "https://keys.test/jwks.json"},
        {"issuer": ""},
        {"audience": ""},
        {"cors_origins": ("*",)},
        {"cors_origins": ("http://localhost:3000/",)},
        {"cors_origins": ("localhost",)},
        {"trusted_hops": -1},
        {"upstreams": {"web": {"port": 1}}},
        {"upstreams": {"admin": {"port": 1}}},
        {"metrics": {"port": 9902, "tls": {"certificate": "a.pem", "key": "b.pem"}}},
        {"upstreams": {"a": {"port": 0}}},
        {"profile": "test"},
        {"unheard_of": 1},
    ],
)
def test_settings_that_would_open_a_hole_are_refused(wrong: dict):
    with pytest.raises(ValidationError):
        settings_of(**wrong)


def test_the_secret_does_not_show_in_messages():
    assert SECRET not in repr(settings_of())
    with pytest.raises(ValidationError) as raised:
        settings_of(issuer="")
    assert SECRET not in str(raised.value)


def test_hsts_is_set_where_tls_ends_here_or_in_front_of_us():
    def policies(**changes) -> set[str]:
        text = to_yaml(render(settings_of(**changes), operations()))
        return {line.strip() for line in text.splitlines() if "max-age=" in line and "includeSubDomains" in line}

    assert policies() == set()
    assert policies(hsts_seconds=63_072_000) == {"value: max-age=63072000; includeSubDomains"}
    door = {"port": 8443, "tls": {"certificate": "a.pem", "key": "b.pem"}}
    assert policies(gateway=door) == {"value: max-age=63072000; includeSubDomains"}
    assert policies(gateway=door, hsts_seconds=600) == {"value: max-age=600; includeSubDomains"}


def test_watched_certificates_are_named_in_files_of_their_own_without_a_secret(tmp_path: Path):
    own = {"certificate": "/c/own.pem", "key": "/c/own.pem"}
    tls = {"ca": "/c/ca.pem", "server_name": "web", **own}
    changes = {"gateway": {"port": 8443, "tls": own}, "web": {"port": 3001, "tls": tls}, "secrets_folder": tmp_path}
    files = watched(settings_of(**changes))
    assert set(files) == {tmp_path / f"{name}.json" for name in ("gateway", "to_web", "trusted_for_web")}
    text = to_yaml(render(settings_of(**changes), operations()))
    assert all(str(path) in text for path in files)
    assert "/c/own.pem" not in text
    assert "/c/ca.pem" not in text
    assert watched(settings_of(**{**changes, "secrets_folder": None})) == {}


def test_production_is_stricter_than_local_in_every_class():
    for rate_class in RateClass:
        strict, loose = CLASS_LIMITS["production"][rate_class], CLASS_LIMITS["local"][rate_class]
        assert strict.burst < loose.burst
        assert strict.requests / strict.interval_seconds < loose.requests / loose.interval_seconds


def test_one_class_s_limit_can_be_set_without_the_others():
    settings = settings_of(class_limits={"auth": Bucket(burst=1, requests=1)})
    assert settings.per_class[RateClass.AUTH].burst == 1
    assert settings.per_class[RateClass.READ] == CLASS_LIMITS["local"][RateClass.READ]


def test_keys_are_fetched_through_the_service_s_own_cluster_and_its_tls(tmp_path: Path):
    files = {name: tmp_path / name for name in ("ca", "certificate", "key")}
    tls = UpstreamTls(server_name="user_service", **files)
    upstreams = {**settings_of().upstreams, "user_service": {"port": 8000, "tls": tls}}
    uri = "https://127.0.0.1:8000/.well-known/jwks.json"
    config = render(settings_of(upstreams=upstreams, jwks_inline=None, jwks_uri=uri), operations())
    names = [each["name"] for each in config["static_resources"]["clusters"]]
    assert "keys" not in names
    plain = render(settings_of(jwks_inline=None, jwks_uri="http://keys.test/jwks.json"), operations())
    (keys,) = [each for each in plain["static_resources"]["clusters"] if each["name"] == "keys"]
    assert keys["type"] == "STRICT_DNS"
    validate(find_envoy(), plain)


def test_a_service_of_several_processes_is_looked_at_and_a_retry_goes_to_another():
    plain = settings_of()
    orders = plain.upstreams["order_service"].model_copy(
        update={"replica_ports": (8202,), "ready_path": "/health/ready"}
    )
    config = render(settings_of(upstreams={**plain.upstreams, "order_service": orders}), operations())
    validate(find_envoy(), config)
    listed = {cluster["name"]: cluster for cluster in config["static_resources"]["clusters"]}
    endpoints = listed["order_service"]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert [each["endpoint"]["address"]["socket_address"]["port_value"] for each in endpoints][1:] == [8202]
    assert listed["order_service"]["health_checks"][0]["http_health_check"]["path"] == "/health/ready"
    assert "health_checks" not in listed["web"]
