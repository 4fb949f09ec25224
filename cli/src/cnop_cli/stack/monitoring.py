"""Prometheus beside a local stack: the jobs and rules of `monitoring/`, at this stack's ports."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from cnop_cli.errors import CommandError
from cnop_cli.stack.ports import HOST, SERVERS, Ports, is_free, owner
from cnop_cli.stack.state import StateDir, write_private
from cnop_cli.workspace import ROOT

SOURCE: Final = ROOT / "monitoring" / "prometheus"
_SCRAPE_INTERVAL: Final = "5s"
_RETENTION: Final = "7d"


def prepare(*, ports: Ports, state: StateDir, ops: bool = False) -> tuple[str, ...]:
    """Write the configuration; give the command line that starts Prometheus with it. See `targets` for `ops`.

    Raises:
        CommandError: it is not installed, or its port is taken.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise CommandError("--monitoring needs Prometheus; on Debian it comes with `apt-get install prometheus`")
    if not is_free(ports.prometheus):
        raise CommandError(f"port {ports.prometheus} (prometheus) is taken by {owner(ports.prometheus)}")
    file = state.run / "prometheus.yml"
    write_private(file, json.dumps(configuration(ports, ops=ops), indent=2))
    return (
        program,
        f"--config.file={file}",
        f"--web.listen-address={HOST}:{ports.prometheus}",
        f"--storage.tsdb.path={state.root / 'prometheus'}",
        f"--storage.tsdb.retention.time={_RETENTION}",
        "--log.level=warn",
    )


def configuration(ports: Ports, *, source: Path = SOURCE, ops: bool = False) -> dict[str, Any]:
    """Give the configuration in `source`, changed to reach the components of this stack; YAML reads it as JSON."""
    settings: dict[str, Any] = yaml.safe_load((source / "prometheus.yml").read_text(encoding="utf-8"))
    places = targets(ports, ops=ops)
    for job in settings["scrape_configs"]:
        job["static_configs"] = [{"targets": [places[job["job_name"]]]}]
    # Alerts show on Prometheus's own page; there is nobody to be woken.
    del settings["alerting"]
    settings["global"] |= {"scrape_interval": _SCRAPE_INTERVAL, "evaluation_interval": _SCRAPE_INTERVAL}
    settings["rule_files"] = [str(source / pattern) for pattern in settings["rule_files"]]
    return settings


def targets(ports: Ports, *, ops: bool = False) -> Mapping[str, str]:
    """Give where each component shows its figures; with `ops` services do so on their ports for operations."""
    own = ports.ops if ops else {name: ports.by_name()[name] for name in SERVERS}
    shown = {
        **own,
        "price_feed": ports.price_feed,
        "order_engine": ports.order_engine,
        "gateway": ports.envoy_admin,
    }
    return {job: f"{HOST}:{port}" for job, port in shown.items()}
