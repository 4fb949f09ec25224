"""An OpenID provider in a process of its own, at the address that the stack was told of."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

ISSUER = os.environ.get("CNOP_OIDC_ISSUER")
_START_SECONDS = 90


@contextmanager
def provider() -> Iterator[str]:
    """Run the provider for as long as the body lasts."""
    port = urlsplit(str(ISSUER)).port
    program = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock"]
    command = [*program, "--port", str(port), "--require-nonce", "true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(process)
        yield str(ISSUER)
    finally:
        process.terminate()
        process.wait()


def know(subject: str, **claims: Any) -> None:
    """Tell the provider what it says of somebody."""
    httpx.put(f"{ISSUER}/users/{subject}", json=claims, timeout=30).raise_for_status()


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            httpx.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).raise_for_status()
            return
        except httpx.HTTPError:
            assert process.poll() is None, "the provider's port is taken"
            assert time.monotonic() < deadline, f"the provider does not answer within {_START_SECONDS} s"
            time.sleep(0.05)
