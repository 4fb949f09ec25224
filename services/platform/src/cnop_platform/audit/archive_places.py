"""Where an archive can be: a folder, or a bucket of S3 whose object lock keeps what is written."""

import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cnop_core.errors import InvalidInput
from cnop_platform.audit.archive import AlreadyThere, ArchiveBroken, ArchivePlace, ArchiveUnavailable

# What S3 answers when an object of that name is there, or is being written by somebody else at this moment.
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def open_archive(text: str, *, endpoint: str | None = None) -> ArchivePlace:
    """Return the place that `s3://bucket[/prefix]` or a path means; `endpoint` is an S3 other than that of AWS.

    Raises `InvalidInput` for another address.
    """
    uri = urlsplit(text)
    if uri.scheme == "s3" and uri.netloc and not uri.query and not uri.fragment:
        return BucketArchive(uri.netloc, uri.path.strip("/"), endpoint=endpoint)
    if uri.scheme or not text:
        raise InvalidInput("an archive is a folder or s3://bucket/prefix")
    return FolderArchive(Path(text))


class FolderArchive:
    """A folder of this machine, such as one that is mounted write-once."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> Sequence[str]:
        """See `ArchivePlace.names`."""
        found = (path for path in self._root.rglob("*.jsonl") if path.is_file())
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def read(self, name: str) -> bytes:
        """See `ArchivePlace.read`."""
        try:
            return (self._root / name).read_bytes()
        except OSError as error:
            raise ArchiveUnavailable(f"{name} cannot be read: {error.strerror}") from error

    def add(self, name: str, content: bytes) -> None:
        """See `ArchivePlace.add`; a half-written object never has its name."""
        target = self._root / name
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A draft of its own, so that two who write the same object never write into one file.
            with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".partial") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).chmod(0o400)
                # Unlike a rename, a link fails where there is one of that name.
                target.hardlink_to(file.name)
        except FileExistsError as error:
            raise AlreadyThere(f"{name} is there already") from error
        except OSError as error:
            raise ArchiveUnavailable(f"{name} cannot be written: {error.strerror}") from error


class BucketArchive:
    """A bucket of S3; credentials come from botocore's chain, and how long an object stays is the bucket's rule."""

    def __init__(self, bucket: str, prefix: str, *, endpoint: str | None = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = _client(endpoint)

    def names(self) -> Sequence[str]:
        """See `ArchivePlace.names`. Raises `ArchiveBroken` when an object was written over or deleted.

        A lock keeps the version that was first, but whoever asks for an object is given the last.
        """
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            with self._errors():
                page = self._client.list_object_versions(Bucket=self._bucket, Prefix=self._prefix, **more)
            if deleted := page.get("DeleteMarkers"):
                raise ArchiveBroken(f"s3://{self._bucket}/{deleted[0]['Key']} was deleted; its versions remain")
            found += [each["Key"].removeprefix(self._prefix) for each in page.get("Versions", ())]
            if not page.get("IsTruncated"):
                return self._each_once(sorted(found))
            more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def read(self, name: str) -> bytes:
        """See `ArchivePlace.read`."""
        with self._errors():
            # The content arrives after the answer, and may not arrive whole.
            return bytes(self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read())

    def add(self, name: str, content: bytes) -> None:
        """See `ArchivePlace.add`."""
        where = {"Bucket": self._bucket, "Key": self._prefix + name}
        with self._errors():
            self._client.put_object(**where, Body=content, IfNoneMatch="*", ContentType="application/jsonl")

    def _each_once(self, names: Sequence[str]) -> Sequence[str]:
        for one, next_one in itertools.pairwise(names):
            if one == next_one:
                raise ArchiveBroken(f"s3://{self._bucket}/{self._prefix}{one} was written over; see its first version")
        return names

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only a bucket needs the library

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
            if code in _TAKEN:
                raise AlreadyThere(f"s3://{self._bucket}: {error}") from error
            raise ArchiveUnavailable(f"s3://{self._bucket}: {error}") from error


def _client(endpoint: str | None) -> Any:
    from botocore.config import Config  # noqa: PLC0415 - only a bucket needs the library
    from botocore.session import Session  # noqa: PLC0415 - as above

    bounds = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})
    return Session().create_client("s3", endpoint_url=endpoint, config=bounds)
