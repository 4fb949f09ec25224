"""Keeps log files within a bound."""

import shutil
from pathlib import Path
from typing import Final

LIMIT_BYTES: Final = 32 * 1024 * 1024


def rotate(log: Path, *, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Copy a log that grew past the limit to `<name>.1` and empties it; tells whether it did.

    Its writers append, so they go on at the new beginning. Lines written during the copy are lost, which a log may.
    """
    try:
        if log.stat().st_size <= limit_bytes:
            return False
        older = log.with_name(log.name + ".1")
        shutil.copyfile(log, older)
        older.chmod(0o600)
        with log.open("r+b") as file:
            file.truncate(0)
    except FileNotFoundError:
        return False
    return True
