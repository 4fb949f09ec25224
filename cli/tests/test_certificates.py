import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import DNSName, SubjectAlternativeName, load_pem_x509_certificate

from cnop_cli.errors import CommandError
from cnop_cli.stack import issue, plan
from cnop_cli.stack.certificates import CALLERS, HOLDERS, Certificates
from cnop_cli.stack.plan import Options, Prepared
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    certificates = Certificates(tmp_path / "tls")
    issue.main([str(certificates.folder)])
    return certificates


def content(certificates: Certificates) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(certificates.folder.rglob("*.pem"))}


def expires_in(days: int, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issue, "LIFETIME", timedelta(days=days))
    issue.main([str(certificates.folder), "--anew"])
    monkeypatch.undo()


def test_everything_is_readable_by_its_owner_only(made: Certificates) -> None:
    paths = [made.folder, *made.folder.rglob("*")]
    assert len(paths) > 8
    assert not [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_each_certificate_names_its_holder_alone_and_lasts_for_three_months(made: Certificates) -> None:
    for name in HOLDERS:
        certificate = load_pem_x509_certificate((made.inside / f"{name}.pem").read_bytes())
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        assert names.get_values_for_type(DNSName) == [name]
        assert timedelta(days=89) < certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=91)


def test_whoever_trusts_the_doors_does_not_trust_the_inside(made: Certificates) -> None:
    def verified(ca: Path, certificate: Path) -> bool:
        client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        client.check_hostname = False
        client.load_verify_locations(ca)
        server.load_cert_chain(certificate)
        return handshake(client, server)

    assert verified(made.ca, made.door)
    assert verified(made.inside_ca, made.of("user_service"))
    assert not verified(made.ca, made.of("user_service"))
    assert not verified(made.inside_ca, made.door)


def handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)]
    done: set[int] = set()
    for _ in range(10):
        for number, side in enumerate(sides):
            try:
                side.do_handshake()
                done.add(number)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return len(done) == len(sides)


def test_a_second_start_keeps_what_is_good(made: Certificates) -> None:
    before = content(made)
    issue.main([str(made.folder)])
    assert content(made) == before


def test_what_expires_within_a_month_is_made_anew(made: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    expires_in(29, made, monkeypatch)
    soon = content(made)
    issue.main([str(made.folder)])
    after = content(made)
    assert {name for name in soon if soon[name] != after[name]} == {"door.pem", *(f"{name}.pem" for name in HOLDERS)}
    expires_in(31, made, monkeypatch)
    later = content(made)
    issue.main([str(made.folder)])
    assert content(made) == later


def test_rotation_exchanges_every_certificate_and_keeps_the_authorities(made: Certificates) -> None:
    before = content(made)
    made.rotate()
    kept = {name for name, text in content(made).items() if text == before[name]}
    assert kept == {"ca.pem", "ca-key.pem"}


def test_there_is_nothing_to_rotate_without_tls(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--tls"):
        Certificates(tmp_path).rotate()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "tls").touch()
    with pytest.raises(CommandError) as refusal:
        Certificates(tmp_path / "tls").prepare()
    assert "\n" not in str(refusal.value)


def test_with_tls_every_address_is_https_and_every_service_wants_a_certificate(state: StateDir) -> None:
    options = Options(state=state, ports=Ports.shifted(100), tls=True)
    secrets = SecretStore(state.secrets)
    secrets.prepare(valkey_port=options.ports.valkey)
    prepared = Prepared(page=Path("/page"), valkey=("valkey",), gateway=("envoy",))
    components = {each.name: each for each in plan.components(options, prepared=prepared, secrets=secrets, environ={})}
    told = plan.settings(options)
    urls = [told["gateway_url"], told["page_url"], *told["services"].values(), *options.origins]
    assert all(url.startswith("https://") for url in urls)
    assert told["ca"] == str(state.tls / "ca.pem")
    for name, port in options.ports.ops.items():
        environment = components[name].environment
        assert environment["CNOP_TLS_CALLERS"] == ",".join(CALLERS[name.replace("_", "-")])
        assert environment["CNOP_OPS_PORT"] == str(port)
        assert components[name].probe == f"http://127.0.0.1:{port}/health/ready"
    for name in ("price_feed", "gateway"):
        assert components[name].probe.startswith("https://127.0.0.1:8180/")
        assert components[name].probe.endswith(f" {state.tls / 'ca.pem'}")
    gateway = plan.gateway_settings(options, gateway_secret="s" * 40)
    shown = [each["tls"]["server_name"] for each in (*gateway["upstreams"].values(), gateway["web"])]
    assert shown == ["user-service", "inventory-service", "order-service", "web"]


def test_without_tls_nothing_is_said_of_it(state: StateDir) -> None:
    options = Options(state=state, ports=Ports())
    assert plan.settings(options)["ca"] is None
    assert "tls" not in str(plan.gateway_settings(options, gateway_secret="s" * 40))
