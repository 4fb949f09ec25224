"""Development containers start again when a source that they run changes, and for nothing else."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
from tools import ROOT


@pytest.fixture(scope="module")
def reload() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reload", ROOT / "docker/dev/reload.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (
        "services/core/src/cnop_core/money.py",
        "services/platform/src/cnop_platform/app.py",
        "services/platform/tests/test_app.py",
        "services/ledger/src/cnop_ledger/wallet.py",
        "services/order_service/src/cnop_orders/app.py",
        "services/user_service/src/cnop_users/app.py",
        "frontend/server/src/cnop_web/app.py",
        "policies/roles.cedar",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "module", "again"),
    [
        ("services/order_service/src/cnop_orders/app.py", "cnop_orders", True),
        ("services/order_service/src/cnop_orders/app.py", "cnop_users", False),
        ("services/core/src/cnop_core/money.py", "cnop_users", True),
        ("frontend/server/src/cnop_web/app.py", "cnop_web", True),
        ("policies/roles.cedar", "cnop_orders", True),
        ("services/platform/tests/test_app.py", "cnop_orders", False),
    ],
)
def test_a_change_starts_those_again_that_run_it(
    reload: ModuleType, checkout: Path, changed: str, module: str, again: bool
) -> None:
    folders = reload.watched(module, root=checkout)
    before = reload.snapshot(folders)
    assert before
    os.utime(checkout / changed, ns=(1, 1))
    assert (reload.snapshot(folders) != before) is again


def test_every_module_of_the_compose_file_is_found_in_this_checkout(reload: ModuleType) -> None:
    for module in ("cnop_users", "cnop_inventory", "cnop_orders", "cnop_web"):
        own = reload.watched(module, root=ROOT)[0]
        assert (own / module / "__main__.py").is_file()
