"""Digests of source files, to tell whether what was made from them is still good."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of_files(files: Iterable[Path], *, root: Path, also: str = "") -> str:
    """Give one digest over names (relative to `root`) and contents of files, in any order, and some further text."""
    total = hashlib.sha256(also.encode())
    for file in sorted(files):
        total.update(f"\0{file.relative_to(root)}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()
