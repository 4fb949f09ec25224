"""Assets, prices and public reads."""

from typing import Final

VERSION: Final = "0.1.0"
