"""Renders and validates the gateway's configuration: JSON request on standard input, JSON answer on standard output."""

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cnop_cli.stack.envoy import Rendered, encode
from cnop_cli.stack.state import write_private
from cnop_gateway import (
    GatewaySettings,
    Operation,
    find_envoy,
    operations_from_openapi,
    render,
    validate,
    watched,
)


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    documents = request["documents"].items()
    operations = [
        operation for service, document in documents for operation in operations_from_openapi(service, document)
    ]
    settings = GatewaySettings(**request["settings"])
    configuration, program = render(settings, operations), find_envoy()
    if request["elsewhere"]:
        _validate_elsewhere(program, settings, operations)
    else:
        _write_watched(settings)
        validate(program, configuration)
    beside = {path.name: json.dumps(document, indent=2) + "\n" for path, document in watched(settings).items()}
    rendered = Rendered(program=str(program), configuration=json.dumps(configuration), beside=beside)
    sys.stdout.write(encode(rendered))


def _validate_elsewhere(program: Path, settings: GatewaySettings, operations: Iterable[Operation]) -> None:
    """Have the configuration judged as if the folder of the machine that it is for were here."""
    with tempfile.TemporaryDirectory(prefix="cnop-gateway-") as folder:
        if settings.secrets_folder is not None:
            settings = settings.model_copy(update={"secrets_folder": Path(folder)})
        _write_watched(settings)
        validate(program, render(settings, operations))


def _write_watched(settings: GatewaySettings) -> None:
    for path, document in watched(settings).items():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, json.dumps(document))


if __name__ == "__main__":
    main()
