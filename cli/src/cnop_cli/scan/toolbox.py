"""The scanners' own environment, from a hashed lock: what they need shall not meet what the platform needs."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cnop_cli.errors import CommandError
from cnop_cli.locks import SCAN
from cnop_cli.workspace import CACHE, ROOT

FOLDER: Final = CACHE / "scan"


def programs(*, report: Callable[[str], None], folder: Path = FOLDER) -> Path:
    """Give the folder of the scanners' programs; install them first, unless just these are there.

    Raises:
        CommandError: they cannot be installed.
    """
    lock = ROOT / SCAN
    stamp = folder / "installed.txt"
    wanted = f"{sys.version}\n{lock.read_text(encoding='utf-8')}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return folder / "bin"
    report("installing the scanners (once, about 350 MB)")
    uv = str(Path(sys.executable).parent / "uv")
    steps = (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", str(folder / "bin/python"),
         "-r", str(lock)],
    )  # fmt: skip
    for step in steps:
        if subprocess.run(step, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode:
            raise CommandError("the scanners could not be installed; the lines above say why")
    stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin"
