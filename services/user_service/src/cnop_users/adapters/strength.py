"""Judges chosen passwords: against a list of common ones, and by zxcvbn's estimate of how many guesses they take."""

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any, Final

_LEAST_SCORE: Final = 3
_JUDGED_LENGTH: Final = 72
"""zxcvbn's time grows with the square of the length; what is strong by here is strong."""
_PRINT_BYTES: Final = 5
_MAX_RELATED: Final = 10


class CommonPasswords:
    """A set of known passwords, kept as the sorted first five bytes of each one's SHA-256.

    One password in about two million is taken for common though it is not, and its owner chooses another.
    """

    def __init__(self, fingerprints: bytes) -> None:
        self._fingerprints = fingerprints
        self._count = len(fingerprints) // _PRINT_BYTES

    @classmethod
    def bundled(cls) -> "CommonPasswords":
        """Return the list that comes with this package (see `data/README.md` there)."""
        return cls(resources.files("cnop_users").joinpath("adapters/data/common_passwords.bin").read_bytes())

    def __contains__(self, password: str) -> bool:
        wanted = fingerprint(password)
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._at(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low < self._count and self._at(low) == wanted

    def _at(self, position: int) -> bytes:
        return self._fingerprints[position * _PRINT_BYTES : (position + 1) * _PRINT_BYTES]


def fingerprint(password: str) -> bytes:
    """Return what the list keeps of a password: capital letters make no difference."""
    return hashlib.sha256(password.casefold().encode()).digest()[:_PRINT_BYTES]


class ZxcvbnJudge:
    """Says why a password is too easy to guess. One is judged at a time, in a thread, so that requests go on."""

    def __init__(self, common: CommonPasswords) -> None:
        self._common = common
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="password-judge")

    async def objections(self, password: str, *, related: Sequence[str]) -> tuple[str, ...]:
        """See `PasswordJudge.objections`."""
        if password in self._common:
            return ("is on a list of commonly used passwords; choose another one",)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _objections, password, tuple(related[:_MAX_RELATED]))

    async def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


_OF_THE_PLATFORM: Final = ("cnop", "cloud-native", "cloudnative", "order", "processor", "orderprocessor", "trading")
"""Words that somebody who guesses at this platform's passwords tries first."""


def _objections(password: str, related: Sequence[str]) -> tuple[str, ...]:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists take 12 MB, and only whoever chooses a password needs them

    verdict: dict[str, Any] = zxcvbn(password[:_JUDGED_LENGTH], user_inputs=[*related, *_OF_THE_PLATFORM])
    if verdict["score"] >= _LEAST_SCORE:
        return ()
    feedback = [verdict["feedback"]["warning"], *verdict["feedback"]["suggestions"]]
    advice = tuple(text.rstrip(".") for text in feedback if text)
    return ("is easy to guess", *advice)
