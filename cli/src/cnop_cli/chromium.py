"""Finds a Chromium for browser tests, and installs Debian's where that is possible."""

import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ELSEWHERE: Final = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find() -> str | None:
    """Give the path of a Chromium on this machine."""
    on_path = next(filter(None, map(shutil.which, _NAMES)), None)
    return on_path or next((path for path in _ELSEWHERE if os.access(path, os.X_OK)), None)


def can_install() -> bool:
    """Tell whether this user may install Debian's package."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def require(*, report: Callable[[str], None]) -> str | None:
    """Give a Chromium, installing Debian's when there is none; None, after saying so, when there can be none."""
    if found := find():
        return found
    if not can_install():
        report(
            "browser tests are skipped: there is no Chromium, and only root on Debian can have it installed from here"
        )
        return None
    report("installing Chromium for the browser tests (apt-get)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            ["apt-get", *step], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            report(f"browser tests are skipped: apt-get {step[0]} failed: {last}")
            return None
    return find()
