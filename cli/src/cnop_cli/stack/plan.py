"""The plan of a stack: which components it has, what each is told, and what it waits for."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from cnop_cli.errors import CommandError
from cnop_cli.stack import processes, tracing
from cnop_cli.stack.certificates import CALLERS, Certificates, holder
from cnop_cli.stack.ports import HOST, Ports
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_cli.stack.supervisor import Component
from cnop_cli.workspace import ROOT

SERVICES: Final = ("user_service", "inventory_service", "order_service")
MAX_REPLICAS: Final = 8
ISSUER: Final = "https://cnop.localhost"
AUDIENCE: Final = "cnop"
TABLE: Final = "cnop"
# Long enough to be seen to work; a browser that trusts the authority would else refuse the plain stack for years.
HSTS_SECONDS: Final = 600
# How long the user service has a new key published before it signs, and the longest that the gateway keeps the keys.
_KEY_LEAD_SECONDS: Final = 300
_KEY_REFRESH_SECONDS: Final = 30
POLICIES: Final = ROOT / "policies"
# What a process takes over from whoever started the stack. Everything else stays outside.
_INHERITED: Final = ("HOME", "LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "TMPDIR", "TZ")
_INHERITED_PREFIXES: Final = ("AWS_", "CNOP_", "OTEL_")


@dataclass(frozen=True, slots=True)
class Options:
    """What `up` was asked for. `store_endpoint` is for DynamoDB only; `region` its AWS region."""

    state: StateDir
    ports: Ports
    profile: str = "local"
    store: str = "sqlite"
    store_endpoint: str | None = None
    region: str = "us-east-1"
    monitoring: bool = False
    tls: bool = False
    replicas: Mapping[str, int] = field(default_factory=dict)
    """How many processes a service has; 1 where it is not named."""
    otlp_endpoint: str | None = None
    """The base address of the collector that traces are sent to; None: there are no traces."""

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"

    @property
    def certificates(self) -> Certificates | None:
        """Give the certificates that the stack shows, where it does."""
        return Certificates(self.state.tls) if self.tls else None

    @property
    def gateway_url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.ports.gateway}"

    @property
    def page_url(self) -> str:
        # Browsers take a name for their own machine as safe enough for cookies that are for secure pages only.
        return f"{self.scheme}://localhost:{self.ports.page}"

    @property
    def origins(self) -> list[str]:
        """Give the origins that the page may have."""
        return [f"{self.scheme}://{host}:{self.ports.page}" for host in ("localhost", HOST)]

    @property
    def store_url(self) -> str:
        """Give the address of the store as the services read it."""
        if self.store == "sqlite":
            if self.store_endpoint:
                raise CommandError("--store-endpoint is for --store dynamodb")
            return f"sqlite:///{quote(str(self.state.database))}"
        query = f"?{urlencode({'endpoint': self.store_endpoint})}" if self.store_endpoint else ""
        return f"dynamodb://{self.region}/{TABLE}{query}"

    def service_urls(self) -> dict[str, str]:
        """Give the address of each service on its own port."""
        return {name: f"{self.scheme}://{HOST}:{self.ports.by_name()[name]}" for name in SERVICES}

    def replicas_of(self, service: str) -> dict[str, Ports]:
        """Give the ports of each process of a service by the process's name; the first has the service's own."""
        count = self.replicas.get(service, 1)
        names = [service, *(f"{service}-{number}" for number in range(2, count + 1))]
        return {name: self.ports.replica(number) for number, name in enumerate(names, start=1)}

    def all_ports(self) -> dict[str, int]:
        """Give every port that the stack listens on, by whose it is."""
        taken = self.ports.by_name()
        for service in SERVICES:
            for name, ports in self.replicas_of(service).items():
                taken[name] = ports.by_name()[service]
                taken |= {f"{name}, operations": ports.ops[service]} if self.tls else {}
        return taken | ({"web, operations": self.ports.ops["web"]} if self.tls else {})

    def probe_url(self, name: str, ports: Ports | None = None) -> str:
        """Give the address at which a service shows health and metrics: one that wants no certificate."""
        ports = ports or self.ports
        return f"http://{HOST}:{(ports.ops if self.tls else ports.by_name())[name]}"

    def through_the_door(self, path: str) -> str:
        """Give the probe (see `health`) of a path at the gateway."""
        trusting = f" {self.certificates.ca}" if self.certificates else ""
        return f"{self.gateway_url}{path}{trusting}"


def settings(options: Options) -> dict[str, Any]:
    """Give what other commands need to know to talk to the stack; nothing of it is secret."""
    return {
        "gateway_url": options.gateway_url,
        "page_url": options.page_url,
        "services": options.service_urls(),
        "store": options.store_url,
        "profile": options.profile,
        "ports": options.ports.by_name(),
        "ca": str(options.certificates.ca) if options.certificates else None,
    }


def gateway_settings(
    options: Options, *, gateway_secret: str, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Give the settings from which the gateway's configuration is rendered."""
    ports = options.ports
    endpoint = options.otlp_endpoint
    return {
        "profile": options.profile,
        "environment": "local",
        "gateway": {"host": HOST, "port": ports.gateway, **_door_tls(options)},
        "page": {"host": HOST, "port": ports.page, **_door_tls(options)},
        "admin_port": ports.envoy_admin,
        "upstreams": {name: _upstream(options, name) for name in options.service_urls()},
        "web": _upstream(options, "web"),
        **({"secrets_folder": str(options.state.run / "envoy"), "hsts_seconds": HSTS_SECONDS} if options.tls else {}),
        "jwks_uri": _jwks_url(options),
        "jwks_refresh_seconds": _key_refresh_seconds(environ),
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "cors_origins": options.origins,
        "gateway_secret": gateway_secret,
        **({"tracing": tracing.gateway_tracing(endpoint, environ)} if endpoint else {}),
    }


