"""Configuration of the local Valkey: loopback only, nothing on disk, one user a component with just what it needs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cnop_cli.stack.state import write_private

PRICES: Final = "cnop:prices"
REVOCATIONS: Final = "cnop:revocations"
HEARTBEAT: Final = "cnop:heartbeat"
WALLETS: Final = "cnop:wallet:*"

_READ_PRICES: Final = "%R~cnop:prices:*"
_WRITE_PRICES: Final = "~cnop:prices:*"
_LIMITS: Final = "~cnop:rl:*"
_LEASES: Final = "~cnop:lease:*"

# Scripts run with their caller's rights; rate limits and leases are scripts, so that they are atomic.
_COMMANDS: Final = (
    "-@all +@read +@write +@connection +@transaction +subscribe +unsubscribe +psubscribe +punsubscribe"
    " +eval +evalsha +script|load -@admin -@dangerous"
)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user may touch: keys (Valkey key patterns), channels it hears and channels it may publish to."""

    keys: tuple[str, ...]
    hears: tuple[str, ...]
    publishes: tuple[str, ...]


RIGHTS: Final[Mapping[str, Rights]] = {
    "users": Rights((_LIMITS,), (REVOCATIONS, HEARTBEAT, WALLETS), (REVOCATIONS, HEARTBEAT, WALLETS)),
    "inventory": Rights((_LIMITS, _READ_PRICES), (PRICES, REVOCATIONS, HEARTBEAT), ()),
    "feed": Rights((_WRITE_PRICES, _LEASES), (), (PRICES,)),
    "orders": Rights((_LIMITS, _READ_PRICES), (PRICES, REVOCATIONS, HEARTBEAT, WALLETS), (WALLETS,)),
    "engine": Rights((_LEASES, _READ_PRICES), (PRICES, REVOCATIONS, HEARTBEAT), (WALLETS,)),
    "cli": Rights((_READ_PRICES,), (PRICES, REVOCATIONS, HEARTBEAT, WALLETS), ()),
}


def acl_line(user: str, rights: Rights, *, password: str) -> str:
    """Render one user. A channel right covers hearing and publishing alike, so publishing is granted in a selector."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    hears = " ".join(f"&{channel}" for channel in rights.hears)
    parts = [f"user {user} reset on sanitize-payload #{digest}", *rights.keys, "resetchannels", hears, _COMMANDS]
    if rights.publishes:
        parts.append(f"(+publish {' '.join(f'&{channel}' for channel in rights.publishes)})")
    return " ".join(part for part in parts if part)


def acl(passwords: Mapping[str, str]) -> str:
    """Render the users file; nobody gets in without a name."""
    lines = ["user default reset off", *(acl_line(user, RIGHTS[user], password=passwords[user]) for user in RIGHTS)]
    return "\n".join(lines) + "\n"


def configuration(*, port: int, folder: Path, bind: str = "127.0.0.1") -> str:
    """Render the server's configuration. What it holds may be lost at any time, so nothing is saved."""
    lines = [
        f"bind {bind}",
        f"port {port}",
        "protected-mode yes",
        "daemonize no",
        f'dir "{folder}"',
        f'aclfile "{folder / "users.acl"}"',
        'save ""',
        "appendonly no",
        "maxmemory 64mb",
        "maxmemory-policy volatile-ttl",
        "maxclients 1000",
        "tcp-keepalive 60",
        "client-output-buffer-limit pubsub 8mb 2mb 30",
        "loglevel notice",
    ]
    return "\n".join(lines) + "\n"


def prepare(
    *, port: int, folder: Path, passwords: Mapping[str, str], seen_as: Path | None = None, bind: str = "127.0.0.1"
) -> Path:
    """Write the configuration files; give the path of the one that the server is started with.

    `seen_as` is where the server finds the folder when that is elsewhere, as in a container.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / "users.acl", acl(passwords))
    main = folder / "valkey.conf"
    write_private(main, configuration(port=port, folder=seen_as or folder, bind=bind))
    return main
