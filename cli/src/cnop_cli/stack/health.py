"""Health probes. A probe is written as a short text, so that it can be kept in the stack's record.

- `http://host:port/path`: answers 200. With `#a.0.b`, that member of its JSON answer must be there and not be null:
  a worker without a port shows its health in what it brings about.
- `https://host:port/path ca.pem`: the same over TLS, by a certificate of the authority in that file.
- `tcp://host:port`: accepts a connection.
- `uptime:seconds`: has been running for so long.
"""

import http.client
import json
import socket
import ssl
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

_LARGEST_ANSWER: Final = 1_000_000


def passes(probe: str, *, uptime_seconds: float, timeout_seconds: float = 1.0) -> bool:
    """Ask once whether a component that has been running for `uptime_seconds` is healthy."""
    address, _, ca = probe.partition(" ")
    target = urlsplit(address)
    if target.scheme == "uptime":
        return uptime_seconds >= float(target.path)
    try:
        if target.scheme == "tcp":
            with socket.create_connection((str(target.hostname), int(target.port or 0)), timeout=timeout_seconds):
                return True
        body = _get(target, timeout_seconds, ca)
        return body is not None and (not target.fragment or _holds(json.loads(body), target.fragment))
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _connection(target: SplitResult, timeout_seconds: float, ca: str) -> http.client.HTTPConnection:
    host = str(target.hostname)
    if target.scheme != "https":
        return http.client.HTTPConnection(host, target.port, timeout=timeout_seconds)
    trusting = ssl.create_default_context(cafile=ca)
    return http.client.HTTPSConnection(host, target.port, timeout=timeout_seconds, context=trusting)


def _get(target: SplitResult, timeout_seconds: float, ca: str) -> bytes | None:
    connection = _connection(target, timeout_seconds, ca)
    try:
        path = target._replace(scheme="", netloc="", fragment="").geturl()
        connection.request("GET", path, headers={"connection": "close"})
        answer = connection.getresponse()
        return answer.read(_LARGEST_ANSWER) if answer.status == http.client.OK else None
    finally:
        connection.close()


def _holds(document: Any, path: str) -> bool:
    for step in path.split("."):
        try:
            document = document[int(step)] if isinstance(document, list) else document[step]
        except (LookupError, TypeError, ValueError):
            return False
    return document is not None
