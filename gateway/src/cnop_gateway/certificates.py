"""The certificates that Envoy shows and the authorities that it trusts: read once as it starts, or watched.

Envoy watches files only where a file of its own names them (its secret discovery service). It takes over what is
renamed into their folder while it runs; connections that are open stay.
"""

from collections.abc import Iterator
from pathlib import Path

from cnop_gateway.protobuf import Json, typed
from cnop_gateway.settings import GatewaySettings, ListenerTls, UpstreamTls

TRACES = "traces"
Shown = ListenerTls | UpstreamTls


def shown(settings: GatewaySettings, name: str, pair: Shown) -> Json:
    """Return the members of a TLS context that say which certificate a listener or cluster shows."""
    if settings.secrets_folder is None:
        return {"tls_certificates": [_files(pair)]}
    return {"tls_certificate_sds_secret_configs": [_source(settings.secrets_folder, name)]}


def trusted(settings: GatewaySettings, cluster: str, *, ca: Path, name: str) -> Json:
    """Return the members of a TLS context that say whom a cluster believes: `name`, if `ca` vouches for it."""
    expected = {"match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": name}}]}
    if settings.secrets_folder is None:
        return {"validation_context": {"trusted_ca": {"filename": str(ca)}, **expected}}
    source = _source(settings.secrets_folder, _authority_name(cluster))
    return {
        "combined_validation_context": {
            "default_validation_context": expected,
            "validation_context_sds_secret_config": source,
        }
    }


def watched(settings: GatewaySettings) -> dict[Path, Json]:
    """Return the files, by their paths, that Envoy needs beside its configuration; they hold no secret."""
    folder = settings.secrets_folder
    if folder is None:
        return {}
    pairs = {name: _pair(name, pair) for name, pair in _all(settings)}
    authorities = {name: _authority(name, ca) for name, ca in _authorities(settings)}
    return {_path(folder, name): {"resources": [secret]} for name, secret in {**pairs, **authorities}.items()}


def upstream_name(cluster: str) -> str:
    """Return what the certificate that is shown to a cluster is called."""
    return f"to_{cluster}"


def _authority_name(cluster: str) -> str:
    return f"trusted_for_{cluster}"


def _all(settings: GatewaySettings) -> Iterator[tuple[str, Shown]]:
    for name, door in (("gateway", settings.gateway), ("page", settings.page)):
        if door.tls:
            yield name, door.tls
    for name, upstream in {**settings.upstreams, "web": settings.web}.items():
        if upstream.tls:
            yield upstream_name(name), upstream.tls


def _authorities(settings: GatewaySettings) -> Iterator[tuple[str, Path]]:
    for name, upstream in {**settings.upstreams, "web": settings.web}.items():
        if upstream.tls:
            yield _authority_name(name), upstream.tls.ca
    if settings.tracing and settings.tracing.ca:
        yield _authority_name(TRACES), settings.tracing.ca


def _pair(name: str, pair: Shown) -> Json:
    # Clusters exchange the folder's contents at once, by a link, and touch no file in it.
    shown = {**_files(pair), "watched_directory": {"path": str(pair.certificate.parent)}}
    return typed("envoy.extensions.transport_sockets.tls.v3.Secret", name=name, tls_certificate=shown)


def _authority(name: str, ca: Path) -> Json:
    believed = {"trusted_ca": {"filename": str(ca)}, "watched_directory": {"path": str(ca.parent)}}
    return typed("envoy.extensions.transport_sockets.tls.v3.Secret", name=name, validation_context=believed)


def _files(pair: Shown) -> Json:
    return {"certificate_chain": {"filename": str(pair.certificate)}, "private_key": {"filename": str(pair.key)}}


def _source(folder: Path, name: str) -> Json:
    config = {"path_config_source": {"path": str(_path(folder, name))}, "resource_api_version": "V3"}
    return {"name": name, "sds_config": config}


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"
