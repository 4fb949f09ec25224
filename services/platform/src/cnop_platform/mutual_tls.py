"""Mutual TLS between the platform's processes: who this one is, whom it serves, certificates that change as it runs.

A certificate names its holder in its subject alternative name (`gateway`, `order-service`, …). Being signed by the
right authority is not enough: a service serves the names that it was told, and a client expects the name of whom it
calls.
"""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self

import structlog
from pydantic import BaseModel, Field, FilePath, model_validator

_log = structlog.get_logger()
_POLL_SECONDS: Final = 1.0

Stamp = tuple[tuple[int, int, int], ...]


class Renewable(ssl.SSLContext):
    """A context for servers and clients to keep, of which each new connection uses what is `current`.

    A context itself cannot be renewed: an authority that was loaded once is trusted for good.
    """

    current: ssl.SSLContext

    def __new__(cls, current: ssl.SSLContext) -> Self:
        """Stand in for `current`."""
        made = super().__new__(cls, current.protocol)
        # Servers and clients look at these before they connect.
        made.verify_mode = current.verify_mode
        made.current = current
        return made

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Begin a connection as asyncio, uvloop and anyio do."""
        return self.current.wrap_bio(*args, **options)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Begin a connection of a blocking client."""
        return self.current.wrap_socket(*args, **options)


class MutualTls:
    """One process's identity: a context to serve with, one to call with, both kept current by `watch`."""

    def __init__(self, *, certificate: Path, key: Path | None, ca: Path, callers: frozenset[str]) -> None:
        """Read the files. `key` None: it is in the certificate's file. Raises `OSError` or `ssl.SSLError`."""
        self._certificate, self._key, self._ca = certificate, key, ca
        self.callers = callers
        self._stamp = self._stamped()
        self.server = Renewable(self._loaded(ssl.PROTOCOL_TLS_SERVER))
        self.client = Renewable(self._loaded(ssl.PROTOCOL_TLS_CLIENT))

    def refresh(self) -> bool:
        """Take over certificate, key and authorities if a file changed; return whether that was so.

        Connections that are open stay so. What cannot be read, or does not fit together, is tried again later.
        """
        try:
            stamp = self._stamped()
            if stamp == self._stamp:
                return False
            server, client = self._loaded(ssl.PROTOCOL_TLS_SERVER), self._loaded(ssl.PROTOCOL_TLS_CLIENT)
        except (OSError, ssl.SSLError) as error:
            _log.warning("certificate_not_reloaded", reason=type(error).__name__)
            return False
        self._stamp, self.server.current, self.client.current = stamp, server, client
        _log.info("certificate_reloaded")
        return True

    async def watch(self) -> None:
        """Refresh about every second until cancelled."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            self.refresh()

    def _loaded(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        if protocol == ssl.PROTOCOL_TLS_SERVER:
            # Each connection proves anew who is calling, so that no resumed session outlives a certificate.
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
        context.load_verify_locations(self._ca)
        context.load_cert_chain(self._certificate, self._key)
        return context

    def _stamped(self) -> Stamp:
        found = (each.stat() for each in (self._certificate, self._key, self._ca) if each is not None)
        return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in found)


def names_of(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the DNS names in a peer's certificate, as `SSLObject.getpeercert` gives it."""
    alternatives = (certificate or {}).get("subjectAltName", ())
    return frozenset(value for kind, value in alternatives if kind == "DNS")


class TransportSettings(BaseModel):
    """How an HTTP service speaks with the others: mutual TLS, set completely or not at all."""

    tls_certificate: FilePath | None = None
    """PEM: this process's certificate chain, with its key unless `tls_key` names another file."""
    tls_key: FilePath | None = None
    tls_ca: FilePath | None = None
    """PEM: the authorities whose certificates count."""
    tls_callers: str = ""
    """Who may call, by the names in their certificates, separated by commas."""
    ops_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where health and metrics answer without TLS, for probes; 0: nowhere but on the service's own port."""

    @model_validator(mode="after")
    def _all_or_nothing(self) -> Self:
        given = [self.tls_certificate is not None, self.tls_ca is not None, bool(self._callers)]
        if any(given) != all(given) or (self.tls_key and not self.tls_certificate):
            raise ValueError("tls_certificate, tls_ca and tls_callers belong together; give all of them or none")
        return self

    @property
    def _callers(self) -> frozenset[str]:
        return frozenset(name.strip() for name in self.tls_callers.split(",") if name.strip())

    def mutual_tls(self) -> MutualTls | None:
        """Return the identity that the settings name, or None. Raises `OSError` or `ssl.SSLError`."""
        if self.tls_certificate is None or self.tls_ca is None:
            return None
        return MutualTls(certificate=self.tls_certificate, key=self.tls_key, ca=self.tls_ca, callers=self._callers)
