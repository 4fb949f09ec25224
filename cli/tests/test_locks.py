from pathlib import Path

import pytest

from cnop_cli import locks
from cnop_cli.commands import lock as command
from cnop_cli.errors import CommandError
from cnop_cli.locks import SEAL, Lock, is_current, seal, wanted_locks
from cnop_cli.workspace import Package, requirement_name, third_party

LOCK = Lock(path="requirements.txt", inputs=("a", "b>=2"))
BODY = "a==1 \\\n    --hash=sha256:00\nb==2 \\\n    --hash=sha256:11\n"


def write(folder: Path, *, inputs: tuple[str, ...] = LOCK.inputs, body: str = BODY) -> None:
    (folder / LOCK.path).write_text(f"{SEAL}{seal(inputs=inputs, body=BODY)}\n{body}")


def test_a_lock_is_current_when_it_answers_its_inputs(tmp_path: Path) -> None:
    write(tmp_path)
    assert is_current(LOCK, root=tmp_path)


def test_a_lock_is_stale_when_missing_when_inputs_changed_or_when_edited(tmp_path: Path) -> None:
    assert not is_current(LOCK, root=tmp_path)
    write(tmp_path, inputs=("a",))
    assert not is_current(LOCK, root=tmp_path)
    write(tmp_path, body=BODY.replace("a==1", "a==9"))
    assert not is_current(LOCK, root=tmp_path)


def test_a_stale_lock_is_named_by_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "wanted_locks", lambda: (Lock("nowhere/requirements.txt", ("a",)),))
    with pytest.raises(CommandError, match=r"nowhere/requirements.txt; run `./cnop lock`"):
        command.check()


def test_there_is_one_lock_for_each_thing_that_is_installed() -> None:
    by_path = {lock.path: lock.inputs for lock in wanted_locks()}
    assert {"requirements-dev.txt", "cli/requirements.txt", "services/order_service/requirements.txt"} <= by_path.keys()
    assert "hypothesis" in by_path["requirements-dev.txt"]
    assert "hypothesis" not in by_path["cli/requirements.txt"]
    assert not any(line.startswith("pytest") for line in by_path["cli/requirements.txt"])
    assert "bcrypt" in by_path["services/user_service/requirements.txt"]
    assert "bcrypt" not in by_path["services/inventory_service/requirements.txt"]
    assert not any(line.startswith("cnop") for inputs in by_path.values() for line in inputs)


def test_the_development_lock_comes_first_because_it_constrains_the_others() -> None:
    assert wanted_locks()[0].path == "requirements-dev.txt"


def test_what_others_need_is_gathered_through_our_own_packages() -> None:
    ours = (
        Package("cnop-core", Path(), "cnop_core", ("x",)),
        Package("cnop-users", Path(), "cnop_users", ("cnop-core", "cnop_platform[all]", "y>=1")),
        Package("cnop-platform", Path(), "cnop_platform", ("cnop-core", "z")),
    )
    assert third_party(["cnop-users"], among=ours) == {"x", "y>=1", "z"}


@pytest.mark.parametrize(
    ("line", "name"), [("PyJWT[crypto]>=2", "pyjwt"), ("types_PyYAML", "types-pyyaml"), ("a.b==1", "a-b")]
)
def test_requirement_names_are_normalized(line: str, name: str) -> None:
    assert requirement_name(line) == name


def test_what_is_no_requirement_is_refused() -> None:
    with pytest.raises(ValueError, match="not a requirement"):
        requirement_name("-e .")
