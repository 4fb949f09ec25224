"""The SQLite file: its schema, its durability settings, and how a connection to it is opened."""

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cnop_platform.store.port import StoreUnavailable

SCHEMA_VERSION: Final = 1
_APPLICATION_ID: Final = 0x434E4F50
"""Marks the file as ours: "CNOP" in ASCII (sqlite.org/pragma.html#pragma_application_id)."""

_PAGE_BYTES: Final = 4096
"""A commit writes whole pages to the log, and a transaction touches a leaf per item: small ones cost least."""
_INSPECT_SECONDS: Final = 5.0
_WAL_PAGES_BEFORE_CHECKPOINT: Final = 2000
_WAL_BYTES_KEPT: Final = 64 * 1024 * 1024
_FIRST_PAUSE_SECONDS: Final = 0.0001
_LONGEST_PAUSE_SECONDS: Final = 0.001

# One clustered tree: a put touches one leaf, and a partition lies together in the order of its sort keys.
# Text compares by its UTF-8 bytes (BINARY collation), as the port promises.
_SCHEMA: Final = (
    """CREATE TABLE items (
        pk TEXT NOT NULL, sk TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
        expires_at INTEGER, gsi1pk TEXT, gsi1sk TEXT, PRIMARY KEY (pk, sk)
    ) WITHOUT ROWID""",
    "CREATE INDEX gsi1 ON items (gsi1pk, gsi1sk, pk, sk) WHERE gsi1pk IS NOT NULL",
    "CREATE INDEX expiring ON items (expires_at) WHERE expires_at IS NOT NULL",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


@dataclass(frozen=True, slots=True)
class FileState:
    """What is in a file that is a store."""

    items: int
    size_bytes: int


def inspect(path: Path) -> FileState | None:
    """Look at the store at `path`, changing nothing; None when there is none. Raises `StoreUnavailable`."""
    if not path.is_file():
        return None
    try:
        with closing(connect(path, busy_timeout_seconds=_INSPECT_SECONDS, read_only=True)) as connection:
            if _schema_version(connection, path) == 0:
                return None
            (items,) = connection.execute("SELECT count(*) FROM items").fetchone()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the store {path} cannot be read: {error}") from error
    return FileState(items, pages * page_bytes)


def create(path: Path, *, busy_timeout_seconds: float) -> None:
    """Make sure that `path` holds a store of this version. Raises `StoreUnavailable`."""
    try:
        _create_private_file(path)
        connection = connect(path, busy_timeout_seconds=busy_timeout_seconds)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the store {path} cannot be opened: {error}") from error
    try:
        _lay_out_in_turn(connection, path, deadline=time.monotonic() + busy_timeout_seconds)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the store {path} cannot be prepared: {error}") from error
    finally:
        connection.close()


def connect(path: Path, *, busy_timeout_seconds: float, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection that any one thread at a time may use. Raises `sqlite3.Error`."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout_seconds, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        # On macOS a plain fsync leaves the data in the drive's cache; elsewhere these change nothing.
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES_BEFORE_CHECKPOINT}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether another process held the lock."""
    # The low byte of an extended result code is the primary one (sqlite.org/rescode.html).
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def pauses() -> Iterator[float]:
    """Give ever longer pauses between tries at a lock, in seconds, up to about the millisecond that a commit takes."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield random.uniform(pause / 2, pause)  # noqa: S311 - spreads the tries, guards nothing
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _create_private_file(path: Path) -> None:
    """SQLite gives its journal files the mode of the main file, so creating that one as 0600 covers all of them."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _lay_out_in_turn(connection: sqlite3.Connection, path: Path, *, deadline: float) -> None:
    """Lay out the file, again if another process is doing so: the busy timeout does not cover the change to WAL."""
    for pause in pauses():
        try:
            _lay_out(connection, path)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
        else:
            return
        time.sleep(pause)


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreUnavailable(
            f"the store {path} needs write-ahead logging; put it on a local disk, not on a network share"
        )
    connection.execute("BEGIN IMMEDIATE")
    if _schema_version(connection, path) == 0:
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")


def _schema_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return 0 for an empty file; a file that this program cannot use raises `StoreUnavailable`."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION_ID and (application or version or tables):
        raise StoreUnavailable(f"{path} is a database of something else; name another file")
    if version > SCHEMA_VERSION:
        raise StoreUnavailable(
            f"the store {path} has schema {version}, this program knows {SCHEMA_VERSION}; update the program"
        )
    return int(version)
