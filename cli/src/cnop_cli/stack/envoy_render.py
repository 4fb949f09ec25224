"""Renders and validates the gateway's configuration: JSON request on standard input, JSON answer on standard output."""

import json
import sys

from cnop_cli.stack.envoy import Rendered, encode
from cnop_gateway import GatewaySettings, find_envoy, operations_from_openapi, render, to_yaml, validate


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    documents = request["documents"].items()
    operations = [
        operation for service, document in documents for operation in operations_from_openapi(service, document)
    ]
    configuration = render(GatewaySettings(**request["settings"]), operations)
    program = find_envoy()
    validate(program, configuration)
    sys.stdout.write(encode(Rendered(program=str(program), configuration=to_yaml(configuration))))


if __name__ == "__main__":
    main()
