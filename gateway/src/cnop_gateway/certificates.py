"""The certificates that Envoy shows: read once as it starts, or watched, so that they can change while it runs.

Envoy watches certificates only where a file of its own names them (its secret discovery service). It takes over a new
one when that is renamed into place; connections that are open stay.
"""

from collections.abc import Iterator
from pathlib import Path

from cnop_gateway.protobuf import Json, typed
from cnop_gateway.settings import GatewaySettings, ListenerTls, UpstreamTls

Shown = ListenerTls | UpstreamTls


def shown(settings: GatewaySettings, name: str, pair: Shown) -> Json:
    """Return the members of a TLS context that say which certificate a listener or cluster shows."""
    if settings.secrets_folder is None:
        return {"tls_certificates": [_files(pair)]}
    source = {"path_config_source": {"path": str(_path(settings.secrets_folder, name))}, "resource_api_version": "V3"}
    return {"tls_certificate_sds_secret_configs": [{"name": name, "sds_config": source}]}


def watched(settings: GatewaySettings) -> dict[Path, Json]:
    """Return the files, by their paths, that Envoy needs beside its configuration; they hold no secret."""
    folder = settings.secrets_folder
    if folder is None:
        return {}
    return {_path(folder, name): {"resources": [_secret(name, pair)]} for name, pair in _all(settings)}


def upstream_name(cluster: str) -> str:
    """Return what the certificate that is shown to a cluster is called."""
    return f"to_{cluster}"


def _all(settings: GatewaySettings) -> Iterator[tuple[str, Shown]]:
    for name, door in (("gateway", settings.gateway), ("page", settings.page)):
        if door.tls:
            yield name, door.tls
    for name, upstream in {**settings.upstreams, "web": settings.web}.items():
        if upstream.tls:
            yield upstream_name(name), upstream.tls


def _secret(name: str, pair: Shown) -> Json:
    # Clusters exchange the folder's contents at once, by a link, and touch no file in it.
    shown = {**_files(pair), "watched_directory": {"path": str(pair.certificate.parent)}}
    return typed("envoy.extensions.transport_sockets.tls.v3.Secret", name=name, tls_certificate=shown)


def _files(pair: Shown) -> Json:
    return {"certificate_chain": {"filename": str(pair.certificate)}, "private_key": {"filename": str(pair.key)}}


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"
