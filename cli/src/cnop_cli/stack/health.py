"""Health probes. A probe is written as a short text, so that it can be kept in the stack's record."""

import http.client
import socket
from urllib.parse import urlsplit


def passes(probe: str, *, timeout_seconds: float = 1.0) -> bool:
    """Asks once whether a component is healthy.

    Probes: `http://host:port/path` (answers 200), `tcp://host:port` (accepts a connection), `none` (nothing to ask).
    """
    if probe == "none":
        return True
    target = urlsplit(probe)
    host, port = target.hostname or "", target.port or 0
    try:
        if target.scheme == "tcp":
            with socket.create_connection((host, port), timeout=timeout_seconds):
                return True
        return _answers(host, port, target.path or "/", timeout_seconds)
    except (OSError, http.client.HTTPException):
        return False


def _answers(host: str, port: int, path: str, timeout_seconds: float) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
    try:
        connection.request("GET", path, headers={"connection": "close"})
        return connection.getresponse().status == http.client.OK
    finally:
        connection.close()
