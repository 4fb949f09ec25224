"""Orders, portfolio and asset balances."""

from typing import Final

VERSION: Final = "0.1.0"
