import pytest

from cnop_cli import houserules
from cnop_cli.houserules.source import Source

MONEY = "services/ledger/src/cnop_ledger/domain/wallet.py"
SERVICE = "services/user_service/src/cnop_users/api/profile.py"


def broken(path: str, text: str) -> list[tuple[str, int]]:
    return [(each.rule, each.line) for each in houserules.check([Source(path=path, text=text)])]


@pytest.mark.parametrize("line", ["total = 0.1", "total = float('1')", "total = 1e3"])
def test_money_code_holds_no_float(line: str) -> None:
    assert broken(MONEY, line) == [("money-float", 1)]
    assert broken("services/core/src/cnop_core/money.py", line) == [("money-float", 1)]
    assert broken("services/order_service/src/cnop_orders/domain/ticket.py", line) == [("money-float", 1)]


def test_floats_elsewhere_and_in_time_spans_are_fine() -> None:
    assert broken(SERVICE, "ratio = 0.5") == []
    assert broken("services/ledger/tests/test_wallet.py", "total = 0.5") == []
    spans = "pause_seconds: float = 0.25\nTTL_SECONDS = 1.5\nwait(timeout_seconds=0.1)\n"
    assert broken(MONEY, spans) == []


@pytest.mark.parametrize(
    "call", ["datetime.now(UTC)", "datetime.datetime.now()", "time.time()", "datetime.utcnow()", "date.today()"]
)
def test_only_the_clock_reads_the_time(call: str) -> None:
    assert broken(SERVICE, f"now = {call}") == [("clock", 1)]
    assert broken("services/platform/src/cnop_platform/system.py", f"now = {call}") == []
    assert broken("cli/src/cnop_cli/trial.py", f"now = {call}") == []


def test_the_injected_clock_may_be_read() -> None:
    assert broken(SERVICE, "now = clock.now()\nlater = self.clock.now()\nspan = time.monotonic()") == []


@pytest.mark.parametrize("caught", ["Exception", "BaseException", "(OSError, Exception)"])
def test_catching_everything_needs_a_reason(caught: str) -> None:
    text = f"try:\n    work()\nexcept {caught}:\n    pass\n"
    assert broken(SERVICE, text) == [("broad-except", 3)]
    explained = text.replace(":\n    pass", ":  # noqa: BLE001 - boundary: the worker goes on\n    pass")
    assert broken(SERVICE, explained) == []


def test_a_bare_except_needs_a_reason_unless_it_raises_again() -> None:
    assert broken(SERVICE, "try:\n    work()\nexcept:\n    pass\n") == [("broad-except", 3)]
    assert broken(SERVICE, "try:\n    work()\nexcept:\n    undo()\n    raise\n") == []
    assert broken(SERVICE, "try:\n    work()\nexcept OSError:\n    pass\n") == []


def test_a_file_is_at_most_400_lines_long() -> None:
    assert broken("cli/src/x.py", "x = 1\n" * 400) == []
    assert broken("cli/src/x.py", "x = 1\n" * 401) == [("file-length", 401)]
    assert broken("docs/x.md", "line\n" * 1000) == []


def test_a_component_is_at_most_250_lines_long() -> None:
    assert broken("frontend/src/x.tsx", "x\n" * 250) == []
    assert broken("frontend/src/x.tsx", "x\n" * 251) == [("file-length", 251)]


def test_a_handler_takes_the_user_from_the_token() -> None:
    line = "found = await orders.of(UserId(body.user_id))"
    assert broken("services/order_service/src/cnop_orders/api/orders.py", line) == [("foreign-user", 1)]
    assert broken("services/user_service/src/cnop_users/api/administration.py", line) == []
    assert broken("services/order_service/src/cnop_orders/application/queries.py", line) == []
    assert broken("services/order_service/src/cnop_orders/api/orders.py", "orders.of(principal.user_id)") == []


@pytest.mark.parametrize(
    "call", ["_log.info(f'order {number}')", "_log.error('Order filled')", "_log.warning(text)", "_log.debug()"]
)
def test_a_log_event_has_a_constant_name(call: str) -> None:
    assert broken(SERVICE, call) == [("log-event", 1)]
    assert broken(SERVICE, "_log.info('order_filled', order_id=order_id)") == []
    assert broken(SERVICE, "_log.info('lease_gained' if granted else 'lease_lost')") == []


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "HA" + "CK"])
def test_nothing_is_left_for_later(word: str) -> None:
    assert broken(SERVICE, f"x = 1  # {word}: check") == [("unfinished", 1)]
    assert broken("docs/x.md", word) == []


def test_code_holds_no_emoji() -> None:
    assert broken(SERVICE, "print('done \U0001f680')") == [("emoji", 1)]
    assert broken(SERVICE, "print('done ✓ → µs')") == []


@pytest.mark.parametrize("name", ["utils.py", "helpers.ts", "manager.py", "common.tsx"])
def test_a_module_is_named_for_what_it_is_for(name: str) -> None:
    assert broken(f"services/x/src/{name}", "") == [("vague-name", 1)]
    assert broken("services/x/src/common_passwords.py", "") == []


def test_a_suppression_says_what_and_why() -> None:
    hash_ = "#"
    assert broken("a.py", f"x = 1  {hash_} noqa") == [("unexplained-suppression", 1)]
    assert broken("a.py", f"x = 1  {hash_} noqa: E501") == [("unexplained-suppression", 1)]
    assert broken("a.py", f"x = 1  {hash_} noqa: E501, S101 - a table") == []
    assert broken("a.py", f"x = 1  {hash_} type: ignore[misc]") == [("unexplained-suppression", 1)]
    assert broken("a.py", f"x = 1  {hash_} type: ignore[misc]  {hash_} untyped library") == []


@pytest.mark.parametrize(
    "host", ["pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org", "deb.deb" + "ian.org"]
)
def test_no_file_names_a_registry(host: str) -> None:
    assert broken("requirements.txt", f"--index-url https://{host}/simple") == [("registry-host", 1)]
    assert broken("README.md", f"fine\nsee {host}") == [("registry-host", 2)]


def test_words_that_only_look_like_registries_are_fine() -> None:
    assert broken("README.md", "pypi is a registry; example.org; npmjs; my-crates-io") == []


@pytest.mark.parametrize("path", ["/ro" + "ot/x", "/ho" + "me/jane/cnop", "/Us" + "ers/jane", "/wo" + "rk/main/x"])
def test_no_file_holds_a_path_of_one_machine(path: str) -> None:
    assert broken("docs/guide.md", f"cd {path}") == [("machine-path", 1)]


def test_paths_inside_containers_and_of_urls_are_fine() -> None:
    assert broken("docker/Dockerfile", "WORKDIR /home/app\nCOPY /srv /opt/cnop") == []
    assert broken("docs/guide.md", "https://example.org/home/jane") == []


def test_a_line_can_be_exempted_from_one_rule_with_a_reason() -> None:
    assert broken(MONEY, "ratio = 0.5  # allow(money-float): a share for display, never added up") == []
    assert broken(MONEY, "ratio = 0.5  # allow(money-float):") == [("money-float", 1)]
    assert broken(MONEY, "ratio = 0.5  # allow(clock): wrong rule") == [("money-float", 1)]


def test_a_file_that_does_not_parse_is_reported() -> None:
    assert broken(SERVICE, "def x(:\n") == [("syntax", 1)]


def test_each_rule_says_what_it_is_for() -> None:
    assert len({rule.name for rule in houserules.RULES}) == len(houserules.RULES)
    assert all(rule.why for rule in houserules.RULES)
