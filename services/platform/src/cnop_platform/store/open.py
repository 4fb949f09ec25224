"""Which store a URL means. The driver of the other one need not be installed."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cnop_core.errors import InvalidInput
from cnop_platform.store.port import Store

_REGION: Final = re.compile(r"[a-z0-9-]{1,40}")
_TABLE: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_EXPECTED: Final = "a store is sqlite:////absolute/path/cnop.db or dynamodb://region/table[?endpoint=https://host:port]"


class InvalidStoreUrl(InvalidInput):
    """The text names no store."""


@dataclass(frozen=True, slots=True)
class DynamoPlace:
    """Where a DynamoDB table is; without an endpoint, at AWS."""

    region: str
    table: str
    endpoint: str | None


async def open_store(url: str) -> Store:
    """Open `sqlite:////absolute/path` or `dynamodb://region/table[?endpoint=URL]`.

    Raises `InvalidStoreUrl`, and `StoreUnavailable` when the store cannot be opened.
    """
    place = locate(url)
    if isinstance(place, Path):
        from cnop_platform.store.sqlite import SqliteStore  # noqa: PLC0415 - only the driver that the URL needs is loaded

        return SqliteStore.open(place)
    from cnop_platform.store.dynamodb import DynamoStore  # noqa: PLC0415 - as above

    return await DynamoStore.open(region=place.region, table=place.table, endpoint=place.endpoint)


def locate(url: str) -> Path | DynamoPlace:
    """Return the file or the table that `url` means, or raise `InvalidStoreUrl`."""
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        return sqlite_path(url)
    if scheme == "dynamodb":
        return dynamodb_place(url)
    raise InvalidStoreUrl(_EXPECTED)


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


def dynamodb_place(url: str) -> DynamoPlace:
    """Return the table that a `dynamodb:` URL names, or raise `InvalidStoreUrl`."""
    parts = urlsplit(url)
    table = parts.path.removeprefix("/")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint = options.pop("endpoint", None)
    known = not options and not parts.fragment and (endpoint is None or _is_endpoint(endpoint))
    if not known or not _REGION.fullmatch(parts.netloc) or not _TABLE.fullmatch(table):
        raise InvalidStoreUrl(_EXPECTED)
    return DynamoPlace(parts.netloc, table, endpoint)


def _is_endpoint(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path in ("", "/") and not parts.query
