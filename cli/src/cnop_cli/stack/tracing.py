"""Where a local stack's traces go: the services read `OTEL_*` variables themselves, the gateway is told the same."""

import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from cnop_cli.errors import CommandError

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_HEADERS: Final = "OTEL_EXPORTER_OTLP_HEADERS"
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"
_SHARE: Final = "OTEL_TRACES_SAMPLER_ARG"


def checked_endpoint(text: str | None) -> str | None:
    """Return the base address of a collector, or None when there is none.

    Raises:
        CommandError: it is no address that both the gateway and the services could use.
    """
    if not text:
        return None
    uri = urlsplit(text)
    if uri.scheme not in {"http", "https"} or not uri.hostname or uri.query or uri.fragment:
        raise CommandError(f"{text} is no OTLP/HTTP collector; expected something like http://127.0.0.1:4318")
    return text


def gateway_tracing(endpoint: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Give the gateway's `tracing` settings; `environ` holds the other `OTEL_*` variables.

    Raises:
        CommandError: a variable cannot be read, or no certificate authorities are found for https.
    """
    settings: dict[str, Any] = {
        "endpoint": endpoint,
        "sample_percent": _percent(environ),
        "headers": _headers(environ.get(_HEADERS, "")),
    }
    if urlsplit(endpoint).scheme == "https":
        authorities = environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
        if authorities is None:
            raise CommandError("no certificate authorities found for the collector; name a file by SSL_CERT_FILE")
        settings["ca"] = authorities
    return settings


def _percent(environ: Mapping[str, str]) -> float:
    sampler = environ.get(_SAMPLER, "")
    if sampler.endswith("always_off"):
        return 0
    if not sampler.endswith("traceidratio"):
        return 100
    try:
        share = float(environ.get(_SHARE, "1"))
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise CommandError(f"{_SHARE} is the share of requests to trace, from 0 to 1")
    return 100 * share


def _headers(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(name.strip() and sign for name, sign, _ in pairs):
        raise CommandError(f"{_HEADERS} is a list such as x-api-key=…,x-tenant=…")
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