def _door_tls(options: Options) -> dict[str, Any]:
    shown = options.certificates
    return {"tls": {"certificate": str(shown.door), "key": str(shown.door)}} if shown else {}


def _upstream(options: Options, name: str) -> dict[str, Any]:
    first, *others = [ports.by_name()[name] for ports in options.replicas_of(name).values()]
    where: dict[str, Any] = {"host": HOST, "port": first}
    where |= {"replica_ports": others, "ready_path": "/health/ready"} if others else {}
    shown = options.certificates
    if shown is None:
        return where
    own = str(shown.of("gateway"))
    tls = {"ca": str(shown.inside_ca), "server_name": holder(name), "certificate": own, "key": own}
    return {**where, "tls": tls}


def _key_refresh_seconds(environ: Mapping[str, str]) -> int:
    """Give after how long the gateway fetches the keys again: well before a new one signs."""
    lead = int(environ.get("CNOP_JWKS_CACHE_SECONDS") or _KEY_LEAD_SECONDS)
    return max(1, min(_KEY_REFRESH_SECONDS, lead // 4))


def _jwks_url(options: Options) -> str:
    return f"{options.service_urls()['user_service']}/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made for a start: the page's folder, if any, and the command lines of what we did not write."""

    page: Path | None
    valkey: tuple[str, ...]
    gateway: tuple[str, ...]
    prometheus: tuple[str, ...] = ()


def components(
    options: Options, *, prepared: Prepared, secrets: SecretStore, environ: Mapping[str, str] = os.environ
) -> tuple[Component, ...]:
    """Give the components in the order of their start."""
    base = _base_environment(options, environ)
    maker = _Maker(options, secrets, base)
    services = tuple(name for service in SERVICES for name in options.replicas_of(service))
    return (
        Component("valkey", prepared.valkey, base, f"tcp://{HOST}:{options.ports.valkey}"),
        *maker.service("user_service", "cnop_users", _identity(options, secrets)),
        *maker.service("inventory_service", "cnop_inventory"),
        *maker.service("order_service", "cnop_orders"),
        # The feed is healthy when its prices arrive where people look at them.
        maker.worker("price_feed", "cnop_inventory", "feed", probe=_prices_arrive(options)),
        maker.worker("order_engine", "cnop_orders", "engine", probe="uptime:1.5"),
        maker.web(prepared.page),
        Component(
            "gateway",
            prepared.gateway,
            base,
            options.through_the_door("/health"),
            url=options.gateway_url,
            after=(*services, "web"),
        ),
        *_prometheus(options, prepared, base),
    )


def _prices_arrive(options: Options) -> str:
    path = "/inventory/assets?limit=1#data.0.price_usd"
    # With mutual TLS nobody without a certificate gets into the service; the gateway has one.
    return options.through_the_door(f"/api/v1{path}") if options.tls else options.probe_url("inventory_service") + path


def _prometheus(options: Options, prepared: Prepared, base: dict[str, str]) -> tuple[Component, ...]:
    if not prepared.prometheus:
        return ()
    url = f"http://{HOST}:{options.ports.prometheus}"
    return (Component("prometheus", prepared.prometheus, base, f"{url}/-/ready", url=url),)


def _identity(options: Options, secrets: SecretStore) -> dict[str, str]:
    return {
        "CNOP_SIGNING_KEYS": str(secrets.signing_keys),
        "CNOP_FRONTEND_ORIGINS": ",".join(options.origins),
        "CNOP_MAIL_DIR": str(options.state.mail),
        "CNOP_ERASURE_REGISTER": f"sqlite:///{quote(str(options.state.erasures))}",
    }


def _base_environment(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in environ.items() if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }
    traces = {tracing.ENDPOINT: options.otlp_endpoint} if options.otlp_endpoint else {}
    return {**kept, **traces, "PYTHONUNBUFFERED": "1", processes.MARKER: str(options.state.root)}


@dataclass(frozen=True, slots=True)
class _Maker:
    options: Options
    secrets: SecretStore
    base: dict[str, str]

    def service(self, service: str, module: str, extra: Mapping[str, str] | None = None) -> list[Component]:
        return [
            Component(
                name,
                (sys.executable, "-m", module),
                {**self._environment(service), **self._transport(service, ports), **(extra or {})},
                f"{self.options.probe_url(service, ports)}/health/ready",
                url=f"{self.options.scheme}://{HOST}:{ports.by_name()[service]}",
                after=("valkey",),
            )
            for name, ports in self.options.replicas_of(service).items()
        ]

    def worker(self, name: str, module: str, role: str, *, probe: str) -> Component:
        argv = (sys.executable, "-m", module, role)
        port = self.options.ports.by_name()[name]
        environment = {**self._environment(name), "CNOP_METRICS_PORT": str(port)}
        return Component(name, argv, environment, probe, after=tuple(self.options.service_urls()))

    def web(self, page: Path | None) -> Component:
        probe = f"{self.options.probe_url('web')}/health/ready"
        environment = {
            **self._environment("web"),
            **self._transport("web", self.options.ports),
            "CNOP_UPSTREAMS": json.dumps(self.options.service_urls()),
            **({"CNOP_PAGE_DIR": str(page)} if page else {}),
        }
        after = tuple(self.options.service_urls())
        return Component("web", (sys.executable, "-m", "cnop_web"), environment, probe, self.options.page_url, after)

    def _transport(self, name: str, ports: Ports) -> dict[str, str]:
        shown = self.options.certificates
        if shown is None:
            return {"CNOP_PORT": str(ports.by_name()[name])}
        return {
            "CNOP_PORT": str(ports.by_name()[name]),
            "CNOP_OPS_PORT": str(ports.ops[name]),
            "CNOP_TLS_CERTIFICATE": str(shown.of(name)),
            "CNOP_TLS_CA": str(shown.inside_ca),
            "CNOP_TLS_CALLERS": ",".join(CALLERS[holder(name)]),
        }

    def _environment(self, name: str) -> dict[str, str]:
        return {
            **self.base,
            "CNOP_ENVIRONMENT": "local",
            "CNOP_PROFILE": self.options.profile,
            "CNOP_HOST": HOST,
            "CNOP_STORE": self.options.store_url,
            "CNOP_TOKEN_ISSUER": ISSUER,
            "CNOP_TOKEN_AUDIENCE": AUDIENCE,
            "CNOP_JWKS_URL": _jwks_url(self.options),
            "CNOP_POLICIES": str(POLICIES),
            "CNOP_SECRETS_DIR": str(self.secrets.folder(name)),
        }
