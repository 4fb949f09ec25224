"""What an installation tells the gateway."""

from collections.abc import Mapping
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from cnop_gateway.rates import ADDRESS_LIMITS, CLASS_LIMITS, Bucket, Profile, RateClass

Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[float, Field(gt=0, le=3_600)]
SECRET_CHARACTERS_MIN = 32
_TWO_YEARS = 63_072_000
# How the verification keys may travel: scheme, and whether it is the address of a service with mutual TLS.
_KEY_TRANSPORTS = {("http", False), ("https", True)}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListenerTls(_Frozen):
    """The certificate chain and key (PEM files) that a listener shows."""

    certificate: Path
    key: Path


class UpstreamTls(_Frozen):
    """Mutual TLS to a service: who may sign its certificate, the name it must carry, and what we show it."""

    ca: Path
    server_name: str
    certificate: Path
    key: Path


class Listener(_Frozen):
    """An address to listen on."""

    host: str = "127.0.0.1"
    port: Port
    tls: ListenerTls | None = None


class Upstream(_Frozen):
    """Where a service answers."""

    host: str = "127.0.0.1"
    port: Port
    # Where further processes of the service listen on the same host. Behind a name, the name may have many addresses.
    replica_ports: tuple[Port, ...] = Field(default=(), max_length=32)
    # What a replica answers with 200 for as long as it wants requests; without it, only failures show that it does not.
    ready_path: str | None = Field(default=None, pattern="^/[a-z/]*$")
    tls: UpstreamTls | None = None

    @property
    def is_address(self) -> bool:
        """Whether `host` is an IP address rather than a name to resolve."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True


class Tracing(_Frozen):
    """Where spans go: the base address of an OTLP/HTTP collector, and how many requests without a trace begin one."""

    endpoint: str
    sample_percent: float = Field(default=100, ge=0, le=100)
    # Sent with each export, such as a collector's API key.
    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    # The certificates (PEM) that may vouch for a collector behind https.
    ca: Path | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        uri = urlsplit(self.endpoint)
        if uri.scheme not in {"http", "https"} or not uri.hostname or uri.query or uri.fragment:
            raise ValueError("the collector's endpoint is http://host:port, or https with `ca`")
        if (uri.scheme == "https") != (self.ca is not None):
            raise ValueError("a collector behind https needs `ca`, one behind http must have none")
        return self


class EdgeLimits(_Frozen):
    """Bounds that hold for every client. Reaching one refuses the request or connection; none of them fails open."""

    header_kilobytes: int = Field(default=16, gt=0, le=96)
    header_count: int = Field(default=64, gt=0, le=200)
    headers_timeout_seconds: Seconds = 10
    request_timeout_seconds: Seconds = 30
    connection_idle_seconds: Seconds = 60
    # Above the 15 s heartbeat of a stream, so that a silent stream is a dead one.
    stream_idle_seconds: Seconds = 45
    connections: int = Field(default=10_000, gt=0)
    http2_streams: int = Field(default=100, gt=0)
    heap_megabytes: int = Field(default=512, gt=63)
    # Per service: requests under way, and event streams beside them with a budget of their own. Together they stay
    # below the 2,000 that a service serves at once, so that it is the gateway which refuses, and as a problem document.
    upstream_requests: int = Field(default=900, gt=0)
    upstream_streams: int = Field(default=1_000, gt=0)


class GatewaySettings(_Frozen):
    """Everything `render` needs besides the operations. Secrets have no default."""

    profile: Profile = "local"
    environment: str = "local"
    version: str = Field(default_factory=lambda: version("cnop-gateway"))
    gateway: Listener = Listener(port=8080)
    page: Listener = Listener(port=3000)
    admin_port: Port = 9901
    # Where monitoring may read Envoy's figures from outside its container; without it, only from inside.
    metrics: Listener | None = None
    upstreams: Mapping[str, Upstream]
    web: Upstream = Upstream(port=3001)
    jwks_uri: str | None = None
    jwks_inline: str | None = None
    jwks_refresh_seconds: Seconds = 30
    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    cors_origins: tuple[str, ...] = ()
    gateway_secret: SecretStr | None = None
    # The environment variable from which Envoy reads the secret, so that the configuration itself holds none.
    gateway_secret_variable: str | None = Field(default=None, pattern="^[A-Z][A-Z0-9_]*$")
    # Where the files lie by which Envoy watches its certificates (see `certificates`); without it, it reads them once.
    secrets_folder: Path | None = None
    # For how long browsers shall use TLS only; set where TLS ends in front of us, two years where it ends here.
    hsts_seconds: int | None = Field(default=None, ge=0, le=_TWO_YEARS)
    # Lets whoever is inside Envoy's own container ask it to drain; on a shared machine nobody should.
    admin_drain: bool = False
    trusted_hops: int = Field(default=0, ge=0, le=8)
    # Without it there are no traces, and nothing of them is in the configuration.
    tracing: Tracing | None = None
    # Without a path the access log goes to standard output.
    log_path: str | None = None
    limits: EdgeLimits = EdgeLimits()
    address_limit: Bucket | None = None
    class_limits: Mapping[RateClass, Bucket] = Field(default_factory=dict)

    @field_validator("gateway_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < SECRET_CHARACTERS_MIN:
            raise ValueError(f"must have at least {SECRET_CHARACTERS_MIN} characters")
        return secret

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or not parts.hostname
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError(f"{origin!r} is not an exact origin such as https://example.org:3000")
        return origins

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.jwks_uri is None) == (self.jwks_inline is None):
            raise ValueError("give either jwks_uri or jwks_inline")
        if (self.gateway_secret is None) == (self.gateway_secret_variable is None):
            raise ValueError("give either gateway_secret or gateway_secret_variable")
        if self.jwks_uri is not None:
            uri = urlsplit(self.jwks_uri)
            encrypted = {(each.host, each.port) for each in self.upstreams.values() if each.tls}
            if uri.hostname is None or (uri.scheme, (uri.hostname, uri.port) in encrypted) not in _KEY_TRANSPORTS:
                raise ValueError("jwks_uri must be http, or https at a service whose TLS is set")
        if self.metrics is not None and self.metrics.tls is not None:
            raise ValueError("metrics speaks plain HTTP; leave its tls out")
        if "web" in self.upstreams:
            raise ValueError("'web' names the page process and cannot be a service")
        if "admin" in self.upstreams:
            raise ValueError("'admin' names Envoy's own interface and cannot be a service")
        if "traces" in self.upstreams:
            raise ValueError("'traces' names the collector and cannot be a service")
        return self

    def hsts(self, door: Listener) -> int:
        """Return for how many seconds a browser that comes through this door shall use TLS only."""
        return self.hsts_seconds if self.hsts_seconds is not None else _TWO_YEARS if door.tls else 0

    @property
    def per_address(self) -> Bucket:
        """The limit on everything that one address sends."""
        return self.address_limit or ADDRESS_LIMITS[self.profile]

    @property
    def per_class(self) -> Mapping[RateClass, Bucket]:
        """The limit of each rate class."""
        return {**CLASS_LIMITS[self.profile], **self.class_limits}
