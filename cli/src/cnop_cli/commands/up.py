"""`cnop up`: starts the platform and watches over it."""

import argparse
import os
import time

from cnop_cli.commands.options import add_state, note
from cnop_cli.errors import CommandError
from cnop_cli.stack import launch, observe, record
from cnop_cli.stack.plan import MAX_REPLICAS, SERVICES, Options
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.record import Phase, StackRecord
from cnop_cli.stack.tracing import ENDPOINT, checked_endpoint
from cnop_cli.workspace import ROOT


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_state(parser)
    parser.add_argument("--detach", action="store_true", help="return when everything is healthy; it goes on running")
    parser.add_argument("--port-offset", type=int, default=0, metavar="N", help="add N to every port")
    parser.add_argument("--profile", choices=("local", "production"), default="local", help="how strict the limits are")
    parser.add_argument("--store", choices=("sqlite", "dynamodb"), default="sqlite", help="the system of record")
    parser.add_argument("--monitoring", action="store_true", help="start Prometheus too, where it is installed")
    parser.add_argument(
        "--otlp-endpoint", metavar="URL", help=f"send traces to this collector (OTLP/HTTP; or set {ENDPOINT})"
    )
    parser.add_argument("--tls", action="store_true", help="TLS at the doors, mutual TLS between the processes")
    parser.add_argument(
        "--replicas",
        action="append",
        default=[],
        type=replicas,
        metavar="SERVICE=N",
        help="run N processes of a service, for example order_service=2",
    )
    parser.add_argument("--store-endpoint", metavar="URL", help="a DynamoDB other than that of AWS")


def replicas(text: str) -> tuple[str, int]:
    """Read one `--replicas`; the parser reports what is wrong."""
    service, _, number = text.partition("=")
    if service not in SERVICES or not number.isdecimal() or not 1 <= int(number) <= MAX_REPLICAS:
        message = f"expected SERVICE=N with a service of {', '.join(SERVICES)} and N from 1 to {MAX_REPLICAS}"
        raise argparse.ArgumentTypeError(message)
    return service, int(number)


def options_from(args: argparse.Namespace) -> Options:
    """Read the options of a start."""
    return Options(
        state=args.state,
        ports=Ports.shifted(args.port_offset),
        profile=args.profile,
        store=args.store,
        store_endpoint=args.store_endpoint,
        region=os.environ.get("AWS_REGION", "us-east-1"),
        monitoring=args.monitoring,
        otlp_endpoint=checked_endpoint(args.otlp_endpoint or os.environ.get(ENDPOINT)),
        tls=args.tls,
        replicas=dict(args.replicas),
    )


def run(args: argparse.Namespace) -> int:
    """Start the platform; without `--detach`, stay until it is stopped."""
    options = options_from(args)
    began = time.monotonic()
    try:
        supervisor = launch.prepare(options, report=note)
    except launch.AlreadyRunning as found:
        return show_running(options, found.known)

    def welcome() -> None:
        print(observe.table(observe.look(known(options))))
        print(
            f"\nHealthy after {time.monotonic() - began:.1f} s. {next_steps(options, detached=args.detach)}", flush=True
        )

    if args.detach:
        launch.start_detached(supervisor, log=options.state.log_of("supervisor"))
        welcome()
    else:
        launch.start_here(supervisor, on_healthy=welcome)
        note("everything was stopped; the data stays")
    return 0


def known(options: Options) -> StackRecord:
    """Give the record that the supervisor has just written.

    Raises:
        CommandError: it ended meanwhile.
    """
    found = record.load(options.state.record)
    if found is None:
        raise CommandError(f"the supervisor left no record in {options.state.run}")
    return found


def show_running(options: Options, found: StackRecord | None) -> int:
    """Say that the platform runs already, and how."""
    if found is None or found.phase is not Phase.UP:
        raise CommandError(f"another `cnop up` is busy with {options.state.root}; see `./cnop status`")
    print(f"The platform is already running in {options.state.root}.")
    print(observe.table(observe.look(found)))
    return 0


def next_steps(options: Options, *, detached: bool) -> str:
    """Say what to try now."""
    state = "" if options.state.root == ROOT / "var" else f" --state {options.state.root}"
    stop = f"`./cnop down{state}`" if detached else "Ctrl-C"
    trust = f"\nIts certificates are good to whoever trusts {options.certificates.ca}." if options.certificates else ""
    return f"Open {options.page_url}, fill it with `./cnop demo{state}`, stop it with {stop}.{trust}"
