"""Each scanner finds what it is there for, and nothing is passed over without a written reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cnop_cli.commands import security
from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.scan import scanners, toolbox
from cnop_cli.scan.findings import Answer, Finding, judge, read_answers

FINDING = Finding(path="services/a/src/x.py", line=3, tool="bandit", rule="B1", message="bad")
SOURCE = "services/x/src/cnop_x/module.py"
installed = pytest.mark.skipif(
    not (toolbox.FOLDER / "installed.txt").is_file(),
    reason="the scanners are installed by `./cnop security scan`, which continuous integration runs first",
)


def answer(**changes: object) -> Answer:
    known = {"tool": "bandit", "rule": "B1", "paths": ("services/*",), "reason": "because"}
    return Answer(**{**known, **changes})


def test_a_finding_without_an_answer_fails() -> None:
    verdict = judge([FINDING], [])
    assert (verdict.clean, verdict.unanswered) == (False, (FINDING,))


def test_an_answered_finding_does_not() -> None:
    assert judge([FINDING], [answer()]).clean


@pytest.mark.parametrize("changes", [{"tool": "semgrep"}, {"rule": "B2"}, {"paths": ("cli/*",)}])
def test_an_answer_to_something_else_is_none_and_is_stale(changes: dict[str, object]) -> None:
    verdict = judge([FINDING], [answer(**changes)])
    assert verdict.unanswered == (FINDING,)
    assert len(verdict.stale) == 1


def test_an_answer_to_nothing_fails() -> None:
    assert not judge([], [answer()]).clean


@pytest.mark.parametrize("missing", ["tool", "rule", "paths", "reason"])
def test_an_answer_needs_all_its_parts(tmp_path: Path, missing: str) -> None:
    lines = {"tool": '"bandit"', "rule": '"B1"', "paths": '["a"]', "reason": '"because"'}
    path = tmp_path / "findings.toml"
    path.write_text("[[answer]]\n" + "\n".join(f"{k} = {v}" for k, v in lines.items() if k != missing))
    with pytest.raises(CommandError, match="reason"):
        read_answers(path)


def test_the_written_answers_are_well_formed() -> None:
    answers = read_answers(security.ANSWERS)
    assert answers
    assert {each.tool for each in answers} <= set(scanners.SCANNERS)


def test_an_unknown_scanner_is_refused() -> None:
    with pytest.raises(CommandError, match="there is no scanner"):
        execute(["security", "scan", "guesswork"])


@pytest.fixture
def programs() -> Path:
    return toolbox.programs(report=print)


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., str]:
    def write(text: str, name: str = SOURCE) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    return write


@installed
def test_bandit_finds_a_planted_weakness(programs: Path, plant: Callable[..., str], tmp_path: Path) -> None:
    name = plant("import hashlib\n\nDIGEST = hashlib.md5(b'x').hexdigest()\n")
    (found,) = scanners.bandit(programs, tmp_path, [name])
    assert (found.path, found.line, found.rule) == (SOURCE, 3, "B324")


@installed
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "Private Key"),
        ("id = 'AKIA" + "IOSFODNN7ABCDEFG'", "AWS Access Key"),
        ("token = 'ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'", "GitHub Token"),
        ("url = 'valkey://feed:" + "hunter2hunter2@cache:6379'", "Basic Auth Credentials"),
    ],
)
def test_detect_secrets_finds_a_planted_secret(
    programs: Path, plant: Callable[..., str], tmp_path: Path, text: str, kind: str
) -> None:
    name = plant(f"# first\n{text}\n", "docs/notes.txt")
    found = scanners.detect_secrets(programs, tmp_path, [name])
    assert (kind, 2) in {(each.rule, each.line) for each in found}


PLANTED = {
    "token-decoded-without-pinned-algorithms": "import jwt\nclaims = jwt.decode(token, key)\n",
    "secret-compared-in-variable-time": "def check(expected, signature):\n    return signature == expected\n",
    "secret-in-a-log": "def enter(password):\n    _log.info('login', password=password)\n",
    "personal-data-in-an-audit-event": "AuditEvent('login', True, None, c, details={'email': email})\n",
    "statement-put-together-from-values": "connection.execute(f'SELECT * FROM items WHERE pk = {pk}')\n",
    "tls-without-verification": "import httpx\nclient = httpx.AsyncClient(verify=False)\n",
    "shell-line": "import subprocess\nsubprocess.run(command, shell=True)\n",
    "code-or-objects-from-data": "import pickle\nvalue = pickle.loads(body)\n",
}
PLANTED_IN_THE_PAGE = {
    "markup-from-data": "export const A = (p: P) => <div dangerouslySetInnerHTML={{ __html: p.text }} />;\n",
    "code-from-data": "export const run = (text: string) => eval(text);\n",
    "token-kept-in-the-browser": "localStorage.setItem('access_token', token);\n",
}


@installed
def test_semgrep_finds_an_example_of_each_rule_and_nothing_else(
    programs: Path, plant: Callable[..., str], tmp_path: Path
) -> None:
    names = {plant(text, f"services/x/{rule}.py"): rule for rule, text in PLANTED.items()}
    names |= {plant(text, f"frontend/src/{rule}.tsx"): rule for rule, text in PLANTED_IN_THE_PAGE.items()}
    found = scanners.semgrep(programs, tmp_path, list(names))
    assert {each.path: each.rule for each in found} == names
    assert len(found) == len(names)


@installed
def test_semgrep_leaves_sound_code_alone(programs: Path, plant: Callable[..., str], tmp_path: Path) -> None:
    name = plant(
        "import hmac, jwt\n"
        "claims = jwt.decode(token, key, algorithms=['ES256'])\n"
        "same = hmac.compare_digest(signature, expected)\n"
        "_log.info('login', user_id=user_id)\n"
        "connection.execute('SELECT * FROM items WHERE pk = ?', (pk,))\n"
    )
    assert scanners.semgrep(programs, tmp_path, [name]) == []


def test_every_rule_has_an_example() -> None:
    written = {
        line.split()[-1]
        for path in scanners.RULES.glob("*.yaml")
        for line in path.read_text().splitlines()
        if "- id:" in line
    }
    assert written == PLANTED.keys() | PLANTED_IN_THE_PAGE.keys()
