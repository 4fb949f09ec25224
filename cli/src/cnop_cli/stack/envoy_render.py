"""Renders and validates the gateway's configuration: JSON request on standard input, JSON answer on standard output."""

import json
import sys

from cnop_cli.stack.envoy import Rendered, encode
from cnop_cli.stack.state import write_private
from cnop_gateway import GatewaySettings, find_envoy, operations_from_openapi, render, to_yaml, validate, watched


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    documents = request["documents"].items()
    operations = [
        operation for service, document in documents for operation in operations_from_openapi(service, document)
    ]
    settings = GatewaySettings(**request["settings"])
    configuration = render(settings, operations)
    for path, document in watched(settings).items():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, json.dumps(document))
    program = find_envoy()
    validate(program, configuration)
    sys.stdout.write(encode(Rendered(program=str(program), configuration=to_yaml(configuration))))


if __name__ == "__main__":
    main()
