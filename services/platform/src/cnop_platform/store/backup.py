"""A copy of a SQLite store, taken while it is in use (sqlite.org/backup.html), and the way back from it."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from cnop_platform.store.port import StoreUnavailable
from cnop_platform.store.sqlite_schema import connect, inspect

_PAGES_PER_STEP: Final = 1000


def backup(path: str | Path, destination: str | Path) -> None:
    """Write a consistent copy of the store at `path` to `destination`, as a file of mode 0600.

    Every transaction acknowledged before the call is in the copy; an older copy is replaced at the end.
    Raises `StoreUnavailable`.
    """
    source, target = Path(path), Path(destination)
    if not source.is_file():
        raise StoreUnavailable(f"there is no store at {source}")
    partial = target.with_name(f"{target.name}.partial")
    try:
        _copy(source, partial)
        partial.replace(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StoreUnavailable(f"the backup of {source} failed: {error}") from error


def restore(copy: str | Path, path: str | Path) -> Path | None:
    """Put the store at `path` back to `copy`; return where the one that was there is kept, None if there was none.

    Nobody may have the store open meanwhile. A `copy` that is no sound store changes nothing.
    Raises `StoreUnavailable`.
    """
    source, target = Path(copy), Path(path)
    if inspect(source) is None:
        raise StoreUnavailable(f"there is no store at {source}")
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy(source, partial)
        kept = _set_aside(target)
        partial.replace(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StoreUnavailable(f"restoring {target} failed: {error}") from error
    return kept


def _set_aside(path: Path) -> Path | None:
    """Rename a store together with its log, for a log that stayed behind would be applied to the next file."""
    if not path.exists():
        return None
    number = 1
    while (kept := path.with_name(f"{path.name}.replaced-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def _copy(source: Path, partial: Path) -> None:
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
    reading = connect(source, busy_timeout_seconds=5, read_only=True)
    try:
        writing = sqlite3.connect(partial)
        try:
            reading.backup(writing, pages=_PAGES_PER_STEP)
            (verdict,) = writing.execute("PRAGMA quick_check").fetchone()
            # The copy inherits WAL mode; as a single file it can be moved without its log.
            writing.execute("PRAGMA journal_mode = DELETE")
        finally:
            writing.close()
    finally:
        reading.close()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged: {verdict}")
    _sync(partial)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
