"""The built page, held in memory: what was built together is served together, and no path is ever looked up on disk."""

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

INDEX: Final = "/index.html"
_HASHED: Final = re.compile(r"/assets/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_LARGEST_BYTES: Final = 16_777_216
_COMPRESSED_FROM_BYTES: Final = 1_024
# In order of preference.
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_COMPRESSIBLE: Final = (".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest")


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of a file, with the strong entity tag of these bytes."""

    encoding: str | None
    content: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page; its variants in order of preference, the plain one last."""

    media_type: str
    cache_control: str
    variants: tuple[Variant, ...]

    def best(self, accepted: str) -> Variant:
        """Return the first variant that an `Accept-Encoding` header admits."""
        codings = _accepted_codings(accepted)
        return next(each for each in self.variants if each.encoding is None or each.encoding in codings)


class Page:
    """All files of a built page by URL path."""

    def __init__(self, files: Mapping[str, PageFile]) -> None:
        self._files = files

    def find(self, path: str) -> PageFile | None:
        """Return the file at a URL path, or the start page for any path of the application, or nothing.

        A path of the application is one whose last part has no dot, outside `/assets` and `/api`.
        """
        found = self._files.get(path)
        if found is None and _is_application_path(path):
            found = self._files.get(INDEX)
        return found

    @property
    def is_built(self) -> bool:
        """Whether there is a start page."""
        return INDEX in self._files


def load_page(folder: Path | None) -> Page:
    """Read a built page. Hidden files are not part of it; without a folder the page is empty.

    Raises `ValueError` when a file is too large to be held.
    """
    if folder is None or not folder.is_dir():
        return Page({})
    return Page(dict(_read(folder)))


def _read(folder: Path) -> Iterator[tuple[str, PageFile]]:
    precompressed = tuple(suffix for _, suffix in _ENCODINGS)
    for file in sorted(folder.rglob("*")):
        relative = PurePosixPath(file.relative_to(folder).as_posix())
        hidden = any(part.startswith(".") for part in relative.parts)
        if hidden or file.is_symlink() or not file.is_file() or file.suffix in precompressed:
            continue
        path = f"/{relative}"
        yield (
            path,
            PageFile(
                media_type=_MEDIA_TYPES.get(file.suffix, "application/octet-stream"),
                cache_control=_cache_control(path),
                variants=tuple(_variants(file)),
            ),
        )


def _variants(file: Path) -> Iterator[Variant]:
    if file.stat().st_size > _LARGEST_BYTES:
        raise ValueError(f"{file} is larger than {_LARGEST_BYTES} bytes and does not belong into the page")
    plain = file.read_bytes()
    for encoding, suffix in _ENCODINGS:
        ready = file.with_name(file.name + suffix)
        if ready.is_file():
            yield _variant(encoding, ready.read_bytes())
        elif encoding == "gzip" and file.suffix in _COMPRESSIBLE and len(plain) >= _COMPRESSED_FROM_BYTES:
            yield _variant(encoding, gzip.compress(plain, mtime=0))
    yield _variant(None, plain)


def _variant(encoding: str | None, content: bytes) -> Variant:
    return Variant(encoding=encoding, content=content, etag=f'"{sha256(content).hexdigest()[:32]}"')


def _cache_control(path: str) -> str:
    if path == INDEX:
        return "no-store"
    return _IMMUTABLE if _HASHED.fullmatch(path) else "no-cache"


def _is_application_path(path: str) -> bool:
    first, last = path.split("/")[1], path.rpartition("/")[2]
    return first not in {"api", "assets"} and "." not in last


def _accepted_codings(header: str) -> set[str]:
    accepted = set()
    for part in header.lower().split(","):
        coding, _, parameters = part.partition(";")
        if not re.fullmatch(r"q=0(\.0{0,3})?", parameters.replace(" ", "")):
            accepted.add(coding.strip())
    return accepted
