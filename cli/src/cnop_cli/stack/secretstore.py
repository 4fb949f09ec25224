"""Secrets of a stack: made once, readable by their owner only, and handed to each component as far as it may hold them.

The originals live in `secrets/vault`. Each component finds copies of its own share in `secrets/<component>`, one file a
setting; a component that is not in the table gets none.
"""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

from cnop_cli.errors import CommandError
from cnop_cli.stack.state import write_private

SHARES: Final[dict[str, frozenset[str]]] = {
    "user_service": frozenset(
        {"cnop_ledger_key", "cnop_audit_key", "cnop_gateway_secret", "cnop_pepper", "cnop_data_key", "cnop_index_key"}
    ),
    "inventory_service": frozenset({"cnop_audit_key", "cnop_gateway_secret"}),
    "order_service": frozenset({"cnop_ledger_key", "cnop_audit_key", "cnop_gateway_secret"}),
    "price_feed": frozenset({"cnop_audit_key"}),
    "order_engine": frozenset({"cnop_ledger_key", "cnop_audit_key"}),
    "web": frozenset({"cnop_gateway_secret"}),
    "gateway": frozenset({"cnop_gateway_secret"}),
    "cli": frozenset({"cnop_ledger_key", "cnop_audit_key"}),
}
VALKEY_USERS: Final = {
    "user_service": "users",
    "inventory_service": "inventory",
    "order_service": "orders",
    "price_feed": "feed",
    "order_engine": "engine",
    "cli": "cli",
}
GIVEN: Final = {"user_service": frozenset({"cnop_smtp_url"})}
"""What nobody can make: the operator writes it into the vault, where an installation needs it."""
_NAMES: Final = frozenset().union(*SHARES.values())
_MAKE_SIGNING_KEY: Final = """
import sys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
key = ec.generate_private_key(ec.SECP256R1())
sys.stdout.buffer.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
"""


def make_key() -> str:
    """Make a symmetric key: 32 random bytes as base64url text without padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


class SecretStore:
    """The secrets folder of one stack."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._vault = root / "vault"

    def prepare(self, *, valkey_port: int, valkey_host: str = "127.0.0.1", valkey_tls: bool = False) -> None:
        """Make what is missing and lay out every component's share.

        Raises:
            CommandError: a folder or file is open to others, or the signing key cannot be made.
        """
        for folder in (self._root, self._vault):
            folder.mkdir(mode=0o700, exist_ok=True)
            _require_private(folder)
        for name in sorted(_NAMES):
            self._original(name)
        scheme = "valkeys" if valkey_tls else "valkey"
        for component, share in SHARES.items():
            self._lay_out(component, share, scheme=scheme, valkey=f"{valkey_host}:{valkey_port}")
        self._make_signing_key()

    def folder(self, component: str) -> Path:
        """Give the folder that a component reads its secrets from."""
        return self._root / component

    @property
    def signing_keys(self) -> Path:
        return self._root / "user_service" / "signing"

    def value(self, name: str) -> str:
        """Give a secret's text.

        Raises:
            CommandError: it was never made.
        """
        try:
            return (self._vault / name).read_text(encoding="ascii")
        except FileNotFoundError:
            raise CommandError(f"there is no secret {name} in {self._vault}; start the platform once") from None

    def rotate(self, name: str) -> None:
        """Put a new key before those that a secret holds; the older ones still open what they closed.

        For a stack whose processes all end before any starts again: one that runs on could not read what is new.

        Raises:
            CommandError: it was never made.
        """
        write_private(self._vault / name, f"{make_key()},{self.value(name)}")

    def introduce(self, name: str) -> None:
        """Put a new key behind those that a secret holds: whoever has them knows it, and goes on with the old one.

        Raises:
            CommandError: it was never made, or a key was introduced and is not in use yet.
        """
        keys = self.value(name).split(",")
        waiting = self._waiting(name)
        if not waiting.exists():
            # Written first: an attempt that ended half-way is taken up with the same key.
            write_private(waiting, make_key())
        key = waiting.read_text(encoding="ascii")
        if key in keys:
            raise CommandError(f"a new key of {name} is known already; bring it into use with `keys promote` first")
        write_private(self._vault / name, ",".join([*keys, key]))

    def promote(self, name: str) -> None:
        """Put the key that was introduced before the others of a secret, so that it is used.

        Raises:
            CommandError: no key was introduced.
        """
        keys = self.value(name).split(",")
        waiting = self._waiting(name)
        key = waiting.read_text(encoding="ascii") if waiting.exists() else ""
        if key not in keys:
            raise CommandError(f"no new key of {name} waits to be used; make it known with `keys introduce` first")
        write_private(self._vault / name, ",".join([key, *(each for each in keys if each != key)]))
        waiting.unlink()

    def valkey_password(self, user: str) -> str:
        """Give the password of a Valkey user, making it on first use."""
        return self._original(f"valkey_{user}")

    def _waiting(self, name: str) -> Path:
        """Give the file that says which key of a secret is known and not used yet."""
        return self._vault / f"{name}.introduced"

    def _original(self, name: str) -> str:
        path = self._vault / name
        if not path.exists():
            write_private(path, make_key())
        _require_private(path)
        return path.read_text(encoding="ascii")

    def _lay_out(self, component: str, share: frozenset[str], *, scheme: str, valkey: str) -> None:
        folder = self.folder(component)
        folder.mkdir(mode=0o700, exist_ok=True)
        _require_private(folder)
        wanted = {name: self.value(name) for name in share}
        wanted |= {name: self.value(name) for name in GIVEN.get(component, ()) if (self._vault / name).exists()}
        if user := VALKEY_USERS.get(component):
            wanted["cnop_valkey_url"] = f"{scheme}://{user}:{self.valkey_password(user)}@{valkey}/0"
        for name, text in wanted.items():
            path = folder / name
            if not path.exists() or path.read_text(encoding="ascii") != text:
                write_private(path, text)
        for path in folder.glob("cnop_*"):
            if path.name not in wanted:
                path.unlink()

    def _make_signing_key(self) -> None:
        self.signing_keys.mkdir(mode=0o700, exist_ok=True)
        if any(self.signing_keys.glob("*.pem")):
            return
        # In a process of its own: the supervisor need not carry a cryptography library for the rest of its life.
        done = subprocess.run([sys.executable, "-c", _MAKE_SIGNING_KEY], capture_output=True, check=False)
        if done.returncode:
            raise CommandError("the key that signs access tokens could not be made; is the environment complete?")
        write_private(self.signing_keys / f"key-{secrets.token_hex(6)}.pem", done.stdout)


def _require_private(path: Path) -> None:
    status = path.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise CommandError(f"{path} holds secrets but is open to others; run `chmod -R go= {path}` as its owner")
