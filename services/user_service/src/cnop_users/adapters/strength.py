"""Judges chosen passwords: against a list of common ones, and by zxcvbn's estimate of how many guesses they take."""

import asyncio
import hashlib
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from typing import Any, Final

from cnop_users.domain.errors import HashingBusy

_LEAST_SCORE: Final = 3
_JUDGED_LENGTH: Final = 64
"""zxcvbn's time grows with the square of the length; what is strong by here is strong."""
_SECONDS_EACH: Final = 0.1
"""What a password of that length takes at most, whatever it is made of."""
_MOST_WAITING: Final = 50
_THRICE: Final = re.compile(r"(.+?)\1{2,}", re.DOTALL)
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
    """Says why a password is too easy to guess. One is judged at a time, in a thread, so that requests go on.

    At most as many wait as get their turn within some seconds.
    """

    def __init__(self, common: CommonPasswords) -> None:
        self._common = common
        self._waiting = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="password-judge")

    async def objections(self, password: str, *, related: Sequence[str]) -> tuple[str, ...]:
        """See `PasswordJudge.objections`."""
        if password in self._common:
            return ("is on a list of commonly used passwords; choose another one",)
        if self._waiting >= _MOST_WAITING:
            raise HashingBusy(retry_after_seconds=math.ceil((self._waiting + 1) * _SECONDS_EACH))
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            return await loop.run_in_executor(self._pool, _objections, password, tuple(related[:_MAX_RELATED]))
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


_OF_THE_PLATFORM: Final = ("cnop", "cloud-native", "cloudnative", "order", "processor", "orderprocessor", "trading")
"""Words that somebody who guesses at this platform's passwords tries first."""


def _objections(password: str, related: Sequence[str]) -> tuple[str, ...]:
    verdict = _estimator()(_judged(password), user_inputs=[*related, *_OF_THE_PLATFORM])
    if verdict["score"] >= _LEAST_SCORE:
        return ()
    feedback = [verdict["feedback"]["warning"], *verdict["feedback"]["suggestions"]]
    advice = tuple(text.rstrip(".") for text in feedback if text)
    return ("is easy to guess", *advice)


def _judged(password: str) -> str:
    """Return the part of a password that is judged.

    In a longer one, whatever is repeated over and over counts twice: it hides neither that there is nothing else, nor
    what comes after it.
    """
    if len(password) <= _JUDGED_LENGTH:
        return password
    while (shorter := _THRICE.sub(r"\1\1", password)) != password:
        password = shorter
    return password[:_JUDGED_LENGTH]


@cache
def _estimator() -> Callable[..., Mapping[str, Any]]:
    from zxcvbn import matching, zxcvbn  # noqa: PLC0415 - its word lists take 12 MB; who chooses a password needs them

    # Its own function reads "4" and "@" as an "a" only one at a time, so it tries a thousand combinations where there
    # are many such characters, and takes seconds.
    matching.enumerate_l33t_subs = _readings
    estimate: Callable[..., Mapping[str, Any]] = zxcvbn
    return estimate


def _readings(stands_for: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return how the characters that stand for letters can be read: all at once, and the three ambiguous ones each way.

    `stands_for` names for each letter the characters that occur.
    """
    letters: dict[str, list[str]] = {}
    for letter, characters in stands_for.items():
        for character in characters:
            letters.setdefault(character, []).append(letter)
    return [dict(zip(letters, choice, strict=True)) for choice in itertools.product(*letters.values())]
