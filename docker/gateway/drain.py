#!/usr/bin/env python3
"""Asks Envoy to send its clients elsewhere, and waits until they have gone: what runs before the gateway is stopped."""

import sys
import time
import urllib.request
from typing import Final

# From now on each answer closes its connection; whoever balances the load has long noticed when this is over.
DRAIN: Final = "http://127.0.0.1:9901/drain_listeners?graceful&skip_exit"
WAIT_SECONDS: Final = 20


def main() -> None:
    """Drain, then wait; the wait helps even where Envoy does not answer."""
    request = urllib.request.Request(DRAIN, method="POST")
    try:
        urllib.request.urlopen(request, timeout=2).close()  # noqa: S310 - a fixed address
    except OSError as error:
        sys.stderr.write(f"drain: {error}\n")
    time.sleep(WAIT_SECONDS)


if __name__ == "__main__":
    main()
