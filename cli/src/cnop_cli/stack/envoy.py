"""The gateway's configuration: rendered from the services' descriptions, validated, and kept while nothing changed.

`cnop_gateway` and its libraries run in a process of their own (`python -m cnop_cli.stack.envoy_render`), so that the
supervisor stays small and quick.
"""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cnop_cli import digest
from cnop_cli.errors import CommandError
from cnop_cli.stack.descriptions import Documents
from cnop_cli.stack.state import write_private
from cnop_cli.workspace import ROOT

# Two worker threads serve two cores; more would cost memory and buy nothing on one machine.
CONCURRENCY: Final = 2


@dataclass(frozen=True, slots=True)
class Rendered:
    """A validated configuration, the files that Envoy needs beside it, and the Envoy that found it valid.

    The configuration is JSON: what Envoy's YAML parser takes to read it, 30 MB, Envoy never gives back.
    """

    program: str
    configuration: str
    beside: dict[str, str]


def command(*, program: str, configuration: Path, workers: int = CONCURRENCY) -> tuple[str, ...]:
    """Give the command line that runs the gateway."""
    fixed = ("--disable-hot-restart", "--log-level", "warning")
    return (program, "-c", str(configuration), "--concurrency", str(workers), *fixed)


def render(settings: dict[str, Any], documents: Documents, *, elsewhere: bool = False) -> Rendered:
    """Have the configuration rendered and validated. `settings` are those of `cnop_gateway.GatewaySettings`.

    Envoy's watched files are written where the settings say, unless they are for a machine `elsewhere`.

    Raises:
        CommandError: the descriptions or settings make no valid configuration, or there is no Envoy.
    """
    request = json.dumps({"settings": settings, "documents": documents, "elsewhere": elsewhere})
    argv = [sys.executable, "-m", "cnop_cli.stack.envoy_render"]
    done = subprocess.run(argv, input=request, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CommandError(f"the gateway's configuration cannot be made: {last}")
    return Rendered(**json.loads(done.stdout))


def prepare(settings: dict[str, Any], documents: Documents, *, folder: Path) -> tuple[str, ...]:
    """Write the configuration to a private file and give the gateway's command line.

    It is rendered again only when the gateway's code, the settings or a description changed.

    Raises:
        CommandError: no valid configuration can be made.
    """
    path, stamp = folder / "envoy.json", folder / "envoy.stamp.json"
    sources = list((ROOT / "gateway/src").rglob("*.py"))
    inputs = hashlib.sha256(json.dumps([settings, documents], sort_keys=True).encode()).hexdigest()
    wanted = digest.of_files([*sources, *Path(__file__).parent.glob("envoy*.py")], root=ROOT, also=inputs)
    program = _known_program(path, stamp, wanted)
    if program is None:
        rendered = render(settings, documents)
        write_private(path, rendered.configuration)
        write_private(stamp, json.dumps({"digest": wanted, "program": rendered.program}))
        program = rendered.program
    return command(program=program, configuration=path)


def _known_program(configuration: Path, stamp: Path, wanted: str) -> str | None:
    try:
        known = json.loads(stamp.read_text(encoding="utf-8"))
        program = str(known["program"])
        return program if known["digest"] == wanted and configuration.is_file() and Path(program).is_file() else None
    except (OSError, ValueError, KeyError):
        return None


def encode(rendered: Rendered) -> str:
    """Render the answer of `envoy_render` as text."""
    return json.dumps(asdict(rendered))
