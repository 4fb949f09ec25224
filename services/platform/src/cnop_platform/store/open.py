"""Which store a URL means. The driver of the other one need not be installed."""

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cnop_core.errors import InvalidInput
from cnop_platform.store.port import Store


class InvalidStoreUrl(InvalidInput):
    """The text names no store."""


async def open_store(url: str) -> Store:
    """Open `sqlite:////absolute/path` or `dynamodb://region/table[?endpoint=URL]`.

    Raises `InvalidStoreUrl`, and `StoreUnavailable` when the store cannot be opened.
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        from cnop_platform.store.sqlite import SqliteStore  # noqa: PLC0415 - only what the URL needs is loaded

        return SqliteStore.open(sqlite_path(url))
    raise InvalidStoreUrl("a store is sqlite:////absolute/path or dynamodb://region/table")


def sqlite_path(url: str) -> Path:
    """Return the file that a `sqlite:` URL names; a relative path raises `InvalidStoreUrl`."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path[1:]))
    if parts.netloc or parts.query or parts.fragment or not path.is_absolute():
        raise InvalidStoreUrl("a SQLite store is four slashes and an absolute path: sqlite:////var/lib/cnop/cnop.db")
    return path


def sqlite_url(path: Path) -> str:
    """Return the URL that `sqlite_path` reads as `path`, made absolute."""
    return f"sqlite:///{quote(str(path.absolute()))}"
