"""The house rules: what the project promises itself beyond what general tools check. Each is a pure function."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cnop_cli.houserules import code, text
from cnop_cli.houserules.source import Rule, Source, Violation

RULES: Final = (
    Rule("money-float", "money is integers; a float loses cents", code.floats_in_money_code),
    Rule("clock", "time is injected, so that tests decide what time it is", code.time_outside_the_clock),
    Rule("broad-except", "only a process boundary may catch everything", code.broad_excepts),
    Rule("file-length", "a file is read in one go", code.long_files),
    Rule("foreign-user", "whose data it is, the token says", code.foreign_users),
    Rule("log-event", "one searches for constant names", code.log_events),
    Rule("unfinished", "what is delivered is finished", text.unfinished_work),
    Rule("emoji", "words are for everybody", text.pictures),
    Rule("vague-name", "a module is for something", text.vague_names),
    Rule("unexplained-suppression", "who switches a check off says why", code.unexplained_suppressions),
    Rule("registry-host", "the machine chooses the registry", text.registry_hosts),
    Rule("machine-path", "the project runs on any machine", text.machine_paths),
)


def check(sources: Iterable[Source]) -> list[Violation]:
    """Apply every rule to every file; a Python file that does not parse is itself a violation."""
    return [violation for source in sources for violation in _check_one(source)]


def _check_one(source: Source) -> Iterator[Violation]:
    try:
        for rule in RULES:
            yield from rule.check(source)
    except SyntaxError as error:
        yield Violation(source.path, error.lineno or 1, "syntax", error.msg)


def tracked_sources(root: Path) -> Iterator[Source]:
    """Read the text files that are, or would be, committed."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=root, capture_output=True, check=True).stdout.decode().split("\0")
    for name in sorted(filter(None, set(names))):
        path = root / name
        if not path.is_file() or path.is_symlink():
            continue
        try:
            yield Source(path=name, text=path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
