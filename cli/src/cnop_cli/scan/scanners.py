"""The scanners: each is run on the files of a checkout and gives its findings in one form."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cnop_cli.errors import CommandError
from cnop_cli.scan.findings import Finding
from cnop_cli.workspace import ROOT

RULES: Final = ROOT / "cli/semgrep"
_TIMEOUT_SECONDS: Final = 600
# Made by tools from what is scanned elsewhere, or made of hashes, which look like secrets because they look random.
_MADE: Final = ("package-lock.json", "openapi.json", "schema.gen.ts", "common_passwords.bin")
_MADE_FOLDERS: Final = ("monitoring/grafana/dashboards/", "docs/security/asvs/")
_PAGE: Final = (".ts", ".tsx")


def _is_source(name: str) -> bool:
    path = Path(name)
    is_lock = path.name.startswith("requirements") and path.suffix == ".txt"
    return not (is_lock or path.name in _MADE or name.startswith(_MADE_FOLDERS))


def _is_test(name: str) -> bool:
    parts = Path(name).parts
    return "tests" in parts or parts[0].endswith("_tests") or ".test." in parts[-1]


def bandit(programs: Path, root: Path, files: Sequence[str]) -> list[Finding]:
    """Look for insecure calls in Python; tests start programs and hold passwords that protect nothing."""
    chosen = [name for name in files if name.endswith(".py") and not _is_test(name)]
    if not chosen:
        return []
    found = _run([str(programs / "bandit"), "--quiet", "--format", "json", *chosen], root, codes={0, 1})
    if found["errors"]:
        raise CommandError(f"bandit could not read everything: {found['errors']}")
    return [
        Finding(_name(each["filename"]), each["line_number"], "bandit", each["test_id"], each["issue_text"])
        for each in found["results"]
    ]


def detect_secrets(programs: Path, root: Path, files: Sequence[str]) -> list[Finding]:
    """Look for secrets in every source, tests included."""
    chosen = [name for name in files if _is_source(name)]
    argv = [
        str(programs / "detect-secrets"),
        "-c",
        str(os.cpu_count() or 1),
        "scan",
        "--all-files",
        "--no-verify",
        *chosen,
    ]
    found = _run(argv, root, codes={0})
    return [
        Finding(_name(path), each["line_number"], "detect-secrets", each["type"], "looks like a secret")
        for path, results in found["results"].items()
        for each in results
    ]


def semgrep(programs: Path, root: Path, files: Sequence[str]) -> list[Finding]:
    """Apply the rules in `cli/semgrep`; nothing is sent or fetched."""
    chosen = [name for name in files if name.endswith((".py", *_PAGE)) and not _is_test(name)]
    if not chosen:
        return []
    argv = [
        str(programs / "semgrep"), "scan", "--metrics", "off", "--disable-version-check", "--no-git-ignore", "--quiet",
        "--no-rewrite-rule-ids", "--config", str(RULES), "--json", *chosen,
    ]  # fmt: skip
    # Its own program and that of its parts must be found beside each other.
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    found = _run(argv, root, codes={0, 1}, environment={"PATH": path, "SEMGREP_SEND_METRICS": "off"})
    if found["errors"]:
        raise CommandError(f"semgrep could not apply its rules: {found['errors'][0].get('message')}")
    return [
        Finding(_name(each["path"]), each["start"]["line"], "semgrep", each["check_id"], each["extra"]["message"])
        for each in found["results"]
    ]


def _name(path: str) -> str:
    return path.removeprefix("./")


def _run(
    argv: Sequence[str], root: Path, *, codes: set[int], environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run a scanner that answers in JSON.

    Raises:
        CommandError: it failed, or answered something else.
    """
    name = Path(argv[0]).name
    done = subprocess.run(
        argv,
        cwd=root,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        found = None
    if done.returncode not in codes or not isinstance(found, dict):
        tail = "\n".join(done.stderr.splitlines()[-5:])
        raise CommandError(f"{name} ended with exit code {done.returncode}: {tail}")
    return found


Scanner = Callable[[Path, Path, Sequence[str]], list[Finding]]
SCANNERS: Final[Mapping[str, Scanner]] = {
    "bandit": bandit,
    "detect-secrets": detect_secrets,
    "semgrep": semgrep,
}
